"""What a probe is: from where, to which address and port, and what came back.

A prober takes many probes at once and answers all of them; one that could not be made is answered
`NOT_PROBED` with the reason, never left out. How it is done is `through_nodes` and `through_pods`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.model.policies import Reply
from harness.model.refs import ObjectRef

PROBE_SECONDS = 2
"""How long a connection is waited for; a dropped packet is only known by silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Where a probe starts: a pod, or a container outside the cluster."""

    name: str
    """Unique: `namespace/pod`, or the name of the container."""
    pod: ObjectRef | None = None
    uid: str = ""
    """The pod's `metadata.uid`."""
    address: str = ""
    """The pod's address."""
    node: str = ""
    """The name of the pod's node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """Where a probe goes."""

    address: str
    port: int
    protocol: str = "TCP"
    query: str = ""
    """UDP only: the name that is asked for, without final dot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One attempt."""

    stand: Stand
    goal: Goal


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    reply: Reply
    text: str = ""
    """What the system said, or why nothing was tried."""
    addresses: tuple[str, ...] = ()
    """What a name was resolved to."""


class Prober(Protocol):
    """Makes probes from the network identity of pods."""

    def __call__(self, probes: Sequence[Probe]) -> Mapping[Probe, Answer]:
        """Returns an answer to every probe."""


def not_probed(probes: Sequence[Probe], why: str) -> dict[Probe, Answer]:
    """Returns the answers of probes that could not be made."""
    return {probe: Answer(reply=Reply.NOT_PROBED, text=why) for probe in probes}


class Together:
    """A prober that starts in pods by one way, and in containers outside the cluster by another."""

    def __init__(self, pods: Prober, containers: Prober | None) -> None:
        self._pods, self._containers = pods, containers

    def __call__(self, probes: Sequence[Probe]) -> Mapping[Probe, Answer]:
        """Returns an answer to every probe."""
        inside = [probe for probe in probes if probe.stand.pod is not None]
        others = [probe for probe in probes if probe.stand.pod is None]
        found = dict(self._pods(inside)) if inside else {}
        if others and self._containers is not None:
            return {**found, **self._containers(others)}
        return {**found, **not_probed(others, "it is no pod")}
