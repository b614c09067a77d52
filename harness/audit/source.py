"""A deployable root as it was rendered, and the tree around it: the input of every check.

A root is what an engine deploys: the path of an Application or of a Flux Kustomization, or, where
the repository has no engine, an overlay that no other kustomization includes. How these are found
and rendered is the business of `harness.repo`; here they are values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from harness.model.refs import ObjectRef

Object = dict[str, Any]


class SourceKind(StrEnum):
    """How a root becomes objects."""

    KUSTOMIZE = "kustomize"
    PLAIN = "plain"
    HELM = "helm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One deployable root."""

    path: str
    """Folder, POSIX, relative to the repository; `.` for the repository itself."""
    kind: SourceKind = SourceKind.KUSTOMIZE
    objects: tuple[Object, ...] = ()
    """As the engine applies them: namespaces filled in where the destination gives one."""
    deployer: ObjectRef | None = None
    """The Application or Flux Kustomization; None for a root without engine."""
    spec: Mapping[str, Any] = field(default_factory=dict)
    """The spec of the deployer, after expansion of its ApplicationSet."""
    origin: str = ""
    """The file that declares the deployer."""
    namespace: str = ""
    """Where the engine puts objects without namespace; empty when nothing says so."""
    creates_namespace: bool = False
    destination: str = ""
    """Name or server of the cluster; empty for the engine's own, or where nobody says."""
    group: str = ""
    """Sources with the same group are deployed to the same cluster, e.g. `dev`; empty for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unjudged:
    """A deployable root whose objects cannot be known here: a Helm chart, a remote base."""

    subject: str
    """E.g. `Application argocd/loki` or a folder."""
    reason: str
    namespace: str = ""
    """Where its objects would be; empty for anywhere."""
    group: str = ""
    charts: tuple[str, ...] = ()
    """Names of the Helm charts it would install."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderFailure:
    """A root that does not render: a finding of its own."""

    path: str
    text: str
    """What the renderer said, whole."""
    deployer: ObjectRef | None = None
    group: str = ""
    root: str = ""
    """The folder of the repository as it stands in the text; empty where paths are relative."""


class ProblemKind(StrEnum):
    """What went wrong when an engine's object was expanded."""

    NOT_RESOLVABLE = "not-resolvable"
    """A generator needs what only a cluster or a host knows."""
    TEMPLATE_ERROR = "template-error"
    """The template engine of the controller refuses the template."""
    NO_APPLICATION = "no-application"
    """Every generator can be resolved, and none yields anything."""
    UNKNOWN_PLACEHOLDER = "unknown-placeholder"
    """A placeholder of the template is no parameter of the generator."""
    DUPLICATE_NAME = "duplicate-name"
    PATH_NOT_DIRECTORY = "path-not-directory"
    """A generated source path is no folder of the repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineProblem:
    """An engine's object that cannot be expanded as it was meant."""

    kind: ProblemKind
    object: ObjectRef
    """The ApplicationSet."""
    file: str = ""
    text: str
    """What is wrong in words: the placeholder, the name that occurs twice, the path."""
    source: str = ""
    """The generated path, where the problem is about one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The files of the repository that bear on what is deployed."""

    folders: tuple[str, ...] = ()
    """Every folder, POSIX, sorted."""
    files: tuple[str, ...] = ()
    """Every file, POSIX, sorted."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """The text of every YAML file that could be read, by path."""
    kustomizations: Mapping[str, Object] = field(default_factory=dict)
    """The parsed kustomization of each folder that has one."""
    documents: Mapping[str, tuple[Object, ...]] = field(default_factory=dict)
    """The manifests (with apiVersion and kind) of each YAML file; kustomizations left out."""
    engine: tuple[tuple[Object, str], ...] = ()
    """Argo CD's and Flux's own objects with their files; placeholders not filled in."""
    repo_urls: tuple[str, ...] = ()
    """Addresses of this repository, from its Git remotes; empty when it has none."""
    branch: str = ""
    """The branch that is checked out; empty where nobody knows."""
