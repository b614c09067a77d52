"""Wires a run: real handles, the stages in their order, and what follows them.

After the stages come, always and in this order: evidence if something failed, reports, clean-up
unless the cluster is to be kept, and the reports once more with what clean-up found. The first
error of the run wins; trouble while cleaning up is a note and never hides it.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType

from harness.cluster.cleanup import belongings, remove_belongings
from harness.cluster.kind_config import read_user_config
from harness.cluster.runs import RunFolder, kept_run
from harness.config import Settings, load_settings
from harness.evidence.cassette import FILE_NAME as TIMELINE
from harness.evidence.cassette import write_cassette
from harness.evidence.collect import EvidenceFolder, collect_cluster, collect_containers
from harness.io.clock import Clock
from harness.io.process import ProcessRunner
from harness.model.errors import HarnessError, UsageError
from harness.model.run import RunRecord
from harness.pipeline import run_stages
from harness.repo.discovery import find_environment
from harness.report.excerpts import excerpts, reader
from harness.report.pod_history import pod_histories
from harness.report.screen import Screen
from harness.report.write import write_reports
from harness.stages.adaptation import adaptation
from harness.stages.archive import keep_archive
from harness.stages.audit import audit
from harness.stages.bundle import bundle
from harness.stages.cluster import cluster
from harness.stages.context import Context, RunOptions
from harness.stages.doctor import doctor
from harness.stages.drift import conceal, drift
from harness.stages.engine import engine, install_engine
from harness.stages.existing.plan import existing_stages
from harness.stages.existing.removal import forget_ended, remove_made, runs_of
from harness.stages.images import deliver_bundle, images
from harness.stages.names import Names, names
from harness.stages.prove import prove
from harness.stages.ready import ready
from harness.stages.secrets import secrets as make_secrets
from harness.stages.source import source
from harness.stages.stage import Stage
from harness.stages.sync import sync
from harness.watch.redacted import recordable


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
            reports = _conclude(context, handles)
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


def _conclude(context: Context, handles: Handles) -> Sequence[Path]:
    """Evidence, reports, clean-up, reports again."""
    ended = handles.clock.now().timestamp()
    context.runner.resume()
    record = context.run
    _measure(context)
    _timeline(context, ended)
    _illustrate(context)
    if not record.passed:
        collect_evidence(context)
    reports = _report(context, handles.screen)
    keep_archive(context, handles.screen.note)
    if context.options.existing is not None:
        asked = context.options.existing
        record.leftovers = remove_made(context, asked, handles.screen.note)
    elif context.reused or (context.options.keep and context.kube.known):
        context.folder.update(kept=True)
        record.notes.append(
            f"the cluster is kept: KUBECONFIG={context.folder.path / 'kubeconfig'}; "
            "harness down removes it"
        )
    else:
        record.leftovers = clean_up(context, handles.screen.note)
    context.folder.release()
    return _report(context, handles.screen) or reports


def _report(context: Context, screen: Screen) -> Sequence[Path]:
    try:
        return write_reports(context.run, context.options.output, secrets=context.secrets)
    except HarnessError as error:  # a full disk must not keep us from cleaning up
        screen.note(error.paragraph())
        return ()


def _timeline(context: Context, ended: float) -> None:
    """Ends the watching and keeps what was seen; a full disk must not keep us from cleaning up."""
    if not context.observer.known:
        return
    watching = context.observer.get()
    watching.__exit__(None, None, None)
    recorded = watching.cassette()
    with contextlib.suppress(OSError):
        context.options.output.mkdir(parents=True, exist_ok=True)
        write_cassette(recorded, context.options.output / TIMELINE)
    try:
        began = ended - context.run.seconds
        context.run.pods = pod_histories(recorded, began=began, ended=ended)
    except Exception as error:  # a picture must not keep us from cleaning up
        context.run.notes.append(f"the history of the pods could not be read: {error!r}")


def _illustrate(context: Context) -> None:
    """Keeps the lines that findings name, as the tree has them now."""
    try:
        read = reader(context.options.repository)
        context.run.excerpts = excerpts(context.run, read, conceal)
    except Exception as error:  # lines to look at must not either
        context.run.notes.append(f"the lines of the findings could not be read: {error!r}")


def _measure(context: Context) -> None:
    if not (context.docker.known and context.kube.known):
        return
    docker, cluster = context.docker.get(), context.folder.state.cluster
    nodes = [name for name, of in docker.cluster_nodes().items() if of == cluster]
    with ThreadPoolExecutor() as pool:  # Docker takes two seconds for each
        used = list(pool.map(docker.memory_bytes, nodes))
    if any(used):
        more = f" in {len(used)} nodes" if len(used) > 1 else ""
        context.run.facts["node memory"] = f"{sum(used) / 2**30:.1f} GiB{more}"


def collect_evidence(context: Context) -> None:
    """Writes what the cluster, its containers and our own logs say to the output folder."""
    path = context.options.output / "evidence"
    shutil.rmtree(path, ignore_errors=True)
    folder = EvidenceFolder(path=path, secrets=context.secrets)
    timeline = context.options.output / TIMELINE
    if context.observer.known and timeline.is_file():
        path.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(timeline, path / TIMELINE)
    for name in ("kind.log", "kind.yaml", "haproxy.cfg"):
        found = context.folder.path / name
        if found.is_file():
            folder.write(f"run/{name}", found.read_text(encoding="utf-8", errors="replace"))
    for log in sorted(context.logs.iterdir()):
        folder.write(f"run/{log.name}", log.read_text(encoding="utf-8", errors="replace"))
    if context.kube.known:
        namespaces = ["argocd", "kube-system"]
        if context.declaration.known:
            namespaces += context.declaration.get().namespaces
        keep = partial(recordable, salt=secrets.token_bytes(16))
        collect_cluster(folder, context.kube.get(), namespaces, keep=keep)
    if context.docker.known:
        docker = context.docker.get()
        nodes = [n for n, c in docker.cluster_nodes().items() if c == context.folder.state.cluster]
        ours = [i.name for i in docker.ours() if i.run_id == context.run_id]
        collect_containers(folder, docker, [n for n in ours if docker.is_running(n)], nodes)
    folder.finish()
    context.run.evidence = str(path)
    for record in context.run.stages:  # the run's folder goes, its logs stay as evidence
        if record.error is not None and record.error.log:
            kept = path / "run" / Path(record.error.log).name
            record.error.log = str(kept) if kept.is_file() else ""


def clean_up(context: Context, note: Callable[[str], None]) -> list[str]:
    """Removes the run's cluster, containers, networks and folder; returns what is left."""
    if not context.docker.known:
        context.folder.remove()
        return []
    docker = context.docker.get()
    try:
        remove_belongings(docker, context.folder)
        left = [f"{i.kind} {i.name}" for i in belongings(docker, context.folder)]
    except (HarnessError, OSError, RuntimeError) as error:
        note(f"clean-up is not complete: {error}; harness down tries again")
        return [str(error)]
    if not left:
        context.folder.remove()
    return left
