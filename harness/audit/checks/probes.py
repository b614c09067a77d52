"""Probes that can never succeed by what the manifest says, and readiness gates nobody sets. Pure.

A named port is looked up among the ports of the probe's own container (kubelet
`ResolveContainerPort`); a probe has exactly one handler (API validation), and a patch that adds one
to the base's leaves two. A readiness gate of a load balancer waits for that cloud's controller.
Whether a program really answers is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.pods import containers
from harness.audit.reading import at, entries, is_placeholder, mapping, text, whole
from harness.audit.scope import Scope
from harness.audit.world import PodTemplate, World, world
from harness.connectivity.environment import data_of
from harness.manifests.references import references

if TYPE_CHECKING:  # all_checks imports this module
    from harness.audit.checks.all_checks import ScopeCheck

PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
HANDLERS = ("exec", "grpc", "httpGet", "tcpSocket")
HOOKS = (("lifecycle", "postStart"), ("lifecycle", "preStop"))
HEALTH_PORTS = frozenset({8081, 8082, 8086, 9440, 9443, 10254, 15020, 15021})
"""Ports on which controllers, proxies and meshes answer probes by default."""
AWS_GATES = ("target-health.elbv2.k8s.aws", "target-health.alb.ingress.k8s.aws")
GOOGLE_GATE = "cloud.google.com/load-balancer-neg-ready"
AWS_CONTROLLER = "aws-load-balancer-controller"


def ports_are_named(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the probes and hooks that ask a port by a name that their container does not have."""
    for template in world(scope).templates:
        for place, container in containers(template.spec):
            ports = entries(container.get("ports"))
            names = [text(port.get("name")) for port in ports if port.get("name")]
            for path, port in _asked(container):
                is_name = isinstance(port, str) and port and not is_placeholder(port)
                if is_name and port not in names and not any(map(is_placeholder, names)):
                    yield _no_such_port(template, f"{place}.{path}.port", str(port), container)


def _asked(container: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yields the field and the port of every probe and hook that asks one."""
    for path in (*((name,) for name in PROBES), *HOOKS):
        for handler in ("httpGet", "tcpSocket"):
            action = at(container, *path, handler)
            if isinstance(action, dict) and action.get("port") is not None:
                yield ".".join((*path, handler)), action["port"]


def _no_such_port(
    template: PodTemplate, place: str, port: str, container: Mapping[str, Any]
) -> Fault:
    ports = entries(container.get("ports"))
    names = [text(p.get("name")) for p in ports if p.get("name")]
    numbers = [str(whole(p.get("containerPort"))) for p in ports if whole(p.get("containerPort"))]
    near = get_close_matches(port, names, n=1, cutoff=0.0 if len(names) == 1 else 0.5)
    field = f"{template.prefix}.{place}"
    has = f"the names {', '.join(names)}" if names else "no named port"
    right = near[0] if near else next(iter(numbers), "") if len(numbers) == 1 else ""
    return Fault(
        rule="probe-port-missing",
        object=template.ref,
        cause="B06",
        message=f"{place} of {template.ref} asks the port named {port}; the container has {has}",
        expected="the name of a port of the same container, or a number",
        fix=f"write {right} as {field}" if right else f"name a container port {port}",
        field=field,
        value=port,
        source=template.declared.source.path,
    )


def ports_are_declared(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the probes of numbers that stand nowhere else in a pod which declares one port."""
    here = world(scope)
    for template in here.templates:
        every = [p for _, c in containers(template.spec) for p in entries(c.get("ports"))]
        declared = {whole(port.get("containerPort")) for port in every}
        only = next(iter(declared)) if len(declared) == 1 else None
        for place, container in containers(template.spec) if only else ():
            asked = {whole(port): path for path, port in _asked(container)}
            for number, path in asked.items():
                is_doubtful = number and number != only and number not in HEALTH_PORTS
                if is_doubtful and not _is_written(here, template, container, number or 0):
                    yield _undeclared(template, f"{place}.{path}.port", number or 0, only or 0)


def _is_written(
    here: World, template: PodTemplate, container: Mapping[str, Any], number: int
) -> bool:
    """Whether the number stands in variables, arguments, annotations or mounted configuration."""
    word = re.compile(rf"(?<!\d){number}(?!\d)")
    own = [str(container.get(field) or "") for field in ("args", "command", "env")]
    own.append(str(at(template.object, "spec", "template", "metadata", "annotations") or ""))
    values = _configuration(here, template)
    return values is None or any(word.search(each) for each in (*own, *values))


def _configuration(here: World, template: PodTemplate) -> tuple[str, ...] | None:
    """Returns the values of the ConfigMaps that a pod takes; None where one is not known."""
    found: list[str] = []
    for reference in references(template.spec):
        if reference.kind == "ConfigMap":
            key = (template.ref.namespace, reference.name)
            config = here.inventory.config_maps.get(key)
            if config is None:
                return None
            found.extend(data_of(config).values())
    return tuple(found)


def _undeclared(template: PodTemplate, place: str, number: int, declared: int) -> Fault:
    return Fault(
        rule="probe-port-undeclared",
        object=template.ref,
        cause="B01",
        message=f"{place} of {template.ref} asks port {number}; the pod declares {declared} alone, "
        f"and {number} stands nowhere else in it",
        expected="a port on which the container listens",
        fix=f"correct {template.prefix}.{place}, or declare containerPort {number}",
        field=f"{template.prefix}.{place}",
        value=str(number),
        source=template.declared.source.path,
    )


def probes_have_one_handler(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the probes that the API server refuses for their number of handlers."""
    for template in world(scope).templates:
        for place, container in containers(template.spec):
            for name in PROBES:
                probe = container.get(name)
                found = [h for h in HANDLERS if mapping(probe).get(h) is not None]
                if isinstance(probe, dict) and probe and len(found) != 1:
                    yield _handlers(template, f"{place}.{name}", found)


def _handlers(template: PodTemplate, place: str, found: list[str]) -> Fault:
    has = f"has {' and '.join(found)}" if found else "does not say how to ask"
    return Fault(
        rule="probe-handlers",
        object=template.ref,
        cause="A13",
        message=f"{place} of {template.ref} {has}",
        expected=f"exactly one of {', '.join(HANDLERS)}",
        fix=f"set all but one of them to null where {template.prefix}.{place} is patched"
        if found
        else f"add a handler to {template.prefix}.{place}, or remove the probe",
        field=f"{template.prefix}.{place}",
        source=template.declared.source.path,
    )


def gates_have_controllers(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the readiness gates that a load balancer's controller must set."""
    here = world(scope)
    has_aws = _has_aws_controller(scope, here)
    for template in here.templates:
        for gate in entries(template.spec.get("readinessGates")):
            kind = text(gate.get("conditionType"))
            is_aws = kind.startswith(AWS_GATES)
            if (is_aws and not has_aws) or kind == GOOGLE_GATE:
                yield _gate(template, kind, AWS_CONTROLLER if is_aws else "GKE", scope)


def _has_aws_controller(scope: Scope, here: World) -> bool:
    declared = (template.ref.name for template in here.templates)
    charts = (chart for each in scope.unjudged for chart in each.charts)
    subjects = (each.subject for each in scope.unjudged)
    return any(AWS_CONTROLLER in name for name in (*declared, *charts, *subjects))


def _gate(template: PodTemplate, kind: str, controller: str, scope: Scope) -> Fault:
    field = f"{template.prefix}.readinessGates"
    is_kind = scope.profile.name == "kind"
    return Fault(
        rule="readiness-gate-without-controller",
        object=template.ref,
        severity=Severity.MISMATCH if is_kind else None,
        cause="B10",
        message=f"{template.ref} has the readiness gate {kind}, which {controller} sets",
        expected=f"a cluster with {controller}, or no such gate",
        fix=f"remove the gate from {field} in overlays for other clusters",
        field=field,
        value=kind,
        source=template.declared.source.path,
    )


CHECKS: tuple[ScopeCheck, ...] = (
    ports_are_named,
    ports_are_declared,
    probes_have_one_handler,
    gates_have_controllers,
)
