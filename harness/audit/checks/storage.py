"""Claims that pods mount and nobody declares. Pure.

A claim template of a StatefulSet replaces a volume of its name, and makes claims called
`<template>-<set>-<ordinal>` (StatefulSet documentation). An ephemeral volume makes its own claim.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from harness.audit.alternatives import alternative
from harness.audit.checks.pod_users import PodUser, pod_users
from harness.audit.finding import Fault, NotJudged
from harness.audit.pods import claim_templates, volumes
from harness.audit.reading import is_known, text_at
from harness.audit.scope import Presence, Scope
from harness.model.refs import ObjectRef

KIND = "PersistentVolumeClaim"


def missing_claims(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `pvc-missing` for every mounted claim that nobody makes."""
    made = tuple(_made_by_templates(scope))
    for user in pod_users(scope):
        for volume, content in volumes(user.spec):
            name = text_at(content, "persistentVolumeClaim", "claimName")
            if volume in user.claimed or not is_known(name):
                continue
            ref = ObjectRef(KIND, user.ref.namespace, name)
            if scope.presence(ref) is Presence.ABSENT and not _is_made(ref, made):
                yield _absent(scope, user, volume, ref)


def _made_by_templates(scope: Scope) -> Iterator[tuple[str, str]]:
    """Yields namespace and the beginning of the names of claims that StatefulSets make."""
    for declared in scope.of_kind("StatefulSet"):
        for name, _ in claim_templates(declared.object):
            yield declared.ref.namespace, f"{name}-{declared.ref.name}-"


def _is_made(ref: ObjectRef, made: tuple[tuple[str, str], ...]) -> bool:
    return any(
        space in {"", ref.namespace} and re.fullmatch(rf"{re.escape(start)}\d+", ref.name)
        for space, start in made
    )


def _absent(scope: Scope, user: PodUser, volume: str, ref: ObjectRef) -> Fault:
    field = user.field(f"volumes[{volume}].persistentVolumeClaim.claimName")
    return Fault(
        rule="pvc-missing",
        object=ref,
        message=f"{user.ref} mounts {ref} as volume {volume}, and nobody declares the claim",
        expected=alternative(scope, ref),
        fix=f"Declare {ref} in the overlay, or correct {field} of {user.ref}",
        cause="V07",
        user=user.ref,
        field=field,
        value=ref.name,
        source=user.declared.source.path,
    )


CHECKS: tuple[Callable[[Scope], Iterator[Fault | NotJudged]], ...] = (missing_claims,)
