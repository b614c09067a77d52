"""`harness e2e` and `harness up`: the main job, with a clean-up at the end or without.

Here are only the options and where things lie by default; the run is `harness.compose`.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from platformdirs import user_cache_path, user_state_path

from harness.bundle.choose import parse_choice
from harness.compose import Handles, run
from harness.io.clock import SystemClock
from harness.io.process import ProcessRunner
from harness.model.run import RunRecord
from harness.report.screen import choose_screen
from harness.report.verdict import exit_code
from harness.stages.context import RunOptions

APPLICATION = "gitops-harness"

Repo = Annotated[Path, typer.Option("--repo", help="Folder of the GitOps repository.")]
Env = Annotated[str, typer.Option("--env", help="Environment (overlay) to deploy.")]
Output = Annotated[
    Path | None,
    typer.Option("--output", help="Folder for reports and evidence (default: state folder)."),
]
BundleOption = Annotated[
    str, typer.Option("--bundle", help="auto, pull, build, or a bundle file or folder.")
]
KindConfig = Annotated[
    Path | None, typer.Option("--kind-config", help="kind configuration to use.")
]
KeepGoing = Annotated[
    bool, typer.Option("--keep-going", help="Judge everything before the run ends.")
]
Withhold = Annotated[
    list[str] | None,
    typer.Option(
        "--withhold",
        metavar="PATTERN",
        help="Secret or image the harness must not provide, to see what breaks; repeatable.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the verdict.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the run as JSON and nothing else.")]


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    app.command("e2e")(e2e)
    app.command("up")(up)


def runs_folder() -> Path:
    """Returns the folder that holds the folders of all runs."""
    return user_state_path(APPLICATION) / "runs"


def run_options(
    repo: Path,
    env: str,
    *,
    output: Path | None = None,
    keep: bool = False,
    bundle: str = "auto",
    kind_config: Path | None = None,
    keep_going: bool = False,
    withhold: Sequence[str] = (),
) -> RunOptions:
    """Returns the options of a run with every default filled in.

    Raises:
        UsageError: `bundle` is neither a known word nor a file.
    """
    repository = repo.expanduser().resolve()
    own = repository / "kind-config.yaml"
    return RunOptions(
        repository=repository,
        environment=env,
        output=(output or user_state_path(APPLICATION) / "report").expanduser().resolve(),
        cache=user_cache_path(APPLICATION),
        kind_config=kind_config or (own if own.is_file() else None),
        bundle=parse_choice(bundle),
        keep=keep,
        keep_going=keep_going,
        withhold=tuple(withhold),
        environment_variables=os.environ,
    )


def start(
    options: RunOptions, *, up_to: str = "drift", quiet: bool = False, command: str = ""
) -> RunRecord:
    """Runs everything with the real world's handles and returns the record.

    Args:
        options: What the caller asked for.
        up_to: Name of the last stage.
        quiet: Print only the verdict.
        command: How the run was started, for the report; this process' own words by default.
    """
    clock = SystemClock()
    handles = Handles(
        runner=ProcessRunner(),
        clock=clock,
        screen=choose_screen(sys.stdout, os.environ, quiet, clock=clock),
        runs=runs_folder(),
    )
    said = command or shlex.join(["harness", *sys.argv[1:]])
    return run(options, handles, command=said, up_to=up_to)


def e2e(
    *,
    repo: Repo = Path(),
    env: Env = "dev",
    output: Output = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the cluster, and reuse it next time.")
    ] = False,
    bundle: BundleOption = "auto",
    kind_config: KindConfig = None,
    keep_going: KeepGoing = False,
    withhold: Withhold = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Deploy the working tree to a new cluster, prove that it runs, report, clean up."""
    options = run_options(
        repo,
        env,
        output=output,
        keep=keep,
        bundle=bundle,
        kind_config=kind_config,
        keep_going=keep_going,
        withhold=withhold or (),
    )
    record = start(options, quiet=quiet or as_json)
    if as_json:
        typer.echo((options.output / "run.json").read_text(encoding="utf-8"))
    raise typer.Exit(exit_code(record))


def up(
    *,
    repo: Repo = Path(),
    env: Env = "dev",
    output: Output = None,
    bundle: BundleOption = "auto",
    kind_config: KindConfig = None,
    keep_going: KeepGoing = False,
    withhold: Withhold = None,
    quiet: Quiet = False,
) -> None:
    """Deploy the working tree and keep the cluster; the same again updates it."""
    options = run_options(
        repo,
        env,
        output=output,
        keep=True,
        bundle=bundle,
        kind_config=kind_config,
        keep_going=keep_going,
        withhold=withhold or (),
    )
    record = start(options, up_to="ready", quiet=quiet)
    raise typer.Exit(exit_code(record))
