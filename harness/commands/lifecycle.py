"""`harness down`: removes the clusters that were kept and whatever killed runs left.

With `--context` it removes from a cluster of somebody else what runs made there, and nothing more.
"""

from __future__ import annotations

import json
from typing import Annotated

import typer

from harness.cluster.cleanup import remove_left_behind
from harness.commands.e2e import runs_folder, sessions_folder
from harness.commands.existing_options import CONFIRM, CONTEXT, KUBECONFIG
from harness.io.docker import DockerDaemon


def register(app: typer.Typer) -> None:
    """Adds the command to the application."""
    app.command("down")(down)


def down(
    *,
    context: CONTEXT = "",
    kubeconfig: KUBECONFIG = None,
    confirm: CONFIRM = "",
    run: Annotated[
        str, typer.Option("--run", metavar="ID", help="Existing: also this run of another machine.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Remove kept clusters and what killed runs left; running ones are left alone."""
    if context or kubeconfig or confirm or run:
        from harness.commands.existing_down import Wanted, down_existing  # noqa: PLC0415

        wanted = Wanted(context=context, kubeconfig=kubeconfig, confirm=confirm, run=run)
        raise typer.Exit(down_existing(wanted, runs_folder(), as_json=as_json))
    docker, folders = DockerDaemon.connect(), (runs_folder(), sessions_folder())
    removed = [i for f in folders for i in remove_left_behind(docker, f, kept_too=True)]
    if as_json:
        typer.echo(json.dumps({"removed": removed}))
        return
    for item in removed:
        typer.echo(f"removed {item}")
    if not removed:
        typer.echo("nothing of ours was left")
