"""The command line: `harness COMMAND`. Turns errors into one paragraph and an exit code.

Every command lives in a module of `harness.commands`; here they are only put together. Only the
module of the command that is asked for is imported, so that one command does not wait for what
another one needs.
"""

from __future__ import annotations

import json
import os
import sys
import textwrap
import traceback
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Annotated

import typer
from typer.exceptions import TyperException

from harness.model.errors import ExitCode, HarnessError, UsageError

COMMANDS = {
    "doctor": "doctor",
    "audit": "audit",
    "e2e": "e2e",
    "up": "e2e",
    "loop": "loop",
    "diagnose": "diagnose",
    "drift": "drift",
    "policies": "policies",
    "down": "lifecycle",
    "report": "report",
    "reproduce": "reproduce",
    "bundle": "bundle",
}
"""The module of each command, in the order of the help."""
SUMMARY = "Proves on a real kind cluster that what a GitOps repository declares really runs."


def application(arguments: Sequence[str]) -> typer.Typer:
    """Returns the application with the command that is asked for, or with every one."""
    app = typer.Typer(
        name="harness", help=SUMMARY, rich_markup_mode=None, pretty_exceptions_enable=False
    )
    app.callback(invoke_without_command=True)(root)
    for module in dict.fromkeys(_modules(arguments)):
        import_module(f"harness.commands.{module}").register(app)
    return app


def _modules(arguments: Sequence[str]) -> Iterable[str]:
    first = arguments[0] if arguments else ""
    if first == "--version":
        return ()
    return [COMMANDS[first]] if first in COMMANDS else COMMANDS.values()


def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the versions of everything used.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --version: as JSON.")] = False,
) -> None:
    """Proves on a real kind cluster that what a GitOps repository declares really runs."""
    if not version:
        if as_json:
            raise UsageError(
                attempted="Understanding",
                subject="--json",
                seen="it stands before the command",
                expected="harness COMMAND --json, or harness --version --json",
                next_step="harness --help",
            )
        return
    from platformdirs import user_cache_path  # noqa: PLC0415 -- seldom needed

    from harness.commands.versions import versions, versions_text  # noqa: PLC0415

    found = versions(user_cache_path("gitops-harness"))
    typer.echo(json.dumps(found, indent=2) if as_json else versions_text(found))
    raise typer.Exit


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
