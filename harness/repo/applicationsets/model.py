"""The words of the expansion: what is given, what comes out, and what was wrong.

Nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from harness.model.refs import ObjectRef
from harness.repo.applicationsets.sources import Source

Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster that is registered with Argo CD."""

    name: str
    server: str
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    project: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """An open pull request."""

    number: int
    branch: str
    target_branch: str = "main"
    head_sha: str
    title: str = ""
    author: str = ""
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What is known beyond the tree; None or absent where nobody said it."""

    clusters: tuple[Cluster, ...] | None = None
    """The clusters registered besides Argo CD's own, which Argo CD adds."""
    pull_requests: tuple[PullRequest, ...] | None = None
    parameters: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    """Parameters of generators that ask a server, by the name of the generator."""
    own_urls: tuple[str, ...] = ()
    """Addresses of this repository."""
    answers_every_url: bool = False
    """Whether every address leads to this tree, as on the harness' own Git server."""
    is_new_globbing: bool = False
    """Whether Argo CD's `enable-new-git-file-globbing` is on."""


class ProblemKind(StrEnum):
    """What is the matter with an ApplicationSet or an Application."""

    NOT_RESOLVABLE = "not-resolvable"
    """Only a cluster or a server knows; no fault."""
    TEMPLATE_ERROR = "template-error"
    """Argo CD reports an error and makes no Application of this set."""
    NO_APPLICATION = "no-application"
    """Everything is right, and nothing comes out."""
    UNKNOWN_PLACEHOLDER = "unknown-placeholder"
    """A placeholder names nothing and stays, or leaves `<no value>`."""
    DUPLICATE_NAME = "duplicate-name"
    """Several Applications of one set have the same name; Argo CD makes none of them."""
    PATH_NOT_DIRECTORY = "path-not-directory"
    """The path of a source is no folder of this tree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong or unknown."""

    kind: ProblemKind
    owner: ObjectRef
    """The ApplicationSet, or the Application that no set makes."""
    file: str
    text: str
    application: str = ""
    """The generated Application concerned; empty where it is the whole set."""
    field: str = ""
    """Dotted path in the Application, e.g. `spec.source.path`; empty where there is none."""
    path: str = ""
    """The path of a source, where the problem is about one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedApplication:
    """An Application as Argo CD would hold it."""

    object: Object
    """With metadata and spec, after templating."""
    origin: str
    """File that declares it or its ApplicationSet, relative to the repository."""
    set_name: str = ""
    """Name of the ApplicationSet; empty for an Application that stands for itself."""
    sources: tuple[Source, ...]
    is_held_back: bool = False
    """Whether another part of the ApplicationSet fails, so that Argo CD makes none of it."""

    @property
    def name(self) -> str:
        """The Application's name."""
        return str(self.object["metadata"].get("name") or "")

    @property
    def destination(self) -> Mapping[str, Any]:
        """Where it deploys to: `server` or `name`, and `namespace`."""
        spec = self.object.get("spec")
        found = spec.get("destination") if isinstance(spec, dict) else None
        return found if isinstance(found, dict) else {}

    @property
    def namespace(self) -> str:
        """The namespace it deploys to; empty where nobody says it."""
        return str(self.destination.get("namespace") or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """All Applications, and what is wrong or unknown."""

    applications: tuple[GeneratedApplication, ...]
    problems: tuple[Problem, ...]
