"""Which folders an engine deploys, with the options it gives: the plan of an audit's rendering.

An Application's sources, a Flux Kustomization's path; where the repository has no engine, its
top-level kustomizations, and where it has neither, its folders of manifests. What cannot be
rendered here is said as `Unjudged`. Pure. How Argo CD tells the kind of a source: `Chart.yaml`,
then a kustomization, else a directory (argo-cd `util/app/discovery/discovery.go`); an explicit
`helm`, `kustomize`, `directory` or `plugin` wins (`pkg/apis/application/v1alpha1/types.go`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.audit.reading import entries, mapping, text
from harness.audit.source import SourceKind, Tree, Unjudged
from harness.model.refs import ObjectRef
from harness.repo.environments import environment_of
from harness.repo.inclusion import beside, is_deployable, reached, top_level

Object = dict[str, Any]
IN_CLUSTER = frozenset({"", "in-cluster", "https://kubernetes.default.svc"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """What has to be known of the repository to tell what an Application means."""

    is_own: Callable[[str], bool]
    """Tells whether an address is this repository's."""
    is_folder: Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """One folder to render, and for whom."""

    path: str
    kind: SourceKind
    deployer: ObjectRef | None = None
    spec: Mapping[str, Any] = field(default_factory=dict)
    """The deployer's spec."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """The source's own options: `kustomize`, `directory`, `helm`; Flux's whole spec."""
    origin: str = ""
    namespace: str = ""
    creates_namespace: bool = False
    destination: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingPath:
    """An engine's object names a folder that this repository does not have."""

    deployer: ObjectRef
    path: str
    origin: str


Planned = Root | Unjudged | MissingPath


def of_applications(
    applications: Iterable[tuple[Object, str]], tree: Tree, lookup: Lookup
) -> Iterator[Planned]:
    """Yields the roots of Applications, given with the files that declare them."""
    for application, origin in applications:
        spec = mapping(application.get("spec"))
        several = entries(spec.get("sources"))
        for source in several or [mapping(spec.get("source"))]:
            if text(source.get("ref")) and not text(source.get("path")):
                continue
            yield _of_source(application, source, origin, tree, lookup)


def _of_source(
    application: Object, source: Mapping[str, Any], origin: str, tree: Tree, lookup: Lookup
) -> Planned:
    ref, spec = ObjectRef.of(application), mapping(application.get("spec"))
    target = mapping(spec.get("destination"))
    namespace = text(target.get("namespace"))
    destination = text(target.get("name")) or text(target.get("server"))
    path = beside(".", text(source.get("path")).strip("/") or ".")
    group = _group(destination, path, origin, ref.name)
    chart = text(source.get("chart"))
    url = text(source.get("repoURL"))
    if chart or not lookup.is_own(url):
        what = f"chart {chart} of {url}" if chart else f"{url} is another repository"
        charts = (chart,) if chart else ()
        return Unjudged(
            subject=str(ref), reason=what, namespace=namespace, group=group, charts=charts
        )
    if not lookup.is_folder(path):
        return MissingPath(deployer=ref, path=path, origin=origin)
    kind = kind_of(path, source, tree)
    if kind is None:
        reason = "its source is rendered by a plugin"
        return Unjudged(subject=str(ref), reason=reason, namespace=namespace, group=group)
    return Root(
        path=path,
        kind=kind,
        deployer=ref,
        spec=spec,
        options=source,
        origin=origin,
        namespace=namespace,
        creates_namespace=_creates_namespace(spec),
        destination="" if destination in IN_CLUSTER else destination,
        group=group,
    )


def kind_of(path: str, source: Mapping[str, Any], tree: Tree) -> SourceKind | None:
    """Returns how Argo CD renders a folder; None for a plugin.

    `directory: {recurse: false}` says nothing (argo-cd `util/argo/argo.go`: NormalizeSource).
    """
    if source.get("plugin") is not None:
        return None
    for word, kind in (
        ("helm", SourceKind.HELM),
        ("kustomize", SourceKind.KUSTOMIZE),
        ("directory", SourceKind.PLAIN),
    ):
        given = mapping(source.get(word))
        if any(given.values()) if word == "directory" else given:
            return kind
    if beside(path, "Chart.yaml") in tree.files:
        return SourceKind.HELM
    return SourceKind.KUSTOMIZE if path in tree.kustomizations else SourceKind.PLAIN


def _creates_namespace(spec: Mapping[str, Any]) -> bool:
    options = mapping(spec.get("syncPolicy")).get("syncOptions")
    listed = options if isinstance(options, list) else []
    return any(str(o).replace(" ", "").lower() == "createnamespace=true" for o in listed)


def _group(destination: str, path: str, origin: str, name: str) -> str:
    """Returns the environment: of the path, else of the other cluster, else of the names."""
    found = environment_of(path)
    if found or destination in IN_CLUSTER:
        return found or environment_of(origin) or environment_of(name)
    return environment_of(destination) or destination


FLUX_GROUP = "kustomize.toolkit.fluxcd.io/"


def of_flux(objects: Iterable[tuple[Object, str]], tree: Tree) -> Iterator[Planned]:
    """Yields the roots of Flux Kustomizations whose source may be this repository.

    A Git source of another name than `flux-system` is this repository only when the path exists.
    """
    for obj, origin in objects:
        if obj.get("kind") == "Kustomization" and _api(obj).startswith(FLUX_GROUP):
            yield from _of_kustomization(obj, origin, tree)
        elif obj.get("kind") == "HelmRelease":
            yield _of_release(obj, origin)


def _of_kustomization(obj: Object, origin: str, tree: Tree) -> Iterator[Planned]:
    ref, spec = ObjectRef.of(obj), mapping(obj.get("spec"))
    source = mapping(spec.get("sourceRef"))
    path = beside(".", text(spec.get("path")).removeprefix("./").strip("/") or ".")
    namespace = text(spec.get("targetNamespace"))
    group = environment_of(origin) or environment_of(path)
    exists = path == "." or path in tree.folders
    is_foreign = source.get("kind") != "GitRepository" or (
        text(source.get("name")) != "flux-system" and not exists
    )
    if is_foreign or "$" in path:
        reason = f"{text(source.get('kind'))} {text(source.get('name'))} is not this repository"
        yield Unjudged(subject=str(ref), reason=reason, namespace=namespace, group=group)
    elif not exists:
        yield MissingPath(deployer=ref, path=path, origin=origin)
    else:
        kind = SourceKind.KUSTOMIZE if path in tree.kustomizations else SourceKind.PLAIN
        yield Root(
            path=path,
            kind=kind,
            deployer=ref,
            spec=spec,
            options=spec,
            origin=origin,
            namespace=namespace,
            group=group,
        )


def _of_release(obj: Object, origin: str) -> Unjudged:
    ref, spec = ObjectRef.of(obj), mapping(obj.get("spec"))
    chart = text(mapping(mapping(spec.get("chart")).get("spec")).get("chart"))
    chart = chart or text(mapping(spec.get("chartRef")).get("name"))
    return Unjudged(
        subject=str(ref),
        reason=f"chart {chart}" if chart else "a chart",
        namespace=text(spec.get("targetNamespace")) or ref.namespace,
        group=environment_of(origin),
        charts=(chart,) if chart else (),
    )


def _api(obj: Object) -> str:
    return text(obj.get("apiVersion"))


def without_engine(tree: Tree, rendered: Sequence[Root]) -> tuple[Root, ...]:
    """Returns the top-level kustomizations that no engine's root reaches.

    Where there is nothing at all, every folder with manifests is a root of its own.
    """
    covered = {path for root in rendered for path in reached(tree, root.path)}
    found = tuple(
        Root(path=path, kind=SourceKind.KUSTOMIZE, group=environment_of(path))
        for path in top_level(tree)
        if path not in covered
    )
    return found if found or rendered or tree.engine else plain_folders(tree)


def plain_folders(tree: Tree) -> tuple[Root, ...]:
    """Returns the folders that hold manifests, tests and examples left out."""
    folders = dict.fromkeys(beside(".", file.rpartition("/")[0] or ".") for file in tree.documents)
    return tuple(
        Root(path=path, kind=SourceKind.PLAIN, group=environment_of(path))
        for path in sorted(folders)
        if is_deployable(path)
    )
