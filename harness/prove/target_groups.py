"""The target group of one Ingress backend: its targets and the health check that is declared.

Pure. For class `alb` as the AWS Load Balancer Controller builds it (pkg/ingress,
model_build_target_group.go); for other classes the ready pods, without a check of its own, as
ingress controllers inside the cluster do. What the controller would refuse ends in `Refused`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from harness.model.refs import ObjectRef
from harness.prove.alb_annotations import Annotations, codes
from harness.prove.routing import HealthCheck, Object, Refusal, Snapshot, Target, TargetGroup
from harness.prove.targets import (
    NODE_PORT_TYPES,
    find_port,
    find_service,
    node_targets,
    pod_targets,
)

CHECK_ANNOTATIONS = (
    *("healthcheck-path", "healthcheck-port", "healthcheck-protocol"),
    "success-codes",
)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


class RefusedError(Exception):
    """Carries the refusal that keeps a backend from having targets."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.seen)
        self.refusal = refusal


def plain_group(ingress: ObjectRef, backend: Object, snapshot: Snapshot) -> TargetGroup:
    """Returns the ready pods behind a backend; none where its Service or port does not exist."""
    name, wanted = str(backend.get("name")), backend.get("port") or {}
    service = find_service(snapshot, ingress.namespace, name)
    port = None if service is None else find_port(service, wanted)
    found: tuple[Target, ...] = ()
    if service is not None and port is not None:
        found = pod_targets(service, port, snapshot.slices)
    return TargetGroup(
        name=group_name(ingress, name, wanted),
        service=ObjectRef("Service", ingress.namespace, name),
        targets=found,
    )


def group_name(ingress: ObjectRef, service: str, port: Mapping[str, Any]) -> str:
    """Returns the name of a target group: the same for the same Ingress, Service and port."""
    parts = (ingress.namespace, ingress.name, service, port.get("name") or port.get("number"))
    return "_".join(_UNSAFE.sub("-", str(part)) for part in parts)


def alb_group(
    ingress: ObjectRef,
    given: Annotations,
    service_name: str,
    wanted: Mapping[str, Any],
    snapshot: Snapshot,
) -> TargetGroup:
    """Returns the target group of a backend of class `alb`.

    Raises:
        RefusedError: The controller would not build it.
    """
    ref = ObjectRef("Service", ingress.namespace, service_name)
    service = find_service(snapshot, ingress.namespace, service_name)
    if service is None:
        raise RefusedError(_refusal(ingress, f"{ref} does not exist", "a Service of that name"))
    port = find_port(service, wanted)
    if port is None:
        text = wanted.get("name") or wanted.get("number")
        raise RefusedError(_refusal(ingress, f"{ref} has no port {text}", "one of its ports"))
    merged = given.over(service)
    instance = _is_instance(merged, ref, service)
    return TargetGroup(
        name=group_name(ingress, service_name, wanted),
        service=ref,
        targets=node_targets(port, snapshot.nodes)
        if instance
        else pod_targets(service, port, snapshot.slices),
        tls=merged.get("backend-protocol") == "HTTPS",
        check=_health_check(merged, service, instance=instance),
    )


def _refusal(ref: ObjectRef, seen: str, expected: str) -> Refusal:
    return Refusal(object=ref, field="spec.rules", seen=seen, expected=expected)


def _is_instance(merged: Annotations, ref: ObjectRef, service: Object) -> bool:
    kind = str((service.get("spec") or {}).get("type") or "ClusterIP")
    # Without the annotation the controller's own setting counts, which nothing here tells.
    wanted = merged.get("target-type", "instance" if kind in NODE_PORT_TYPES else "ip")
    if wanted == "instance" and kind not in NODE_PORT_TYPES:
        refusal = merged.refusal("target-type", "ip, or a Service of type NodePort")
        raise RefusedError(
            Refusal(
                object=refusal.object,
                field=refusal.field,
                seen=f"target-type is instance and {ref} is of type {kind}",
                expected=refusal.expected,
            )
        )
    return wanted == "instance"


def _health_check(merged: Annotations, service: Object, *, instance: bool) -> HealthCheck:
    protocol = merged.get("healthcheck-protocol", merged.get("backend-protocol", "HTTP"))
    return HealthCheck(
        path=merged.get("healthcheck-path", "/"),
        port=_check_port(merged, service, instance=instance),
        tls=protocol == "HTTPS",
        interval_seconds=merged.number("healthcheck-interval-seconds", 15),
        timeout_seconds=merged.number("healthcheck-timeout-seconds", 5),
        healthy=merged.number("healthy-threshold-count", 2),
        unhealthy=merged.number("unhealthy-threshold-count", 2),
        codes=codes(merged),
        declared=tuple((n, merged.owner(n)) for n in CHECK_ANNOTATIONS if merged.has(n)),
    )


def _check_port(merged: Annotations, service: Object, *, instance: bool) -> int:
    text = merged.get("healthcheck-port", "traffic-port")
    if text == "traffic-port":
        return 0
    if text.isdecimal():
        return int(text)
    port = find_port(service, {"name": text})
    if port is None:
        raise RefusedError(
            merged.refusal("healthcheck-port", "traffic-port, a number or a port's name")
        )
    number = port.get("nodePort") if instance else port.get("targetPort", port.get("port"))
    if not isinstance(number, int):
        expected = "a number: the controller cannot follow a named target port"
        raise RefusedError(merged.refusal("healthcheck-port", expected))
    return number
