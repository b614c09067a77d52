"""Pods and containers as facts: states, exits, restarts, with the times the API gives.

A thin, typed reading of pod status; what it means is the rules' business. Revision: a pod is
current when its template hash is that of the newest ReplicaSet or of the update revision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.diagnosis.events import epoch
from harness.model.refs import ObjectRef

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """How often and when something was seen."""

    count: int = 0
    first: float = 0.0
    last: float = 0.0


NOT_SEEN = Sighting()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerFact:
    """One container of a pod: its specification and its status."""

    pod: ObjectRef
    pod_uid: str
    workload: ObjectRef
    name: str
    init: bool
    spec: Object
    status: Object = field(default_factory=dict)

    def _state(self, name: str, where: str = "state") -> Object:
        found: Object = (self.status.get(where) or {}).get(name) or {}
        return found

    @property
    def waiting(self) -> str:
        """The waiting reason; empty when it does not wait."""
        return str(self._state("waiting").get("reason") or "")

    @property
    def waiting_message(self) -> str:
        """The message of the waiting state."""
        return str(self._state("waiting").get("message") or "")

    @property
    def running_since(self) -> float:
        """Epoch seconds of the start of the running instance; 0 when it does not run."""
        return epoch(self._state("running").get("startedAt"))

    @property
    def exit(self) -> Object:
        """The newest termination: of the current instance when it ended, else of the one before."""
        return self._state("terminated") or self._state("terminated", "lastState")

    @property
    def exit_code(self) -> int | None:
        """The newest exit code; None when it never ended."""
        code = self.exit.get("exitCode")
        return None if code is None else int(code)

    @property
    def exit_reason(self) -> str:
        """The newest termination's reason (`Error`, `OOMKilled`, `Completed`, `StartError`)."""
        return str(self.exit.get("reason") or "")

    @property
    def exit_message(self) -> str:
        """The newest termination's message."""
        return str(self.exit.get("message") or "")

    @property
    def exit_at(self) -> float:
        """Epoch seconds of the newest termination."""
        return epoch(self.exit.get("finishedAt"))

    @property
    def exits(self) -> int:
        """How often it ended: restarts, and one more when it is down now."""
        down = bool(self._state("terminated")) or self.waiting == "CrashLoopBackOff"
        restarts = int(self.status.get("restartCount") or 0)
        return max(restarts, 1) if (down or self.exit) else restarts

    @property
    def restarts(self) -> int:
        """The kubelet's restart count."""
        return int(self.status.get("restartCount") or 0)

    @property
    def ready(self) -> bool:
        """True when the kubelet calls it ready."""
        return bool(self.status.get("ready"))

    @property
    def started(self) -> bool:
        """True when its startup probe, if any, has passed."""
        return bool(self.status.get("started"))

    @property
    def image(self) -> str:
        """The image reference as specified."""
        return str(self.spec.get("image") or "")

    @property
    def done(self) -> bool:
        """True for an init container that ended well."""
        ended = self._state("terminated")
        return bool(ended) and int(ended.get("exitCode") or 0) == 0

    @property
    def field(self) -> str:
        """Its path below the pod specification."""
        return f"{'initContainers' if self.init else 'containers'}[{self.name}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class PodFact:
    """One pod, who owns it, and its containers."""

    object: Object
    ref: ObjectRef
    uid: str
    workload: ObjectRef
    """The Deployment, StatefulSet, DaemonSet, Job, CronJob, or the pod itself."""
    current: bool
    """False for pods of an older template and for pods being deleted."""
    containers: tuple[ContainerFact, ...]

    @property
    def spec(self) -> Object:
        """Its specification."""
        found: Object = self.object.get("spec") or {}
        return found

    @property
    def created(self) -> float:
        """Epoch seconds of its creation."""
        return epoch((self.object.get("metadata") or {}).get("creationTimestamp"))

    @property
    def node(self) -> str:
        """The node it was bound to; empty when unscheduled."""
        return str(self.spec.get("nodeName") or "")

    @property
    def phase(self) -> str:
        """`Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`."""
        return str((self.object.get("status") or {}).get("phase") or "")

    def condition(self, kind: str) -> Object:
        """Returns a condition, empty when it is not set."""
        found = (self.object.get("status") or {}).get("conditions") or []
        return next((c for c in found if c.get("type") == kind), {})

    @property
    def ready(self) -> bool:
        """True when Ready, or completed."""
        return self.phase == "Succeeded" or self.condition("Ready").get("status") == "True"

    @property
    def ready_since(self) -> float:
        """Epoch seconds since which it is ready; 0 when it is not."""
        return epoch(self.condition("Ready").get("lastTransitionTime")) if self.ready else 0.0


def pod_fact(obj: Object, workload: ObjectRef, *, current: bool) -> PodFact:
    """Returns the facts of a live pod."""
    meta, status, spec = obj["metadata"], obj.get("status") or {}, obj.get("spec") or {}
    ref, uid = ObjectRef.of({**obj, "kind": "Pod"}), str(meta.get("uid") or "")
    found = []
    for group, key in (("initContainers", "init"), ("containers", "")):
        statuses = {
            s.get("name"): s
            for s in status.get("initContainerStatuses" if key else "containerStatuses") or []
        }
        found += [
            ContainerFact(
                pod=ref,
                pod_uid=uid,
                workload=workload,
                name=str(c.get("name")),
                init=bool(key),
                spec=c,
                status=statuses.get(c.get("name")) or {},
            )
            for c in spec.get(group) or []
        ]
    leaving = bool(meta.get("deletionTimestamp"))
    return PodFact(
        object=obj,
        ref=ref,
        uid=uid,
        workload=workload,
        current=current and not leaving,
        containers=tuple(found),
    )
