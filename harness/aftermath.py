"""What follows the stages of a run, always and in this order.

Evidence if something failed, reports, the archive, clean-up unless the cluster is to be kept, and
the reports once more with what clean-up found. Trouble here is a note, never hides the error.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from harness.cluster.cleanup import belongings, remove_belongings
from harness.evidence.cassette import FILE_NAME as TIMELINE
from harness.evidence.cassette import write_cassette
from harness.evidence.collect import EvidenceFolder, collect_cluster, collect_containers
from harness.model.errors import HarnessError
from harness.report.excerpts import excerpts, reader
from harness.report.pod_history import pod_histories
from harness.report.screen import Screen
from harness.report.write import write_reports
from harness.stages.archive import keep_archive
from harness.stages.context import Context
from harness.stages.drift import conceal
from harness.stages.existing.removal import remove_made
from harness.watch.redacted import recordable


def conclude(context: Context, screen: Screen) -> Sequence[Path]:
    """Takes evidence, reports, cleans up, reports again; returns the files of the reports."""
    ended = context.clock.now().timestamp()
    context.runner.resume()
    record = context.run
    _measure(context)
    _timeline(context, ended)
    _illustrate(context)
    if not record.passed:
        collect_evidence(context)
    reports = _report(context, screen)
    keep_archive(context, screen.note)
    if context.options.existing is not None:
        asked = context.options.existing
        record.leftovers = remove_made(context, asked, screen.note)
    elif context.reused or (context.options.keep and context.kube.known):
        context.folder.update(kept=True)
        record.notes.append(
            f"the cluster is kept: KUBECONFIG={context.folder.path / 'kubeconfig'}; "
            "harness down removes it"
        )
    else:
        record.leftovers = clean_up(context, screen.note)
    context.folder.release()
    return _report(context, screen) or reports


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
    docker = context.docker.get()
    with ThreadPoolExecutor() as pool:  # Docker takes two seconds for each
        used = list(pool.map(docker.memory_bytes, context.nodes))
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
        ours = [i.name for i in docker.ours() if i.run_id == context.run_id]
        collect_containers(folder, docker, [n for n in ours if docker.is_running(n)], context.nodes)
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
