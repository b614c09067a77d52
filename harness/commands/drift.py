"""`harness drift`: the gap between what is declared, what Argo CD wants, and what runs.

On the kept cluster of this repository, or on any that a kubeconfig names, with or without Argo CD.
It writes nothing: the API server is asked by dry run what applying the declaration would change.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from harness.commands.diagnose import default_kubeconfig
from harness.model.drift import Gap
from harness.model.errors import ExitCode

if TYPE_CHECKING:
    from harness.comparison.question import DriftQuestion

Ask = Callable[["DriftQuestion"], Gap]
APPLICATION = "gitops-harness"


def register(app: typer.Typer, ask: Ask | None = None) -> None:
    """Adds the command to the application.

    Args:
        app: The application.
        ask: What finds the gap; that of the harness by default.
    """

    @app.command("drift")
    def drift(
        *,
        repo: Annotated[
            Path, typer.Option("--repo", help="Folder of the GitOps repository.")
        ] = Path(),
        env: Annotated[str, typer.Option("--env", help="Environment that is deployed.")] = "dev",
        kubeconfig: Annotated[
            Path | None,
            typer.Option("--kubeconfig", help="Default: the kept cluster of this repository."),
        ] = None,
        context: Annotated[
            str, typer.Option("--context", help="Context of the kubeconfig to use.")
        ] = "",
        namespace: Annotated[
            list[str] | None,
            typer.Option("--namespace", "-n", help="Only this namespace; repeatable."),
        ] = None,
        application: Annotated[
            str, typer.Option("--application", metavar="NAME", help="Only this Application.")
        ] = "",
        as_json: Annotated[
            bool, typer.Option("--json", help="Print JSON and nothing else.")
        ] = False,
    ) -> None:
        """Say what runs otherwise than declared, what is missing, and what nobody declares."""
        question = _question(repo, env, kubeconfig, context, namespace or [], application)
        gap = (ask or _ask)(question)
        show(gap, sys.stdout, as_json=as_json, no_color=bool(os.environ.get("NO_COLOR")))
        raise typer.Exit(ExitCode.DRIFT if gap.findings else ExitCode.OK)


def _question(
    repo: Path,
    env: str,
    kubeconfig: Path | None,
    context: str,
    namespaces: list[str],
    application: str,
) -> DriftQuestion:
    from platformdirs import user_cache_path, user_state_path  # noqa: PLC0415 -- not for help

    from harness.comparison.question import DriftQuestion  # noqa: PLC0415

    return DriftQuestion(
        repository=repo.expanduser().resolve(),
        environment=env,
        kubeconfig=kubeconfig or (default_kubeconfig() if context else None),
        context=context,
        namespaces=tuple(namespaces),
        application=application,
        runs=user_state_path(APPLICATION) / "runs",
        cache=user_cache_path(APPLICATION),
    )


def _ask(question: DriftQuestion) -> Gap:
    from harness.comparison.ask import ask  # noqa: PLC0415 -- slow to import

    return ask(question)


def show(gap: Gap, out: TextIO, *, as_json: bool, no_color: bool = False) -> None:
    """Prints the gap: as JSON, coloured on a terminal, else as plain text."""
    if as_json:
        from harness.drift.document import drift_json  # noqa: PLC0415 -- only then

        out.write(drift_json(gap))
    elif out.isatty():
        _show_styled(gap, out, no_color=no_color)
    else:
        from harness.report.drift_text import drift_text  # noqa: PLC0415 -- only then

        out.write(_spelled(drift_text(gap), out))


def _show_styled(gap: Gap, out: TextIO, *, no_color: bool) -> None:
    from rich.console import Console  # noqa: PLC0415 -- only a terminal needs it
    from rich.text import Text  # noqa: PLC0415

    from harness.report.drift_text import WIDTH, drift_lines  # noqa: PLC0415

    console = Console(file=out, no_color=no_color, highlight=False, soft_wrap=True)
    for line in drift_lines(gap, width=min(WIDTH, console.width)):
        console.print(Text(_spelled(line.text, out), style=line.style))


def _spelled(text: str, stream: TextIO) -> str:
    """Returns what a stream can spell; the rest is escaped."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
