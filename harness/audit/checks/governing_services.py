"""StatefulSets whose headless Service (`spec.serviceName`) nobody declares: cause H11. Pure.

The API server accepts them; only the pods then have no names in DNS. It is a defect where another
headless Service selects the pods or somebody names them, else a note: many StatefulSets of one pod
are never asked by name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.reading import is_known, text_at
from harness.audit.scope import Presence, Scope
from harness.audit.selection import selector_of
from harness.audit.world import PodTemplate, World, world
from harness.connectivity.selectors import selects
from harness.connectivity.services import has_selector, is_headless
from harness.model.refs import ObjectRef

if TYPE_CHECKING:  # all_checks imports this module
    from harness.audit.checks.all_checks import ScopeCheck


def governing_services_exist(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the StatefulSets whose governing Service is not there."""
    here = world(scope)
    for template in here.templates:
        name = text_at(template.object, "spec", "serviceName")
        if template.ref.kind != "StatefulSet" or not is_known(name):
            continue
        wanted = ObjectRef("Service", template.ref.namespace, name)
        if scope.presence(wanted) is not Presence.ABSENT or here.pods.reason(wanted.namespace):
            continue
        yield _missing(here, template, wanted)


def _missing(here: World, template: PodTemplate, wanted: ObjectRef) -> Fault:
    near = _headless(here, template)
    is_named = any(wanted.name in u.host.split(".") for u in here.graph.unresolved)
    return Fault(
        rule="statefulset-service-missing",
        object=template.ref,
        severity=None if near or is_named else Severity.NOTE,
        cause="H11",
        message=f"spec.serviceName of {template.ref} is {wanted.name}, and no such Service is "
        f"declared in namespace {wanted.namespace or '(unknown)'}",
        expected=f"the headless Service of its pods, {near}" if near else f"a headless {wanted}",
        fix=f"set spec.serviceName of {template.ref} to {near}"
        if near
        else f"declare {wanted} with clusterIP: None and the labels of the pods as selector",
        field="spec.serviceName",
        value=wanted.name,
        source=template.declared.source.path,
    )


def _headless(here: World, template: PodTemplate) -> str:
    """Returns the headless Service that selects the pods; empty where there is none."""
    found = here.inventory.services_of(template.ref.namespace)
    return next(
        (
            name
            for name, service in sorted(found.items())
            if is_headless(service)
            and has_selector(service)
            and selects(selector_of(service), template.labels)
        ),
        "",
    )


CHECKS: tuple[ScopeCheck, ...] = (governing_services_exist,)
