"""Names of objects that the API server refuses, and marks on them that Kubernetes gave up.

Names inside of objects (containers, ports, labels) are judged with the schemas. Only kinds of
Kubernetes itself are judged: aggregated APIs have rules of their own. Source: `schemas.forms`,
`schemas.deprecated_marks`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from harness.audit.finding import Fault, NotJudged
from harness.audit.reading import at, text
from harness.audit.schemas.deprecated_marks import deprecated_marks
from harness.audit.schemas.forms import object_name
from harness.audit.schemas.table import served
from harness.audit.schemas.wording import sentence
from harness.audit.scope import Declared, Scope


def name_faults(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields objects whose own name is absent or is none for the API server."""
    for declared in scope.declared:
        obj, ref = declared.object, declared.ref
        if served(text(obj.get("apiVersion")), ref.kind) is None:
            continue
        name = at(obj, "metadata", "name")
        said = object_name(ref.kind, name) if isinstance(name, str) and name else ""
        if said:
            yield Fault(
                rule="invalid-name",
                object=ref,
                message=f"the name of {ref} is none for Kubernetes: {said}",
                expected="a name that Kubernetes accepts",
                fix="Give another name, also where it is referred to",
                cause="A13",
                field="metadata.name",
                value=name,
                source=declared.source.path,
            )
        elif not ref.name:
            yield _nameless(declared)


def _nameless(declared: Declared) -> Fault:
    return Fault(
        rule="missing-required-field",
        object=declared.ref,
        message=f"a {declared.ref.kind} has no name",
        expected="a name in `metadata.name`",
        fix="Add `metadata.name`",
        cause="A13",
        field="metadata.name",
        source=declared.source.path,
    )


def deprecated_mark_faults(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields annotations and node labels that Kubernetes deprecated."""
    for declared in scope.declared:
        for field, instead in deprecated_marks(declared.object):
            yield Fault(
                rule="deprecated-field",
                object=declared.ref,
                message=f"{declared.ref} uses the deprecated `{field}`",
                expected=instead,
                fix=sentence(instead),
                field=field,
                source=declared.source.path,
            )


CHECKS: tuple[Callable[[Scope], Iterator[Fault | NotJudged]], ...] = (
    name_faults,
    deprecated_mark_faults,
)
