"""What is to be rendered and what came of it: the words of `rendering`.

A request carries the engine's own options untouched: of Argo CD the Application's source, of Flux
the Kustomization's spec. What they mean is decided by `render_edit`, `render_plain` and
`render_helm`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from harness.audit.source import SourceKind
from harness.io.process import Runner

Object = dict[str, Any]


class Engine(StrEnum):
    """Who deploys a root: engines treat the same folder differently."""

    NONE = "none"
    ARGOCD = "argocd"
    FLUX = "flux"


@dataclass(frozen=True, slots=True, kw_only=True)
class Substitution:
    """The variables of a Flux Kustomization's `postBuild`."""

    values: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    """ConfigMaps and Secrets that hold more of them and are not known here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One root to render."""

    path: str
    """Folder, POSIX, relative to the repository; `.` for the repository itself."""
    kind: SourceKind = SourceKind.KUSTOMIZE
    engine: Engine = Engine.NONE
    options: Mapping[str, Any] = field(default_factory=dict)
    """Argo CD's source with `kustomize`, `directory`, `helm`; Flux's spec; else empty."""
    name: str = ""
    """The Application's name: a Helm release without a name of its own has it."""
    namespace: str = ""
    """The destination's namespace, for Helm."""
    substitution: Substitution | None = None
    """None where nothing is substituted."""
    build_options: tuple[str, ...] = ()
    """Argo CD's `kustomize.buildOptions`, where the repository declares them."""
    references: Mapping[str, str] = field(default_factory=dict)
    """Folders of this repository by the `ref` of an Application's other sources."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What a request came to: objects, a failure, or a reason why nobody can know here."""

    request: Request
    objects: tuple[Object, ...] = ()
    failure: str = ""
    """What the renderer said, whole; paths are those of the repository on disk."""
    unjudged: str = ""
    """Why it could not be rendered here."""
    charts: tuple[str, ...] = ()
    """Helm charts that would be installed and are not rendered."""
    visited: frozenset[str] = frozenset()
    """Files and folders that the renderer reads, POSIX, relative to the repository."""
    warnings: tuple[str, ...] = ()
    """What kustomize warned of, e.g. deprecated fields."""
    notes: tuple[str, ...] = ()
    """What is not known of objects that were rendered all the same."""
    is_cached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderTools:
    """The programs that render, and how they are run."""

    runner: Runner
    kustomize: Path | None = None
    helm: Path | None = None
    """None where Helm is not installed."""
    fetch: bool = False
    """Whether remote bases may be fetched; else no program reaches the network."""
