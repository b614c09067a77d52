"""H02 and H03: other pods keep a pod from every node: anti-affinity, spread, host ports.

Certain where counting proves it: more replicas than nodes that may hold one each, or a spread over
a label that no node carries. Else an old pod may still leave, so it needs time without progress.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from textwrap import shorten

from harness.connectivity.selectors import selects
from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import PodFact
from harness.diagnosis.rules.nearest import listed
from harness.diagnosis.rules.schedule.insufficient import eligible
from harness.diagnosis.rules.schedule.placement import Object, node_labels
from harness.diagnosis.rules.schedule.unscheduled import (
    Unscheduled,
    is_fixed,
    nodes,
    patience,
    unscheduled,
)
from harness.diagnosis.signal import T0, Need, Signal, t2
from harness.manifests.pods import field_prefix
from harness.model.wording import counted

_ANTI = re.compile(r"anti-affinity rules", re.IGNORECASE)
_SPREAD = re.compile(r"topology spread constraints", re.IGNORECASE)
_AFFINITY = re.compile(r"didn't match pod affinity rules", re.IGNORECASE)
_PORTS = re.compile(r"free ports for the requested pod ports", re.IGNORECASE)
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PORT_SECONDS = 90.0


def other_pods_in_the_way(facts: Facts) -> Iterator[Signal]:
    """Yields H02 and H03 for pods that other pods keep from every node."""
    known = nodes(facts)
    for waiting in unscheduled(facts):
        if waiting.is_about_claims:
            continue
        if _PORTS.search(waiting.text):
            yield _ports(facts, waiting, known)
        elif _ANTI.search(waiting.text):
            yield _apart(facts, waiting, known)
        elif _SPREAD.search(waiting.text):
            yield _spread(facts, waiting, known)
        elif _AFFINITY.search(waiting.text):
            yield _together(facts, waiting, known)


def _replicas(facts: Facts, waiting: Unscheduled) -> int:
    live = facts.find(waiting.pod.workload) or {}
    if waiting.pod.workload.kind not in {"Deployment", "StatefulSet", "ReplicaSet"}:
        return 0
    replicas = (live.get("spec") or {}).get("replicas")
    return 1 if replicas is None else int(replicas)


def _sizes(facts: Facts, waiting: Unscheduled, able: Sequence[Object]) -> str:
    replicas = counted(_replicas(facts, waiting) or 1, "replica")
    return f"{replicas}, {counted(len(able), 'node')}"


def _exceeds(facts: Facts, waiting: Unscheduled, known: Sequence[Object], places: int) -> bool:
    return is_fixed(facts, known) and 0 < places < _replicas(facts, waiting)


def _ports(facts: Facts, waiting: Unscheduled, known: Sequence[Object]) -> Signal:
    able = eligible(waiting.pod.spec, known)
    path, port = next(iter(_host_ports(waiting.pod)), ("", 0))
    holders = [p for p in facts.all_pods if _holds(p, port) and p.uid != waiting.pod.uid]
    holder = f", which {listed(str(p.ref) for p in holders)} uses" if holders else ""
    sure = _exceeds(facts, waiting, known, len(able))
    return _signal(
        waiting,
        "H03",
        field=path,
        seen=f"pod {waiting.pod.ref.name} wants port {port or ''} of a node{holder}; "
        f"{_sizes(facts, waiting, able)}",
        expected="at most one pod per node and host port, or no host port",
        fix=f"Remove hostPort {port or ''} from {waiting.pod.workload} and use a Service",
        need=T0 if sure else waiting.need(t2(PORT_SECONDS)),
    )


def _host_ports(pod: PodFact) -> list[tuple[str, int]]:
    """Every host port with its path below the pod specification."""
    return [
        (
            f"{group}[{container.get('name')}].ports[{_title(entry)}].hostPort",
            int(entry["hostPort"]),
        )
        for group in ("containers", "initContainers")
        for container in pod.spec.get(group) or []
        for entry in container.get("ports") or []
        if entry.get("hostPort")
    ]


def _title(entry: Object) -> str:
    return str(entry.get("name") or entry.get("containerPort"))


def _holds(pod: PodFact, port: int) -> bool:
    return bool(pod.node) and any(found == port for _, found in _host_ports(pod))


def _apart(facts: Facts, waiting: Unscheduled, known: Sequence[Object]) -> Signal:
    terms = _own_terms(waiting.pod)
    able = eligible(waiting.pod.spec, known)
    places = min((_domains(t, able) for t in terms), default=0)
    sure = _exceeds(facts, waiting, known, places)
    return _signal(
        waiting,
        "H02",
        field=f"affinity.podAntiAffinity.{_REQUIRED}" if terms else "affinity",
        seen=f"pod {waiting.pod.ref.name} may not share a node with pods that stand on every node; "
        f"{_sizes(facts, waiting, able)}; scheduler: "
        f"{shorten(waiting.text, 140, placeholder=' ...')}",
        expected=f"at most {counted(places, 'replica')}, or a preferred anti-affinity"
        if places
        else "a node without such pods",
        fix=f"Make the podAntiAffinity of {waiting.pod.workload} preferred in this overlay",
        need=T0 if sure else patience(facts, waiting, known),
    )


def _own_terms(pod: PodFact) -> list[Object]:
    """The required anti-affinity terms by which a pod shuns its own replicas."""
    affinity = (pod.spec.get("affinity") or {}).get("podAntiAffinity") or {}
    labels = pod.object["metadata"].get("labels") or {}
    return [t for t in affinity.get(_REQUIRED) or [] if selects(t.get("labelSelector"), labels)]


def _domains(term: Object, able: Sequence[Object]) -> int:
    """How many places a term allows; 0 where a node without the label takes any number."""
    key = str(term.get("topologyKey"))
    values = [node_labels(n).get(key) for n in able]
    return 0 if None in values else len(set(values))


def _spread(facts: Facts, waiting: Unscheduled, known: Sequence[Object]) -> Signal:
    missing = _missing_key(waiting.pod, known)
    sure = bool(missing) and is_fixed(facts, known)
    workload = waiting.pod.workload
    lacking = f"by {missing}, a label that no node has" if missing else "evenly"
    keys = listed(k for n in known for k in node_labels(n))
    return _signal(
        waiting,
        "H02",
        field="topologySpreadConstraints",
        seen=f"pod {waiting.pod.ref.name} must be spread {lacking}; scheduler: "
        f"{shorten(waiting.text, 140, placeholder=' ...')}",
        expected=f"a topologyKey that nodes have: {keys}" if missing else "a balanced spread",
        fix=f"Set whenUnsatisfiable of {workload} to ScheduleAnyway in this overlay",
        need=T0 if sure else patience(facts, waiting, known),
    )


def _missing_key(pod: PodFact, known: Sequence[Object]) -> str:
    for constraint in pod.spec.get("topologySpreadConstraints") or []:
        key = str(constraint.get("topologyKey"))
        hard = constraint.get("whenUnsatisfiable", "DoNotSchedule") == "DoNotSchedule"
        if hard and known and not any(key in node_labels(n) for n in known):
            return key
    return ""


def _together(facts: Facts, waiting: Unscheduled, known: Sequence[Object]) -> Signal:
    workload = waiting.pod.workload
    return _signal(
        waiting,
        "H02",
        field=f"affinity.podAffinity.{_REQUIRED}",
        seen=f"pod {waiting.pod.ref.name} must share a node with pods that stand on none; "
        f"scheduler: {shorten(waiting.text, 140, placeholder=' ...')}",
        expected="a running pod that its podAffinity selects",
        fix=f"Correct the labelSelector in the podAffinity of {workload} in this overlay",
        need=patience(facts, waiting, known),
        symptom=True,
    )


def _signal(
    waiting: Unscheduled, cause: str, *, field: str, seen: str, expected: str, fix: str, need: Need,
    symptom: bool = False,
) -> Signal:  # fmt: skip
    workload = waiting.pod.workload
    return Signal(
        cause=cause,
        at=waiting.at,
        root=workload,
        field=f"{field_prefix(workload.kind)}.{field}" if field else "",
        seen=seen,
        expected=expected,
        fix=fix,
        need=need,
        since=waiting.since,
        symptom=symptom,
        rank=30,
    )
