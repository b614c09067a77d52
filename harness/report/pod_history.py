"""Reads what became of every pod from the recorded timeline of a run. Pure.

Phases come from the pod's own status; that an image is being pulled only from the kubelet's events
`Pulling`, `Pulled` and `Failed` (kubernetes, `pkg/kubelet/images/image_manager.go`), because the
status says `ContainerCreating` all the while. Pods of one name are one history: a StatefulSet's pod
comes back under its name. Which of them the page draws is `harness.report.pod_rows`' to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.diagnosis.ownership import workload_of
from harness.health.pods import is_pod_ready
from harness.health.reading import holds, spec_of, status_of
from harness.model.moments import epoch
from harness.model.pods import PodHistory, PodPhase, PodSegment
from harness.model.refs import ObjectRef
from harness.model.timeline import Cassette, Entry, EntryKind
from harness.model.wording import cut

Object = Mapping[str, Any]
MOST_PODS = 1000
MOST_SEGMENTS = 60
LONGEST_NOTE = 160
SETTLING_SECONDS = 2.0
"""The API's times are whole seconds; a pod so much older than its first sight was there before."""
HARMLESS = frozenset({"", "ContainerCreating", "PodInitializing"})
OWNERS = frozenset({"ReplicaSet", "Job"})
State = tuple[PodPhase, str]


def pod_histories(cassette: Cassette, *, began: float, ended: float) -> list[PodHistory]:
    """Returns the history of every pod of a recording, those of the declaration first.

    Args:
        cassette: What was recorded.
        began: Epoch seconds at which the run began; the zero of every time returned.
        ended: Epoch seconds at which it ended; what still exists lasts until then.
    """
    found = _Reading(began=began)
    for entry in cassette.entries:
        found.take(entry)
    namespaces = frozenset(cassette.header.namespaces)
    histories = [
        _history(ref, track, found.owners, max(ended - began, 0.0), namespaces)
        for ref, track in found.tracks.items()
    ]
    histories.sort(key=lambda h: (not h.declared, h.workload, h.ref))
    return [h for h in histories if h.segments][:MOST_PODS]


@dataclass(slots=True, kw_only=True)
class _Track:
    """What is known of one pod name so far."""

    segments: list[PodSegment] = field(default_factory=list)
    restarts: list[float] = field(default_factory=list)
    object: Object | None = None
    """The newest version; None when it is gone."""
    owned: Object = field(default_factory=dict)
    """The newest version there ever was."""
    pulling: set[str] = field(default_factory=set)
    """Paths of the containers whose image is being pulled."""
    since: float = 0.0
    state: State | None = None
    was_ready: bool = False
    count: int = 0

    def see(self, at: float, obj: Object) -> None:
        """Takes the next version of the pod."""
        if self.object is None:
            self.count, self.was_ready = _restarts(obj), False
        self.object = self.owned = obj
        number = _restarts(obj)
        if number > self.count:
            self.restarts.append(at)
        self.count = number
        self.judge(at)

    def judge(self, at: float) -> None:
        """Begins another segment where the phase has changed."""
        if self.object is None:
            return
        state = pod_state(self.object, pulling=self.pulling, was_ready=self.was_ready)
        self.was_ready = self.was_ready or state[0] is PodPhase.READY
        if self.state is not None and state[0] is self.state[0]:
            self.state = (state[0], state[1] or self.state[1])
        elif state != self.state:
            self.close(at)
            self.state, self.since = state, at

    def close(self, at: float) -> None:
        """Ends the segment that is open."""
        if self.state is not None and at > self.since:
            phase, note = self.state
            begun, end = round(self.since, 2), round(at, 2)
            self.segments.append(PodSegment(phase=phase, start=begun, end=end, note=note))
        self.state = None

    def end(self, at: float) -> None:
        """The pod is gone."""
        self.close(at)
        self.object = None
        self.pulling.clear()


@dataclass(slots=True, kw_only=True)
class _Reading:
    """Sorts entries to the pods they tell about."""

    began: float
    tracks: dict[ObjectRef, _Track] = field(default_factory=dict)
    owners: dict[ObjectRef, Object] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        """Takes the next entry."""
        at = max(entry.at - self.began, 0.0)
        if entry.ref.kind in OWNERS and entry.object is not None:
            self.owners[entry.ref] = entry.object
        elif entry.ref.kind == "Event" and entry.object is not None:
            self._event(at, entry.object)
        elif entry.ref.kind == "Pod" and entry.kind is EntryKind.OBJECT and entry.object:
            self._pod(at, entry.ref, entry.object)
        elif entry.ref in self.tracks and entry.kind is EntryKind.GONE:
            self.tracks[entry.ref].end(at)

    def _pod(self, at: float, ref: ObjectRef, obj: Object) -> None:
        track = self.tracks.setdefault(ref, _Track())
        if track.object is not None and _uid(track.object) != _uid(obj):
            track.end(at)
        if track.object is None and not track.segments:
            at = self._first(at, obj)
        track.see(at, obj)

    def _first(self, at: float, obj: Object) -> float:
        """Returns when a pod began that nobody watched from its beginning."""
        created = epoch((obj.get("metadata") or {}).get("creationTimestamp"))
        before = max(created - self.began, 0.0) if created else at
        return before if at - before > SETTLING_SECONDS else at

    def _event(self, at: float, event: Object) -> None:
        about = event.get("involvedObject") or {}
        ref = ObjectRef(str(about.get("kind")), str(about.get("namespace")), str(about.get("name")))
        track = self.tracks.get(ref)
        if track is None or track.object is None or _is_other(about, track.object):
            return
        where = str(about.get("fieldPath") or "")
        if event.get("reason") == "Pulling":
            track.pulling.add(where)
        elif event.get("reason") in {"Pulled", "Failed"}:
            track.pulling.discard(where)
        else:
            return
        track.judge(at)


def pod_state(pod: Object, *, pulling: Iterable[str] = (), was_ready: bool = False) -> State:
    """Returns what a pod is doing, with what the API says of it.

    Args:
        pod: A live pod.
        pulling: Paths (`spec.containers{NAME}`) of containers whose image is being pulled.
        was_ready: It has been ready before.
    """
    status = status_of(pod)
    if (pod.get("metadata") or {}).get("deletionTimestamp"):
        return PodPhase.ENDING, ""
    if status.get("phase") == "Succeeded":
        return PodPhase.COMPLETED, ""
    if status.get("phase") == "Failed":
        return PodPhase.FAILING, _note(status)
    if is_pod_ready(pod):
        return PodPhase.READY, ""
    if not spec_of(pod).get("nodeName") and not holds(pod, "PodScheduled"):
        return PodPhase.PENDING, _unscheduled(status)
    return _starting(pod, frozenset(pulling), was_ready=was_ready)


def _starting(pod: Object, pulling: frozenset[str], *, was_ready: bool) -> State:
    """Returns the state of the first container that holds up the others, else of all."""
    status, kept = status_of(pod), _sidecars(pod)
    for init in status.get("initContainerStatuses") or []:
        if init.get("name") in kept and init.get("started"):
            continue
        state = _init_container(init, pulling)
        if state is not None:
            return state
    containers = status.get("containerStatuses") or []
    states = [_container(c, pulling, "spec.containers") for c in containers]
    for worst in (PodPhase.FAILING, PodPhase.PULLING, PodPhase.CREATING):
        for state in states:
            if state[0] is worst:
                return state
    if not states:
        return PodPhase.CREATING, ""
    if all(state[0] is PodPhase.COMPLETED for state in states):
        return PodPhase.COMPLETED, ""
    return (PodPhase.UNREADY if was_ready else PodPhase.STARTING), ""


def _init_container(found: Object, pulling: frozenset[str]) -> State | None:
    """Returns what an init container holds its pod up with; None when it is done."""
    state = _container(found, pulling, "spec.initContainers")
    if state[0] is PodPhase.STARTING:
        return PodPhase.INIT, f"init container {found.get('name')}"
    return None if state[0] is PodPhase.COMPLETED else state


def _container(found: Object, pulling: frozenset[str], group: str) -> State:
    """Returns the state of one container as if its pod were nothing else."""
    name, state = found.get("name"), found.get("state") or {}
    waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
    if ended:
        code, reason = ended.get("exitCode"), ended.get("reason", "")
        note = f"{name} ended with exit code {code} ({reason})"
        return (PodPhase.FAILING, note) if code else (PodPhase.COMPLETED, "")
    if "running" in state:
        return PodPhase.STARTING, ""
    reason = str(waiting.get("reason") or "")
    if reason not in HARMLESS:
        return PodPhase.FAILING, f"{name}: {reason}"
    path = f"{group}{{{name}}}"
    return (PodPhase.PULLING if path in pulling else PodPhase.CREATING), ""


def _history(
    ref: ObjectRef,
    track: _Track,
    owners: Mapping[ObjectRef, Object],
    end: float,
    namespaces: frozenset[str],
) -> PodHistory:
    track.close(end)
    return PodHistory(
        ref=ref,
        workload=workload_of(track.owned, owners.get),
        segments=tuple(track.segments[-MOST_SEGMENTS:]),
        restarts=tuple(round(at, 2) for at in track.restarts[-MOST_SEGMENTS:]),
        declared=not namespaces or ref.namespace in namespaces,
    )


def _restarts(pod: Object) -> int:
    status = status_of(pod)
    groups = (status.get("initContainerStatuses"), status.get("containerStatuses"))
    return sum(int(c.get("restartCount") or 0) for group in groups for c in group or [])


def _sidecars(pod: Object) -> frozenset[Any]:
    inits = spec_of(pod).get("initContainers") or []
    return frozenset(c.get("name") for c in inits if c.get("restartPolicy") == "Always")


def _unscheduled(status: Object) -> str:
    for found in status.get("conditions") or []:
        if found.get("type") == "PodScheduled" and found.get("status") == "False":
            return _note(found)
    return ""


def _note(found: Object) -> str:
    return cut(str(found.get("message") or found.get("reason") or ""), LONGEST_NOTE)


def _uid(obj: Object) -> str:
    return str((obj.get("metadata") or {}).get("uid") or "")


def _is_other(about: Object, pod: Object) -> bool:
    """True for an event about an earlier pod of the same name."""
    uid = str(about.get("uid") or "")
    return bool(uid) and bool(_uid(pod)) and uid != _uid(pod)
