"""Services that lead nowhere, because no declared pod has the labels of their selector. Pure.

Endpoints come from the labels of running pods (core/v1 Service), so a selector is compared with
the labels of every declared pod template. Where a workload is near, the selector is wrong; where
none is, somebody else must run the pods. Target ports are in `service_ports`, what clients ask of
a Service in `dependencies`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.scope import Declared, Scope
from harness.audit.selection import Outcome, Selection, edit, has_instead, selection, selector_of
from harness.audit.world import world
from harness.connectivity.selectors import in_words
from harness.connectivity.services import has_selector

if TYPE_CHECKING:  # all_checks imports this module
    from harness.audit.checks.all_checks import ScopeCheck


def services_select_pods(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the Services whose selector no declared pod fulfils."""
    here = world(scope)
    with_endpoints = {(d.ref.namespace, d.ref.name) for d in here.of_kind("Endpoints")}
    for service in here.of_kind("Service"):
        namespace, name = service.ref.namespace, service.ref.name
        if not has_selector(service.object) or (namespace, name) in with_endpoints:
            continue
        found = selection(here, namespace, selector_of(service.object), name)
        words = in_words(selector_of(service.object))
        if found.outcome is Outcome.NOTHING:
            yield _selects_nothing(service, words, found)
        elif found.reason:
            yield NotJudged(
                subject=str(service.ref), reason=f"no rendered pod has {words}; {found.reason}"
            )


def _selects_nothing(service: Declared, words: str, found: Selection) -> Fault:
    is_meant = found.near is not None
    lacking = next(iter(found.lacking), None)
    return Fault(
        rule="service-selects-nothing",
        object=service.ref,
        severity=None if is_meant else Severity.PRECONDITION,
        cause="N07",
        message=f"{service.ref} selects {words}, and no rendered pod has these labels",
        expected=f"the labels of {found.near.ref}, whose pods have {has_instead(found)}"
        if found.near
        else "pods with these labels, which somebody else must run",
        fix=f"set {edit(found)} in spec.selector of {service.ref}"
        if is_meant
        else f"correct spec.selector of {service.ref}, or remove it if its pods are gone",
        field=f"spec.selector.{lacking.key}" if lacking else "spec.selector",
        value=", ".join(lacking.values) if lacking else "",
        source=service.source.path,
    )


CHECKS: tuple[ScopeCheck, ...] = (services_select_pods,)
