"""The nearest existing thing to a name that does not exist, and how to say it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from harness.diagnosis.rules.placement import Object, node_labels

SHOWN = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """What would be right, in words, and the one value that is nearest, if any."""

    text: str
    value: str = ""


def nearest(name: str, existing: Iterable[str], likeness: float = 0.6) -> str:
    """Returns the existing name most like `name`; empty when none is alike (0 to 1) enough."""
    return next(iter(get_close_matches(name, sorted(set(existing)), n=1, cutoff=likeness)), "")


def counted(number: int, word: str) -> str:
    """Returns a number with its word: `1 node`, `2 nodes`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def listed(names: Iterable[str]) -> str:
    """Returns names as a list for a person, cut to a few; `none` when there are none."""
    found = sorted(set(names))
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ", ".join(found[:SHOWN]) + more if found else "none"


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
