"""`harness down --context NAME`: removes what runs made in a cluster of somebody else.

What belongs to a run that lives, or that this machine does not know, is left alone and named; a run
of another machine is removed when its id is given.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from harness.commands.existing_options import at_terminal, confirmed
from harness.io.clock import SystemClock
from harness.io.kube import KubeError
from harness.model.errors import ClusterError, ExitCode
from harness.stages.existing.connection import reached, refused
from harness.stages.existing.kubeconfig import Chosen
from harness.stages.existing.removal import Removed, remove_left_in

DOES = "removes what earlier runs of this machine made there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was said on the command line."""

    context: str
    kubeconfig: Path | None
    confirm: str
    run: str


def down_existing(wanted: Wanted, runs: Path, *, as_json: bool) -> ExitCode:
    """Removes what is ours and returns how the process ends.

    Raises:
        UsageError: The context does not exist or was not confirmed.
        ClusterError: The cluster does not answer, or something could not be removed.
    """
    chosen = confirmed(
        wanted.kubeconfig, wanted.context, DOES, given=wanted.confirm, ask=at_terminal()
    )
    found = _removed(chosen, runs, wanted.run)
    if as_json:
        typer.echo(json.dumps(asdict(found)))
    else:
        _show(found, chosen)
    if found.left:
        raise _left(found, chosen)
    return ExitCode.OK


def _removed(chosen: Chosen, runs: Path, run: str) -> Removed:
    with tempfile.TemporaryDirectory(prefix="gitops-harness-") as folder:
        path = Path(folder) / "kubeconfig"
        path.touch(0o600)
        path.write_text(chosen.text, encoding="utf-8")
        kube, _ = reached(path, chosen)
        try:
            return remove_left_in(
                kube,
                runs,
                server=chosen.server,
                run_id=run,
                clock=SystemClock(),
                say=lambda text: typer.echo(text, err=True),
            )
        except KubeError as error:
            raise refused(chosen, error) from error


def _show(found: Removed, chosen: Chosen) -> None:
    for item in found.removed:
        typer.echo(f"removed {item}")
    if not found.removed:
        typer.echo(f"nothing that this machine made was left in {chosen.context}")
    for other in found.others:
        typer.echo(
            f"left alone: run {other}, which lives or was started elsewhere; "
            f"harness down --context {chosen.context} --run {other} removes what is not in use"
        )


def _left(found: Removed, chosen: Chosen) -> ClusterError:
    return ClusterError(
        attempted=f"Removing from {chosen.context}",
        subject=", ".join(found.left[:5]),
        seen="it is still there after two minutes",
        expected="nothing with the label of the run",
        next_step="look at its finalizers, then run the same again",
    )
