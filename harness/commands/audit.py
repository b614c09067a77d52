"""`harness audit`: what the repository needs and nobody declares, without a cluster.

Here are only the options; the run is `harness.commands.audit_run`. It is imported when an audit
begins, because help and explanations shall not wait for what an audit needs.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.audit.threshold import FailOn
from harness.model.errors import UsageError

if TYPE_CHECKING:
    from harness.commands.audit_run import Inspect

CAUSE = re.compile(r"[A-Za-z]\d{1,3}")
"""What an id of the catalogue of causes looks like."""


class Target(StrEnum):
    """The cluster an audit is made for; the names are those of the known profiles."""

    ANY = "any"
    KIND = "kind"


def register(app: typer.Typer, inspect: Callable[[], Inspect] | None = None) -> None:
    """Adds the command to the application.

    Args:
        app: The application.
        inspect: Gives what finds the faults; that of the harness by default.
    """

    @app.command("audit")
    def audit(
        *,
        path: Annotated[
            Path | None,
            typer.Argument(metavar="PATH", help="Folder of the GitOps repository (default: .)."),
        ] = None,
        repo: Annotated[
            Path | None,
            typer.Option("--repo", metavar="PATH", help="The same, as other commands take it."),
        ] = None,
        env: Annotated[
            list[str] | None,
            typer.Option("--env", metavar="NAME", help="Environment; repeatable (default: all)."),
        ] = None,
        target: Annotated[
            Target,
            typer.Option(
                "--target", help="Cluster it is for: any, or a kind cluster with what it brings."
            ),
        ] = Target.ANY,
        fail_on: Annotated[
            FailOn,
            typer.Option("--fail-on", help="Least severity that gives exit code 13."),
        ] = FailOn.MISMATCH,
        as_json: Annotated[
            bool, typer.Option("--json", help="Print JSON and nothing else.")
        ] = False,
        sarif: Annotated[
            Path | None,
            typer.Option("--sarif", metavar="FILE", help="Write SARIF 2.1.0 for code scanning."),
        ] = None,
        junit: Annotated[
            Path | None,
            typer.Option("--junit", metavar="FILE", help="Write JUnit XML, a case per overlay."),
        ] = None,
        annotations: Annotated[
            bool | None,
            typer.Option(
                "--annotations/--no-annotations",
                help="Print GitHub annotations (default: where GITHUB_ACTIONS is true).",
                show_default=False,
            ),
        ] = None,
        baseline: Annotated[
            Path | None,
            typer.Option(
                "--baseline",
                metavar="FILE",
                help="Accepted findings (default: .harness-audit.toml of the repository).",
            ),
        ] = None,
        write_baseline: Annotated[
            bool,
            typer.Option("--write-baseline", help="Accept what is found now, by adding entries."),
        ] = False,
        explain: Annotated[
            str | None,
            typer.Option("--explain", metavar="RULE", help="Explain a rule, or a cause as S01."),
        ] = None,
        list_rules: Annotated[
            bool, typer.Option("--list-rules", help="List all rules with their severities.")
        ] = False,
        quiet: Annotated[
            bool, typer.Option("--quiet", "-q", help="Print only the counts.")
        ] = False,
        verbose: Annotated[
            bool, typer.Option("--verbose", "-v", help="Name everything, shorten nothing.")
        ] = False,
    ) -> None:
        """Say what the repository needs and nobody declares, in seconds, without a cluster.

        Every overlay and Application is rendered, and every reference in them is checked. A defect
        is wrong on any cluster, a cluster mismatch on --target; an external precondition is what
        the cluster is expected to hold; a note deserves a look.
        """
        if explain is not None or list_rules:
            typer.echo(all_rules() if explain is None else explanation(explain), nl=False)
            return
        from harness.commands import audit_run  # noqa: PLC0415 -- slow to import

        order = audit_run.Order(
            repository=chosen_folder(path, repo),
            environments=tuple(env or ()),
            target=target.value,
            as_json=as_json,
            sarif=sarif,
            junit=junit,
            annotations=annotations,
            baseline=baseline,
            write_baseline=write_baseline,
            fail_on=fail_on,
            quiet=quiet,
            verbose=verbose,
        )
        world = audit_run.World(
            inspect=inspect() if inspect else audit_run.inspect_repository,
            out=sys.stdout,
            err=sys.stderr,
            environ=os.environ,
        )
        raise typer.Exit(audit_run.run_audit(order, world))


def chosen_folder(path: Path | None, repo: Path | None) -> Path:
    """Returns the folder that is meant.

    Raises:
        UsageError: Two folders are named.
    """
    named = list(dict.fromkeys(p.expanduser().resolve() for p in (path, repo) if p is not None))
    if len(named) > 1:
        raise UsageError(
            attempted="Choosing the repository to audit,",
            subject=str(named[0]),
            seen=f"--repo names another one, {named[1]}",
            expected="one folder",
            next_step="harness audit PATH",
        )
    return named[0] if named else Path.cwd()


def explanation(word: str) -> str:
    """Returns everything the catalogue says about a rule, or about a cause with that id.

    Raises:
        UsageError: There is no such rule or cause.
    """
    from harness.audit import catalogue, explanation  # noqa: PLC0415 -- reads all rules

    known = catalogue.rules()
    if (rule := known.get(word.strip().lower())) is not None:
        return explanation.rule_text(rule)
    if CAUSE.fullmatch(word.strip()):
        from harness.commands import diagnose  # noqa: PLC0415 -- seldom needed

        return diagnose.explanation(word.strip()) + "\n"
    near = explanation.nearest(word, known)
    raise UsageError(
        attempted="Explaining",
        subject=f"the rule {word!r}",
        seen="there is no such rule",
        expected=" or ".join(near) or "the name of a rule, or the id of a cause as S01",
        next_step="harness audit --list-rules",
    )


def all_rules() -> str:
    """Returns one line per rule."""
    from harness.audit import catalogue, explanation  # noqa: PLC0415 -- reads all rules

    return explanation.rules_list(catalogue.rules())
