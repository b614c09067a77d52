"""Secrets and ConfigMaps that pods refer to: absent, or without the key that is asked for. Pure.

The kubelet creates no container before they are there (S07, S09, S11), nor without the key (S08,
S10). A reference with `optional: true`, one whose name is a placeholder, and one that something
not judged may bring are left out; keys count only where everything that makes the object is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.audit.alternatives import alternative, hashed
from harness.audit.checks.pod_users import PodUser, in_words, pod_users
from harness.audit.finding import Fault, Severity
from harness.audit.keys import known_keys
from harness.audit.pods import PodReference, Use
from harness.audit.reading import is_known
from harness.audit.scope import Presence, Scope
from harness.diagnosis.rules.nearest import listed, nearest
from harness.model.refs import ObjectRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What differs between Secrets and ConfigMaps."""

    kind: str
    rule: str
    absent_in_env: str
    """Cause id when a container's variables need the absent object."""
    creation: str
    """`kubectl create` with the kind, e.g. `secret generic`."""


def missing_objects(scope: Scope, family: Family) -> Iterator[Fault]:
    """Yields one fault for every user of an object that nobody declares."""
    users = _users(scope, family.kind)
    wanted = _wanted(users, family)
    for user, by_name in users:
        for ref, references in by_name.items():
            if scope.presence(ref) is Presence.ABSENT:
                yield _absent(scope, family, user, references[0], ref, wanted.get(ref, ()))


_Users = list[tuple[PodUser, dict[ObjectRef, list[PodReference]]]]


def _users(scope: Scope, kind: str) -> _Users:
    """Returns every user of objects of a kind with its references to each of them."""
    found: _Users = scope.memo(
        f"users of {kind}", lambda: [(u, _by_name(u, kind)) for u in pod_users(scope)]
    )
    return found


def _by_name(user: PodUser, kind: str) -> dict[ObjectRef, list[PodReference]]:
    found: dict[ObjectRef, list[PodReference]] = {}
    for reference in user.references(kind):
        if is_known(reference.name):
            ref = ObjectRef(kind, user.ref.namespace, reference.name)
            found.setdefault(ref, []).append(reference)
    return found


def _wanted(users: _Users, family: Family) -> Mapping[ObjectRef, tuple[str, ...]]:
    """Returns the keys of each object that all its users together ask for."""
    found: dict[ObjectRef, dict[str, None]] = {}
    for _, by_name in users:
        for ref, references in by_name.items():
            keys = {r.key: None for r in references if is_known(r.key)}
            found.setdefault(ref, {}).update(keys)
    return {ref: tuple(keys) for ref, keys in found.items() if ref.kind == family.kind}


def _absent(
    scope: Scope,
    family: Family,
    user: PodUser,
    reference: PodReference,
    ref: ObjectRef,
    keys: tuple[str, ...],
) -> Fault:
    cause = "S09" if reference.use is Use.VOLUME else family.absent_in_env
    generated = hashed(scope, ref)
    return Fault(
        rule=family.rule,
        object=ref,
        message=f"{user.ref} {in_words(reference)} {ref}, which nobody declares",
        expected=alternative(scope, ref) + (f"; its keys: {', '.join(keys)}" if keys else ""),
        fix=_fix(family, user, reference, generated) or _creation(family, ref, keys),
        severity=Severity.DEFECT if generated else None,
        cause="R11" if generated else cause,
        user=user.ref,
        field=user.field(reference.field),
        value=ref.name,
        source=user.declared.source.path,
    )


def _fix(family: Family, user: PodUser, reference: PodReference, generated: str) -> str:
    if not generated:
        return ""
    return (
        f"Put {user.ref} and the {family.kind} generator into one kustomization, so that "
        f"{user.field(reference.field)} gets the name {generated}"
    )


def _creation(family: Family, ref: ObjectRef, keys: tuple[str, ...]) -> str:
    space = f" -n {ref.namespace}" if ref.namespace else ""
    literals = "".join(f" --from-literal={key}=VALUE" for key in keys) or " --from-file=FILE"
    command = f"kubectl create {family.creation} {ref.name}{space}{literals}"
    return f"Declare {ref} in the overlay, or create it: {command}"


def missing_keys(scope: Scope, family: Family) -> Iterator[Fault]:
    """Yields one fault for every user of a key that its object, known entirely, does not have."""
    faults: dict[ObjectRef, list[tuple[PodUser, PodReference]]] = {}
    keys: dict[ObjectRef, frozenset[str] | None] = {}
    for user, by_name in _users(scope, family.kind):
        for ref, references in by_name.items():
            if ref not in keys:
                keys[ref] = known_keys(scope, ref)
            lacking = [r for r in references if _lacks(keys[ref], r)]
            faults.setdefault(ref, []).extend((user, r) for r in lacking[:1])
    for ref, found in faults.items():
        for user, reference in found:
            yield _without_key(family, user, reference, ref, keys[ref] or frozenset())


def _lacks(keys: frozenset[str] | None, reference: PodReference) -> bool:
    return keys is not None and is_known(reference.key) and reference.key not in keys


def _without_key(
    family: Family,
    user: PodUser,
    reference: PodReference,
    ref: ObjectRef,
    keys: frozenset[str],
) -> Fault:
    key, field = reference.key, user.field(reference.key_field)
    like = nearest(key, keys)
    change = f"Set {field} of {user.ref} to {like}" if like else f"Add the key {key} to {ref}"
    return Fault(
        rule=family.rule,
        object=ref,
        message=f"{user.ref} {in_words(reference)} key {key} of {ref}, which has no such key",
        expected=f"one of its keys: {listed(keys)}" + (f"; the nearest is {like}" if like else ""),
        fix=change,
        severity=Severity.DEFECT,
        cause="S10" if reference.use is Use.VOLUME else "S08",
        user=user.ref,
        field=field,
        value=key,
        source=user.declared.source.path,
    )
