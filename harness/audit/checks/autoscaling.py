"""Autoscalers whose target is not there, cannot be scaled, or tells no utilization. Pure.

An HPA finds its target by group, kind and name (Kubernetes `pkg/controller/podautoscaler`): the
version does not matter, a missing group does. Utilization is relative to requests, and every
container needs one, unless a LimitRange gives it. `spec.replicas` in Git is applied with every sync
and undoes what the autoscaler did, unless Argo CD ignores that difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

from harness.audit.checks.scalers import Scaler, is_target, scalers, utilizations
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.reading import at, entries, is_placeholder, mapping, texts
from harness.audit.scope import Presence, Scope
from harness.audit.world import PodTemplate, World, world
from harness.connectivity.inventory import is_sidecar

if TYPE_CHECKING:  # all_checks imports this module
    from harness.audit.checks.all_checks import ScopeCheck

SCALABLE: Mapping[str, str] = {
    "Deployment": "apps", "StatefulSet": "apps", "ReplicaSet": "apps", "ReplicationController": "",
}  # fmt: skip
"""Kinds of Kubernetes that can be scaled, with their API group."""
NOT_SCALABLE = frozenset({
    "CronJob", "ConfigMap", "DaemonSet", "Job", "Namespace", "Node", "PersistentVolumeClaim", "Pod",
    "Secret", "Service",
})  # fmt: skip


def targets_are_there(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the autoscalers whose target nobody declares."""
    here = world(scope)
    for scaler in scalers(here):
        target = scaler.target
        if target.kind not in SCALABLE or not target.name or is_placeholder(target.name):
            continue
        if any(is_target(scaler, t) for t in here.templates):
            continue
        if scope.presence(target) in {Presence.DECLARED, Presence.PRODUCED}:
            continue
        reason = here.pods.reason(target.namespace)
        if reason:
            yield NotJudged(subject=f"the target {target} of {scaler.declared.ref}", reason=reason)
        else:
            yield _missing(here, scaler)


def _missing(here: World, scaler: Scaler) -> Fault:
    target, ref = scaler.target, scaler.declared.ref
    local = [t.ref for t in here.pods_in(target.namespace) if t.ref.kind in SCALABLE]
    same = [r for r in local if r.name == target.name]
    close = get_close_matches(target.name, [r.name for r in local], n=1, cutoff=0.75)
    near = next(iter([*same, *(r for r in local if r.name in close)]), None)
    field = "spec.scaleTargetRef." + ("kind" if same else "name")
    known = ", ".join(f"{r.kind} {r.name}" for r in local[:6]) or "none"
    return Fault(
        rule="hpa-target-missing",
        object=target if near is None else ref,
        user=ref if near is None else None,
        severity=Severity.PRECONDITION if near is None else None,
        message=f"{ref} scales {target}, which nobody declares",
        expected=f"{near}" if near else f"a declared workload; there are {known}",
        fix=f"set {field} of {ref} to {near.kind if same else near.name}"
        if near
        else f"declare {target}, or correct {field} of {ref}",
        field=field,
        value=target.kind if same else target.name,
        source=scaler.declared.source.path,
    )


def targets_can_be_scaled(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the autoscalers whose target is of a kind or group that cannot be scaled."""
    for scaler in scalers(world(scope)):
        kind, is_custom = scaler.target.kind, "." in scaler.group
        if is_custom or is_placeholder(scaler.version):
            continue
        if kind in NOT_SCALABLE:
            right = "a Deployment or StatefulSet"
            yield _wrong(scaler, "kind", kind, f"a {kind} cannot be scaled", right)
        elif kind in SCALABLE and scaler.group != SCALABLE[kind]:
            right = f"{SCALABLE[kind]}/v1".lstrip("/")
            seen = f"the apiVersion of its target is {scaler.version or 'not set'}"
            yield _wrong(scaler, "apiVersion", scaler.version, seen, right)


def _wrong(scaler: Scaler, field: str, value: str, seen: str, right: str) -> Fault:
    ref = scaler.declared.ref
    return Fault(
        rule="hpa-target-wrong",
        object=ref,
        message=f"{ref} scales {scaler.target.kind} {scaler.target.name}: {seen}",
        expected=right,
        fix=f"set spec.scaleTargetRef.{field} of {ref} to {right}",
        field=f"spec.scaleTargetRef.{field}",
        value=value,
        source=scaler.declared.source.path,
    )


def replicas_are_not_fixed(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the workloads that an autoscaler scales and whose manifest fixes the replicas.

    Zero replicas switch an autoscaler off, which is a way to say so.
    """
    told: set[int] = set()
    for scaler, template in _pairs(world(scope)):
        is_fixed = bool(template.replicas) and not _is_constant(scaler, template)
        if is_fixed and not _ignores_replicas(template) and id(template) not in told:
            told.add(id(template))
            yield _fixed(scaler, template)


def _is_constant(scaler: Scaler, template: PodTemplate) -> bool:
    return scaler.least == scaler.most == template.replicas


def _fixed(scaler: Scaler, template: PodTemplate) -> Fault:
    return Fault(
        rule="hpa-replicas-fixed",
        object=template.ref,
        message=f"{template.ref} fixes spec.replicas to {template.replicas}, and "
        f"{scaler.declared.ref} scales it: whoever applies the manifest sets it back",
        expected="no spec.replicas where an autoscaler sets it",
        fix=f"remove spec.replicas of {template.ref}, or ignore /spec/replicas in the "
        "Application's ignoreDifferences with RespectIgnoreDifferences=true",
        field="spec.replicas",
        value=str(template.replicas),
        source=template.declared.source.path,
    )


def _pairs(here: World) -> Iterator[tuple[Scaler, PodTemplate]]:
    for scaler in scalers(here):
        for template in here.templates:
            if is_target(scaler, template):
                yield scaler, template


def _ignores_replicas(template: PodTemplate) -> bool:
    # Without the option a sync applies what the comparison ignores.
    spec = template.declared.source.spec
    is_respected = "RespectIgnoreDifferences=true" in texts(at(spec, "syncPolicy", "syncOptions"))
    return is_respected and "replicas" in str(at(spec, "ignoreDifferences"))


def requests_are_told(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the containers whose utilization an autoscaler cannot calculate."""
    here = world(scope)
    limited = {each.ref.namespace for each in here.of_kind("LimitRange")}
    for scaler, template in _pairs(here):
        namespace = template.ref.namespace
        if limited & {namespace, ""} or (limited and not namespace):
            continue
        if here.pods.reason(namespace):
            continue
        for resource, only, field in utilizations(scaler):
            lacking = [n for n in _without_request(template, resource) if only in {"", n}]
            if lacking and resource:
                yield _no_request(scaler, template, resource, lacking, field)


def _without_request(template: PodTemplate, resource: str) -> Iterator[str]:
    """Yields the containers without a request; one for the whole pod counts for all."""
    if at(template.spec, "resources", "requests", resource) is not None:
        return
    sidecars = [c for c in entries(template.spec.get("initContainers")) if is_sidecar(c)]
    for container in (*entries(template.spec.get("containers")), *sidecars):
        resources = mapping(container.get("resources"))
        told = mapping(resources.get("requests")), mapping(resources.get("limits"))
        if all(each.get(resource) is None for each in told):
            yield str(container.get("name") or "")


def _no_request(
    scaler: Scaler, template: PodTemplate, resource: str, lacking: list[str], field: str
) -> Fault:
    place = f"{template.prefix}.containers[{lacking[0]}].resources.requests.{resource}"
    listed = ", ".join(lacking)
    return Fault(
        rule="hpa-requests-missing",
        object=template.ref,
        message=f"{scaler.declared.ref} measures {resource} as a share of the request ({field}), "
        f"and {template.ref} has none in container {listed}",
        expected=f"a {resource} request in every container",
        fix=f"set {place} of {template.ref}",
        field=place,
        source=template.declared.source.path,
    )


CHECKS: tuple[ScopeCheck, ...] = (
    targets_are_there,
    targets_can_be_scaled,
    replicas_are_not_fixed,
    requests_are_told,
)
