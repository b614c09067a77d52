"""Who is there, who suffers, and whose trouble concerns a diagnosis.

What a fault of the cluster explains are the workloads under diagnosis that are not ready. Workloads
of other namespaces are looked at only for what they serve: DNS, volumes, Argo CD.
"""

from __future__ import annotations

from harness.diagnosis.facts import Facts
from harness.model.refs import ObjectRef

CONTROLLERS = ("Deployment", "StatefulSet", "DaemonSet")


def unready(facts: Facts) -> tuple[ObjectRef, ...]:
    """Returns the workloads under diagnosis that are not ready."""
    found: tuple[ObjectRef, ...] = facts.memo(
        "suffering workloads", lambda: tuple(w for w in facts.workloads if not facts.is_ok(w))
    )
    return found


def is_anything_unready(facts: Facts) -> bool:
    """Tells whether something waits: without that, no state of the cluster is a fault."""
    return bool(unready(facts)) or not facts.workloads


def concerns(facts: Facts, namespace: str) -> bool:
    """Tells whether a cause in a namespace may end the run: there, or in Argo CD."""
    return facts.in_scope(namespace) or namespace == facts.header.engine_namespace


def live_workloads(facts: Facts, namespace: str | None = None) -> list[ObjectRef]:
    """Returns the live workloads of any namespace, or of one."""
    return [ObjectRef.of(o) for kind in CONTROLLERS for o in facts.all(kind, namespace)]
