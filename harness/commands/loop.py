"""`harness loop`: keeps one cluster and gives a verdict for every save of the tree.

Here are only the options; the loop is `harness.loop`.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.commands.e2e import (
    BundleOption,
    Env,
    KindConfig,
    Output,
    Repo,
    Withhold,
    run_options,
    runs_folder,
)

if TYPE_CHECKING:
    from harness.loop.events import Wishes
    from harness.stages.context import RunOptions


def register(app: typer.Typer) -> None:
    """Adds the command to the application."""
    app.command("loop")(loop)


def loop(
    *,
    repo: Repo = Path(),
    env: Env = "dev",
    output: Output = None,
    bundle: BundleOption = "auto",
    kind_config: KindConfig = None,
    withhold: Withhold = None,
    once_green: Annotated[
        bool, typer.Option("--once-green", help="End with 0 at the first green verdict.")
    ] = False,
    down: Annotated[
        bool, typer.Option("--down", help="Remove the cluster at the end; else it is kept.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per verdict and nothing else.")
    ] = False,
) -> None:
    """Deploy the working tree at every save, on one cluster, and say at once what is wrong."""
    from harness.loop.events import Wishes  # noqa: PLC0415 -- slow to import

    options = run_options(
        repo,
        env,
        output=output,
        keep=True,
        bundle=bundle,
        kind_config=kind_config,
        withhold=withhold or (),
    )
    code = start(options, Wishes(once_green=once_green, down=down), as_json=as_json)
    raise typer.Exit(code)


def start(options: RunOptions, wishes: Wishes, *, as_json: bool) -> int:
    """Runs a loop with the real world's handles; returns the exit code of its last verdict."""
    from harness.compose import new_context  # noqa: PLC0415 -- slow to import
    from harness.io.clock import SystemClock  # noqa: PLC0415
    from harness.io.process import ProcessRunner  # noqa: PLC0415
    from harness.loop.keys import key_reader  # noqa: PLC0415
    from harness.loop.run import Loop  # noqa: PLC0415
    from harness.loop.screen import choose_loop_screen  # noqa: PLC0415

    clock = SystemClock()
    command = shlex.join(["harness", *sys.argv[1:]])
    context = new_context(options, ProcessRunner(), clock, runs_folder(), command=command)
    screen = choose_loop_screen(
        sys.stdout,
        os.environ,
        as_json=as_json,
        root=options.repository,
        secrets=context.secrets,
        clock=clock,
    )
    running = Loop(context=context, screen=screen, wishes=wishes)
    with key_reader(running.key):
        return running.run()
