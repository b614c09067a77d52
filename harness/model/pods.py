"""What became of a pod, moment by moment: the words of the report's picture of pods.

`harness.report.pod_history` reads it from the recorded timeline; the page draws it. Times are
seconds since the run began. A pod that came back under its own name is one history.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.model.refs import ObjectRef


class PodPhase(StrEnum):
    """What a pod was doing; the order is that of a good start."""

    PENDING = "pending"
    """No node has been chosen."""
    CREATING = "creating"
    """On a node: sandbox, volumes, secrets, or an image that is there already."""
    PULLING = "pulling"
    """The node fetches an image, and the container that needs it waits."""
    INIT = "init"
    """An init container runs."""
    STARTING = "starting"
    """All containers run, and not all were ready yet."""
    READY = "ready"
    UNREADY = "unready"
    """All containers run, and the pod is not ready any more."""
    FAILING = "failing"
    """A container waits after an error, or ended with one."""
    COMPLETED = "completed"
    ENDING = "ending"
    """Being deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodSegment:
    """One phase of a pod."""

    phase: PodPhase
    start: float
    end: float
    note: str = ""
    """What the API said of it, e.g. `ImagePullBackOff`; empty where it said nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodHistory:
    """One pod by name, from when it was first seen to the end of the run."""

    ref: ObjectRef
    workload: ObjectRef
    """The Deployment, StatefulSet, DaemonSet, Job, CronJob, or the pod itself."""
    segments: tuple[PodSegment, ...]
    """In order; between two of them the pod did not exist."""
    restarts: tuple[float, ...] = ()
    """When a container had started again."""
    declared: bool = True
    """False for pods outside the namespaces of the declaration: the engine's, the cluster's."""
