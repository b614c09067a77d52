"""Restart policies a kind does not take: pods of a Deployment always restart, a Job's do not. Pure.

The default of a pod is `Always`, which a Job refuses: it must say `OnFailure` or `Never`. Source:
kubernetes 1.36 `pkg/apis/apps/validation` and `pkg/apis/batch/validation`, `restartPolicy`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from harness.audit.api_groups import is_of
from harness.audit.finding import Fault, NotJudged
from harness.audit.pods import pod_spec, prefix
from harness.audit.reading import mapping, text
from harness.audit.scope import Declared, Scope

ENDLESS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")
FINITE = ("Job", "CronJob")
KNOWN = frozenset({"Always", "OnFailure", "Never"})


def restart_policy_faults(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields pod templates whose restart policy the API server refuses for their kind."""
    for declared in scope.of_kind(*ENDLESS, *FINITE):
        spec = mapping(pod_spec(declared.object))
        policy = text(spec.get("restartPolicy"))
        if not spec or policy not in KNOWN | {""}:
            continue
        if is_of(declared.object, "apps", *ENDLESS) and policy not in ("", "Always"):
            yield _fault(declared, f"`{policy}`", "`Always`", policy)
        if is_of(declared.object, "batch", *FINITE) and policy in ("", "Always"):
            seen = "`Always`" if policy else "nothing, which means `Always`,"
            yield _fault(declared, seen, "`OnFailure` or `Never`", policy)


def _fault(declared: Declared, seen: str, expected: str, value: str) -> Fault:
    field = f"{prefix(declared.object)}.restartPolicy"
    return Fault(
        rule="unsupported-value",
        object=declared.ref,
        message=f"{declared.ref} has {seen} in `{field}`",
        expected=expected,
        fix=f"Write {expected}",
        cause="A13",
        field=field,
        value=value,
        source=declared.source.path,
    )


CHECKS: tuple[Callable[[Scope], Iterator[Fault | NotJudged]], ...] = (restart_policy_faults,)
