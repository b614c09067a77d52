"""`harness diagnose`: what is wrong with a deployment, on any cluster or from a recording.

Live it watches a kubeconfig's cluster until a cause is certain, everything is ready, or the time is
over; offline it judges an evidence folder, a timeline file or an evidence archive. With `--repo` it
also knows what is declared, so that absence becomes a fact and findings name a file and a line. It
changes nothing.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.diagnosis.catalogue import catalogue
from harness.model.errors import ExitCode, UsageError
from harness.model.finding import Diagnosis, Outcome

if TYPE_CHECKING:
    from harness.examine import Question

CODES = {
    Outcome.HEALTHY: ExitCode.OK,
    Outcome.PROGRESSING: ExitCode.NOT_READY,
    Outcome.STALLED: ExitCode.NOT_READY,
    Outcome.FAILED: ExitCode.ROOT_CAUSE,
    Outcome.RUNNER: ExitCode.RUNNER,
}


def register(app: typer.Typer) -> None:
    """Adds the command to the application."""

    @app.command("diagnose")
    def diagnose(
        *,
        recording: Annotated[
            Path | None,
            typer.Argument(
                metavar="FOLDER|FILE", help="Evidence folder, timeline or evidence.tar.gz to judge."
            ),
        ] = None,
        kubeconfig: Annotated[
            Path | None, typer.Option("--kubeconfig", help="Default: $KUBECONFIG, ~/.kube/config.")
        ] = None,
        context: Annotated[str, typer.Option("--context", help="Context to use.")] = "",
        namespace: Annotated[
            list[str] | None,
            typer.Option("--namespace", "-n", help="Namespace to judge; repeatable."),
        ] = None,
        repo: Annotated[
            Path | None, typer.Option("--repo", help="GitOps repository that was deployed.")
        ] = None,
        env: Annotated[str, typer.Option("--env", help="Environment, with --repo.")] = "dev",
        seconds: Annotated[
            float, typer.Option("--seconds", help="Watch at most this long.", min=0)
        ] = 60,
        keep_going: Annotated[
            bool, typer.Option("--keep-going", help="Judge everything before ending.")
        ] = False,
        as_json: Annotated[
            bool, typer.Option("--json", help="Print JSON and nothing else.")
        ] = False,
        explain: Annotated[
            str, typer.Option("--explain", metavar="CAUSE", help="Explain one cause, e.g. S01.")
        ] = "",
    ) -> None:
        """Name the root cause of a deployment that does not become ready."""
        if explain:
            typer.echo(explanation(explain))
            return
        from harness.examine import Question, examine_live  # noqa: PLC0415 -- slow to import

        question = Question(
            kubeconfig=kubeconfig or default_kubeconfig(),
            context=context,
            namespaces=tuple(namespace or ()),
            repository=repo.expanduser().resolve() if repo else None,
            environment=env,
            seconds=seconds,
            keep_going=keep_going,
        )
        found = _recorded(recording, question) if recording else examine_live(question)
        typer.echo(_shown(found, as_json=as_json), nl=False)
        raise typer.Exit(CODES[found.outcome])


def _recorded(recording: Path, question: Question) -> Diagnosis:
    from harness.commands.archived import unpacked  # noqa: PLC0415 -- slow to import
    from harness.examine import examine_recording  # noqa: PLC0415

    with unpacked(recording) as archive:
        if archive is None:
            return examine_recording(recording, question)
        from harness.commands.archived_diagnosis import diagnosis_in  # noqa: PLC0415

        return diagnosis_in(archive[0], question)


def _shown(found: Diagnosis, *, as_json: bool) -> str:
    if not as_json:
        from harness.report.findings import diagnosis_text  # noqa: PLC0415 -- slow to import

        return diagnosis_text(found)
    from harness.diagnosis.document import (  # noqa: PLC0415 -- slow to import
        DiagnosisDocument,
        diagnosis_to_json,
    )

    return diagnosis_to_json(DiagnosisDocument.of(found))


def default_kubeconfig() -> Path:
    """Returns the kubeconfig that kubectl would use; of several files the first."""
    named = os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
    return Path(named) if named else Path.home() / ".kube" / "config"


def explanation(identifier: str) -> str:
    """Returns everything the catalogue says about one cause.

    Raises:
        UsageError: There is no such cause.
    """
    found = catalogue().get(identifier.upper())
    if found is None:
        near = [c.id for c in catalogue().values() if c.id.startswith(identifier[:1].upper())]
        raise UsageError(
            attempted="Explaining",
            subject=f"the cause {identifier!r}",
            seen="the catalogue has no such id",
            expected=f"one of {', '.join(near)}" if near else "an id such as S01",
            next_step="see docs/reference/causes.md",
        )
    parts = [
        f"{found.id}  {found.title}  [{found.phase}, {found.kind}]",
        "",
        found.why,
        "",
        f"Mend: {found.mend}",
    ]
    return "\n".join([*parts, f"Source: {found.source}"] if found.source else parts)
