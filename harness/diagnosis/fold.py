"""Folds a timeline into facts: the newest versions, when things were first seen, what progressed.

Robust to lost, doubled and reordered entries: an older version never replaces a newer one, and
counts come from what the API itself counts where it does. Progress is a state of a workload that
was not seen before: a crash loop that repeats itself is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from harness.diagnosis.events import event_fact
from harness.diagnosis.facts import CONNECTIVITY_KINDS, Facts, LogKey, Observed
from harness.diagnosis.ownership import controller, workload_of
from harness.diagnosis.pod_facts import NOT_SEEN, Sighting
from harness.model.refs import ObjectRef
from harness.model.timeline import Cassette, Entry, EntryKind, Header

Object = Mapping[str, Any]
_CHANGING = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8,}|\d+", re.IGNORECASE)


def normalised(text: str, lines: int = 3) -> str:
    """Returns the last lines of a text without what changes from one attempt to the next."""
    kept = [line.strip() for line in text.splitlines() if line.strip()][-lines:]
    return _CHANGING.sub("#", "\n".join(kept))


class Fold:
    """Gathers entries; `facts(now)` is the view of them."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self._observed = Observed()
        self._versions: dict[ObjectRef, tuple[str, int]] = {}
        self._gone: dict[ObjectRef, str] = {}
        self._states: dict[tuple[str, str], str] = {}
        self._known: dict[ObjectRef, set[object]] = {}
        self._newest = header.started

    def take(self, entry: Entry) -> None:
        """Adds one observation."""
        self._newest = max(self._newest, entry.at)
        match entry.kind:
            case EntryKind.OBJECT:
                self._object(entry)
            case EntryKind.GONE:
                self._remove(entry)
            case EntryKind.LISTED:
                self._observed.listed.add((entry.ref.kind, entry.ref.namespace))
            case EntryKind.LOG:
                self._log(entry)

    def facts(self, now: float | None = None) -> Facts:
        """Returns the view at `now`; by default the time of the newest entry."""
        return Facts(self.header, self._observed, self._newest if now is None else now)

    def _object(self, entry: Entry) -> None:
        obj = entry.object or {}
        meta = obj.get("metadata") or {}
        uid, version = str(meta.get("uid") or ""), _number(meta.get("resourceVersion"))
        known = self._versions.get(entry.ref)
        if self._gone.get(entry.ref, "-") == uid and uid:
            return
        if known and known[0] == uid and version and version <= known[1]:
            return
        self._versions[entry.ref] = (uid, version)
        self._note_specification(entry.ref, obj)
        self._observed.objects[entry.ref] = {**obj, "kind": entry.ref.kind}
        first = self._observed.first_seen.get(entry.ref, entry.at)
        self._observed.first_seen[entry.ref] = min(first, entry.at)
        self._observed.seen_at[entry.ref] = entry.at
        match entry.ref.kind:
            case "Event":
                self._event(entry, obj)
            case "Pod":
                self._pod(entry, obj)
            case "PersistentVolumeClaim":
                self._advance(entry.ref, entry.at, (obj.get("status") or {}).get("phase"))
            case _:
                pass

    def _note_specification(self, ref: ObjectRef, obj: Object) -> None:
        if ref.kind not in CONNECTIVITY_KINDS or (ref.kind == "Pod" and controller(obj)):
            return
        before = self._observed.objects.get(ref) or {}
        if any(before.get(part) != obj.get(part) for part in ("spec", "data")) or not before:
            self._observed.manifests_version += 1

    def _remove(self, entry: Entry) -> None:
        known = self._versions.get(entry.ref)
        uid = str(((entry.object or {}).get("metadata") or {}).get("uid") or "")
        if known is None or (uid and known[0] != uid):
            return
        self._gone[entry.ref] = known[0]
        self._observed.objects.pop(entry.ref, None)
        self._observed.manifests_version += entry.ref.kind in CONNECTIVITY_KINDS
        self._versions.pop(entry.ref, None)

    def _event(self, entry: Entry, obj: Object) -> None:
        del self._observed.objects[entry.ref]
        fact = event_fact(obj, entry.at)
        key = str(obj["metadata"].get("uid") or entry.ref)
        known = self._observed.events.get(key)
        if known is None or (fact.count, fact.last) >= (known.count, known.last):
            self._observed.events[key] = fact
        if fact.reason in {"Pulling", "Pulled"} and fact.ref.kind == "Pod":
            begun = max(fact.first, self.header.started)
            self._advance_pod(fact.ref, begun, (fact.reason, fact.container))

    def _pod(self, entry: Entry, obj: Object) -> None:
        uid = str((obj.get("metadata") or {}).get("uid") or "")
        status = obj.get("status") or {}
        state: list[object] = [bool((obj.get("spec") or {}).get("nodeName")), status.get("phase")]
        for group in ("initContainerStatuses", "containerStatuses"):
            for container in status.get(group) or []:
                word = _state_word(container)
                self._sight(uid, container, word, entry.at)
                state.append((container.get("name"), word, container.get("started")))
                state.append(container.get("ready"))
        self._advance(workload_of(obj, self._find), entry.at, tuple(map(str, state)))

    def _find(self, ref: ObjectRef) -> Object | None:
        return self._observed.objects.get(ref)

    def _sight(self, uid: str, container: Object, word: str, at: float) -> None:
        name = str(container.get("name"))
        key, mark = (uid, name), f"{word}/{container.get('restartCount')}"
        if self._states.get(key) == mark:
            return
        self._states[key] = mark
        known = self._observed.sightings.get((uid, name, word), NOT_SEEN)
        self._observed.sightings[uid, name, word] = Sighting(
            count=known.count + 1, first=known.first or at, last=at
        )

    def _log(self, entry: Entry) -> None:
        key: LogKey = (entry.ref, entry.container, entry.previous)
        self._observed.logs[key] = entry.text
        if entry.previous and entry.text:
            self._observed.first_logs.setdefault(key, entry.text)
        if not entry.previous:
            self._advance_pod(entry.ref, entry.at, normalised(entry.text))

    def _advance_pod(self, pod: ObjectRef, at: float, state: object) -> None:
        obj = self._observed.objects.get(pod)
        if obj is not None:
            self._advance(workload_of(obj, self._find), at, state)

    def _advance(self, ref: ObjectRef, at: float, state: object) -> None:
        known = self._known.setdefault(ref, set())
        if state not in known:
            known.add(state)
            self._observed.progress[ref] = max(at, self._observed.progress.get(ref, 0.0))


def _state_word(container: Object) -> str:
    state = container.get("state") or {}
    waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
    if waiting:
        return str(waiting.get("reason") or "waiting")
    if ended:
        return f"{ended.get('reason')}:{ended.get('exitCode')}"
    return "running" if state.get("running") else ""


def _number(text: Any) -> int:
    return int(text) if str(text or "").isdigit() else 0


def folded(cassette: Cassette, now: float | None = None) -> Facts:
    """Returns the facts of a whole recording, in the order of its times."""
    fold = Fold(cassette.header)
    for entry in in_order(cassette.entries):
        fold.take(entry)
    return fold.facts(now)


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Returns entries by the time they were seen."""
    return sorted(entries, key=lambda e: e.at)
