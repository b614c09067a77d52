"""Target ports of Services that the selected pods do not have. Pure.

A named one is looked up among the ports of the containers and of restartable init containers, with
its protocol (`FindPort` in Kubernetes' `pkg/api/v1/pod`). A number needs no declared container
port; it is noted only where the pod's own probes show that the program listens elsewhere, and a
defect where policies forbid it too. Names of containers that meshes add to pods are known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from harness.audit.checks.policy_blocks import blocked_connections, is_misled
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.reading import at, entries, is_placeholder, text, whole
from harness.audit.scope import Declared, Scope
from harness.audit.selection import selector_of
from harness.audit.world import PodTemplate, World, world
from harness.connectivity.inventory import is_sidecar
from harness.connectivity.services import has_selector
from harness.model.refs import ObjectRef

if TYPE_CHECKING:  # all_checks imports this module
    from harness.audit.checks.all_checks import ScopeCheck

INJECTED = frozenset({
    "dapr-grpc", "dapr-http", "dapr-internal", "dapr-metrics", "envoy-metrics", "http-envoy-prom",
    "linkerd-admin", "linkerd-proxy", "vault-agent",
})  # fmt: skip
"""Port names of containers that are added to running pods."""
Behind = tuple[PodTemplate, ...]
Forbidden = frozenset[tuple[ObjectRef, int]]


def target_ports_exist(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the named target ports that no selected container has, and doubtful numbers."""
    here = world(scope)
    forbidden = _forbidden(scope)
    for service in here.of_kind("Service"):
        if not has_selector(service.object):
            continue
        behind = here.matching(service.ref.namespace, selector_of(service.object))
        for position, entry in enumerate(entries(at(service.object, "spec", "ports"))):
            if behind:
                yield from _of_port(here, service, entry, position, behind, forbidden)


def _forbidden(scope: Scope) -> Forbidden:
    """Returns the Services, with the port they lead to, whose policies allow another port."""
    misled = (b.found for b in blocked_connections(scope) if is_misled(b))
    return frozenset(
        (found.dependency.service, found.port)
        for found in misled
        if found.dependency and found.dependency.service
    )


def _of_port(
    here: World,
    service: Declared,
    entry: Mapping[str, Any],
    position: int,
    behind: Behind,
    forbidden: Forbidden,
) -> Iterator[Fault]:
    target = entry.get("targetPort")
    place = text(entry.get("name")) or text(entry.get("port")) or str(position)
    field = f"spec.ports[{place}].targetPort"
    protocol = text(entry.get("protocol")) or "TCP"
    if not isinstance(target, str):
        number = whole(entry.get("port") if target is None else target)
        is_forbidden = (service.ref, number or 0) in forbidden
        yield from _undeclared(service, field, number, behind, is_forbidden=is_forbidden)
    elif not _is_unknown(target) and not here.pods.reason(service.ref.namespace):
        yield from _missing(service, field, (target, protocol), behind)


def _is_unknown(name: str) -> bool:
    return not name or is_placeholder(name) or name in INJECTED


def _missing(
    service: Declared, field: str, wanted: tuple[str, str], behind: Behind
) -> Iterator[Fault]:
    if not any(wanted in _named_ports(template) for template in behind):
        yield _no_such_port(service, field, wanted, behind)


def _named_ports(template: PodTemplate) -> tuple[tuple[str, str], ...]:
    """Returns the names of a pod's ports with their protocols."""
    return tuple(
        (text(port.get("name")), text(port.get("protocol")) or "TCP")
        for container in serving(template)
        for port in entries(container.get("ports"))
        if port.get("name")
    )


def serving(template: PodTemplate) -> tuple[Mapping[str, Any], ...]:
    """Returns the containers that run as long as the pod does."""
    sidecars = tuple(c for c in entries(template.spec.get("initContainers")) if is_sidecar(c))
    return (*sidecars, *entries(template.spec.get("containers")))


def declared_ports(template: PodTemplate) -> tuple[int, ...]:
    """Returns the numbers of the ports that the containers of a pod declare."""
    found = (
        whole(port.get("containerPort"))
        for container in serving(template)
        for port in entries(container.get("ports"))
    )
    return tuple(dict.fromkeys(number for number in found if number))


def _no_such_port(service: Declared, field: str, wanted: tuple[str, str], behind: Behind) -> Fault:
    target, protocol = wanted
    known = dict.fromkeys(name for template in behind for name, _ in _named_ports(template))
    numbers = dict.fromkeys(str(n) for template in behind for n in declared_ports(template))
    has = f"one of the names {', '.join(known)}" if known else "a container port with this name"
    return Fault(
        rule="service-targetport-missing",
        object=service.ref,
        cause="N08",
        message=f"{service.ref} leads to the {protocol} port named {target}, and no container of "
        f"{_names(behind)} has it",
        expected=f"{has}, or the number of a port"
        + (f" ({', '.join(numbers)} are declared)" if numbers else ""),
        fix=_fix(service, field, wanted, tuple(known), tuple(numbers)),
        field=field,
        value=target,
        source=service.source.path,
    )


def _fix(
    service: Declared,
    field: str,
    wanted: tuple[str, str],
    known: tuple[str, ...],
    numbers: tuple[str, ...],
) -> str:
    target, protocol = wanted
    if target in known:
        return f"set protocol: {protocol} for the container port {target}, or change the Service's"
    near = get_close_matches(target, known, n=1, cutoff=0.0 if len(known) == 1 else 0.5)
    if near:
        return f"write {near[0]} as {field} of {service.ref}"
    right = f" {numbers[0]}" if len(numbers) == 1 else ""
    return f"name the container port{right} {target}, or write its number as {field}"


def _names(behind: Behind) -> str:
    refs = list(dict.fromkeys(str(each.ref) for each in behind))
    return refs[0] if len(refs) == 1 else f"{refs[0]} and {len(refs) - 1} more"


def _undeclared(
    service: Declared, field: str, number: int | None, behind: Behind, *, is_forbidden: bool
) -> Iterator[Fault]:
    """Yields a number that no container declares while probes show where the program listens."""
    declared = declared_ports(behind[0])
    if number is None or len(behind) != 1 or not declared or number in declared:
        return
    is_probed = len(declared) == 1 and _probed_ports(behind[0]) == set(declared)
    if not is_forbidden and (not is_probed or _is_written(number, behind[0])):
        return
    right = ", ".join(map(str, declared))
    shown = "the policies forbid it" if is_forbidden else "the probes ask that"
    yield Fault(
        rule="service-targetport-undeclared",
        object=service.ref,
        severity=Severity.DEFECT if is_forbidden else None,
        cause="N08",
        message=f"{service.ref} leads to port {number} of {behind[0].ref}, whose containers "
        f"declare {right}; {shown}",
        expected=f"a port on which the program listens, probably {right}",
        fix=f"write {right} as {field} of {service.ref}, or declare containerPort {number}",
        field=field,
        value=str(number),
        source=service.source.path,
    )


def _is_written(number: int, template: PodTemplate) -> bool:
    """Whether the number stands in a container's variables, command or arguments."""
    word = re.compile(rf"(?<!\d){number}(?!\d)")
    texts = (
        str(container.get(field) or "")
        for container in serving(template)
        for field in ("args", "command", "env")
    )
    return any(word.search(each) for each in texts)


def _probed_ports(template: PodTemplate) -> set[int]:
    """Returns the ports that probes ask, by number; names are looked up in their container."""
    found: set[int] = set()
    for container in serving(template):
        ports = entries(container.get("ports"))
        names = {text(p["name"]): whole(p.get("containerPort")) for p in ports if p.get("name")}
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            for handler in ("httpGet", "tcpSocket", "grpc"):
                asked = at(container, probe, handler, "port")
                number = whole(asked) or names.get(text(asked))
                found |= {number} if number else set()
    return found


CHECKS: tuple[ScopeCheck, ...] = (target_ports_exist,)
