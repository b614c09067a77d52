"""Asks the question: renders the repository, finds the cluster, compares."""

from __future__ import annotations

import difflib
import secrets
from dataclasses import replace
from pathlib import Path

from harness.comparison.commits import of_checkout, of_run
from harness.comparison.digests import digests
from harness.comparison.place import Place, find_place
from harness.comparison.question import DriftQuestion
from harness.config import load_settings
from harness.drift.compare import compare
from harness.drift.terms import Terms, WantedOf
from harness.io.kube import KubeError
from harness.io.process import ProcessRunner, Runner
from harness.model.drift import Gap
from harness.model.errors import ClusterError, UsageError
from harness.model.repository import Declaration
from harness.repo.declaration import Tools, declare
from harness.repo.kustomize_program import find_kustomize
from harness.stages.drift import SALT_BYTES, conceal, locator


def ask(question: DriftQuestion) -> Gap:
    """Returns the gap between what a repository declares and what runs.

    Raises:
        UsageError: An option names nothing, or there is no cluster to look at.
        RepositoryError: The repository cannot be rendered.
        ClusterError: The API server refuses to be asked.
    """
    runner = ProcessRunner()
    declaration = declared(question, runner)
    _check(question, declaration)
    place = find_place(question)
    wanted, notes = _wanted(question, place, runner)
    known = digests(declaration.images, place.run)
    terms = Terms(
        conceal=conceal,
        salt=secrets.token_bytes(SALT_BYTES),
        wanted=wanted,
        locate=locator(declaration),
        images=known.known,
        namespaces=question.namespaces,
        application=question.application,
    )
    try:
        gap = compare(place.kube, declaration, terms)
    except KubeError as error:
        raise _refused(error) from error
    _was_judged(gap)
    return replace(gap, notes=(*gap.notes, *notes, *known.notes))


def declared(question: DriftQuestion, runner: Runner) -> Declaration:
    """Returns what the repository declares.

    Raises:
        UsageError: The folder or the environment does not exist, or kustomize is nowhere.
        RepositoryError: Something does not render.
    """
    root = question.repository
    if not root.is_dir():
        raise UsageError(
            attempted="Opening the repository",
            subject=str(root),
            seen="it is a file" if root.exists() else "there is no such folder",
            expected="the folder of a GitOps repository",
            next_step="--repo PATH",
        )
    tools = Tools(kustomize=_kustomize(question.cache), runner=runner)
    return declare(root, question.environment, load_settings(root), tools)


def _kustomize(cache: Path) -> Path:
    found = find_kustomize(cache)
    if found is None:
        raise UsageError(
            attempted="Rendering the repository with",
            subject="kustomize",
            seen="it is neither on the PATH nor in the bundle cache",
            expected="the kustomize that Argo CD uses",
            next_step="harness bundle build",
        )
    return found


def _check(question: DriftQuestion, declaration: Declaration) -> None:
    apps = [a.application.name or a.application.path for a in declaration.applications]
    _known("--application", question.application, apps)
    for namespace in question.namespaces:
        _known("--namespace", namespace, declaration.namespaces)


def _known(option: str, given: str, names: list[str] | tuple[str, ...]) -> None:
    if not given or given in names:
        return
    near = difflib.get_close_matches(given, names, n=1, cutoff=0.4)
    raise UsageError(
        attempted="Choosing what to compare by",
        subject=f"{option} {given}",
        seen=f"this environment has: {', '.join(dict.fromkeys(names))}",
        expected="one of these names",
        next_step=f"{option} {(near or list(names))[0]}",
    )


def _wanted(
    question: DriftQuestion, place: Place, runner: Runner
) -> tuple[WantedOf, tuple[str, ...]]:
    if place.run is not None:
        return of_run(question.repository, place.run, runner), ()
    return of_checkout(question.repository, runner)


def _refused(error: KubeError) -> ClusterError:
    return ClusterError(
        attempted="Comparing with",
        subject="the cluster",
        seen=str(error),
        expected="an API server that says what it serves",
        next_step="kubectl --kubeconfig ... get --raw /apis",
    )


def _was_judged(gap: Gap) -> None:
    if gap.not_judged and len(gap.not_judged) == gap.declared:
        raise ClusterError(
            attempted="Reading",
            subject=f"the {gap.declared} declared objects",
            seen=gap.not_judged[0].reason,
            expected="the right to get them",
            next_step="kubectl --kubeconfig ... auth can-i --list --namespace "
            + gap.not_judged[0].object.namespace,
        )
