"""Stage "sync": every expected Application exists and is synced at the published revision."""

from __future__ import annotations

import contextlib
import threading

from harness.gitops.argocd import apply_bootstrap, refresh, refresh_failed
from harness.io.kube import KubeError
from harness.model.errors import EngineError
from harness.stages.context import Context
from harness.stages.observe import observer
from harness.stages.stage import Voice
from harness.stages.verdict import verdict_error, with_verdict
from harness.watch.readiness import application_statuses, sync_judgement
from harness.watch.settle import settle

REFRESH_SECONDS = 3.0


def sync(context: Context, voice: Voice) -> str:
    """Applies the repository's bootstrap and waits for its Applications at this revision."""
    declaration, kube, revision = (
        context.declaration.get(),
        context.kube.get(),
        context.revision.get(),
    )
    apply_bootstrap(kube, declaration.bootstrap)
    done = threading.Event()
    refresher = threading.Thread(target=_refresh_often, args=(context, done), daemon=True)
    watching = observer(context)
    refresher.start()
    ended = settle(
        watching.view,
        with_verdict(sync_judgement(declaration.applications, revision), context, watching),
        clock=context.clock,
        deadline_seconds=context.settings.deadlines.sync,
        on_change=lambda s: voice.say(s.line),
        cancelled=context.stopped,
    )
    done.set()
    context.run.applications = application_statuses(
        watching.view, declaration.applications, revision
    )
    if ended.standing.failed and context.run.diagnosis:
        raise verdict_error(context.run.diagnosis)
    if not ended.ok:
        raise EngineError(
            attempted="Syncing",
            subject=f"the Applications of {declaration.environment}",
            seen=ended.standing.line,
            expected=f"all synced at {revision[:8]} within {context.settings.deadlines.sync:.0f} s",
            next_step="read argocd/Application.json in the evidence folder",
        )
    return f"{len(context.run.applications)} Applications synced at {revision[:8]}"


def _refresh_often(context: Context, done: threading.Event) -> None:
    # What failed before its repository answered is otherwise tried again after minutes only.
    ask = refresh
    while not done.is_set():
        with contextlib.suppress(KubeError):
            ask(context.kube.get())
            ask = refresh_failed
        done.wait(REFRESH_SECONDS)
