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
from harness.commands.aftermath import follow_up
from harness.commands.existing_options import (
    APPLY,
    CONFIRM,
    CONTEXT,
    INSTALL_ENGINE,
    KUBECONFIG,
    MAKE_SECRETS,
    PROVIDER,
    Provider,
    Wish,
    existing_cluster,
)
from harness.compose import Handles, run
from harness.io.clock import SystemClock
from harness.io.process import ProcessRunner
from harness.model.errors import UsageError
from harness.model.run import RunRecord
from harness.report.screen import choose_screen
from harness.report.verdict import exit_code
from harness.stages.context import RunOptions
from harness.stages.existing.request import ExistingCluster

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
        help="Secret, image or class the harness must not provide; repeatable.",
    ),
]
Archive = Annotated[
    bool, typer.Option("--archive", help="Keep evidence.tar.gz also of a run that passes.")
]
ArchiveTree = Annotated[
    str,
    typer.Option(
        "--archive-tree",
        metavar="include|commit",
        help="How the tree goes into evidence.tar.gz (default: include up to 20 MB).",
    ),
]
History = Annotated[
    Path | None,
    typer.Option("--history", metavar="FILE", help="Record of runs; says what is slow or flaky."),
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


def sessions_folder() -> Path:
    """Returns the folder that holds the clusters which suites of tests share while they run."""
    return user_state_path(APPLICATION) / "sessions"


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
    archive: bool = False,
    archive_tree: str = "",
    existing: ExistingCluster | None = None,
) -> RunOptions:
    """Returns the options of a run with every default filled in.

    Raises:
        UsageError: `bundle` is neither a known word nor a file, or `archive_tree` no known word.
    """
    check_archive_tree(archive_tree)
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
        archive=archive,
        archive_tree=archive_tree,
        existing=existing,
        environment_variables=os.environ,
    )


def check_archive_tree(word: str) -> None:
    """Returns quietly for a word that `--archive-tree` knows, and for none.

    Raises:
        UsageError: It is another word.
    """
    if word not in {"", "include", "commit"}:
        raise UsageError(
            attempted="Understanding --archive-tree",
            subject=repr(word),
            seen="it is no known word",
            expected="include (every file) or commit (its id and the files that differ)",
            next_step="leave it out; a small tree is included",
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
        bool, typer.Option("--keep", help="Keep the cluster (existing: what was made) for later.")
    ] = False,
    bundle: BundleOption = "auto",
    kind_config: KindConfig = None,
    keep_going: KeepGoing = False,
    withhold: Withhold = None,
    archive: Archive = False,
    archive_tree: ArchiveTree = "",
    provider: PROVIDER = Provider.KIND,
    context: CONTEXT = "",
    kubeconfig: KUBECONFIG = None,
    confirm: CONFIRM = "",
    apply: APPLY = False,
    install_engine: INSTALL_ENGINE = False,
    make_secrets: MAKE_SECRETS = False,
    history: History = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Deploy the working tree to a new cluster, prove that it runs, report, clean up."""
    only_kind = {
        "--bundle": bundle != "auto",
        "--kind-config": kind_config is not None,
        "--withhold": bool(withhold),
    }
    existing = existing_cluster(
        Wish(
            provider=provider,
            context=context,
            kubeconfig=kubeconfig,
            confirm=confirm,
            apply=apply,
            install_engine=install_engine,
            make_secrets=make_secrets,
            only_kind=only_kind,
        )
    )
    options = run_options(
        repo,
        env,
        output=output,
        keep=keep,
        bundle=bundle,
        kind_config=kind_config,
        keep_going=keep_going,
        withhold=withhold or (),
        archive=archive,
        archive_tree=archive_tree,
        existing=existing,
    )
    record = start(options, quiet=quiet or as_json)
    out = sys.stderr if as_json else sys.stdout
    follow_up(record, options.output, environ=os.environ, out=out, history=history)
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
    archive: Archive = False,
    archive_tree: ArchiveTree = "",
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
        archive=archive,
        archive_tree=archive_tree,
    )
    record = start(options, up_to="ready", quiet=quiet)
    raise typer.Exit(exit_code(record))
