"""What the ApplicationSets and Applications of a repository become, without Argo CD.

`generate` gives the full Applications with their sources, and says what it could not resolve, what
Argo CD would refuse, and what would come to nothing. Rendering the sources is not done here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from harness.model.refs import ObjectRef
from harness.repo.addresses import Addresses, addresses
from harness.repo.applicationsets.expansion import ExpandedSet, expand_set
from harness.repo.applicationsets.findings import is_usual, path_fault
from harness.repo.applicationsets.model import (
    Cluster,
    Generated,
    GeneratedApplication,
    Given,
    Object,
    Problem,
    ProblemKind,
    PullRequest,
)
from harness.repo.applicationsets.sources import sources_of
from harness.repo.gotemplate import TemplateError, UnresolvableError
from harness.repo.gotemplate.go_yaml import as_json, as_numbers
from harness.repo.repository_files import RepositoryFiles

__all__ = [
    "Cluster",
    "Generated",
    "GeneratedApplication",
    "Given",
    "Problem",
    "ProblemKind",
    "PullRequest",
    "generate",
]


def generate(
    objects: Sequence[tuple[Object, str]], files: RepositoryFiles, given: Given
) -> Generated:
    """Returns the Applications that `(object, origin file)` pairs bring about.

    Other objects are passed over. Nothing is raised, whatever the objects hold.
    """
    kept: list[tuple[Object, str]] = []
    problems: list[Problem] = []
    for obj, file in objects:
        if not _is_argocd(obj):
            continue
        try:
            kept.append((as_json(obj), file))
        except (TemplateError, UnresolvableError, RecursionError) as error:
            told = str(error) or "the object is nested too deeply"
            problems.append(_problem(ProblemKind.NOT_RESOLVABLE, obj, file, told))
    known = _addresses(kept, files, given)
    expanded = [_expanded(obj, file, files, given, known) for obj, file in kept]
    applications = tuple(app for one in expanded for app in one.applications)
    problems += [problem for one in expanded for problem in one.problems]
    problems += _path_problems(applications, files, known)
    return Generated(applications=applications, problems=tuple(problems))


def _is_argocd(obj: Object) -> bool:
    version = obj.get("apiVersion")
    is_known = version is None or str(version).startswith("argoproj.io/")
    return is_known and obj.get("kind") in {"Application", "ApplicationSet"}


def _addresses(
    objects: Iterable[tuple[Object, str]], files: RepositoryFiles, given: Given
) -> Addresses:
    if given.answers_every_url:
        return Addresses(own=frozenset(), is_every=True)
    return addresses(given.own_urls, [obj for obj, _ in objects], files)


def _expanded(
    obj: Object, file: str, files: RepositoryFiles, given: Given, known: Addresses
) -> ExpandedSet:
    if obj["kind"] == "ApplicationSet":
        return expand_set(obj, file, files, given, known)
    if not isinstance(obj.get("metadata"), dict):
        problem = _problem(ProblemKind.TEMPLATE_ERROR, obj, file, "metadata is no mapping")
        return ExpandedSet(applications=(), problems=(problem,))
    made = GeneratedApplication(
        object=as_numbers(obj), origin=file, sources=sources_of(obj.get("spec"))
    )
    return ExpandedSet(applications=(made,), problems=())


def _problem(kind: ProblemKind, obj: Object, file: str, text: str) -> Problem:
    return Problem(kind=kind, owner=ObjectRef.of(obj), file=file, text=text)


def _path_problems(
    applications: Sequence[GeneratedApplication], files: RepositoryFiles, known: Addresses
) -> Iterator[Problem]:
    for app in applications:
        for source in app.sources:
            text = path_fault(source, files) if known.has(source.repo_url) else ""
            if not text or "{{" in source.path or "<no value>" in source.path:
                continue
            kind = ProblemKind.PATH_NOT_DIRECTORY
            if not (known.is_every or is_usual(source.revision)):
                kind = ProblemKind.NOT_RESOLVABLE
                text += f", revision {source.revision} may have it"
            problem = _problem(kind, app.object, app.origin, text)
            yield _owned(replace(problem, field="spec.source.path", path=source.folder), app)


def _owned(problem: Problem, app: GeneratedApplication) -> Problem:
    """Returns the problem as one of the ApplicationSet where a set makes the Application."""
    if not app.set_name:
        return problem
    owner = ObjectRef("ApplicationSet", problem.owner.namespace, app.set_name)
    return replace(problem, owner=owner, application=app.name)
