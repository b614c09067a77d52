"""Priority and runtime classes that pods name and nobody declares. Pure.

The API server refuses pods of an unknown PriorityClass (admission `Priority`) or RuntimeClass
(admission `RuntimeClass`); `system-cluster-critical` and `system-node-critical` always exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from harness.audit.alternatives import alternative
from harness.audit.checks.pod_users import pod_users
from harness.audit.finding import Fault, NotJudged
from harness.audit.reading import is_known, text
from harness.audit.scope import Presence, Scope
from harness.model.refs import ObjectRef

FIELDS = (
    ("priorityClassName", "PriorityClass", "priorityclass-missing"),
    ("runtimeClassName", "RuntimeClass", "runtimeclass-missing"),
)


def missing_classes(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `priorityclass-missing` and `runtimeclass-missing`."""
    for user in pod_users(scope):
        for field, kind, rule in FIELDS:
            name = text(user.spec.get(field))
            ref = ObjectRef(kind, "", name)
            if not is_known(name) or scope.presence(ref) is not Presence.ABSENT:
                continue
            yield Fault(
                rule=rule,
                object=ref,
                message=f"{user.ref} asks for the {kind} {name}, which nobody declares",
                expected=alternative(scope, ref),
                fix=f"Declare the {kind} {name}, or remove {user.field(field)}",
                user=user.ref,
                field=user.field(field),
                value=name,
                source=user.declared.source.path,
            )


CHECKS: tuple[Callable[[Scope], Iterator[Fault | NotJudged]], ...] = (missing_classes,)
