"""The recording of a cluster's timeline: entries in order, bounded, and told to whoever follows.

Everything passes `recordable` on its way in, so no entry holds a secret value; versions without
meaning are left out (`harness.watch.meaning`). One recorder and one view serve a whole run: what
vanished while nobody watched is not seen. What is dropped when the recording is full is decided in
`harness.watch.retention`; writing it to a file is `harness.evidence.cassette`'s business.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from harness.model.refs import ObjectRef
from harness.model.timeline import Entry, EntryKind, Object
from harness.watch.credentials import without_url_credentials
from harness.watch.meaning import is_turn, meaningful
from harness.watch.objects import Change
from harness.watch.redacted import masked, recordable
from harness.watch.retention import Kept, retained

Listener = Callable[[Entry], None]
MAX_ENTRIES = 50_000
MAX_BYTES = 64 * 1024 * 1024
"""Bytes of compressed objects and of log texts, as held in memory."""


def _as_it_is(text: str) -> str:
    return text


class Recorder:
    """Holds entries and hands each on, in the same order, to every subscriber; thread-safe."""

    def __init__(
        self,
        *,
        salt: bytes,
        now: Callable[[], float],
        mask: Callable[[str], str] = _as_it_is,
        max_entries: int = MAX_ENTRIES,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        """Prepares a recording.

        Args:
            salt: Random bytes of this recording, stored nowhere (see `recordable`).
            now: Epoch seconds.
            mask: Removes known secret values from free texts and logs.
            max_entries: Entries kept; turns in an object's life may take up to twice as many.
            max_bytes: Bytes kept, with the same allowance.
        """
        self._salt, self._now, self._mask = salt, now, mask
        self._max_entries, self._max_bytes = max_entries, max_bytes
        self._limit = (max_entries, max_bytes)
        self._kept: list[Kept] = []
        self._bytes = 0
        self._last: dict[ObjectRef, Object] = {}
        self._newest_event: dict[ObjectRef, Kept | None] = {}
        self._listeners: list[Listener] = []
        self._waiting: deque[tuple[Listener, Entry]] = deque()
        self._telling = False
        self._lock = threading.Lock()
        self.dropped = 0
        """Entries that were recorded and dropped again because the recording was full."""

    def changed(self, change: Change) -> None:
        """Records a change of the view; meant as its `on_change`."""
        self.take(Entry(at=self._now(), kind=change.kind, ref=change.ref, object=change.object))

    def take(self, entry: Entry) -> None:
        """Records an entry, unless it is a version without meaning, and hands it on."""
        entry = self._cleaned(entry)
        with self._lock:
            before = self._last.get(entry.ref)
            if not self._is_news(entry, before):
                return
            self._keep(entry, before)
            self._waiting.extend((listener, entry) for listener in self._listeners)
        self._tell()

    def entries(self) -> tuple[Entry, ...]:
        """Returns what is kept, in the order in which it was seen."""
        with self._lock:
            kept = [k for k in self._kept if not k.dropped]
        return tuple(k.unpacked() for k in kept)

    def subscribe(self, listener: Listener) -> None:
        """Tells a listener of every entry, those kept so far first.

        Listeners are called one at a time and without a lock, from the thread that brought an
        entry; what they raise reaches that thread.
        """
        with self._lock:
            self._waiting.extend((listener, k.unpacked()) for k in self._kept if not k.dropped)
            self._listeners.append(listener)
        self._tell()

    def _cleaned(self, entry: Entry) -> Entry:
        if entry.kind is EntryKind.LOG:
            return replace(entry, text=without_url_credentials(self._mask(entry.text)))
        if entry.object is None:
            return entry
        obj = {**entry.object, "kind": entry.ref.kind}
        return replace(entry, object=masked(recordable(obj, self._salt), self._mask))

    def _is_news(self, entry: Entry, before: Object | None) -> bool:
        if entry.kind is EntryKind.GONE:
            self._last.pop(entry.ref, None)
            self._newest_event.pop(entry.ref, None)
            # The API server drops Events after an hour; that they happened stays true.
            return entry.ref.kind != "Event"
        if entry.kind is not EntryKind.OBJECT or entry.object is None:
            return True
        self._last[entry.ref] = entry.object
        return before is None or meaningful(before, entry.object)

    def _keep(self, entry: Entry, before: Object | None) -> None:
        turn = entry.object is not None and is_turn(before, entry.object)
        kept = Kept.of(entry, turn=turn)
        if entry.ref.kind == "Event" and entry.object is not None:
            self._supersede(kept)
        self._kept.append(kept)
        self._bytes += kept.size
        if len(self._kept) > self._limit[0] or self._bytes > self._limit[1]:
            self._shrink()

    def _supersede(self, kept: Kept) -> None:
        # Of an Event that is counted up, the first and the newest version are kept.
        ref = kept.entry.ref
        known, newest = ref in self._newest_event, self._newest_event.get(ref)
        if newest is not None:
            newest.dropped = True
        self._newest_event[ref] = kept if known else None

    def _shrink(self) -> None:
        before = len(self._kept)
        superseded = sum(k.dropped for k in self._kept)
        self._kept = retained(self._kept, self._max_entries, self._max_bytes)
        self._bytes = sum(k.size for k in self._kept)
        self.dropped += before - superseded - len(self._kept)
        # Where little could be dropped, the next try waits until a tenth more has come.
        self._limit = (
            max(self._max_entries, len(self._kept) * 11 // 10),
            max(self._max_bytes, self._bytes * 11 // 10),
        )

    def _tell(self) -> None:
        with self._lock:
            if self._telling:
                return  # whoever tells takes ours along
            self._telling = True
        try:
            while (told := self._next()) is not None:
                listener, entry = told
                listener(entry)
        except BaseException:
            with self._lock:
                self._telling = False
            raise

    def _next(self) -> tuple[Listener, Entry] | None:
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._telling = False
            return None
