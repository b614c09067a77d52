"""Inspects a repository without a cluster: reads, expands, renders, checks, finds the lines.

Wires `harness.repo` (what is deployed) to `harness.audit` (what is wrong with it). Writes nothing
but the cache of renderings. Heavy libraries are imported where they are needed: an audit of a small
repository must not take longer than rendering it.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from platformdirs import user_cache_path

from harness.audit.cluster_profile import PROFILES
from harness.audit.finding import AuditResult, Fault, NotJudged
from harness.audit.judging import judge
from harness.audit.source import EngineProblem, Object, ProblemKind, Tree
from harness.audit.survey import Survey
from harness.io.process import ProcessRunner
from harness.model.errors import RepositoryError, UsageError
from harness.repo.addresses import addresses
from harness.repo.applicationsets import Given, Problem, generate
from harness.repo.applicationsets.given import given_by
from harness.repo.assembly import Pieces, scopes
from harness.repo.flux_variables import substitution_of
from harness.repo.inclusion import is_deployable
from harness.repo.kustomize_program import find_kustomize
from harness.repo.origin import Origins
from harness.repo.render_request import Engine, Rendered, RenderTools, Request
from harness.repo.rendering import render_roots
from harness.repo.repository_files import RepositoryTree
from harness.repo.roots import Lookup, Root
from harness.repo.tree_reading import TreeReading, read_tree
from harness.repo.unfolding import Expanded, Unfolding

APPLICATION = "gitops-harness"
Progress = Callable[[int, int, str], None]
"""Is told how many roots are rendered of how many known so far, and what is being done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuestion:
    """What is to be inspected."""

    repository: Path
    environments: tuple[str, ...] = ()
    """Empty for all."""
    target: str = "any"
    """A name of `harness.audit.cluster_profile.PROFILES`."""


def inspect(question: AuditQuestion, *, progress: Progress) -> AuditResult:
    """Returns what a repository needs and nobody declares.

    Raises:
        RepositoryError: The folder holds nothing that is deployed.
        UsageError: It has none of the environments asked for, or kustomize is nowhere.
    """
    began = time.monotonic()
    root = question.repository
    reading = read_tree(root, runner=ProcessRunner())
    unfolding = _unfolding(root, reading.tree, progress)
    pieces = unfolding.run()
    survey = _survey(question, reading, unfolding, pieces)
    if not (survey.scopes[0].sources or survey.failures or survey.yaml_faults or pieces.unjudged):
        raise _nothing(root)
    progress(1, 1, "checking")
    result = judge(survey, _Places(root, survey).of)
    return replace(result, seconds=time.monotonic() - began)


def _unfolding(root: Path, tree: Tree, progress: Progress) -> Unfolding:
    cache = user_cache_path(APPLICATION)
    helm = shutil.which("helm")
    engine = _Engine(root, tree)
    tools = RenderTools(
        runner=ProcessRunner(),
        kustomize=_kustomize(cache) if tree.kustomizations else None,
        helm=Path(helm) if helm else None,
    )
    configurations = [
        obj
        for documents in tree.documents.values()
        for obj in documents
        if obj.get("kind") in {"ConfigMap", "Secret"}
    ]

    def render(roots: Sequence[Root]) -> Sequence[Rendered]:
        return render_roots(
            root,
            [_request(each, configurations) for each in roots],
            tools,
            cache=None if os.environ.get("HARNESS_NO_CACHE") else cache,
            kustomizations=tree.kustomizations,
            progress=lambda done, total: progress(done, total, "rendering"),
        )

    return Unfolding(
        tree=tree,
        root_folder=str(_checkout(root)),
        expand=engine.expand,
        render=render,
        lookup=engine.lookup(),
    )


def _checkout(root: Path) -> Path:
    """Returns the folder from which renderers name files."""
    real = root.resolve()
    return next((p for p in (real, *real.parents) if (p / ".git").exists()), real)


def _kustomize(cache: Path) -> Path:
    found = find_kustomize(cache)
    if found is None:
        raise UsageError(
            attempted="Rendering the kustomizations with",
            subject="kustomize",
            seen="it is neither on the PATH nor in the bundle cache",
            expected="the kustomize that Argo CD uses",
            next_step="harness bundle build",
        )
    return found


def _request(root: Root, configurations: Sequence[Object]) -> Request:
    is_flux = root.deployer is not None and root.deployer.kind == "Kustomization"
    engine = Engine.FLUX if is_flux else Engine.ARGOCD if root.deployer else Engine.NONE
    deployer = {
        "metadata": {"namespace": root.deployer.namespace if root.deployer else ""},
        "spec": root.spec,
    }
    return Request(
        path=root.path,
        kind=root.kind,
        engine=engine,
        options=root.options,
        name=root.deployer.name if root.deployer else "",
        namespace=root.namespace,
        substitution=substitution_of(deployer, configurations) if is_flux else None,
    )


def _survey(
    question: AuditQuestion, reading: TreeReading, unfolding: Unfolding, pieces: Pieces
) -> Survey:
    found = scopes(pieces, reading.tree, PROFILES[question.target])
    wanted = question.environments
    chosen = tuple(s for s in found if not wanted or s.name in wanted)
    if wanted and not chosen:
        raise _no_environment(question, [s.name for s in found])
    notes = [
        NotJudged(subject=s, reason=r) for s, _, r in (n.partition(": ") for n in unfolding.notes)
    ]
    return Survey(
        tree=reading.tree,
        scopes=chosen,
        failures=tuple(f for f in pieces.failures if not wanted or f.group in (*wanted, "")),
        yaml_faults=tuple(
            f for f in reading.faults if f.file in unfolding.visited or is_deployable(f.file)
        ),
        not_judged=(*reading.notes, *notes),
        visited=frozenset(unfolding.visited),
        problems=tuple(unfolding.problems),
    )


def _no_environment(question: AuditQuestion, known: Sequence[str]) -> UsageError:
    names = [name for name in known if name]
    return UsageError(
        attempted="Finding the environment",
        subject=", ".join(question.environments),
        seen=f"this repository has: {', '.join(names)}" if names else "the repository names none",
        expected="one of these names" if names else "no --env",
        next_step=f"harness audit --env {names[0]}" if names else "harness audit",
    )


def _nothing(root: Path) -> RepositoryError:
    return RepositoryError(
        attempted="Looking for kustomizations, Applications and manifests in",
        subject=str(root),
        seen="none was found",
        expected="a GitOps repository: kustomization.yaml, an Application, or manifests",
        next_step="harness audit FOLDER",
    )


class _Places:
    """Finds the line of a fault in the tree."""

    def __init__(self, root: Path, survey: Survey) -> None:
        folders = [s.path for scope in survey.scopes for s in scope.sources]
        self._origins = Origins(root, list(dict.fromkeys(folders)))
        self._known: dict[tuple[object, ...], tuple[str, int]] = {}

    def of(self, fault: Fault) -> tuple[str, int]:
        """Returns file and line; an empty file where they are not known."""
        ref = fault.user or fault.object
        key = (ref, fault.field, fault.source, fault.value)
        if key not in self._known:
            found = self._origins.locate(ref, fault.field, fault.source, fault.value)
            found = found or self._origins.locate(ref, fault.field, "", fault.value)
            self._known[key] = (found.file, found.line) if found else ("", 0)
        return self._known[key]


def _given(root: Path, tree: Tree) -> Given:
    """Returns what the settings say of clusters and pull requests, where there are any."""
    if not (root / "harness.toml").is_file():
        return Given(own_urls=tree.repo_urls)
    from harness.config import load_settings  # noqa: PLC0415 -- pydantic takes its time

    return given_by(load_settings(root).audit, tree.repo_urls)


class _Engine:
    """Expands the engine's objects, and knows which addresses are this repository's."""

    def __init__(self, root: Path, tree: Tree) -> None:
        self._files = RepositoryTree(root)
        self._given = _given(root, tree)
        objects = [obj for obj, _ in tree.engine]
        self._addresses = addresses(tree.repo_urls, objects, self._files)

    def expand(self, objects: Sequence[tuple[Object, str]]) -> Expanded:
        """Returns the Applications that objects become."""
        found = generate(objects, self._files, self._given)
        return Expanded(
            applications=tuple((app.object, app.origin) for app in found.applications),
            problems=tuple(_problem(problem) for problem in found.problems),
        )

    def lookup(self) -> Lookup:
        """Returns what tells a source of this repository from others."""
        return Lookup(is_own=self._addresses.has, is_folder=self._files.is_folder)


def _problem(found: Problem) -> EngineProblem:
    name = f"{found.application}: " if found.application else ""
    return EngineProblem(
        kind=ProblemKind(found.kind.value),
        object=found.owner,
        file=found.file,
        text=f"{name}{found.text}",
        source=found.path,
    )
