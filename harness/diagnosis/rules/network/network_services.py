"""Services that lead nowhere: no pod has the labels (N07), no pod listens on the port (N08). Pure.

Kube-proxy refuses connections to a Service without endpoints, and a pod refuses a port on which
nothing listens; so a refusal with a static reason is certain, and a refusal without one says
nothing here. Pods that match and are not ready are their own matter. Where an operator may make
pods or endpoints, both wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from difflib import SequenceMatcher
from typing import Any

from harness.connectivity.dependencies import Dependency
from harness.connectivity.inventory import Workload
from harness.connectivity.selectors import in_words, selects, unmet
from harness.connectivity.services import Trouble, is_headless
from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.network.connection_texts import TroubleKind
from harness.diagnosis.rules.network.network_blocks import misled, without_names
from harness.diagnosis.rules.network.network_evidence import Shown
from harness.diagnosis.rules.network.network_open_world import may_be_made
from harness.diagnosis.rules.network.network_ways import (
    Proof,
    Strength,
    Way,
    holder,
    inventory,
    offered_ports,
    proofs,
)
from harness.diagnosis.signal import Need, Signal, t1
from harness.manifests.pods import field_prefix, pod_labels
from harness.model.refs import ObjectRef

NOBODY = (TroubleKind.REFUSED, TroubleKind.TIMEOUT)
"""Kube-proxy refuses for a Service without endpoints; some of its replacements drop."""
NO_LISTENER = (TroubleKind.REFUSED,)
OPEN_WORLD_SECONDS = 180.0
_PORT_TROUBLES = (Trouble.NAMED_PORT_ABSENT, Trouble.PORT_NOT_OFFERED)


def services_without_pods(facts: Facts) -> Iterator[Signal]:
    """Yields N07: a client needs a Service whose selector no workload and no pod fulfils."""
    for needed in _needs(facts, Trouble.SELECTS_NOTHING):
        if needed.service is None or _has_pods(facts, needed.service):
            continue
        headless = is_headless({"spec": _service(facts, needed.service)})
        # The name of a headless Service without pods has no address.
        kinds = (*NOBODY, TroubleKind.NAME) if headless else NOBODY
        for proof in proofs(facts, Way.of(facts, needed), kinds):
            yield _selects_nothing(facts, needed.service, proof)


def _needs(facts: Facts, *troubles: Trouble) -> Iterator[Dependency]:
    nameless = without_names(facts)
    for needed in facts.graph.dependencies:
        if needed.trouble in troubles and needed.certain and needed.client not in nameless:
            yield needed


def _has_pods(facts: Facts, service: ObjectRef) -> bool:
    """Whether living pods or endpoints stand behind it, whoever made them."""
    selector = {"matchLabels": _selector(facts, service)}
    in_space = [o for o in facts.all("Pod", service.namespace) if selects(selector, pod_labels(o))]
    slices = [
        o
        for o in facts.all("EndpointSlice", service.namespace)
        if (o["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == service.name
    ]
    return bool(in_space) or any(o.get("endpoints") for o in slices)


def _service(facts: Facts, service: ObjectRef) -> dict[str, Any]:
    found = inventory(facts).services.get((service.namespace, service.name)) or {}
    return dict(found.get("spec") or {})


def _selector(facts: Facts, service: ObjectRef) -> dict[str, str]:
    return dict(_service(facts, service).get("selector") or {})


def _selects_nothing(facts: Facts, service: ObjectRef, proof: Proof) -> Signal:
    selector = _selector(facts, service)
    near = nearest_workload(facts, service)
    words = in_words({"matchLabels": selector})
    expected = "the labels of the pods that it is for"
    fix = f"set spec.selector of {service} to the labels of its pods"
    if near is not None:
        lacking = unmet({"matchLabels": selector}, near.labels)
        has = ", ".join(f"{r.key}={near.labels.get(r.key, '(none)')}" for r in lacking)
        expected = f"labels of {near.ref}, whose pods have {has}"
        fix = f"set {_edits(near, selector)} in spec.selector of {service}"
    return Signal(
        cause="N07",
        at=proof.client,
        root=service,
        field="spec.selector",
        seen=f"{proof.in_words()}; {service} selects {words}, and no pod has these labels",
        expected=expected,
        fix=fix,
        need=_patient(facts, proof),
        count=proof.symptom.count,
        since=proof.since,
        last=facts.now,
        by_text=proof.by_text,
        rank=30,
    )


def _edits(near: Workload, selector: dict[str, str]) -> str:
    wrong = [r.key for r in unmet({"matchLabels": selector}, near.labels)]
    return ", ".join(f"{k}: {near.labels[k]}" for k in wrong if k in near.labels) or ", ".join(
        f"{k}: {v}" for k, v in near.selector.items()
    )


def _patient(facts: Facts, proof: Proof) -> Need:
    if may_be_made(facts, proof.client.namespace):
        return t1(2, OPEN_WORLD_SECONDS)
    return proof.need(is_closed=facts.has_declaration)


def nearest_workload(facts: Facts, service: ObjectRef) -> Workload | None:
    """Returns the workload that a Service's selector misses least, by labels and then by name."""
    selector = {"matchLabels": _selector(facts, service)}
    local = [w for w in inventory(facts).workloads if w.ref.namespace == service.namespace]

    def distance(workload: Workload) -> tuple[int, float]:
        alike = SequenceMatcher(None, workload.ref.name, service.name).ratio()
        return len(unmet(selector, workload.labels)), -alike

    return min(local, key=distance, default=None)


def services_with_wrong_ports(facts: Facts) -> Iterator[Signal]:
    """Yields N08: the pods do their work, and not on the port to which the Service leads."""
    for needed in _needs(facts, *_PORT_TROUBLES, Trouble.NONE):
        server = needed.server
        if server is None or not facts.is_ok(server):
            continue
        offered = offered_ports(facts, server)
        written = needed.trouble in _PORT_TROUBLES or needed in misled(facts)
        if not written and (not offered or not needed.pod_port or needed.pod_port in offered):
            continue
        ready = facts.ready_since(server)
        kinds = NOBODY if written else NO_LISTENER
        for proof in proofs(facts, Way.of(facts, needed), kinds, ready=ready):
            if written or proof.strength is Strength.TEXT:
                yield _wrong_port(facts, needed, proof, offered)


def _wrong_port(facts: Facts, needed: Dependency, proof: Proof, offered: frozenset[int]) -> Signal:
    root, field, target = _place(facts, needed)
    right = _right_ports(facts, needed, offered)
    ports = ", ".join(map(str, sorted(right))) or "none"
    best = f" to {next(iter(right))}" if len(right) == 1 else ""
    crashes = proof.symptom.shown is Shown.CRASHES
    return Signal(
        cause="N08",
        at=proof.client,
        root=root,
        field=field,
        seen=f"{proof.in_words()}; {target}; there are {ports}",
        expected=f"one of the ports {ports}",
        fix=f"set the port in {field} of {root}{best or ' to one of these'}",
        need=_port_need(facts, needed, proof),
        count=proof.symptom.count if crashes else 3,
        since=proof.since,
        last=facts.now,
        by_text=proof.by_text,
        rank=30,
    )


def _right_ports(facts: Facts, needed: Dependency, offered: frozenset[int]) -> frozenset[int]:
    """The ports to choose from: the Service's where a client asks for another, else the pods'."""
    if needed.trouble is not Trouble.PORT_NOT_OFFERED or needed.service is None:
        return offered
    entries = _service(facts, needed.service).get("ports") or []
    return frozenset(int(entry.get("port") or 0) for entry in entries)


def _port_need(facts: Facts, needed: Dependency, proof: Proof) -> Need:
    """A name that is not there is certain; a number may be one that nobody declares."""
    if needed.trouble in _PORT_TROUBLES:
        return proof.need(is_closed=facts.has_declaration)
    return t1(3, 30)


def _place(facts: Facts, needed: Dependency) -> tuple[ObjectRef, str, str]:
    """Returns what to edit, where, and the wrong value in words."""
    service = needed.service or needed.client
    spec = _service(facts, service)
    if is_headless({"spec": spec}) or needed.trouble is Trouble.PORT_NOT_OFFERED:
        root, field = holder(needed.client, needed.source, field_prefix(needed.client.kind))
        return root, field, f"{field} of {root} asks {needed.host} for port {needed.port}"
    entries = [e for e in spec.get("ports") or [] if e.get("port") == needed.port]
    entry: dict[str, Any] = next(iter(entries or spec.get("ports") or []), {})
    key = entry.get("name") or entry.get("port")
    target = entry.get("targetPort") or entry.get("port")
    return service, f"spec.ports[{key}].targetPort", f"{service} leads to port {target}"


RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (
    services_without_pods,
    services_with_wrong_ports,
)
