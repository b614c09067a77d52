"""Role bindings of accounts or roles that do not exist. Pure.

The API server accepts both; the account then lacks its permissions. Only accounts of namespaces
where the repository declares something are judged. A ServiceAccount subject without namespace means
the binding's own, which a ClusterRoleBinding does not have (API validation `ValidateRoleBinding`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harness.audit.alternatives import alternative, manifests
from harness.audit.api_groups import is_of
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.reading import entries, is_known, mapping, text
from harness.audit.scope import Declared, Presence, Scope
from harness.model.refs import ObjectRef

GROUP = "rbac.authorization.k8s.io"
BINDINGS = ("RoleBinding", "ClusterRoleBinding")


def bindings(scope: Scope) -> Iterator[Declared]:
    """Yields the role bindings of a scope."""
    for declared in scope.of_kind(*BINDINGS):
        if is_of(declared.object, GROUP, *BINDINGS):
            yield declared


def missing_subjects(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `rolebinding-subject-missing` for accounts that nobody declares."""
    own = frozenset(d.ref.namespace for d in scope.declared if d.ref.kind not in BINDINGS)
    for declared in bindings(scope):
        for subject in entries(declared.object.get("subjects")):
            if text(subject.get("kind")) == "ServiceAccount":
                yield from _subject(scope, declared, subject, own)


def _subject(
    scope: Scope, declared: Declared, subject: Mapping[str, Any], own: frozenset[str]
) -> Iterator[Fault]:
    name, space = text(subject.get("name")), text(subject.get("namespace"))
    if not is_known(name):
        return
    field = f"subjects[{name}]"
    if not space and declared.ref.kind == "ClusterRoleBinding":
        yield _without_namespace(declared, name, field)
        return
    space = space or declared.ref.namespace
    ref = ObjectRef("ServiceAccount", space, name)
    if not is_known(space) or scope.presence(ref) is not Presence.ABSENT:
        return
    twin = _twin(declared, name)
    # An account that only another environment deploys is no slip of this binding.
    if twin is not None or (space in own and (ref.kind, name) not in manifests(scope)):
        yield _absent(scope, declared, ref, twin, field)


def _twin(declared: Declared, name: str) -> ObjectRef | None:
    """Returns the account of that name, in another namespace, of the very same root."""
    found = (ObjectRef.of(o) for o in declared.source.objects if o.get("kind") == "ServiceAccount")
    return next((ref for ref in found if ref.name == name and ref.namespace), None)


def _absent(
    scope: Scope, declared: Declared, ref: ObjectRef, twin: ObjectRef | None, field: str
) -> Fault:
    change = f"Set {field}.namespace of {declared.ref} to {twin.namespace}" if twin else ""
    return Fault(
        rule="rolebinding-subject-missing",
        object=ref,
        message=f"{declared.ref} gives its role to {ref}, which nobody declares"
        + (f"; this overlay declares {twin}" if twin else ""),
        expected=str(twin) if twin else alternative(scope, ref),
        fix=change or f"Declare {ref}, or correct {field} of {declared.ref}",
        severity=Severity.DEFECT if twin else None,
        user=declared.ref,
        field=f"{field}.namespace" if twin else f"{field}.name",
        value=ref.namespace if twin else ref.name,
        source=declared.source.path,
    )


def _without_namespace(declared: Declared, name: str, field: str) -> Fault:
    twin = _twin(declared, name)
    return Fault(
        rule="rolebinding-subject-missing",
        object=declared.ref,
        message=f"{declared.ref} names the ServiceAccount {name} without a namespace, so the API "
        "server refuses it",
        expected=f"namespace: {twin.namespace}" if twin else "the namespace of the account",
        fix=f"Set {field}.namespace of {declared.ref}" + (f" to {twin.namespace}" if twin else ""),
        severity=Severity.DEFECT,
        cause="A13",
        field=field,
        source=declared.source.path,
    )


def missing_roles(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `rolebinding-role-missing` for roles that nobody declares."""
    for declared in bindings(scope):
        role = mapping(declared.object.get("roleRef"))
        kind, name = text(role.get("kind")), text(role.get("name"))
        if kind not in {"Role", "ClusterRole"} or not is_known(name):
            continue
        space = declared.ref.namespace if kind == "Role" else ""
        ref = ObjectRef(kind, space, name)
        if scope.presence(ref) is Presence.ABSENT:
            yield Fault(
                rule="rolebinding-role-missing",
                object=ref,
                message=f"{declared.ref} gives {ref}, which nobody declares",
                expected=alternative(scope, ref),
                fix=f"Declare {ref}, or correct roleRef.name of {declared.ref}",
                user=declared.ref,
                field="roleRef.name",
                value=name,
                source=declared.source.path,
            )


CHECKS: tuple[Callable[[Scope], Iterator[Fault | NotJudged]], ...] = (
    missing_subjects,
    missing_roles,
)
