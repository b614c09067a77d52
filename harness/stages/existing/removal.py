"""What follows a run on an existing cluster: what it made is removed, or stays on purpose.

After a run: everything of its id. Later (`harness down --context`): what runs of this machine left
that no process owns, what was kept, and a run that is named; what belongs to others is left alone
and said. The copy of the kubeconfig never outlives the run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.cluster.runs import RunFolder, all_runs
from harness.io.clock import Clock
from harness.io.kube import Kube, KubeError
from harness.stages.context import Context
from harness.stages.existing.clearing import Cleared, clear, found_of
from harness.stages.existing.connection import KUBECONFIG, SERVER
from harness.stages.existing.making import remembered
from harness.stages.existing.request import RUN_LABEL, ExistingCluster

Say = Callable[[str], None]
FOLDER = "existing"
"""Beside the folder of the runs: what looks for kept kind clusters must not find these."""


def runs_of(runs: Path) -> Path:
    """Returns the folder that holds the folders of the runs on existing clusters."""
    return runs.parent / FOLDER


def remove_made(context: Context, asked: ExistingCluster, say: Say) -> list[str]:
    """Removes what the run made, unless it is to be kept; returns what is left."""
    folder, made = context.folder, remembered(context.folder.path)
    if not made or not context.kube.known:
        folder.remove()
        return []
    if context.options.keep:
        (folder.path / KUBECONFIG).unlink(missing_ok=True)
        folder.update(kept=True)
        context.run.notes.append(
            f"what was made is kept; harness down --context {asked.context} removes it"
        )
        return []
    say(f"removing what run {context.run_id} made")
    try:
        done = clear(context.kube.get(), context.run_id, made, clock=context.clock, say=say)
    except KubeError as error:
        done = Cleared(left=(str(error),))
    if done.left:
        (folder.path / KUBECONFIG).unlink(missing_ok=True)
        say(f"harness down --context {asked.context} tries again")
    else:
        folder.remove()
    return list(done.left)


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """What `harness down --context` did."""

    removed: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    """What was to be removed and is still there."""
    others: tuple[str, ...] = ()
    """Ids of runs that live, or that this machine does not know."""


def remove_left_in(
    kube: Kube, runs: Path, *, server: str, run_id: str, clock: Clock, say: Say
) -> Removed:
    """Removes what runs left in a cluster.

    Args:
        kube: The cluster.
        runs: Folder that holds the folders of all runs.
        server: Its address: runs on other clusters are passed over.
        run_id: Also this run, although this machine does not know it; empty for none.
        clock: Times the waits.
        say: Is told what goes on.

    Raises:
        KubeError: The API server does not say what it holds.
    """
    folders = {f.state.run_id: f for f in all_runs(runs_of(runs)) if server_of(f) == server}
    ended = {id_ for id_, folder in folders.items() if folder.acquire()}
    present = {each.labels.get(RUN_LABEL, "") for each in found_of(kube, "")}
    ours = ended | ({run_id} - {""} - set(folders))
    removed: list[str] = []
    left: list[str] = []
    for id_ in sorted(ours, key=lambda each: (_made_definitions(folders.get(each)), each)):
        folder = folders.get(id_)
        done = clear(kube, id_, remembered(folder.path) if folder else (), clock=clock, say=say)
        removed += done.removed
        left += done.left
        if folder is not None and not done.left:
            folder.remove()
    for folder in folders.values():
        folder.release()
    others = tuple(sorted(present - ours))
    return Removed(removed=tuple(removed), left=tuple(left), others=others)


def _made_definitions(folder: RunFolder | None) -> bool:
    """Tells whether a run installed Argo CD: what other runs made with it goes first."""
    made = remembered(folder.path) if folder else ()
    return any("/customresourcedefinitions/" in path for path in made)


def server_of(folder: RunFolder) -> str:
    """Returns the address of the cluster that a run was on; empty where it never connected."""
    try:
        return (folder.path / SERVER).read_text(encoding="utf-8")
    except OSError:
        return ""


def forget_ended(runs: Path) -> None:
    """Removes what killed runs left on this machine; the notes of what they made elsewhere stay."""
    for folder in all_runs(runs_of(runs)):
        if not folder.acquire():
            continue
        if remembered(folder.path):
            (folder.path / KUBECONFIG).unlink(missing_ok=True)
            folder.release()
        else:
            folder.remove()
