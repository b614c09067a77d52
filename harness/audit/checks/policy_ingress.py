"""Backends that are meant for the outside and whose policies admit nobody from there. Pure.

An Ingress, a route of the Gateway API, or a Service of type LoadBalancer or NodePort is reached by
pods of a controller or by addresses outside the cluster. Which namespace the controller has is not
known here: every peer that may mean it counts as a way in. Only an `ipBlock` admits load balancers
that send to pods' addresses (AWS `target-type: ip`, cause N10, aws-load-balancer-controller#1830).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.reading import at, entries, mapping, text, text_at, whole
from harness.audit.scope import Declared, Scope
from harness.audit.world import World, is_of_cluster, separate, world
from harness.connectivity.inventory import Workload
from harness.connectivity.peers import (
    NAMESPACE_NAME,
    Connection,
    Direction,
    Endpoint,
    Peer,
    admits_port,
    peers,
    rules,
)
from harness.connectivity.policies import isolates
from harness.connectivity.selectors import in_words, requirements
from harness.connectivity.services import Target, all_targets, selected, targets
from harness.manifests.pods import Object
from harness.model.refs import ObjectRef

if TYPE_CHECKING:  # all_checks imports this module
    from harness.audit.checks.all_checks import ScopeCheck

ROUTES = frozenset({"GRPCRoute", "HTTPRoute", "TCPRoute", "TLSRoute", "UDPRoute"})
OUTSIDE_TYPES = frozenset({"LoadBalancer", "NodePort"})
TARGET_TYPE = "alb.ingress.kubernetes.io/target-type"
NAMESPACE_LABELS = frozenset({NAMESPACE_NAME, "name", "namespace", "ns"})
_CONTROLLER = re.compile(
    r"ingress|nginx|traefik|haproxy|kong|contour|envoy|gateway|istio|ambassador|emissary|caddy"
    r"|cloudflared|tailscale|proxy|router|tunnel|balancer|edge|front",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """A port of a Service that somebody outside asks."""

    by: ObjectRef
    service: Object
    port: int
    """0 for all ports of the Service."""
    by_address: bool = False
    """Whether only addresses outside the cluster come in this way."""


def policies_allow_outside(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the policies that shut out whoever an Ingress or load balancer is for."""
    worlds = separate(scope)
    everywhere = {_key(f) for f in _faults(world(scope), scope)} if len(worlds) > 1 else None
    told: set[object] = set()
    for each in worlds:
        for fault in _faults(each, scope):
            is_sure = everywhere is None or _key(fault) in everywhere
            if is_sure and _key(fault) not in told:
                told.add(_key(fault))
                yield fault


def _key(fault: Fault) -> tuple[ObjectRef, str]:
    return fault.object, fault.message


def _faults(here: World, scope: Scope) -> Iterator[Fault]:
    if not here.inventory.policies:
        return
    for entrance in _entrances(here):
        if entrance.by_address and scope.profile.name == "kind":
            continue
        for target in _targets(entrance, here):
            fault = _judge(entrance, target, here)
            if fault is not None:
                yield fault


def _entrances(here: World) -> Iterator[Entrance]:
    for each in here.declared:
        kind, group = each.ref.kind, text(each.object.get("apiVersion")).rpartition("/")[0]
        if kind == "Ingress" and group in {"networking.k8s.io", "extensions"}:
            yield from _of_ingress(each, here)
        elif kind in ROUTES and group == "gateway.networking.k8s.io":
            for rule in entries(at(each.object, "spec", "rules")):
                for ref in entries(rule.get("backendRefs")):
                    space = text(ref.get("namespace")) or each.ref.namespace
                    if text(ref.get("kind")) in {"", "Service"}:
                        yield from _entrance(each, here, space, text(ref.get("name")), ref)
        elif kind == "Service" and at(each.object, "spec", "type") in OUTSIDE_TYPES:
            yield Entrance(by=each.ref, service=each.object, port=0)


def _of_ingress(each: Declared, here: World) -> Iterator[Entrance]:
    spec = mapping(each.object.get("spec"))
    backends = [mapping(spec.get("defaultBackend") or spec.get("backend"))]
    for rule in entries(spec.get("rules")):
        backends += [mapping(p.get("backend")) for p in entries(at(rule, "http", "paths"))]
    by_address = text_at(each.object, "metadata", "annotations", TARGET_TYPE) == "ip"
    for backend in backends:
        name = text_at(backend, "service", "name") or text(backend.get("serviceName"))
        port = mapping(at(backend, "service", "port")) or {"port": backend.get("servicePort")}
        yield from _entrance(each, here, each.ref.namespace, name, port, by_address=by_address)


def _entrance(
    each: Declared,
    here: World,
    namespace: str,
    name: str,
    port: Mapping[str, Any],
    *,
    by_address: bool = False,
) -> Iterator[Entrance]:
    service = here.inventory.services.get((namespace, name))
    if service is None:
        return
    wanted = port.get("number") or port.get("port") or port.get("name")
    offered = entries(at(service, "spec", "ports"))
    named = {text(p.get("name")): whole(p.get("port")) or 0 for p in offered if p.get("name")}
    number = whole(wanted) or named.get(text(wanted), 0)
    yield Entrance(by=each.ref, service=service, port=number, by_address=by_address)


def _targets(entrance: Entrance, here: World) -> Iterator[Target]:
    if entrance.port:
        found = targets(entrance.service, entrance.port, here.inventory)
    else:
        behind = selected(entrance.service, here.inventory)
        found = tuple(t for w in behind for t in all_targets(entrance.service, w))
    yield from (t for t in found if t.workload is not None and t.port)


def _judge(entrance: Entrance, target: Target, here: World) -> Fault | None:
    workload = target.workload
    if workload is None or workload.uses_host_network:
        return None
    if here.policies.reason(workload.ref.namespace) or is_of_cluster(workload.ref.namespace):
        return None
    server = here.inventory.endpoint(workload)
    local = _policies(here).get(workload.ref.namespace, ())
    isolating = [p for p in local if isolates(p, server, Direction.INGRESS)]
    wanted = Connection(
        client=Endpoint(namespace=""), server=server, port=target.port, protocol=target.protocol
    )
    open_rules = [
        rule
        for policy in isolating
        for rule in rules(policy, Direction.INGRESS)
        if _admits_outside(rule, entrance, workload, here)
    ]
    if not isolating or any(admits_port(rule, wanted) for rule in open_rules):
        return None
    return _fault(entrance, target, workload, isolating, here)


def _policies(here: World) -> Mapping[str, list[Object]]:
    """Returns the policies by namespace."""
    found: Mapping[str, list[Object]] = here.memo("policies by namespace", lambda: _grouped(here))
    return found


def _grouped(here: World) -> Mapping[str, list[Object]]:
    found: dict[str, list[Object]] = {}
    for policy in here.inventory.policies:
        found.setdefault(ObjectRef.of(policy).namespace, []).append(policy)
    return found


def _admits_outside(
    rule: Mapping[str, Any], entrance: Entrance, workload: Workload, here: World
) -> bool:
    listed = peers(rule, Direction.INGRESS)
    return not listed or any(_may_be_outside(peer, entrance, workload, here) for peer in listed)


def _may_be_outside(peer: Peer, entrance: Entrance, workload: Workload, here: World) -> bool:
    """Whether a peer may mean a controller, or an address outside."""
    if peer.get("ipBlock"):
        return True
    if entrance.by_address:
        return False
    spaces, pods = peer.get("namespaceSelector"), peer.get("podSelector")
    if _CONTROLLER.search(f"{in_words(spaces)} {in_words(pods)}"):
        return True
    if spaces is None:
        return _may_hold_controller(workload.ref.namespace, pods, workload, here)
    wanted = requirements(spaces)
    if not wanted or any(r.key not in NAMESPACE_LABELS or r.operator != "In" for r in wanted):
        return True
    names = {name for r in wanted for name in r.values}
    return any(
        not here.pods_in(name) or _may_hold_controller(name, pods, workload, here) for name in names
    )


def _may_hold_controller(
    namespace: str, pods: Mapping[str, Any] | None, workload: Workload, here: World
) -> bool:
    """Whether pods of a namespace that a selector selects may be those of a controller."""
    if not namespace or here.pods.reason(namespace) or is_of_cluster(namespace):
        return True
    return any(
        _CONTROLLER.search(f"{each.ref.name} {_images(each.spec)}")
        for each in here.matching(namespace, pods if pods is not None else {})
        if each.ref != here.real(workload.ref)
    )


def _images(spec: Mapping[str, Any]) -> str:
    return " ".join(text(c.get("image")) for c in entries(spec.get("containers")))


def _fault(
    entrance: Entrance, target: Target, workload: Workload, isolating: list[Object], here: World
) -> Fault:
    closed = min(isolating, key=lambda p: (len(rules(p, Direction.INGRESS)), str(ObjectRef.of(p))))
    policy = ObjectRef.of(closed)
    declared = here.find(policy)
    port = f"{{protocol: {target.protocol}, port: {target.port}}}"
    who = "the subnets of the load balancer" if entrance.by_address else "the ingress controller"
    peer = "ipBlock: {cidr: <subnet>}" if entrance.by_address else _CONTROLLER_PEER
    labels = ", ".join(f"{k}={v}" for k, v in workload.selector.items())
    return Fault(
        rule="netpol-blocks-ingress",
        object=policy,
        severity=_severity(entrance),
        cause="N10" if entrance.by_address else "N05",
        message=f"{policy} isolates the ingress of {here.real(workload.ref)}, and no rule admits "
        f"anybody from outside on {target.protocol} {target.port}, where {entrance.by} sends",
        expected=f"for pods with {labels} a rule for {who}: "
        f"ingress: [{{from: [{{{peer}}}], ports: [{port}]}}]",
        fix=f"add a policy for pods with {labels} that admits {who} on {target.port}",
        field="spec.ingress",
        source=declared.source.path if declared else "",
    )


def _severity(entrance: Entrance) -> Severity | None:
    """A node may stand in for clients of a load balancer, and a node reaches its own pods."""
    if entrance.by_address:
        return Severity.PRECONDITION
    return Severity.NOTE if entrance.by.kind == "Service" else None


_CONTROLLER_PEER = (
    f"namespaceSelector: {{matchLabels: {{{NAMESPACE_NAME}: <namespace of the controller>}}}}"
)
CHECKS: tuple[ScopeCheck, ...] = (policies_allow_outside,)
