"""Watches everything a verdict needs, records it, and judges it whenever somebody asks.

One observer serves a whole run: a view (the newest objects), a recorder (the timeline), a reader
of the logs that matter, and the fold from which `diagnosis` is computed. Recording lags behind the
view, so `unread` says what a diagnosis does not know yet. After a restart of the harness all of it
is rebuilt from the cluster. What a diagnosis means for a run is the stages'.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol, Self

from harness.diagnosis.diagnose import Decisions, diagnose
from harness.diagnosis.facts import Facts
from harness.diagnosis.fold import Fold
from harness.io.clock import Clock
from harness.model.finding import Diagnosis
from harness.model.refs import ObjectRef
from harness.model.timeline import Cassette, Entry, Header
from harness.watch.log_reader import LogReader, LogSource
from harness.watch.objects import Change
from harness.watch.recorder import Recorder
from harness.watch.redacted import recordable
from harness.watch.view import ClusterView, Collected, Watchable

NAMESPACED = (
    "Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob",
    "PersistentVolumeClaim", "Event", "Service", "EndpointSlice", "ConfigMap", "Secret",
    "ServiceAccount", "NetworkPolicy", "Ingress", "ResourceQuota", "HorizontalPodAutoscaler",
)  # fmt: skip
CLUSTER_WIDE = (
    "Node", "Namespace", "StorageClass", "PersistentVolume", "IngressClass", "PriorityClass",
    "RuntimeClass",
)  # fmt: skip
ENGINE = ("Application", "ApplicationSet", "AppProject")


class Observable(Watchable, LogSource, Protocol):
    """What observing needs of the API."""


class Diagnosing(Protocol):
    """What waiting for a verdict needs of an observer."""

    def diagnosis(self) -> tuple[Diagnosis, Facts]:
        """Returns the diagnosis of this moment, and the facts it comes from."""

    def unread(self, facts: Facts) -> tuple[Collected, ...]:
        """Returns the collections whose first listing these facts do not hold completely."""


def targets(namespaces: Iterable[str], engine_namespace: str) -> tuple[tuple[str, str], ...]:
    """Returns the collections to watch; no namespace means the whole cluster."""
    places = tuple(dict.fromkeys(namespaces)) or ("",)
    return (
        *((kind, place) for place in places for kind in NAMESPACED),
        *((kind, "") for kind in CLUSTER_WIDE),
        *((kind, engine_namespace) for kind in ENGINE),
    )


class Observer:
    """Sees a deployment from the moment it is entered until it is left."""

    def __init__(
        self,
        kube: Observable,
        header: Header,
        *,
        clock: Clock,
        watch: Iterable[str] = (),
        mask: Callable[[str], str] = str,
    ) -> None:
        """Prepares watching.

        Args:
            kube: The API.
            header: What was declared and promised.
            clock: Gives the times of the observations.
            watch: Namespaces to watch; none for the whole cluster.
            mask: Removes the secret values that the harness knows from texts.
        """
        salt = secrets.token_bytes(16)
        self.header = _recordable(header, salt)
        self._clock = clock
        self._recorder = Recorder(salt=salt, now=self._now, mask=mask)
        self._pending: deque[Entry] = deque()
        self._recorder.subscribe(self._pending.append)
        self._logs = LogReader(kube, self._recorder.take, clock=clock, mask=mask)
        self.view = ClusterView(kube, targets(watch, header.engine_namespace), self._changed)
        self._fold, self._decisions = Fold(self.header), Decisions()
        self._lock = threading.Lock()
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(self._logs)
        self._stack.enter_context(self.view)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def diagnosis(self) -> tuple[Diagnosis, Facts]:
        """Returns the diagnosis of this moment, and the facts it comes from."""
        with self._lock:
            while self._pending:
                self._fold.take(self._pending.popleft())
            facts = self._fold.facts(self._now())
            found = self._decisions.stamped(diagnose(facts))
        for pod, container in _interesting(facts):
            self._logs.request(pod, container)
        return found, facts

    def unread(self, facts: Facts) -> tuple[Collected, ...]:
        """Returns the collections whose first listing these facts do not hold completely.

        The mark `LISTED` follows the objects of its listing through the recorder into the fold, so
        whoever knows the mark knows them all. What may not be listed is not waited for.
        """
        refused = self.view.refused
        return tuple(
            target
            for target in self.view.targets
            if target not in refused and not facts.knows(*target)
        )

    def cassette(self) -> Cassette:
        """Returns everything recorded so far."""
        return Cassette(header=self.header, entries=self._recorder.entries())

    def _changed(self, change: Change) -> None:
        self._recorder.changed(change)
        self._logs.changed(change)

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _recordable(header: Header, salt: bytes) -> Header:
    """Returns the header without the values of declared Secrets."""
    declared = tuple(replace(d, object=recordable(d.object, salt)) for d in header.declared)
    return replace(header, declared=declared)


def _interesting(facts: Facts) -> Iterable[tuple[ObjectRef, str]]:
    """Yields the containers of ready dependencies of what is not ready: their logs may tell why."""
    wanted = {
        needed
        for workload in facts.workloads
        if not facts.is_ok(workload)
        for needed in facts.graph.transitive(workload)
        if facts.is_ok(needed)
    }
    for workload in sorted(wanted):
        for pod in facts.pods_of(workload)[:1]:
            for container in pod.containers:
                if not container.init:
                    yield pod.ref, container.name
