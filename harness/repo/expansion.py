"""Works out which Applications a repository must bring about on the harness' own cluster.

There the clusters are known (Argo CD's own and no other) and every Git address leads to this tree.
What the ApplicationSets become is the business of `harness.repo.applicationsets`; here it becomes
what later stages wait for, and notes on what could not be resolved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.model.repository import ExpectedApplication
from harness.repo.applicationsets import (
    GeneratedApplication,
    Given,
    Problem,
    ProblemKind,
    generate,
)
from harness.repo.repository_files import RepositoryFiles

Object = dict[str, Any]
_ON_OWN_CLUSTER = Given(clusters=(), answers_every_url=True)
_SAID = {
    ProblemKind.NOT_RESOLVABLE: "not resolvable here",
    ProblemKind.TEMPLATE_ERROR: "Argo CD refuses it",
    ProblemKind.NO_APPLICATION: "it makes no Application",
    ProblemKind.UNKNOWN_PLACEHOLDER: "a placeholder is left",
    ProblemKind.DUPLICATE_NAME: "a name occurs twice",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """The Applications that were worked out, and what could not be."""

    applications: tuple[ExpectedApplication, ...]
    notes: tuple[str, ...]


def expand(objects: Sequence[tuple[Object, str]], files: RepositoryFiles) -> Expansion:
    """Returns the Applications of `(object, origin file)` pairs, given the repository's files.

    A path that is no folder is left to the rendering, which says it better.
    """
    generated = generate(objects, files, _ON_OWN_CLUSTER)
    found = [expected for app in generated.applications for expected in _expected(app)]
    notes = [_note(problem) for problem in generated.problems if problem.kind in _SAID]
    notes += [_without_path(app) for app in generated.applications if not any(_expected(app))]
    return Expansion(applications=tuple(dict.fromkeys(found)), notes=tuple(notes))


def _expected(app: GeneratedApplication) -> Iterator[ExpectedApplication]:
    """Yields one entry for every source with a path; no name or path with a placeholder counts."""
    for source in app.sources:
        named = app.name + source.path
        if not source.path or "{{" in named or "<no value>" in named:
            continue
        yield ExpectedApplication(
            name=app.name,
            path=source.folder,
            namespace=app.namespace,
            repo_url=source.repo_url,
            revision=source.revision or "HEAD",
            origin=app.origin,
        )


def _note(problem: Problem) -> str:
    where = f"{problem.owner.kind} {problem.owner.name or '?'} ({problem.file})"
    name = f" {problem.application}:" if problem.application else ""
    return f"{where}:{name} {_SAID[problem.kind]}: {problem.text}"


def _without_path(app: GeneratedApplication) -> str:
    kind = "ApplicationSet" if app.set_name else "Application"
    return (
        f"{kind} {app.set_name or app.name} ({app.origin}): not resolvable here: no source of "
        f"{app.name} has a path (Helm charts are not judged yet)"
    )
