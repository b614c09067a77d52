"""Stage "sync" on an existing cluster: the Applications are there, at the commit of the checkout.

Nothing is published: the cluster's Argo CD reads the real repository. Which commit each Application
should be at is said by the user's checkout (`targetRevision`, else its HEAD). What no waiting mends
ends the wait: a commit that was not pushed, an Application that nobody syncs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from harness.drift.terms import Wanted, WantedOf
from harness.health.applications import find_application, judge_application
from harness.io.process import Runner
from harness.model.declared import declared_objects, expected_applications
from harness.model.errors import EngineError
from harness.model.repository import Declaration, ExpectedApplication, RenderedApplication
from harness.model.run import ApplicationStatus
from harness.model.secret import redact
from harness.model.timeline import Header
from harness.stages.context import Context
from harness.stages.existing.argocd import applications
from harness.stages.existing.place import ArgoCd, Place
from harness.stages.existing.request import ExistingCluster
from harness.stages.stage import Voice
from harness.stages.verdict import verdict_error, with_verdict
from harness.watch.observer import Observer
from harness.watch.settle import Settled, Standing, settle
from harness.watch.view import ClusterView

Object = dict[str, Any]
GIT_SECONDS = 30.0
SYSTEM = ("kube-system", "local-path-storage")
OWN_SERVER, OWN_NAME = "https://kubernetes.default.svc", "in-cluster"
NO_APPLICATION = "not judged: Applications, because the repository declares none"
UNLISTED = "not judged: Applications, because this user may not list them"


def sync(context: Context, voice: Voice, asked: ExistingCluster, place: Place) -> str:
    """Waits until the environment's Applications are synced at the commit of the checkout.

    Raises:
        EngineError: Nothing of the environment is deployed here, or an Application is not synced.
        RootCauseError: The cause is known.
    """
    declaration, found = context.declaration.get(), place.engine.get()
    wanted, notes = asked.commits(context.options.repository, context.runner)
    context.run.notes += notes
    place.wanted.put(wanted)
    if declaration.generated_bootstrap:
        return _skipped(context, found, NO_APPLICATION)
    live = applications(context.kube.get(), found.namespace)
    if live is None:
        return _skipped(context, found, UNLISTED)
    if not _any(declaration, live) and not asked.apply:
        raise _not_deployed(context, asked, found)
    watching = observe(context, found)
    judge = Judgement(context, wanted, pushed=is_pushed(context))
    ended = settle(
        watching.view,
        with_verdict(judge, context, watching),
        clock=context.clock,
        deadline_seconds=context.settings.deadlines.sync,
        on_change=lambda s: voice.say(s.line),
        cancelled=context.stopped,
    )
    context.run.applications = judge.statuses(watching.view)
    context.run.notes += [f"{name}: {note}" for name, note in judge.notes.items()]
    _check(context, ended)
    _leave_out_others(context, watching.view.all("Application"))
    count = len(context.run.applications)
    revisions = sorted({a.revision[:8] for a in context.run.applications if a.revision})
    context.run.facts["revision"] = ", ".join(revisions)
    return f"{count} Applications synced at {', '.join(revisions) or 'no commit'}"


def _check(context: Context, ended: Settled) -> None:
    if ended.standing.failed and context.run.diagnosis and context.run.diagnosis.findings:
        raise verdict_error(context.run.diagnosis)
    if not ended.ok:
        limit = context.settings.deadlines.sync
        raise EngineError(
            attempted="Waiting for",
            subject=f"the Applications of {context.options.environment}",
            seen=ended.standing.failed or ended.standing.line,
            expected=f"all synced at the commit of this checkout within {limit:.0f} s",
            next_step="harness drift, with the same --context, says what differs",
        )


def _skipped(context: Context, found: ArgoCd, note: str) -> str:
    observe(context, found)
    context.run.notes.append(note)
    return note


def _any(declaration: Declaration, live: Sequence[Object]) -> bool:
    return any(find_application(a.application, live) for a in declaration.applications)


def _not_deployed(context: Context, asked: ExistingCluster, found: ArgoCd) -> EngineError:
    names = [a.application.name for a in context.declaration.get().applications]
    return EngineError(
        attempted=f"Looking in {asked.context} for",
        subject=f"the Applications of {context.options.environment}",
        seen=f"not deployed here: {found.namespace} holds none of {', '.join(names[:5])}",
        expected="the Applications that the repository declares",
        next_step="apply the bootstrap as you do, or --apply for the time of the run",
    )


def observe(context: Context, found: ArgoCd) -> Observer:
    """Returns the run's observer, which watches the environment's namespaces and the system's."""
    if not context.observer.known:
        declaration = context.declaration.get()
        header = Header(
            started=context.clock.now().timestamp(),
            environment=declaration.environment,
            namespaces=declaration.namespaces,
            engine_namespace=found.namespace,
            declared=declared_objects(declaration),
            expected_applications=expected_applications(declaration),
        )
        made = Observer(
            context.kube.get(),
            header,
            clock=context.clock,
            watch=(*declaration.namespaces, *SYSTEM, found.namespace),
            mask=lambda text: redact(text, context.secrets),
        )
        context.observer.put(made)
        made.__enter__()
    return context.observer.get()


Pushed = Callable[[str], bool]
"""Tells whether a remote has a commit, as far as the checkout knows."""


def is_pushed(context: Context) -> Pushed:
    """Returns what asks the checkout whether a commit is on a remote; true where nobody knows."""
    root, runner = str(context.options.repository), context.runner

    def ask(commit: str) -> bool:
        remotes = _git(runner, root, "remote")
        return not remotes or bool(_git(runner, root, "branch", "-r", "--contains", commit))

    return ask


def _git(runner: Runner, root: str, *arguments: str) -> str:
    done = runner.run(["git", "-C", root, *arguments], deadline_seconds=GIT_SECONDS)
    return done.stdout.strip() if done.ok else ""


@dataclass(slots=True)
class Judgement:
    """Judges the Applications of an environment, each against the commit it should be at."""

    context: Context
    wanted_of: WantedOf
    pushed: Pushed
    notes: dict[str, str] = field(default_factory=dict)
    _wanted: dict[tuple[str, str], Wanted] = field(default_factory=dict)
    _is_pushed: dict[str, bool] = field(default_factory=dict)

    def __call__(self, view: ClusterView) -> Standing:
        """Returns how they stand; failed where no waiting helps."""
        statuses = self.statuses(view)
        waiting = [s for s in statuses if not s.passed]
        line = f"{len(statuses) - len(waiting)} of {len(statuses)} Applications synced"
        if waiting:
            line += f": {waiting[0].name}: {waiting[0].message}"
        stuck = next((s for s in map(self._hopeless, waiting, [view] * len(waiting)) if s), "")
        return Standing(reached=bool(statuses) and not waiting, line=line, failed=stuck)

    def statuses(self, view: ClusterView) -> list[ApplicationStatus]:
        """Returns every expected Application as it stands now."""
        live = view.all("Application")
        return [self._status(each, live) for each in self._expected()]

    def _expected(self) -> tuple[RenderedApplication, ...]:
        return self.context.declaration.get().applications

    def _status(self, each: RenderedApplication, live: Sequence[Object]) -> ApplicationStatus:
        expected, app = each.application, find_application(each.application, live)
        synced = _revision(app)
        wanted = self._want(expected, synced)
        target = wanted.revision if wanted.behind else synced
        found = judge_application(expected, app, revision=target, declared=len(each.objects))
        if wanted.note:
            self.notes[found.name] = wanted.note
        if not wanted.behind:
            return found
        return replace(found, message=f"runs {synced[:8]}, {wanted.behind} than {target[:8]}")

    def _want(self, expected: ExpectedApplication, synced: str) -> Wanted:
        key = (expected.name or expected.path, synced)
        if key not in self._wanted:
            self._wanted[key] = self.wanted_of(expected, synced)
        return self._wanted[key]

    def _hopeless(self, status: ApplicationStatus, view: ClusterView) -> str:
        app = next(
            (a for a in view.all("Application") if a["metadata"]["name"] == status.name), None
        )
        if app is None:
            return ""
        wanted = self._wanted.get((status.name, _revision(app)), Wanted())
        if wanted.behind and not self._on_remote(wanted.revision):
            return (
                f"{status.name} {status.message}, and no remote of this checkout has "
                f"{wanted.revision[:8]}: it is not pushed"
            )
        if nobody_syncs(app):
            return f"{status.name} is {status.message}, and Argo CD does not sync it by itself"
        return ""

    def _on_remote(self, commit: str) -> bool:
        if commit not in self._is_pushed:
            self._is_pushed[commit] = self.pushed(commit)
        return self._is_pushed[commit]


def _revision(app: Mapping[str, Any] | None) -> str:
    sync = ((app or {}).get("status") or {}).get("sync") or {}
    revisions = sync.get("revisions") or []
    return str(sync.get("revision") or (revisions[0] if revisions else ""))


def nobody_syncs(app: Object) -> bool:
    """Tells whether an Application that is out of sync stays so: no automation will sync it.

    With `automated` but without `selfHeal` Argo CD syncs a commit once only (argo-cd
    `controller/appcontroller.go`: autoSync).
    """
    status = app.get("status") or {}
    sync, state = status.get("sync") or {}, status.get("operationState") or {}
    if sync.get("status") != "OutOfSync" or app.get("operation") or state.get("phase") == "Running":
        return False
    automated = ((app.get("spec") or {}).get("syncPolicy") or {}).get("automated")
    if automated is None or automated.get("enabled") is False:
        return True
    done = (state.get("syncResult") or {}).get("revision")
    return not automated.get("selfHeal") and bool(done) and done == sync.get("revision")


def _leave_out_others(context: Context, live: Sequence[Object]) -> None:
    """Takes Applications that deploy to another cluster out of what is judged here."""
    declaration = context.declaration.get()
    away = [
        a for a in declaration.applications if not _is_here(find_application(a.application, live))
    ]
    if not away:
        return
    kept = tuple(a for a in declaration.applications if a not in away)
    context.declaration.put(replace(declaration, applications=kept))
    context.run.notes += [
        f"not judged: the workloads of {a.application.name}, which deploys to another cluster"
        for a in away
    ]


def _is_here(app: Mapping[str, Any] | None) -> bool:
    destination = ((app or {}).get("spec") or {}).get("destination") or {}
    server, name = destination.get("server"), destination.get("name")
    return (not server and not name) or server == OWN_SERVER or name == OWN_NAME
