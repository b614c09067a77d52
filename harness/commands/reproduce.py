"""`harness reproduce`: runs an archived run again here, and says whether it comes to the same.

The archive is `evidence.tar.gz` of a failed run (or of any, with `--archive`). Exit code 0 means
the same verdict, also where that is a failure; 17 means another one.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from platformdirs import user_cache_path, user_state_path

from harness.model.errors import ExitCode

if TYPE_CHECKING:
    from harness.commands.reproduce_run import Attempt, Here, World
    from harness.io.process import Runner
    from harness.model.run import RunRecord
    from harness.reproduction.manifest import Manifest
    from harness.reproduction.result import Reproduction

APPLICATION = "gitops-harness"


def register(app: typer.Typer, world: World | None = None) -> None:
    """Adds the command to the application.

    Args:
        app: The application.
        world: What it touches; the real one by default.
    """

    @app.command("reproduce")
    def reproduce(
        *,
        archive: Annotated[Path, typer.Argument(metavar="FILE", help="evidence.tar.gz of a run.")],
        repo: Annotated[
            Path | None,
            typer.Option("--repo", help="Clone that has the commit, where the archive names one."),
        ] = None,
        tree: Annotated[
            Path | None,
            typer.Option("--tree", help="Run this folder instead: does a change mend it?"),
        ] = None,
        output: Annotated[
            Path | None,
            typer.Option("--output", help="Folder for the new run's reports (default: state)."),
        ] = None,
        bundle: Annotated[
            str, typer.Option("--bundle", help="As for e2e; default: the very same where it is.")
        ] = "",
        keep: Annotated[
            bool, typer.Option("--keep", help="Keep the cluster and the tree, to look at them.")
        ] = False,
        check: Annotated[
            bool, typer.Option("--check", help="Say what differs here, and run nothing.")
        ] = False,
        quiet: Annotated[
            bool, typer.Option("--quiet", "-q", help="Print only what came of it.")
        ] = False,
        as_json: Annotated[
            bool, typer.Option("--json", help="Print JSON and nothing else.")
        ] = False,
    ) -> None:
        """Run an archived run again, and say whether it comes to the same verdict."""
        from harness.commands.reproduce_run import Order  # noqa: PLC0415 -- slow to import
        from harness.commands.reproduce_run import reproduce as run  # noqa: PLC0415

        order = Order(
            archive=archive.expanduser(),
            output=(output or user_state_path(APPLICATION) / "reproduction").expanduser().resolve(),
            clone=repo.expanduser().resolve() if repo else None,
            tree=tree.expanduser().resolve() if tree else None,
            bundle=bundle,
            keep=keep,
            check=check,
        )
        found = run(order, world or _real(quiet=quiet, as_json=as_json))
        _show(found, as_json=as_json)
        raise typer.Exit(code_of(found))


def code_of(found: Reproduction) -> ExitCode:
    """Returns how the process ends."""
    compared = found.comparison
    if compared is None or compared.same:
        return ExitCode.OK
    if compared.now.exit_code == ExitCode.INTERRUPTED:
        return ExitCode.INTERRUPTED
    return ExitCode.DIFFERENT


def _show(found: Reproduction, *, as_json: bool) -> None:
    if as_json:
        from harness.reproduction.document import reproduction_json  # noqa: PLC0415 -- only then

        typer.echo(reproduction_json(found), nl=False)
        return
    from harness.reproduction.result import conclusion  # noqa: PLC0415 -- slow to import

    for line in conclusion(found):
        typer.echo(line)


def _real(*, quiet: bool, as_json: bool) -> World:
    from harness.io.process import ProcessRunner  # noqa: PLC0415 -- slow to import

    return RealWorld(
        runner=ProcessRunner(), environ=os.environ, quiet=quiet or as_json, as_json=as_json
    )


@dataclass(slots=True, kw_only=True)
class RealWorld:
    """This machine."""

    runner: Runner
    environ: Mapping[str, str]
    quiet: bool
    as_json: bool

    def here(self, manifest: Manifest) -> Here:
        """Returns what this machine would run it with."""
        from harness.commands.reproduce_here import look_around  # noqa: PLC0415 -- slow to import

        cache = user_cache_path(APPLICATION)
        return look_around(manifest, runner=self.runner, environ=self.environ, cache=cache)

    def start(self, attempt: Attempt) -> RunRecord:
        """Makes the run; with JSON asked for, what it says goes to standard error."""
        from harness.commands.e2e import run_options, start  # noqa: PLC0415 -- slow to import

        options = run_options(
            attempt.repository,
            attempt.environment,
            output=attempt.output,
            keep=attempt.keep,
            bundle=attempt.bundle,
            kind_config=attempt.kind_config,
            keep_going=attempt.keep_going,
            withhold=attempt.withhold,
            archive=True,
        )
        last = {"up_to": attempt.up_to} if attempt.up_to else {}
        with contextlib.redirect_stdout(sys.stderr if self.as_json else sys.stdout):
            return start(options, quiet=self.quiet, **last)

    def say(self, found: Reproduction) -> None:
        """Says what is known before the start."""
        if self.as_json:
            return
        from harness.reproduction.result import introduction  # noqa: PLC0415 -- slow to import

        for line in introduction(found):
            typer.echo(line)
