"""The command line: `harness COMMAND`. Turns errors into one paragraph and an exit code.

Every command lives in a module of `harness.commands`; here they are only put together. Only the
module of the command that is asked for is imported, so that one command does not wait for what
another one needs.
"""

from __future__ import annotations

import os
import sys
import textwrap
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import typer
from typer.exceptions import TyperException

from harness import __version__
from harness.model.errors import ExitCode, HarnessError

COMMANDS = {
    "doctor": "doctor",
    "audit": "audit",
    "e2e": "e2e",
    "up": "e2e",
    "diagnose": "diagnose",
    "drift": "drift",
    "down": "lifecycle",
    "report": "report",
    "bundle": "bundle",
}
"""The module of each command, in the order of the help."""
SUMMARY = "Proves on a real kind cluster that what a GitOps repository declares really runs."


def application(arguments: Sequence[str]) -> typer.Typer:
    """Returns the application with the command that is asked for, or with every one."""
    app = typer.Typer(
        name="harness", help=SUMMARY, rich_markup_mode=None, pretty_exceptions_enable=False
    )
    app.callback()(root)
    asked = COMMANDS.get(arguments[0]) if arguments else None
    for module in dict.fromkeys([asked] if asked else COMMANDS.values()):
        import_module(f"harness.commands.{module}").register(app)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gitops-harness {__version__}")
        raise typer.Exit


def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Proves on a real kind cluster that what a GitOps repository declares really runs."""


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and exits with a documented code, never with a traceback."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Returns the exit code of one command line."""
    try:
        code = application(arguments)(arguments or ["--help"], standalone_mode=False)
    except HarnessError as error:
        complain(error.paragraph())
        return int(error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        return int(ExitCode.INTERRUPTED)
    except TyperException as error:
        said = str(error).strip()
        if said.startswith("Usage:"):  # a group without command answers with its help
            typer.echo(said)
        else:
            complain(
                f"{said if said.endswith('?') else said.rstrip('.') + '.'} Next: harness --help."
            )
        return int(ExitCode.USAGE)
    except Exception as error:
        complain(unexpected(error))
        return int(ExitCode.INTERNAL)
    return code if isinstance(code, int) else int(ExitCode.OK)


def unexpected(error: Exception) -> str:
    """Returns the paragraph for a defect of ours; the traceback only where it is asked for."""
    if os.environ.get("HARNESS_DEBUG"):
        return traceback.format_exc()
    return (
        f"This is a defect of the harness: {type(error).__name__}: {error}. "
        "Next: set HARNESS_DEBUG=1, run it again, and report what it prints."
    )


def complain(paragraph: str) -> None:
    """Prints a paragraph for a person on standard error."""
    width = min(100, max(40, os.get_terminal_size().columns)) if sys.stderr.isatty() else 0
    text = textwrap.fill(paragraph, width) if width else paragraph
    typer.echo(f"error: {text}", err=True)


if __name__ == "__main__":
    main()
