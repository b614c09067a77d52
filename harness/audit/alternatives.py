"""What exists instead of an object that does not: the namespace it is in, the nearest name. Pure.

Kustomize's suffix of generated objects is a dash and ten characters of an alphabet without vowels
(kustomize `api/hasher/hasher.go`); a reference it does not know keeps the plain name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from harness.audit.scope import Scope
from harness.diagnosis.rules.nearest import listed, nearest
from harness.model.refs import ObjectRef

_HASH = r"-[2456789bcdfghkmt]{10}"


def hashed(scope: Scope, ref: ObjectRef) -> str:
    """Returns the generated object of that name with Kustomize's suffix, or an empty text."""
    pattern = re.compile(re.escape(ref.name) + _HASH)
    found = (n for n in scope.names(ref.kind, ref.namespace) if pattern.fullmatch(n))
    return next(found, "")


def elsewhere(scope: Scope, ref: ObjectRef) -> tuple[str, ...]:
    """Returns the other namespaces that hold an object of this kind and name, sorted."""
    found = {d.ref.namespace for d in scope.of_kind(ref.kind) if d.ref.name == ref.name} | {
        m.ref.namespace for m in scope.products.by_name.get((ref.kind, ref.name), ())
    }
    return tuple(sorted(found - {"", ref.namespace})) if ref.namespace else ()


def near(scope: Scope, ref: ObjectRef) -> str:
    """Returns the name that exists and is most like the missing one, or an empty text."""
    names = {*scope.names(ref.kind, ref.namespace), *scope.products.names(ref.kind, ref.namespace)}
    return nearest(ref.name, names - {ref.name, ""}, likeness=0.7)


def manifests(scope: Scope) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Returns the files of the repository by kind and name, whether they are deployed or not."""
    found: Mapping[tuple[str, str], tuple[str, ...]] = scope.memo(
        "manifests by name", lambda: _by_name(scope)
    )
    return found


def _by_name(scope: Scope) -> dict[tuple[str, str], tuple[str, ...]]:
    found: dict[tuple[str, str], list[str]] = {}
    for file, documents in scope.tree.documents.items():
        for ref in map(ObjectRef.of, documents):
            found.setdefault((ref.kind, ref.name), []).append(file)
    return {key: tuple(files) for key, files in found.items()}


def alternative(scope: Scope, ref: ObjectRef) -> str:
    """Returns in words what would be right instead of a missing object."""
    other = elsewhere(scope, ref)
    if other:
        return f"{ref}; there is one in namespace {listed(other)}"
    found = hashed(scope, ref)
    if found:
        return f"the generated name {found}, or {ref} without suffix"
    file = next(iter(manifests(scope).get((ref.kind, ref.name), ())), "")
    if file:
        return f"{ref}; {file} declares one, which is not deployed here"
    found = near(scope, ref)
    return f"{ref}; the nearest name that exists is {found}" if found else str(ref)
