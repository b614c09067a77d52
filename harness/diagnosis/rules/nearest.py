"""The nearest existing thing to a name that does not exist, and how to say it. Pure.

Names of objects are compared letter by letter, since Kubernetes tells `a` from `A`; other words are
in `harness.model.wording`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from harness.diagnosis.rules.schedule.placement import Object, node_labels
from harness.model import wording

SHOWN = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """What would be right, in words, and the one value that is nearest, if any."""

    text: str
    value: str = ""


def nearest(name: str, existing: Iterable[str], likeness: float = 0.6) -> str:
    """Returns the existing name most like `name`; empty when none is alike (0 to 1) enough."""
    return next(iter(get_close_matches(name, sorted(set(existing)), n=1, cutoff=likeness)), "")


def listed(names: Iterable[str]) -> str:
    """Returns names as a list for a person, by name, cut to a few; `none` when there are none."""
    return wording.listed(sorted(set(names)), SHOWN)


def label_hint(key: str, values: Iterable[str], nodes: Sequence[Object]) -> Hint:
    """Returns what the nodes' labels offer to somebody who asks for a label they lack."""
    labels = [node_labels(n) for n in nodes]
    offered = {found[key] for found in labels if key in found}
    if offered:
        value = next((v for w in values if (v := nearest(w, offered))), "")
        return Hint(text=f"a value that a node has for {key}: {listed(offered)}", value=value)
    keys = {k for found in labels for k in found}
    like = nearest(key, keys, likeness=0.8)
    if like:
        return Hint(text=f"a label that a node has; the nearest is {like}")
    return Hint(text=f"a label that a node has: {listed(keys)}")
