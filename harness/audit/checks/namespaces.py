"""Namespaces that objects are meant for and nobody creates (A12). Pure.

Declared Namespaces, `CreateNamespace=true`, `install.createNamespace` of Flux, HNC and OpenShift
projects create one; Flux's `targetNamespace` does not (kustomize-controller documentation). The
namespaces of the engine itself exist before anything is deployed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from harness.audit.finding import Fault, NotJudged
from harness.audit.producers import produced
from harness.audit.reading import is_known, metadata, text
from harness.audit.scope import Declared, Presence, Scope
from harness.diagnosis.rules.nearest import nearest
from harness.manifests.scoping import CLUSTER_SCOPED
from harness.model.refs import ObjectRef

KIND = "Namespace"


def missing_namespaces(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `namespace-missing`, one per namespace and root that uses it."""
    created = _created(scope)
    for (name, _), found in _used(scope).items():
        ref = ObjectRef(KIND, "", name)
        if name not in created and scope.presence(ref) is Presence.ABSENT:
            yield _absent(scope, ref, found)


def _created(scope: Scope) -> frozenset[str]:
    by_sources = {s.namespace for s in scope.sources if s.creates_namespace}
    by_engine = {made.name for made in produced(scope.engine) if made.kind == KIND}
    homes = {text(metadata(obj).get("namespace")) for obj in scope.engine}
    homes |= {s.deployer.namespace for s in scope.sources if s.deployer}
    return frozenset(by_sources | by_engine | homes)


def _used(scope: Scope) -> dict[tuple[str, str], list[Declared]]:
    """Returns the objects by the namespace they are meant for and their root."""
    found: dict[tuple[str, str], list[Declared]] = {}
    for declared in scope.declared:
        name = declared.ref.namespace
        if declared.ref.kind not in CLUSTER_SCOPED and is_known(name):
            found.setdefault((name, declared.source.path), []).append(declared)
    return found


def _absent(scope: Scope, ref: ObjectRef, found: list[Declared]) -> Fault:
    first, source = found[0], found[0].source
    like = nearest(ref.name, scope.names(KIND, ""), likeness=0.8)
    is_target = source.deployer is not None and source.namespace == ref.name
    is_argo = is_target and source.deployer is not None and source.deployer.kind == "Application"
    fix = f"Declare the Namespace {ref.name}"
    if is_argo:
        fix = f"Add CreateNamespace=true to spec.syncPolicy.syncOptions of {source.deployer}"
    return Fault(
        rule="namespace-missing",
        object=ref,
        message=f"{first.ref} is meant for namespace {ref.name}, which nobody declares or creates",
        expected=f"a namespace that exists; the nearest is {like}" if like else str(ref),
        fix=fix,
        cause="A12",
        user=first.ref,
        field="metadata.namespace",
        value=ref.name,
        source=source.path,
    )


CHECKS: tuple[Callable[[Scope], Iterator[Fault | NotJudged]], ...] = (missing_namespaces,)
