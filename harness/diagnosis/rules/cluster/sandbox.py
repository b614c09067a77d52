"""Pods whose sandbox the node cannot build: P16.

On a new node this passes when the CNI has started, so it only counts when it lasts; then the node
is to blame and not the pod (samson#3273). A pod whose sandbox exists, or one of whose containers
ran, is past it.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import PodFact
from harness.diagnosis.signal import Signal, t2
from harness.model.refs import ObjectRef
from harness.model.wording import cut

RECENT_SECONDS = 120.0
_WAITING = frozenset({"", "ContainerCreating", "PodInitializing"})


def sandbox_cannot_be_built(facts: Facts) -> Iterator[Signal]:
    """Finds pods that the node gives no sandbox for minutes."""
    for pod in facts.troubled_pods:
        events = facts.events(pod.ref, "FailedCreatePodSandBox")
        if not events or not _is_without(pod) or facts.is_ok(pod.workload):
            continue
        newest = events[-1]
        if facts.now - newest.last > RECENT_SECONDS and len(events) == newest.count == 1:
            continue
        yield Signal(
            cause="P16",
            at=pod.workload,
            root=ObjectRef("Node", "", pod.node) if pod.node else pod.workload,
            seen=f"node {pod.node} has built no sandbox for {pod.ref} since "
            f"{facts.now - events[0].first:.0f} s: {cut(newest.message)}",
            expected="a node whose CNI plugin and container runtime build pods",
            fix=f"look at the pods of the CNI on node {pod.node} (kubectl -n kube-system get pods)",
            need=t2(180),
            count=sum(e.count for e in events),
            since=min(e.first for e in events),
            last=newest.last,
            rank=95,
            infrastructure=True,
        )


def _is_without(pod: PodFact) -> bool:
    if pod.condition("PodReadyToStartContainers").get("status") == "True":
        return False
    return all(c.waiting in _WAITING and not c.exit and not c.running_since for c in pod.containers)
