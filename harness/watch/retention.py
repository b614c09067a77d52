"""What of a full recording is kept: pure choice over packed entries.

Dropped first, oldest first: versions of an object between two others in which nothing turned, then
readings of a log between its first and its last. Only a recording that is still more than twice too
large loses turns, then objects that no longer exist. First and last versions of what exists, and
what was listed, always stay.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from harness.model.refs import ObjectRef
from harness.model.timeline import Entry, EntryKind

FILLED = 0.9
"""Part of the limit that is left after dropping, so that not every entry drops another."""
OVERHEAD_BYTES = 400
"""About what an entry takes besides its object and text."""


class Rank(IntEnum):
    """In which order entries are dropped."""

    PLAIN = 0
    LOG = 1
    TURN = 2
    GONE = 3
    NEVER = 4


@dataclass(slots=True)
class Kept:
    """An entry with its object packed; a packed object cannot be changed from outside."""

    entry: Entry
    identity: str
    """One per object and its life (uid), or per log."""
    packed: bytes
    turn: bool
    dropped: bool = False

    @classmethod
    def of(cls, entry: Entry, *, turn: bool) -> Kept:
        """Packs an entry."""
        packed = b""
        if entry.object is not None:
            packed = zlib.compress(json.dumps(entry.object, separators=(",", ":")).encode(), 1)
        return cls(replace(entry, object=None), _identity(entry), packed, turn)

    def unpacked(self) -> Entry:
        """Returns the entry as it was."""
        if not self.packed:
            return self.entry
        return replace(self.entry, object=json.loads(zlib.decompress(self.packed)))

    @property
    def size(self) -> int:
        """Bytes held in memory, about."""
        return len(self.packed) + len(self.entry.text) + OVERHEAD_BYTES


def _identity(entry: Entry) -> str:
    if entry.kind is EntryKind.LOG:
        return f"{entry.ref} {entry.container} {entry.previous}"
    uid = ((entry.object or {}).get("metadata") or {}).get("uid")
    return f"{entry.ref} {uid or ''}"


def retained(kept: Sequence[Kept], max_entries: int, max_bytes: int) -> list[Kept]:
    """Returns what stays, in order: within the limits, or up to twice of them with turns."""
    living = [k for k in kept if not k.dropped]
    ranks = _ranks(living)
    chosen = [True] * len(living)
    count, size = len(living), sum(k.size for k in living)
    for index in _order(ranks):
        factor = FILLED if ranks[index] <= Rank.LOG else 2 * FILLED
        if count <= max_entries * factor and size <= max_bytes * factor:
            continue
        chosen[index] = False
        count, size = count - 1, size - living[index].size
    return [k for k, stays in zip(living, chosen, strict=True) if stays]


def _order(ranks: Sequence[Rank]) -> Iterator[int]:
    for rank in (Rank.PLAIN, Rank.LOG, Rank.TURN, Rank.GONE):
        yield from (index for index, found in enumerate(ranks) if found is rank)


def _ranks(kept: Sequence[Kept]) -> list[Rank]:
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    gone: dict[ObjectRef, int] = {}
    for index, item in enumerate(kept):
        first.setdefault(item.identity, index)
        last[item.identity] = index
        if item.entry.kind is EntryKind.GONE:
            gone[item.entry.ref] = index
    ends = {*first.values(), *last.values()}
    return [
        _rank(item, index in ends, is_gone=index <= gone.get(item.entry.ref, -1))
        for index, item in enumerate(kept)
    ]


def _rank(item: Kept, is_end: bool, *, is_gone: bool) -> Rank:
    kind = item.entry.kind
    if kind is EntryKind.LISTED:
        return Rank.NEVER
    if kind is EntryKind.GONE or is_end:
        return Rank.GONE if is_gone else Rank.NEVER
    if kind is EntryKind.LOG:
        return Rank.LOG
    return Rank.TURN if item.turn else Rank.PLAIN
