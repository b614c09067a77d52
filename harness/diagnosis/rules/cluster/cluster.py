"""The cluster phase: the node, the host's limits, DNS and Argo CD itself, before any workload.

A root of this phase explains everything that is not ready, so each rule asks for proof that
workloads suffer from it. C05 (API not reachable) is seen outside of facts, C07 (policies not
enforced) shows in no object, C08 (architecture) is judged with the images.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from harness.diagnosis.events import epoch
from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import PodFact
from harness.diagnosis.rules.cluster.cluster_services import dns_down, engine_down
from harness.diagnosis.rules.cluster.host_limits import inotify_exhausted, inotify_suspected
from harness.diagnosis.rules.schedule.placement import Object, is_usable, node_condition, node_name
from harness.diagnosis.rules.schedule.unscheduled import nodes
from harness.diagnosis.rules.suffering import is_anything_unready, unready
from harness.diagnosis.signal import NEVER, Signal, t1, t2
from harness.model.refs import ObjectRef

PRESSURES = {
    "DiskPressure": ("disk-pressure", "Run: docker system prune --all"),
    "MemoryPressure": ("memory-pressure", "Give Docker more memory, or run fewer workloads"),
    "PIDPressure": ("pid-pressure", "Raise the limit of processes of the machine"),
}
NODE_SECONDS = 180.0


def node_not_ready(facts: Facts) -> Iterator[Signal]:
    """Yields C01 for nodes that are not ready; the first minutes of a new node are normal."""
    known = nodes(facts)
    if not is_anything_unready(facts) or inotify_suspected(facts):
        return
    alone = not any(is_usable(n) for n in known)
    for node in known:
        ready = node_condition(node, "Ready")
        if ready and ready.get("status") != "True":
            yield _not_ready(facts, node, ready, alone=alone)


def _not_ready(facts: Facts, node: Object, ready: Object, *, alone: bool) -> Signal:
    name, message = node_name(node), str(ready.get("message") or ready.get("reason") or "")
    since = max(
        epoch(ready.get("lastTransitionTime")), epoch(node["metadata"].get("creationTimestamp"))
    )
    network = "cni" in message.lower() or "network" in message.lower()
    logs = "Run: kubectl -n kube-system get pods -o wide, and read the log of the CNI's pod"
    return Signal(
        cause="C01",
        at=ObjectRef("Node", "", name),
        root=ObjectRef("Node", "", name),
        field="status.conditions[Ready]",
        seen=f"node {name} is not ready: {message[:200] or 'no reason given'}",
        expected="Ready=True within three minutes of the node's creation",
        fix=logs
        if network
        else f"Run: docker exec {name} journalctl -u kubelet, or restart the node",
        # While another node takes pods, what stands on this one is moved, and others' causes show.
        need=t2(NODE_SECONDS) if alone else NEVER,
        since=since or facts.first_seen(ObjectRef("Node", "", name)),
        explains=unready(facts),
        infrastructure=True,
    )


def node_under_pressure(facts: Facts) -> Iterator[Signal]:
    """Yields C03 for nodes that lack disk, memory or processes, when pods suffer from it."""
    known = nodes(facts)
    usable = any(is_usable(n) for n in known)
    for node in known if is_anything_unready(facts) else []:
        for kind, (taint, fix) in PRESSURES.items():
            condition = node_condition(node, kind)
            if condition.get("status") == "True":
                yield _pressure(facts, node, condition, taint, fix, elsewhere=usable)


def _pressure(
    facts: Facts, node: Object, condition: Object, taint: str, fix: str, *, elsewhere: bool
) -> Signal:
    name = node_name(node)
    ref = ObjectRef("Node", "", name)
    victim = next((p for p in facts.pods if is_pushed_out(p, name, taint)), None)
    since = epoch(condition.get("lastTransitionTime")) or facts.first_seen(ref)
    shown = f"; pod {victim.ref.name}: {_reason(victim)}" if victim else ""
    return Signal(
        cause="C03",
        at=ref,
        root=ref,
        field=f"status.conditions[{condition.get('type')}]",
        seen=f"node {name} has {condition.get('type')}: {condition.get('message', '')}{shown}",
        expected=f"{condition.get('type')}=False: enough free room on the machine",
        fix=fix,
        need=t1(2, 60) if victim and not elsewhere else NEVER,
        count=2 if facts.now > since else 1,
        since=since,
        last=facts.now,
        explains=unready(facts),
        infrastructure=True,
    )


def is_pushed_out(pod: PodFact, node: str, taint: str) -> bool:
    """Tells whether a pod was evicted from, or is kept from, a node for lack of a resource."""
    status = pod.object.get("status") or {}
    evicted = status.get("reason") == "Evicted" and "node was low on" in str(status.get("message"))
    refused = taint in str(pod.condition("PodScheduled").get("message") or "")
    untold = pod.condition("PodScheduled").get("reason") == "Unschedulable" and (
        "untolerated taint(s)" in str(pod.condition("PodScheduled").get("message"))
    )
    return (evicted and pod.node == node) or (not pod.node and (refused or untold))


def _reason(pod: PodFact) -> str:
    status = pod.object.get("status") or {}
    text = status.get("message") or pod.condition("PodScheduled").get("message") or ""
    return str(text)[:160]


RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (
    inotify_exhausted,
    node_under_pressure,
    node_not_ready,
    dns_down,
    engine_down,
)
