"""Wires a run: real handles, the stages in their order, and what follows them.

What follows the stages is `harness.aftermath`'s. The first error of the run wins; trouble while
cleaning up is a note and never hides it.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from harness.aftermath import conclude
from harness.cluster.kind_config import read_user_config
from harness.cluster.runs import RunFolder, kept_run
from harness.config import Settings, load_settings
from harness.io.clock import Clock
from harness.io.process import ProcessRunner
from harness.model.errors import UsageError
from harness.model.run import RunRecord
from harness.pipeline import run_stages
from harness.repo.discovery import find_environment
from harness.report.screen import Screen
from harness.stages.adaptation import adaptation
from harness.stages.audit import audit
from harness.stages.bundle import bundle
from harness.stages.cluster import cluster
from harness.stages.context import Context, RunOptions
from harness.stages.doctor import doctor
from harness.stages.drift import drift
from harness.stages.engine import engine, install_engine
from harness.stages.existing.plan import existing_stages
from harness.stages.existing.removal import forget_ended, runs_of
from harness.stages.images import deliver_bundle, images
from harness.stages.names import Names, names
from harness.stages.prove import prove
from harness.stages.ready import ready
from harness.stages.secrets import secrets as make_secrets
from harness.stages.source import source
from harness.stages.stage import Stage
from harness.stages.sync import sync


@dataclass(frozen=True, slots=True, kw_only=True)
class Handles:
    """The world a run acts on."""

    runner: ProcessRunner
    clock: Clock
    screen: Screen
    runs: Path
    """Folder that holds the folders of all runs."""


def stages_of(
    context: Context, up_to: str = "drift", *, shared: Names | None = None
) -> tuple[Stage, ...]:
    """Returns the stages of a run in their order, up to and including `up_to`.

    Args:
        context: What the stages share.
        up_to: Name of the last stage.
        shared: What the stages know of the names; for whoever needs it afterwards.
    """
    if context.options.existing is not None:
        return existing_stages(context, context.options.existing)
    shared = Names() if shared is None else shared
    plan = (
        ("doctor", "Doctor", (), lambda v: doctor(context, v)),
        ("bundle", "Bundle", ("doctor",), lambda v: bundle(context, v)),
        ("audit", "Audit", ("bundle",), lambda v: audit(context, v)),
        ("names", "Names", ("audit",), lambda v: names(context, v, shared)),
        ("cluster", "Cluster", ("names",), lambda v: cluster(context, v, shared.git_hosts)),
        ("supply", "Supply", ("names",), lambda v: deliver_bundle(context, v, shared)),
        ("images", "Images", ("names",), lambda v: images(context, v, shared)),
        ("source", "Source", ("names",), lambda v: source(context, v)),
        ("secrets", "Secrets", ("cluster",), lambda v: make_secrets(context, v, shared.login)),
        (
            "adaptation",
            "Adaptation",
            ("cluster", "supply"),
            lambda v: adaptation(context, v),
        ),
        (
            "install",
            "Install Argo CD",
            ("cluster", "supply"),
            lambda v: install_engine(context, v, shared.git_certificates),
        ),
        ("engine", "Argo CD", ("install",), lambda v: engine(context, v)),
        (
            "sync",
            "Sync",
            ("install", "source", "secrets", "images", "adaptation"),
            lambda v: sync(context, v),
        ),
        ("ready", "Ready", ("sync", "engine"), lambda v: ready(context, v)),
        ("prove", "Prove", ("ready",), lambda v: prove(context, v)),
        ("drift", "Drift", ("prove",), lambda v: drift(context, v)),
    )  # fmt: skip
    wanted = [name for name, *_ in plan]
    last = wanted.index(up_to) + 1
    return tuple(
        Stage(name=name, title=title, after=after, action=action)
        for name, title, after, action in plan[:last]
    )


def run(options: RunOptions, handles: Handles, *, command: str, up_to: str = "drift") -> RunRecord:
    """Runs everything and returns the record; its error, if any, is in it.

    Raises:
        UsageError: The repository, `harness.toml` or the environment is wrong; nothing was made.
        RepositoryError: The tree holds nothing that looks like a GitOps repository.
    """
    context = new_context(options, handles.runner, handles.clock, handles.runs, command=command)
    record = context.run
    reports: Sequence[Path] = ()
    with _interruptible(context):
        handles.screen.begin(record, context.secrets)
        try:
            run_stages(
                stages_of(context, up_to),
                record,
                listener=handles.screen,
                clock=handles.clock,
                cancelled=context.cancelled,
                on_stop=lambda: _stop(context),
            )
            reports = conclude(context, handles.screen)
        finally:
            handles.screen.finish(record, reports)
    return record


def new_context(
    options: RunOptions, runner: ProcessRunner, clock: Clock, runs: Path, *, command: str
) -> Context:
    """Returns the context of a run, with the folder of the kept one where there is one.

    Raises:
        UsageError: The repository, `harness.toml` or the environment is wrong; nothing was made.
        RepositoryError: The tree holds nothing that looks like a GitOps repository.
    """
    settings = check_input(options)
    folder, reused = _folder(options, runs, clock)
    record = RunRecord(
        run_id=folder.state.run_id,
        environment=options.environment,
        repository=str(options.repository),
        command=command,
        started_at=clock.now().isoformat(timespec="seconds"),
    )
    return Context(
        options=options,
        settings=settings,
        folder=folder,
        run=record,
        runner=runner,
        clock=clock,
        cancelled=threading.Event(),
        reused=reused,
    )


def check_input(options: RunOptions) -> Settings:
    """Returns the settings after everything that can be checked without tools was checked.

    Raises:
        UsageError: The path is no folder, `harness.toml` is wrong, the environment unknown.
        RepositoryError: The tree holds nothing that looks like a GitOps repository.
    """
    root = options.repository
    if not root.is_dir():
        raise UsageError(
            attempted="Opening the repository",
            subject=str(root),
            seen="there is no such folder" if not root.exists() else "it is a file",
            expected="the folder of a GitOps repository",
            next_step="--repo PATH",
        )
    settings = load_settings(root)
    if options.kind_config is not None:
        read_user_config(options.kind_config)
    find_environment(root, options.environment, settings)
    return settings


def _folder(options: RunOptions, runs: Path, clock: Clock) -> tuple[RunFolder, bool]:
    if options.existing is not None:
        forget_ended(runs)
        runs = runs_of(runs)
    elif options.keep:
        found = kept_run(runs, repository=options.repository, environment=options.environment)
        if found is not None:
            return found, True
    created = clock.now().isoformat(timespec="seconds")
    folder = RunFolder.create(
        runs,
        repository=options.repository,
        environment=options.environment,
        created=created,
    )
    return folder, False


@contextlib.contextmanager
def _interruptible(context: Context) -> Iterator[None]:
    def stop(number: int, _frame: FrameType | None) -> None:
        context.run.interrupted = "Ctrl-C" if number == signal.SIGINT else "SIGTERM"
        context.cancelled.set()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(context: Context) -> None:
    context.stopped.set()
    context.runner.cancel()
