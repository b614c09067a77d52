"""Watches a cluster that the harness did not make, until there is a word to say about it.

Ends when a cause is certain, when everything was read and stays ready, or when the time is over.
"""

from __future__ import annotations

from dataclasses import replace

from harness.diagnosis.ending import may_end
from harness.diagnosis.facts import Facts
from harness.examine.outcome import half_read, late, proven
from harness.examine.question import Question
from harness.io.clock import Clock, SystemClock
from harness.io.kube import Kube, KubeError
from harness.model.declared import declared_objects, expected_applications
from harness.model.errors import UsageError
from harness.model.finding import Diagnosis, Outcome
from harness.model.repository import Declaration
from harness.model.timeline import Header
from harness.watch.observer import Diagnosing, Observer

LOOK_SECONDS = 0.5
STABLE_SECONDS = 3.0


def examine_live(question: Question, *, clock: Clock | None = None) -> Diagnosis:
    """Watches a cluster until a cause is certain, all is ready, or the time is over.

    Raises:
        UsageError: The kubeconfig cannot be read, or its cluster does not answer.
    """
    clock = clock or SystemClock()
    repository = question.read_repository()
    kube = _connected(question)
    declaration = repository.declaration if repository else None
    header = _header(question, declaration, clock.now().timestamp())
    with Observer(kube, header, clock=clock, watch=_watched(question, header)) as observer:
        found = observed(observer, question, clock)
    found = replace(found, notes=(*found.notes, *_refusals(observer)))
    return repository.placed(found) if repository else found


def observed(observer: Diagnosing, question: Question, clock: Clock) -> Diagnosis:
    """Looks until the diagnosis is final or the time is over; returns the last one.

    Nothing is final before the diagnosis knows everything that was listed.
    """
    end = clock.monotonic() + question.seconds
    healthy_since: float | None = None
    while True:
        clock.sleep(LOOK_SECONDS)
        found, facts = observer.diagnosis()
        unread, now = observer.unread(facts), clock.monotonic()
        if not unread:
            found = proven(found, facts)
            if _final(found, facts, question):
                return found
            healthy = found.outcome is Outcome.HEALTHY
            healthy_since = (healthy_since or now) if healthy else None
            if healthy_since is not None and now - healthy_since >= STABLE_SECONDS:
                return found
        if now >= end:
            return half_read(found, unread, question.seconds) if unread else late(found)


def _final(found: Diagnosis, facts: Facts, question: Question) -> bool:
    if not found.findings:
        return False
    first = min(f.decided_at for f in found.findings)
    return may_end(found, facts, first_root_at=first, keep_going=question.keep_going)


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


def _header(question: Question, declaration: Declaration | None, now: float) -> Header:
    if declaration is None:
        return Header(started=now, namespaces=question.namespaces)
    return Header(
        started=now,
        environment=declaration.environment,
        namespaces=question.namespaces or declaration.namespaces,
        declared=declared_objects(declaration),
        expected_applications=expected_applications(declaration),
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
