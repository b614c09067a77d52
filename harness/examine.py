"""Examines a deployment that the harness did not make: live with a kubeconfig, or a recording.

Wires the observer or a recording to the diagnosis, with what the repository declares where one is
given. Changes nothing anywhere: it only lists, watches and reads logs.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from platformdirs import user_cache_path

from harness.bundle.manifest import read_bundle
from harness.config import load_settings
from harness.diagnosis.diagnose import Decisions, diagnose
from harness.diagnosis.ending import may_end
from harness.diagnosis.facts import Facts
from harness.diagnosis.fold import Fold, in_order
from harness.evidence.cassette import FILE_NAME, cassette_from_evidence, read_cassette
from harness.io.clock import Clock, SystemClock
from harness.io.kube import Kube, KubeError
from harness.io.process import ProcessRunner
from harness.model.errors import UsageError
from harness.model.finding import Diagnosis, Outcome
from harness.model.repository import Declaration
from harness.model.timeline import Cassette, Header
from harness.repo.declaration import Tools, declare
from harness.repo.places import Places
from harness.stages.observe import declared_objects
from harness.watch.observer import Observer

LOOK_SECONDS = 0.5
STABLE_SECONDS = 3.0
APPLICATION = "gitops-harness"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be examined."""

    kubeconfig: Path
    context: str = ""
    namespaces: tuple[str, ...] = ()
    repository: Path | None = None
    environment: str = "dev"
    seconds: float = 60.0
    keep_going: bool = False


def examine_live(question: Question, *, clock: Clock | None = None) -> Diagnosis:
    """Watches a cluster until a cause is certain, all is ready, or the time is over.

    Raises:
        UsageError: The kubeconfig cannot be read, or its cluster does not answer.
    """
    clock = clock or SystemClock()
    declaration = _declaration(question)
    kube = _connected(question)
    header = _header(question, declaration, clock.now().timestamp())
    with Observer(kube, header, clock=clock, watch=_watched(question, header)) as observer:
        found = _observed(observer, question, clock)
    found = replace(found, notes=(*found.notes, *_refusals(observer)))
    return Places(declaration).filled(found) if declaration else found


def _observed(observer: Observer, question: Question, clock: Clock) -> Diagnosis:
    """Looks until the diagnosis is final; the last one is returned."""
    end = clock.monotonic() + question.seconds
    healthy_since: float | None = None
    while True:
        clock.sleep(LOOK_SECONDS)
        found, facts = observer.diagnosis()
        now = clock.monotonic()
        if observer.view.complete:
            if _final(found, facts, question):
                return found
            healthy = found.outcome is Outcome.HEALTHY
            healthy_since = (healthy_since or now) if healthy else None
            if healthy_since is not None and now - healthy_since >= STABLE_SECONDS:
                return found
        if now >= end:
            return replace(found, outcome=_late(found.outcome))


def _final(found: Diagnosis, facts: Facts, question: Question) -> bool:
    if not found.findings:
        return False
    first = min(f.decided_at for f in found.findings)
    return may_end(found, facts, first_root_at=first, keep_going=question.keep_going)


def _late(outcome: Outcome) -> Outcome:
    return Outcome.STALLED if outcome is Outcome.PROGRESSING else outcome


def examine_recording(path: Path, question: Question) -> Diagnosis:
    """Judges an evidence folder or a timeline file at the moment of its last entry.

    Raises:
        UsageError: The file is damaged or of another version, or the folder holds no evidence.
    """
    notes: list[str] = []
    cassette = _recording(path, notes.append)
    declaration = _declaration(question)
    if declaration and not cassette.header.declared:
        header = replace(cassette.header, declared=declared_objects(declaration))
        cassette = replace(cassette, header=header)
    fold, decisions = Fold(cassette.header), Decisions()
    found: Diagnosis | None = None
    for entry in in_order(cassette.entries):
        fold.take(entry)
    found = decisions.stamped(diagnose(fold.facts()))
    found = replace(found, outcome=_late(found.outcome), notes=(*found.notes, *notes))
    return Places(declaration).filled(found) if declaration else found


def _recording(path: Path, note: Callable[[str], None]) -> Cassette:
    if not path.exists():
        raise UsageError(
            attempted="Reading the recording in",
            subject=str(path),
            seen="there is no such file or folder",
            expected=f"an evidence folder or a {FILE_NAME} that a run left",
            next_step="harness diagnose FOLDER",
        )
    if path.is_file():
        return read_cassette(path, note=note)
    return cassette_from_evidence(path, note=note)


def _connected(question: Question) -> Kube:
    try:
        kube = Kube(question.kubeconfig, question.context or None)
        kube.get("/version")
    except KubeError as error:
        raise _unreachable(question, str(error)) from error
    except Exception as error:  # the client raises what its YAML and its files raise
        raise _unreachable(question, f"{type(error).__name__}: {error}") from error
    return kube


def _unreachable(question: Question, seen: str) -> UsageError:
    context = f", context {question.context}" if question.context else ""
    return UsageError(
        attempted="Connecting to the cluster of",
        subject=f"{question.kubeconfig}{context}",
        seen=seen[:300],
        expected="a kubeconfig whose cluster answers",
        next_step="kubectl --kubeconfig ... get --raw /version",
    )


def _declaration(question: Question) -> Declaration | None:
    root = question.repository
    if root is None:
        return None
    kustomize = _kustomize()
    tools = Tools(kustomize=kustomize, runner=ProcessRunner())
    return declare(root, question.environment, load_settings(root), tools)


def _kustomize() -> Path:
    found = shutil.which("kustomize")
    if found:
        return Path(found)
    bundles = (user_cache_path(APPLICATION) / "bundles").glob("*/bundle.json")
    newest = sorted(bundles, key=lambda p: p.stat().st_mtime)
    if not newest:
        raise UsageError(
            attempted="Rendering the repository with",
            subject="kustomize",
            seen="it is neither on the PATH nor in the bundle cache",
            expected="the kustomize that Argo CD uses",
            next_step="harness bundle build, or leave out --repo",
        )
    return read_bundle(newest[-1]).tools["kustomize"].path


def _header(question: Question, declaration: Declaration | None, now: float) -> Header:
    if declaration is None:
        return Header(started=now, namespaces=question.namespaces)
    return Header(
        started=now,
        environment=declaration.environment,
        namespaces=question.namespaces or declaration.namespaces,
        declared=declared_objects(declaration),
        expected_applications=tuple(
            a.application.name for a in declaration.applications if a.application.name
        ),
    )


def _watched(question: Question, header: Header) -> tuple[str, ...]:
    """The namespaces to watch: those asked for and the system's; the whole cluster for none."""
    if not question.namespaces and not header.namespaces:
        return ()
    system = ("kube-system", "local-path-storage", header.engine_namespace)
    return (*header.namespaces, *system)


def _refusals(observer: Observer) -> tuple[str, ...]:
    refused = sorted({kind for kind, _ in observer.view.refused})
    if not refused:
        return ()
    return (f"not allowed to list {', '.join(refused)}: their absence was not judged",)
