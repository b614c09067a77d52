"""Findings as workflow commands of GitHub Actions, which shows them beside the changed lines.

Facts: the runner takes a line that begins with `::error` for a command and undoes `%25 %0D %0A`
in its text, and `%3A %2C` too in its properties (actions/runner
`src/Runner.Common/ActionCommand.cs`). It shows ten of each level per step; the rest stands in the
log. Text of a strange repository must not be taken for a command; `without_commands` sees to it.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.audit.explanation import paragraph
from harness.audit.finding import AuditFinding, AuditResult, Severity

LEVELS = {
    Severity.DEFECT: "error",
    Severity.MISMATCH: "error",
    Severity.PRECONDITION: "warning",
    Severity.NOTE: "notice",
}


def annotation_lines(result: AuditResult) -> str:
    """Returns one command per finding that counts, each on a line; nothing where there is none."""
    return "".join(f"{annotation(found)}\n" for found in result.counted())


def annotation(found: AuditFinding) -> str:
    """Returns the command for one finding."""
    properties = ",".join(f"{name}={_property(text)}" for name, text in _properties(found))
    return f"::{LEVELS[found.severity]} {properties}::{_data(paragraph(found))}"


def without_commands(text: str, token: str) -> str:
    """Returns whole lines of text so wrapped that the runner takes none of them for a command.

    Args:
        text: What is to be shown as it is.
        token: A word that nobody can guess.
    """
    ending = "" if text.endswith("\n") or not text else "\n"
    return f"::stop-commands::{token}\n{text}{ending}::{token}::\n"


def _properties(found: AuditFinding) -> Iterator[tuple[str, str]]:
    if found.file:
        yield "file", found.file
    if found.file and found.line:
        yield "line", str(found.line)
    yield "title", f"{found.rule}: {found.object}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
