"""The objects of a scope that describe pods, with what a finding about them needs. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.audit.pods import (
    PodReference,
    Spec,
    Use,
    claim_templates,
    pod_spec,
    prefix,
    references,
)
from harness.audit.scope import Declared, Scope
from harness.model.refs import ObjectRef


@dataclass(frozen=True, slots=True, kw_only=True)
class PodUser:
    """A declared object with its pod specification."""

    declared: Declared
    spec: Spec
    prefix: str
    """Dotted path of the specification in the object."""

    @property
    def ref(self) -> ObjectRef:
        """The object."""
        return self.declared.ref

    @property
    def claimed(self) -> frozenset[str]:
        """Names of the volumes whose place a claim template takes."""
        return frozenset(name for name, _ in claim_templates(self.declared.object))

    def references(self, kind: str) -> Iterator[PodReference]:
        """Yields the references to Secrets or to ConfigMaps that the pods cannot do without."""
        for found in references(self.spec, replaced=self.claimed):
            if found.kind == kind and not found.optional:
                yield found

    def field(self, below: str) -> str:
        """Returns the dotted path in the object of a path below the pod specification."""
        return f"{self.prefix}.{below}"


def pod_users(scope: Scope) -> tuple[PodUser, ...]:
    """Returns every object of a scope that describes pods."""
    found: tuple[PodUser, ...] = scope.memo("pod users", lambda: tuple(_pod_users(scope)))
    return found


def _pod_users(scope: Scope) -> Iterator[PodUser]:
    for declared in scope.declared:
        spec = pod_spec(declared.object)
        if spec is not None:
            yield PodUser(declared=declared, spec=spec, prefix=prefix(declared.object))


def in_words(reference: PodReference) -> str:
    """Returns how a pod uses an object, as the verb of a sentence that names the object next."""
    container = _bracketed(reference.container)
    match reference.use:
        case Use.ENV:
            return f"takes {reference.variable} of container {container} from"
        case Use.ENV_FROM:
            return f"takes variables of container {container} from"
        case Use.VOLUME:
            return f"mounts volume {_bracketed(reference.field)} from"


def _bracketed(field: str) -> str:
    return field.partition("[")[2].partition("]")[0]
