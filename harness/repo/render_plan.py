"""Decides how a request is rendered, before any program runs, or why it is not.

A plan names what is built, with which flags, and the key under which its result is kept: a digest
of the programs, of the options and of the content of every file that the build reads.
"""

from __future__ import annotations

import json
import os
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import Any

from harness.audit.reading import mapping
from harness.audit.source import SourceKind
from harness.repo.kustomizations import KUSTOMIZATION_NAMES, kustomization_file
from harness.repo.kustomize_build import Share
from harness.repo.render_edit import EditError, edited, overrides
from harness.repo.render_helm import HelmCall, UnjudgedError, chart_names, helm_call
from harness.repo.render_inputs import Inputs, Visit
from harness.repo.render_request import Engine, Rendered, RenderTools, Request

Object = dict[str, Any]
_UNRESTRICTED = ("--load-restrictor", "LoadRestrictionsNone")
_FLAGS = frozenset({"--load-restrictor", "--load_restrictor"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What all requests of a run share."""

    boundary: Path
    """The checkout that holds the repository: bases may lie in it, and nowhere else."""
    prefix: str
    """The repository's folder in the checkout; `.` for the checkout itself."""
    tools: RenderTools
    inputs: Inputs
    work: Path | None = None
    """Where throw-away folders are made."""
    share: Share = field(default_factory=Share)
    """What one build may use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One rendering that is to be made."""

    request: Request
    folder: str
    """POSIX, relative to the boundary, links followed."""
    visit: Visit = field(default_factory=Visit)
    kustomization: Mapping[str, Any] | None = None
    """What takes the place of the folder's own kustomization; None for its own."""
    flags: tuple[str, ...] = ()
    helm: HelmCall | None = None
    key: str = ""
    """Empty for a result that is not kept."""


def plan(request: Request, setting: Setting) -> Plan | Rendered:
    """Returns how a request is rendered, or what is known of it already."""
    real = os.path.realpath(setting.boundary / setting.prefix / request.path)
    if real != str(setting.boundary) and not real.startswith(f"{setting.boundary}/"):
        return Rendered(request=request, failure=f"{request.path} lies outside of the repository")
    if not Path(real).is_dir():
        return Rendered(request=request, failure=f"{request.path}: there is no such folder")
    folder = posixpath.relpath(real, setting.boundary)
    if request.kind is SourceKind.HELM:
        return _helm(request, folder, setting)
    if request.kind is SourceKind.PLAIN and request.engine is not Engine.FLUX:
        return Plan(request=request, folder=folder)
    return _kustomize(request, folder, setting)


def _kustomize(request: Request, folder: str, setting: Setting) -> Plan | Rendered:
    own = setting.inputs.content(folder)
    has_file = kustomization_file(setting.boundary / folder) is not None
    generates = request.engine is Engine.FLUX and not has_file
    before: Object | None = _generated(setting.boundary, folder) if generates else own
    extra = {**overrides(request.engine, request.options), **((before or {}) if generates else {})}
    visit = setting.inputs.visit(folder, extra)
    refused = _obstacle(visit, setting)
    seen = visited(visit, setting)
    if refused is not None:
        failure, unjudged = refused
        return Rendered(
            request=request, failure=failure, unjudged=unjudged, charts=visit.charts, visited=seen
        )
    try:
        changed = _changed(request, before, setting.boundary / folder, is_made=generates)
    except EditError as error:
        return Rendered(request=request, failure=str(error), visited=seen)
    made = Plan(
        request=request,
        folder=folder,
        visit=visit,
        kustomization=changed,
        flags=tuple(_flags(request, visit, setting.tools)),
    )
    return _keyed(made, setting)


def _changed(
    request: Request, before: Object | None, folder: Path, *, is_made: bool
) -> Object | None:
    if before is None:
        return None
    is_empty = request.engine is Engine.FLUX and not before.get("resources")
    if not (is_made or is_empty or overrides(request.engine, request.options)):
        return None
    made = edited(before, request.engine, request.options, lambda name: (folder / name).exists())
    if is_made and is_empty:
        made.pop("buildMetadata", None)
    return made


def _generated(boundary: Path, folder: str) -> Object:
    """Returns the kustomization that Flux makes for a folder without one.

    Every YAML file below, and every folder below that has a kustomization of its own.
    """
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": sorted(_resources(boundary / folder)),
    }


def _resources(folder: Path) -> Iterator[str]:
    for at, folders, names in os.walk(folder):
        relative = Path(at).relative_to(folder)
        if relative.parts and not set(KUSTOMIZATION_NAMES).isdisjoint(names):
            folders[:] = []
            yield relative.as_posix()
            continue
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if name.endswith((".yaml", ".yml")) and not name.startswith("."):
                yield (relative / name).as_posix()


def _obstacle(visit: Visit, setting: Setting) -> tuple[str, str] | None:
    """Returns why a kustomization fails, or why it is not judged; None where nothing is known."""
    if visit.outside:
        return f"the path {visit.outside} leads out of the repository", ""
    if visit.remote and not setting.tools.fetch:
        return "", f"the remote base {_shown(visit.remote)} is not fetched"
    if visit.plugins:
        return "", f"{_shown(visit.plugins)} is a plugin of kustomize, which is not run"
    if visit.absent_charts:
        charts = _shown(visit.absent_charts)
        return "", f"the Helm chart {charts} is not in this repository"
    if visit.charts and setting.tools.helm is None:
        return "", f"helm is not installed, which the chart {_shown(visit.charts)} needs"
    return ("", "kustomize was not found") if setting.tools.kustomize is None else None


def _shown(names: tuple[str, ...]) -> str:
    return names[0] + (f" (and {len(names) - 1} more)" if len(names) > 1 else "")


def _flags(request: Request, visit: Visit, tools: RenderTools) -> Iterator[str]:
    if request.engine is Engine.FLUX:
        yield from _UNRESTRICTED
    words = " ".join(request.build_options).replace("=", " ").split()
    for flag, value in pairwise(words):
        if flag in _FLAGS:
            yield from ("--load-restrictor", value)
    if visit.charts and tools.helm is not None:
        yield from ("--enable-helm", "--helm-command", str(tools.helm))


def _helm(request: Request, folder: str, setting: Setting) -> Plan | Rendered:
    charts = chart_names(setting.boundary, folder)
    if setting.tools.helm is None:
        return Rendered(request=request, unjudged="helm is not installed", charts=charts)
    try:
        call = helm_call(setting.boundary, setting.prefix, request, folder)
    except UnjudgedError as error:
        return Rendered(request=request, unjudged=str(error), charts=charts)
    files = setting.inputs.below(folder) | set(call.files)
    visit = Visit(files=files, folders=frozenset({folder}))
    return _keyed(Plan(request=request, folder=folder, visit=visit, helm=call), setting)


def _keyed(made: Plan, setting: Setting) -> Plan:
    """Returns the plan with the key of its result; without one where that may change unseen."""
    if setting.tools.fetch and made.visit.remote:
        return made
    request, changes = made.request, made.kustomization
    decides = [
        _program(setting.tools.kustomize),
        _program(setting.tools.helm) if made.helm or made.visit.charts else "",
        request.kind,
        request.engine,
        made.folder,
        changes,
        made.flags,
        [made.helm.arguments, made.helm.values] if made.helm else [],
        mapping(request.options.get("commonMetadata")) if request.engine is Engine.FLUX else {},
        sorted(request.substitution.values.items()) if request.substitution else None,
        request.substitution.missing if request.substitution else None,
    ]
    digest = blake2b(json.dumps(decides, sort_keys=True, default=str).encode(), digest_size=20)
    digest.update(setting.inputs.digest(made.visit))
    return Plan(
        request=request,
        folder=made.folder,
        visit=made.visit,
        kustomization=changes,
        flags=made.flags,
        helm=made.helm,
        key=digest.hexdigest(),
    )


def _program(path: Path | None) -> str:
    """Returns what tells one build of a program from another without running it."""
    if path is None:
        return ""
    try:
        facts = path.resolve().stat()
    except OSError:
        return str(path)
    return f"{path.resolve()}:{facts.st_size}:{facts.st_mtime_ns}"


def visited(visit: Visit, setting: Setting) -> frozenset[str]:
    """Returns files and folders of a visit, relative to the repository."""
    return frozenset(inside(path, setting) for path in (*visit.files, *visit.folders))


def inside(path: str, setting: Setting) -> str:
    """Returns a path of the checkout relative to the repository."""
    return path if setting.prefix == "." else posixpath.relpath(path, setting.prefix)
