"""Everything known at one moment, indexed for the rules. Pure; `now` is part of it.

Built by `harness.diagnosis.fold` from a timeline. Rules ask for objects, pods of the current
revision, events, logs, and whether something that is absent can still appear (the closed world).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from harness.connectivity.dependencies import Graph, dependencies
from harness.diagnosis.events import EventFact
from harness.diagnosis.ownership import is_current, newest_replica_sets, workload_of
from harness.diagnosis.pod_facts import NOT_SEEN, ContainerFact, PodFact, Sighting, pod_fact
from harness.health.judge import WORKLOAD_KINDS, judge
from harness.manifests.pods import pod_spec
from harness.manifests.references import declared_secrets
from harness.model.refs import ObjectRef
from harness.model.run import Health
from harness.model.timeline import DeclaredObject, Header

Object = Mapping[str, Any]
LogKey = tuple[ObjectRef, str, bool]
"""Pod, container, previous."""


class Appearance(StrEnum):
    """Whether an object that a rule misses can still appear."""

    PRESENT = "present"
    EXPECTED = "expected"
    """Declared by an Application of this environment, or promised by the harness."""
    POSSIBLE = "possible"
    """An operator's object may bring it about, or we may not look."""
    NEVER = "never"
    """Absent, declared by nobody, promised by nobody: the closed world."""


@dataclass(slots=True, kw_only=True)
class Observed:
    """What the fold has gathered; read only for everybody else."""

    objects: dict[ObjectRef, Object] = field(default_factory=dict)
    listed: set[tuple[str, str]] = field(default_factory=set)
    events: dict[str, EventFact] = field(default_factory=dict)
    """By the uid of the Event object."""
    logs: dict[LogKey, str] = field(default_factory=dict)
    first_logs: dict[LogKey, str] = field(default_factory=dict)
    """The first crash's log: later ones may show a secondary text."""
    sightings: dict[tuple[str, str, str], Sighting] = field(default_factory=dict)
    """By pod uid, container and waiting or exit reason."""
    progress: dict[ObjectRef, float] = field(default_factory=dict)
    """Epoch seconds of each workload's last progress."""
    first_seen: dict[ObjectRef, float] = field(default_factory=dict)
    seen_at: dict[ObjectRef, float] = field(default_factory=dict)
    """Epoch seconds of the newest version of each object."""
    manifests_version: int = 0
    """Raised when a specification changes that the dependencies come from."""
    graphs: dict[int, Graph] = field(default_factory=dict)


class Facts:
    """A consistent view of everything observed until `now` (epoch seconds)."""

    def __init__(self, header: Header, observed: Observed, now: float) -> None:
        self.header = header
        self.now = now
        self._observed = observed
        self._health: dict[ObjectRef, Health] = {}
        self._memo: dict[str, Any] = {}

    # Objects

    def find(self, ref: ObjectRef) -> Object | None:
        """Returns a live object, or None."""
        return self._observed.objects.get(ref)

    @cached_property
    def _by_kind(self) -> dict[str, list[Object]]:
        found: dict[str, list[Object]] = defaultdict(list)
        for ref, obj in self._observed.objects.items():
            found[ref.kind].append(obj)
        return found

    def all(self, kind: str, namespace: str | None = None) -> list[Object]:
        """Returns the live objects of a kind, in one namespace or in all."""
        found = self._by_kind.get(kind, [])
        if namespace is None:
            return list(found)
        return [o for o in found if (o["metadata"].get("namespace") or "") == namespace]

    def knows(self, kind: str, namespace: str = "") -> bool:
        """Tells whether the kind was listed there, so that absence is a fact."""
        return (kind, namespace) in self._observed.listed or (kind, "") in self._observed.listed

    def first_seen(self, ref: ObjectRef) -> float:
        """Returns when an object was first seen; the start of watching where it never was."""
        return self._observed.first_seen.get(ref, self.header.started)

    def seen_at(self, ref: ObjectRef) -> float:
        """Returns when the newest version of an object was seen."""
        return self._observed.seen_at.get(ref, self.header.started)

    # Declarations

    @cached_property
    def declared(self) -> dict[ObjectRef, DeclaredObject]:
        """What the repository renders to, by reference."""
        return {ObjectRef.of(d.object): d for d in self.header.declared}

    @property
    def has_declaration(self) -> bool:
        """True when the rendered repository is known."""
        return bool(self.header.declared)

    @cached_property
    def _operator_secrets(self) -> set[tuple[str, str]]:
        live = [o for o in self._observed.objects.values() if o.get("kind") != "Secret"]
        return declared_secrets(dict(o) for o in live) | declared_secrets(
            dict(d.object) for d in self.header.declared if d.object.get("kind") != "Secret"
        )

    def appearance(self, ref: ObjectRef) -> Appearance:
        """Tells whether an object can (still) appear: the closed-world check of class T0c."""
        if self.find(ref) is not None:
            return Appearance.PRESENT
        if ref in self.declared or ref in self.header.provided:
            return Appearance.EXPECTED
        if not self.knows(ref.kind, ref.namespace) or not self.has_declaration:
            return Appearance.POSSIBLE
        if ref.kind == "Secret" and (ref.namespace, ref.name) in self._operator_secrets:
            return Appearance.POSSIBLE
        return Appearance.NEVER

    # Workloads and pods

    @cached_property
    def _newest(self) -> dict[ObjectRef, str]:
        return newest_replica_sets(self.all("ReplicaSet"))

    @cached_property
    def all_pods(self) -> tuple[PodFact, ...]:
        """Every live pod, also of older templates."""
        return tuple(self._pod(obj) for obj in self.all("Pod"))

    def _pod(self, obj: Object) -> PodFact:
        workload = workload_of(obj, self.find)
        current = is_current(obj, self.find(workload), self._newest)
        return pod_fact(obj, workload, current=current)

    @cached_property
    def pods(self) -> tuple[PodFact, ...]:
        """The pods that count: of the newest template, not being deleted."""
        return tuple(p for p in self.all_pods if p.current)

    @cached_property
    def troubled_pods(self) -> tuple[PodFact, ...]:
        """The pods that count and are not ready."""
        return tuple(p for p in self.pods if not p.ready)

    @cached_property
    def _pods_by_workload(self) -> dict[ObjectRef, list[PodFact]]:
        found: dict[ObjectRef, list[PodFact]] = defaultdict(list)
        for pod in self.pods:
            found[pod.workload].append(pod)
        return found

    def pods_of(self, workload: ObjectRef) -> list[PodFact]:
        """Returns the pods of a workload that count."""
        return self._pods_by_workload.get(workload, [])

    @cached_property
    def workloads(self) -> tuple[ObjectRef, ...]:
        """Every workload that is declared or lives in a namespace under diagnosis, once."""
        found = {r: None for r in self.declared if r.kind in WORKLOAD_KINDS}
        for kind in WORKLOAD_KINDS:
            for obj in self.all(kind):
                ref = ObjectRef.of(obj)
                if not _owned(obj) and self.in_scope(ref.namespace):
                    found.setdefault(ref)
        return tuple(found)

    def in_scope(self, namespace: str) -> bool:
        """Tells whether the objects of a namespace are under diagnosis."""
        return not self.header.namespaces or namespace in self.header.namespaces

    def health(self, ref: ObjectRef) -> Health:
        """Returns the judgement of a workload or claim."""
        if ref not in self._health:
            self._health[ref] = judge(self.find(ref), ref, now=self.now).health
        return self._health[ref]

    def is_ok(self, ref: ObjectRef) -> bool:
        """Tells whether a workload does what others need of it."""
        return self.health(ref) is Health.READY

    def ready_since(self, ref: ObjectRef) -> float:
        """Returns since when all pods of a workload are ready; 0 when one is not."""
        times = [p.ready_since for p in self.pods_of(ref)]
        return max(times) if times and all(times) else 0.0

    def template(self, ref: ObjectRef) -> dict[str, Any]:
        """Returns the pod specification of a workload, live or else declared."""
        live = self.find(ref)
        if live is not None:
            return pod_spec({**live, "kind": ref.kind}) or {}
        declared = self.declared.get(ref)
        return (pod_spec(declared.object) if declared else None) or {}

    def progress(self, ref: ObjectRef) -> float:
        """Returns when a workload last made progress."""
        return max(self._observed.progress.get(ref, 0.0), self.first_seen(ref))

    # Events, logs, repetition

    @cached_property
    def _events_by_ref(self) -> dict[ObjectRef, list[EventFact]]:
        found: dict[ObjectRef, list[EventFact]] = defaultdict(list)
        for event in self._observed.events.values():
            found[event.ref].append(event)
        for events in found.values():
            events.sort(key=lambda e: e.last)
        return found

    def events(self, ref: ObjectRef, *reasons: str) -> list[EventFact]:
        """Returns the events about the living object of that name, oldest first."""
        live = self.find(ref)
        uid = str(((live or {}).get("metadata") or {}).get("uid") or "")
        return [
            e
            for e in self._events_by_ref.get(ref, [])
            if (not reasons or e.reason in reasons) and (not uid or not e.uid or e.uid == uid)
        ]

    def container_events(self, container: ContainerFact, *reasons: str) -> list[EventFact]:
        """Returns the events about a container, and those that do not say which one they mean."""
        found = self.events(container.pod, *reasons)
        return [e for e in found if e.container in {"", container.name}]

    def log(self, container: ContainerFact, *, previous: bool = False) -> str:
        """Returns the newest lines read of a container's log; empty when none were."""
        return self._observed.logs.get((container.pod, container.name, previous), "")

    def crash_log(self, container: ContainerFact) -> str:
        """Returns the log of the first crash that was captured, else the previous instance's."""
        key = (container.pod, container.name, True)
        found = self._observed.first_logs.get(key) or self._observed.logs.get(key, "")
        return found or (self.log(container) if container.exit else "")

    def any_log(self, container: ContainerFact) -> str:
        """Returns everything captured of a container: the first crash, then the current log."""
        return "\n".join(t for t in (self.crash_log(container), self.log(container)) if t)

    def sighting(self, container: ContainerFact, reason: str) -> Sighting:
        """Returns how often a waiting or exit reason of a container was seen."""
        return self._observed.sightings.get((container.pod_uid, container.name, reason), NOT_SEEN)

    # Dependencies

    @cached_property
    def manifests(self) -> tuple[Object, ...]:
        """Every object that matters for connectivity: live ones, else what is declared."""
        found: dict[ObjectRef, Object] = {r: d.object for r, d in self.declared.items()}
        for ref, obj in self._observed.objects.items():
            if ref.kind in CONNECTIVITY_KINDS and (ref.kind != "Pod" or not _owned(obj)):
                found[ref] = {**obj, "kind": ref.kind}
        return tuple(found.values())

    @cached_property
    def graph(self) -> Graph:
        """Who needs whom, from environment, scripts, Services; kept while no manifest changes."""
        kept = self._observed.graphs
        if self._observed.manifests_version not in kept:
            kept.clear()
            made = dependencies([dict(o) for o in self.manifests])
            kept[self._observed.manifests_version] = made
        return kept[self._observed.manifests_version]

    def memo(self, key: str, make: Callable[[], Any]) -> Any:
        """Returns `make()`, computed once for these facts."""
        if key not in self._memo:
            self._memo[key] = make()
        return self._memo[key]


CONNECTIVITY_KINDS = frozenset({
    "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod", "Service", "ConfigMap",
    "NetworkPolicy", "Ingress", "Node",
})  # fmt: skip


def _owned(obj: Object) -> bool:
    return bool((obj.get("metadata") or {}).get("ownerReferences"))
