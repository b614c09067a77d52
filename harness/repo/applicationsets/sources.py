"""The sources of an Application as values: path, chart, and the options of each tool.

Reads both `source` and `sources`, and the dry source of a hydrated Application. Fields: Argo CD
v3.5 `pkg/apis/application/v1alpha1/types.go` (`ApplicationSource`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueFile:
    """A file of Helm values."""

    text: str
    """As it is written, e.g. `$values/charts/web/prod.yaml`."""
    ref: str
    """The `ref` of the source that holds it; empty where it lies beside the chart."""
    path: str
    """Path in that source's repository, or relative to the chart; without leading `/`."""

    @classmethod
    def of(cls, text: str) -> ValueFile:
        """Returns the parts of an entry of `valueFiles`."""
        if not text.startswith("$"):
            return cls(text=text, ref="", path=text)
        ref, _, path = text[1:].partition("/")
        return cls(text=text, ref=ref, path=path.lstrip("/"))


@dataclass(frozen=True, slots=True, kw_only=True)
class HelmParameter:
    """A value set by name, as by `helm --set`."""

    name: str
    value: str
    is_string: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HelmOptions:
    """What an Application tells Helm."""

    release_name: str = ""
    value_files: tuple[ValueFile, ...] = ()
    ignores_missing_value_files: bool = False
    values: str = ""
    values_object: Mapping[str, Any] = field(default_factory=dict)
    """Wins over `values`."""
    parameters: tuple[HelmParameter, ...] = ()
    file_parameters: tuple[tuple[str, str], ...] = ()
    """(name, path)."""
    namespace: str = ""
    skips_crds: bool = False
    api_versions: tuple[str, ...] = ()
    kube_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KustomizeOptions:
    """What an Application adds to a kustomization."""

    name_prefix: str = ""
    name_suffix: str = ""
    namespace: str = ""
    images: tuple[str, ...] = ()
    common_labels: Mapping[str, str] = field(default_factory=dict)
    common_annotations: Mapping[str, str] = field(default_factory=dict)
    replicas: tuple[Mapping[str, Any], ...] = ()
    patches: tuple[Mapping[str, Any], ...] = ()
    components: tuple[str, ...] = ()
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryOptions:
    """How plain manifests of a folder are chosen."""

    recurses: bool = False
    include: str = ""
    exclude: str = ""
    has_jsonnet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginOptions:
    """A plugin that renders the source; nobody but Argo CD can run it."""

    name: str = ""
    """Empty where Argo CD finds the plugin by the source's files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One source of an Application."""

    repo_url: str = ""
    revision: str = ""
    path: str = ""
    """As written, without leading `./`; empty where the source is a chart or only a `ref`."""
    chart: str = ""
    ref: str = ""
    name: str = ""
    helm: HelmOptions | None = None
    kustomize: KustomizeOptions | None = None
    directory: DirectoryOptions | None = None
    plugin: PluginOptions | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)
    """The source as it stands in the Application, for whoever renders it."""

    @property
    def folder(self) -> str:
        """The path as a folder of the tree: POSIX, `.` for the root."""
        return str(PurePosixPath(self.path.strip("/"))) if self.path else "."

    @property
    def renders(self) -> bool:
        """Whether manifests come out of it: not out of one that only lends values by its `ref`."""
        return bool(self.path or self.chart or not self.ref)


def sources_of(spec: Any) -> tuple[Source, ...]:
    """Returns the sources of an Application's spec; those that say nothing are left out."""
    if not isinstance(spec, Mapping):
        return ()
    return tuple(_source(raw) for raw in _raw_sources(spec) if raw)


def _raw_sources(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    hydrator = _mapping(spec.get("sourceHydrator"))
    if hydrator:
        yield _mapping(hydrator.get("drySource"))
    elif _entries(spec.get("sources")):
        yield from map(_mapping, _entries(spec.get("sources")))
    else:
        yield _mapping(spec.get("source"))


def _source(raw: Mapping[str, Any]) -> Source:
    return Source(
        raw=raw,
        repo_url=_text(raw.get("repoURL")),
        revision=_text(raw.get("targetRevision")),
        path=_text(raw.get("path")).removeprefix("./"),
        chart=_text(raw.get("chart")),
        ref=_text(raw.get("ref")),
        name=_text(raw.get("name")),
        helm=_helm(raw["helm"]) if isinstance(raw.get("helm"), Mapping) else None,
        kustomize=_kustomize(raw["kustomize"])
        if isinstance(raw.get("kustomize"), Mapping)
        else None,
        directory=_directory(raw["directory"])
        if isinstance(raw.get("directory"), Mapping)
        else None,
        plugin=_plugin(raw["plugin"]) if isinstance(raw.get("plugin"), Mapping) else None,
    )


def _helm(raw: Mapping[str, Any]) -> HelmOptions:
    parameters = [_mapping(entry) for entry in _entries(raw.get("parameters"))]
    files = [_mapping(entry) for entry in _entries(raw.get("fileParameters"))]
    return HelmOptions(
        release_name=_text(raw.get("releaseName")),
        value_files=tuple(ValueFile.of(text) for text in _texts(raw.get("valueFiles"))),
        ignores_missing_value_files=raw.get("ignoreMissingValueFiles") is True,
        values=_text(raw.get("values")),
        values_object=_mapping(raw.get("valuesObject")),
        parameters=tuple(
            HelmParameter(
                name=_text(entry.get("name")),
                value=_text(entry.get("value")),
                is_string=entry.get("forceString") is True,
            )
            for entry in parameters
        ),
        file_parameters=tuple((_text(f.get("name")), _text(f.get("path"))) for f in files),
        namespace=_text(raw.get("namespace")),
        skips_crds=raw.get("skipCrds") is True,
        api_versions=_texts(raw.get("apiVersions")),
        kube_version=_text(raw.get("kubeVersion")),
    )


def _kustomize(raw: Mapping[str, Any]) -> KustomizeOptions:
    return KustomizeOptions(
        name_prefix=_text(raw.get("namePrefix")),
        name_suffix=_text(raw.get("nameSuffix")),
        namespace=_text(raw.get("namespace")),
        images=_texts(raw.get("images")),
        common_labels=_mapping(raw.get("commonLabels")),
        common_annotations=_mapping(raw.get("commonAnnotations")),
        replicas=tuple(map(_mapping, _entries(raw.get("replicas")))),
        patches=tuple(map(_mapping, _entries(raw.get("patches")))),
        components=_texts(raw.get("components")),
        version=_text(raw.get("version")),
    )


def _directory(raw: Mapping[str, Any]) -> DirectoryOptions:
    return DirectoryOptions(
        recurses=raw.get("recurse") is True,
        include=_text(raw.get("include")),
        exclude=_text(raw.get("exclude")),
        has_jsonnet=bool(_mapping(raw.get("jsonnet"))),
    )


def _plugin(raw: Mapping[str, Any]) -> PluginOptions:
    return PluginOptions(name=_text(raw.get("name")))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _entries(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(_text(entry) for entry in _entries(value))


def _text(value: Any) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value)
