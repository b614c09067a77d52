"""Custom resources whose kind nobody defines, and cluster-scoped objects with a namespace. Pure.

One finding per API group, because one installation brings them all (A11). Groups of Kubernetes, of
the platform and of the engine itself are served already; a chart or an operator that may bring
definitions keeps the check silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from harness.audit.api_groups import BUILT_IN, is_custom
from harness.audit.definitions import CRD, Definitions, is_of_platform, product_of
from harness.audit.engine_objects import deployer_place
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.reading import group_of, is_known, metadata, text
from harness.audit.scope import Declared, Presence, Scope
from harness.audit.source import Object, Source, SourceKind
from harness.diagnosis.rules.nearest import listed, nearest
from harness.manifests.scoping import CLUSTER_SCOPED
from harness.model.refs import ObjectRef

KUSTOMIZE = "kustomize.config.k8s.io"


def missing_definitions(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `crd-missing`, one per group and root that uses it."""
    definitions = _definitions(scope)
    used: dict[tuple[str, str], list[Declared]] = {}
    for declared in scope.declared:
        group, kind = group_of(declared.object), declared.ref.kind
        if not is_custom(declared.object) or not is_known(group) or not is_known(kind):
            continue
        if is_of_platform(declared.object) or definitions.brings(group, kind):
            continue
        name = f"{kind.lower()}s.{group}" if definitions.has_group(group) else group
        used.setdefault((name, declared.source.path), []).append(declared)
    for (name, _), found in used.items():
        ref = ObjectRef(CRD, "", name)
        if scope.presence(ref) is Presence.ABSENT:
            yield _undefined(ref, found)


def applied_kustomizations(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `crd-missing` where an engine applies the text of a kustomization as a manifest.

    A directory source takes every YAML file (argo-cd `reposerver/repository/repository.go`:
    findManifests), and no API server has the kind: the sync fails.
    """
    for source in scope.sources:
        count = sum(map(_is_kustomization, source.objects))
        if count and source.deployer is not None and source.kind is SourceKind.PLAIN:
            yield _applied(source, count, scope)


def _is_kustomization(obj: Object) -> bool:
    return group_of(obj) == KUSTOMIZE and text(obj.get("kind")) in {"Kustomization", "Component"}


def _applied(source: Source, count: int, scope: Scope) -> Fault:
    file, line = deployer_place(source, scope.tree, "spec", "source", "directory")
    files = "a kustomization" if count == 1 else f"{count} kustomizations"
    return Fault(
        rule="crd-missing",
        object=source.deployer or ObjectRef("Folder", "", source.path),
        message=f"{source.deployer} applies {files} of {source.path} like a manifest, and no "
        f"cluster has the kind Kustomization of {KUSTOMIZE}",
        expected="an overlay as path without spec.source.directory, or a folder of manifests alone",
        fix="set spec.source.directory.exclude to '*kustomization.yaml', or name an overlay",
        cause="A11",
        severity=Severity.DEFECT,
        field="spec.source.directory",
        source=source.path,
        file=file,
        line=line,
    )


def _definitions(scope: Scope) -> Definitions:
    found: Definitions = scope.memo("definitions", lambda: Definitions.of(scope.objects))
    return found


def _undefined(ref: ObjectRef, found: list[Declared]) -> Fault:
    first = found[0]
    group, kinds = group_of(first.object), [d.ref.kind for d in found]
    product, like = product_of(group), nearest(group, BUILT_IN - {""}, likeness=0.85)
    bringer = product or f"the operator of {group}"
    return Fault(
        rule="crd-missing",
        object=ref,
        message=f"{first.ref} is of the group {group}, and nobody here defines its "
        f"{'kind' if len(set(kinds)) == 1 else 'kinds'} {listed(sorted(set(kinds)))}",
        expected=f"the group {like}"
        if like
        else f"the CustomResourceDefinitions that {bringer} brings, before this is applied",
        fix=f"Set apiVersion to the group {like}"
        if like
        else f"Install {bringer} with its definitions first",
        cause="A11",
        user=first.ref,
        field="apiVersion",
        value=text(first.object.get("apiVersion")),
        source=first.source.path,
    )


def cluster_scoped_with_namespace(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `cluster-scoped-with-namespace` where a manifest itself writes the namespace."""
    defined = _definitions(scope).cluster_scoped
    written = _written(scope)
    for declared in scope.declared:
        group, kind = group_of(declared.object), declared.ref.kind
        is_scoped = kind in CLUSTER_SCOPED or (group, kind) in defined
        namespace = text(metadata(declared.object).get("namespace"))
        if is_scoped and is_known(namespace) and _is_written(declared, written):
            yield Fault(
                rule="cluster-scoped-with-namespace",
                object=declared.ref,
                message=f"{kind} {declared.ref.name} has the namespace {namespace}, and a {kind} "
                "belongs to the whole cluster",
                expected="no metadata.namespace",
                fix=f"Remove metadata.namespace of {kind} {declared.ref.name}",
                field="metadata.namespace",
                value=namespace,
                source=declared.source.path,
            )


def _written(scope: Scope) -> frozenset[tuple[str, str]] | None:
    """Returns kind and name of the manifests that write a namespace; None without any files."""
    if not scope.tree.documents:
        return None
    return frozenset(
        (text(obj.get("kind")), text(metadata(obj).get("name")))
        for found in scope.tree.documents.values()
        for obj in found
        if metadata(obj).get("namespace")
    )


def _is_written(declared: Declared, written: frozenset[tuple[str, str]] | None) -> bool:
    return written is None or (declared.ref.kind, declared.ref.name) in written


CHECKS: tuple[Callable[[Scope], Iterator[Fault | NotJudged]], ...] = (
    missing_definitions,
    applied_kustomizations,
    cluster_scoped_with_namespace,
)
