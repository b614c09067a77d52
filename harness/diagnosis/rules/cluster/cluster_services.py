"""C04 and C06: services that everything needs: the cluster's DNS and Argo CD.

Neither counts while its own pods merely start: the node must have been ready meanwhile, and a pod
of Argo CD with a cause of its own (image, configuration, crash) is judged by that cause's rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.diagnosis.events import epoch
from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import PodFact
from harness.diagnosis.rules.cluster.host_limits import SYSTEM, inotify_suspected
from harness.diagnosis.rules.schedule.placement import is_usable, node_condition
from harness.diagnosis.rules.schedule.unscheduled import nodes
from harness.diagnosis.rules.suffering import (
    is_anything_unready,
    live_workloads,
    unready,
)
from harness.diagnosis.signal import Need, Signal, t2
from harness.health.pods import pod_waits_for
from harness.model.refs import ObjectRef

_UNRESOLVED = re.compile(
    r"server misbehaving|temporary failure in name resolution|EAI_AGAIN"
    r"|lookup \S+(?: on \S+:53)?: (?:i/o timeout|.*connection refused)",
    re.IGNORECASE,
)
_LOOP = re.compile(r"Loop \([^)]*\) detected", re.IGNORECASE)
_SYNCING = ("application-controller", "repo-server")
_STARTING = frozenset({"", "ContainerCreating", "PodInitializing"})
DNS_SECONDS = 90.0
QUIET_SECONDS = 180.0
ENGINE_SECONDS = 240.0


def dns_down(facts: Facts) -> Iterator[Signal]:
    """Yields C04 when no pod of the cluster's DNS is ready on a node that is."""
    pods = [p for p in facts.pods if _is_dns(p)]
    if not pods or any(p.ready for p in pods) or not _is_ground_firm(facts):
        return
    workload = pods[0].workload
    clients = _clients_without_names(facts)
    log = "\n".join(facts.any_log(c) for p in pods for c in p.containers)
    loop = _LOOP.search(log)
    told = f'; its log says: "{loop.group(0)}"' if loop else ""
    shown = f"; {', '.join(map(str, clients[:3]))} cannot resolve names" if clients else ""
    yield Signal(
        cause="C04",
        at=workload,
        root=workload,
        seen=f"no pod of {workload} is ready: {pod_waits_for(pods[0].object)[:200]}{told}{shown}",
        expected="at least one ready pod, so that names resolve",
        fix="Give the machine's /etc/resolv.conf a name server that is no loopback address"
        if loop
        else f"Run: kubectl -n {workload.namespace} logs {workload.kind.lower()}/{workload.name}",
        need=_patience(pods, failing=bool(clients or loop)),
        since=max(_unready_since(facts, pods), _ground_since(facts)),
        last=facts.now,
        explains=unready(facts),
    )


def _is_dns(pod: PodFact) -> bool:
    labels = pod.object["metadata"].get("labels") or {}
    return pod.ref.namespace == SYSTEM and labels.get("k8s-app") == "kube-dns"


def _patience(pods: list[PodFact], *, failing: bool) -> Need:
    broken = any(c.exits > 1 for p in pods for c in p.containers)
    return t2(DNS_SECONDS if failing or broken else QUIET_SECONDS)


def _clients_without_names(facts: Facts) -> list[ObjectRef]:
    return sorted({
        p.workload
        for p in facts.troubled_pods
        if not _is_dns(p)
        and any(_UNRESOLVED.search(facts.any_log(c)) for c in p.containers if not c.done)
    })  # fmt: skip


def _is_ground_firm(facts: Facts) -> bool:
    """Something waits, and neither the node nor the host's limits are the reason."""
    known = nodes(facts)
    firm = not known or any(is_usable(n) for n in known)
    return is_anything_unready(facts) and firm and not inotify_suspected(facts)


def _ground_since(facts: Facts) -> float:
    """Since when the first usable node is ready."""
    usable = [n for n in nodes(facts) if is_usable(n)]
    times = [epoch(node_condition(n, "Ready").get("lastTransitionTime")) for n in usable]
    return min(times, default=0.0)


def _unready_since(facts: Facts, pods: list[PodFact]) -> float:
    """Since when the first of them could have been ready and was not."""
    return min(
        max(
            p.created,
            epoch(p.condition("Ready").get("lastTransitionTime")),
            epoch(p.condition("PodScheduled").get("lastTransitionTime")),
        )
        or facts.first_seen(p.ref)
        for p in pods
    )


def engine_down(facts: Facts) -> Iterator[Signal]:
    """Yields C06 for parts of Argo CD that a sync needs and that do not get ready."""
    if not _is_ground_firm(facts) or any(True for _ in dns_down(facts)) or _is_synced(facts):
        return
    for workload in live_workloads(facts, facts.header.engine_namespace):
        if _is_needed(facts, workload):
            yield from _part(facts, workload)


def _is_synced(facts: Facts) -> bool:
    """Argo CD has done its work: what is not ready now is not for want of it."""
    states = [(o.get("status") or {}).get("sync") or {} for o in facts.all("Application")]
    enough = len(states) >= len(facts.header.expected_applications)
    return bool(states) and enough and all(s.get("status") == "Synced" for s in states)


def _is_needed(facts: Facts, workload: ObjectRef) -> bool:
    generates = "applicationset-controller" in workload.name and not facts.all("Application")
    return any(word in workload.name for word in (*_SYNCING, "redis")) or (
        generates and bool(facts.all("ApplicationSet"))
    )


def _part(facts: Facts, workload: ObjectRef) -> Iterator[Signal]:
    pods = facts.pods_of(workload)
    live = facts.find(workload) or {}
    needed = any(word in workload.name for word in _SYNCING)
    stopped = needed and (live.get("spec") or {}).get("replicas") == 0
    silent = bool(pods) and not any(p.ready for p in pods) and all(map(_only_unready, pods))
    if workload.kind not in {"Deployment", "StatefulSet"} or not (stopped or silent):
        return
    state = "it is scaled to 0" if stopped else pod_waits_for(pods[0].object)
    scale = f"scale {workload.kind.lower()} {workload.name} --replicas=1"
    look = f"describe pods, then logs {workload.kind.lower()}/{workload.name}"
    yield Signal(
        cause="C06",
        at=workload,
        root=workload,
        field="spec.replicas" if stopped else "",
        seen=f"{workload}, which every sync needs, is not ready: {state}",
        expected="at least one ready pod",
        fix=f"Run: kubectl -n {workload.namespace} {scale if stopped else look}",
        need=t2(ENGINE_SECONDS),
        since=facts.first_seen(workload) if stopped else _unready_since(facts, pods),
        last=facts.now,
        explains=unready(facts),
    )


def _only_unready(pod: PodFact) -> bool:
    """It runs and is not ready; what it waits for or exits with has rules of its own."""
    return bool(pod.node) and all(
        c.done or c.ready or (c.running_since and c.waiting in _STARTING and c.exits < 2)
        for c in pod.containers
    )
