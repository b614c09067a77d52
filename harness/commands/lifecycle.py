"""`harness down`: removes the clusters that were kept and whatever killed runs left."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from harness.cluster.cleanup import remove_left_behind
from harness.commands.e2e import runs_folder
from harness.io.docker import DockerDaemon


def register(app: typer.Typer) -> None:
    """Adds the command to the application."""
    app.command("down")(down)


def down(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Remove kept clusters and what killed runs left; running ones are left alone."""
    removed = remove_left_behind(DockerDaemon.connect(), runs_folder(), kept_too=True)
    if as_json:
        typer.echo(json.dumps({"removed": removed}))
        return
    for item in removed:
        typer.echo(f"removed {item}")
    if not removed:
        typer.echo("nothing of ours was left")
