"""What the audit says of the environment that is about to be deployed, for the report.

The checks of one scope run over what stage "audit" has rendered anyway. What the harness brings
itself (secrets, pull secrets) is no finding here, and nothing here ends a run: the cluster decides.
"""

from __future__ import annotations

from collections.abc import Collection

from harness.audit.checks.all_checks import scope_checks
from harness.audit.cluster_profile import KIND
from harness.audit.finding import AuditFinding, Fault, Severity
from harness.audit.grouping import findings
from harness.audit.scope import Scope
from harness.audit.source import Source
from harness.model.refs import ObjectRef
from harness.model.repository import Declaration
from harness.repo.places import Places

SHOWN = (Severity.DEFECT, Severity.MISMATCH, Severity.PRECONDITION)
PROVIDED = frozenset({"secret-missing", "imagepullsecret-missing", "ingress-class-missing"})
"""Secrets are made; the load balancer stand-in answers for every class of Ingress."""
OF_NODES = frozenset({"node-label-missing", "pods-cannot-spread"})
"""Nodes get what pods demand of them, unless the user's kind configuration decides."""


def preview(
    declaration: Declaration, *, made: Collection[ObjectRef] = (), decides_nodes: bool = False
) -> list[AuditFinding]:
    """Returns the findings of an environment, the worst first, with their lines.

    Args:
        declaration: The rendered environment.
        made: Classes that the cluster is given, because the environment names them.
        decides_nodes: Whether the user's kind configuration says which nodes there are.
    """
    provided = PROVIDED if decides_nodes else PROVIDED | OF_NODES
    scope = scope_of(declaration)
    said = (each for check in scope_checks() for each in check(scope))
    faults = [each for each in said if isinstance(each, Fault)]
    places = Places(declaration)

    def locate(fault: Fault) -> tuple[str, int]:
        ref = fault.user or fault.object
        found = places.line_of(ref, fault.field, fault.source, fault.value)
        return (found.file, found.line) if found else ("", 0)

    return [
        f
        for f in findings(faults, locate)
        if f.severity in SHOWN
        and f.object not in made
        and not (f.severity is not Severity.DEFECT and f.rule in provided)
    ]


def scope_of(declaration: Declaration) -> Scope:
    """Returns the environment as one scope on a kind cluster."""
    sources = tuple(
        Source(
            path=app.application.path,
            objects=app.objects,
            namespace=app.application.namespace,
            creates_namespace=True,
            origin=app.application.origin,
        )
        for app in declaration.applications
    )
    return Scope(
        name=declaration.environment, sources=sources, profile=KIND, engine=declaration.bootstrap
    )
