"""Decides which bundle is used: one that is there, one to pull, or one to build; and says why.

Pure: what lies in the cache and which registries answered comes in as values. `ensure.py` finds
those out and carries the decision out.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from harness.model.errors import UsageError


class Wish(StrEnum):
    """What the user asked for with `--bundle`."""

    AUTO = "auto"
    PULL = "pull"
    BUILD = "build"
    PATH = "path"


class Way(StrEnum):
    """How the bundle comes about."""

    CACHED = "cached"
    PULL = "pull"
    BUILD = "build"
    PATH = "path"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A parsed `--bundle`."""

    wish: Wish
    path: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A complete bundle in the cache."""

    origin: str
    """`build`, `pull` or `load`."""
    path: Path
    """Its `bundle.json`."""
    fresh: bool
    """True when it was made from the recipes and pins as they are now."""
    created: str = ""
    """UTC, ISO 8601; empty where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is done, and why, in one sentence."""

    way: Way
    why: str
    path: Path | None = None


PREFERENCE = ("pull", "load", "build")
"""Among bundles made from the same pins: upstream images first, then what the user brought."""


def parse_choice(text: str) -> Choice:
    """Returns the choice for the value of `--bundle`.

    Raises:
        UsageError: Neither a known word nor an existing path.
    """
    words = [wish.value for wish in Wish if wish is not Wish.PATH]
    if text in words:
        return Choice(wish=Wish(text))
    path = Path(text).expanduser()
    if text and path.exists():
        return Choice(wish=Wish.PATH, path=path)
    near = difflib.get_close_matches(text, words, n=1)
    raise UsageError(
        attempted="Understanding --bundle",
        subject=repr(text),
        seen="it is neither a known word nor an existing file",
        expected="auto, pull, build, a bundle.json or a file written by harness bundle save",
        next_step=f"--bundle {near[0]}" if near else "--bundle auto",
    )


def choose(
    choice: Choice,
    *,
    candidates: Sequence[Candidate],
    registries_reachable: bool,
    reasons: Mapping[str, str],
) -> Decision:
    """Returns what to do.

    Args:
        choice: What the user asked for.
        candidates: Complete bundles in the cache; damaged ones are not among them.
        registries_reachable: Whether the image registries that matter answered.
        reasons: Registry host to what was seen there, for those that did not answer.
    """
    if choice.wish is Wish.PATH:
        return Decision(way=Way.PATH, path=choice.path, why=f"--bundle names {choice.path}")
    if choice.wish is not Wish.AUTO:
        return _as_asked(choice.wish, candidates)
    fresh = best([c for c in candidates if c.fresh])
    if fresh is not None:
        return Decision(way=Way.CACHED, path=fresh.path, why=_why_cached(fresh))
    if registries_reachable:
        return Decision(
            way=Way.PULL, why="the image registries answer, so upstream images are pulled by digest"
        )
    silent = f"no image registry answered{_silence(reasons)}"
    brought = best([c for c in candidates if c.origin == "load"])
    if brought is not None:
        why = (
            f"{silent}, so the bundle loaded{_when(brought)} is used although it was made from "
            "other pins than the current ones (--bundle build makes a current one)"
        )
        return Decision(way=Way.CACHED, path=brought.path, why=why)
    return Decision(way=Way.BUILD, why=f"{silent}, so the images are built from package registries")


def best(candidates: Sequence[Candidate]) -> Candidate | None:
    """Returns the preferred one, the newest among equals; None where there is none."""
    newest_first = sorted(candidates, key=lambda c: c.created, reverse=True)
    return min(newest_first, key=lambda c: PREFERENCE.index(c.origin), default=None)


def usable(candidates: Sequence[Candidate]) -> Candidate | None:
    """Returns the one that is used where nothing can be made: a fresh one, else one loaded."""
    return best([c for c in candidates if c.fresh]) or best(candidates)


def _as_asked(wish: Wish, candidates: Sequence[Candidate]) -> Decision:
    found = best([c for c in candidates if c.fresh and c.origin == wish.value])
    if found is not None:
        why = f"--bundle {wish} asks for it, and {_why_cached(found)}"
        return Decision(way=Way.CACHED, path=found.path, why=why)
    return Decision(way=Way(wish.value), why=f"--bundle {wish} asks for it")


def _why_cached(candidate: Candidate) -> str:
    made = {"pull": "pulled", "build": "built", "load": "loaded"}[candidate.origin]
    return f"a bundle {made}{_when(candidate)} from the current pins is in the cache"


def _when(candidate: Candidate) -> str:
    return f" on {candidate.created[:10]}" if candidate.created else ""


def _silence(reasons: Mapping[str, str]) -> str:
    hosts_by_reason: dict[str, list[str]] = {}
    for host, reason in reasons.items():
        hosts_by_reason.setdefault(reason, []).append(host)
    groups = [
        ", ".join(hosts) + (f": {reason}" if reason else "")
        for reason, hosts in hosts_by_reason.items()
    ]
    return f" ({'; '.join(groups)})" if groups else ""
