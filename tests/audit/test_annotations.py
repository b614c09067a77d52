"""Workflow commands as the runner of GitHub Actions reads them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.audit.annotations import annotation, annotation_lines, without_commands
from harness.audit.finding import AuditFinding
from harness.model.refs import ObjectRef
from tests.audit.results import MISMATCH, MISSING_KEY, NOTE, PULL_SECRET, accepted, audit


def read(line: str) -> tuple[str, dict[str, str], str]:
    """Reads a command as `ActionCommand.cs` of the runner does."""
    assert line.startswith("::")
    end = line.index("::", 2)
    name, _, rest = line[2:end].partition(" ")
    pairs = (part.split("=", 1) for part in rest.strip().split(",") if part)
    properties = {key: undone(value, "%0D %0A %3A %2C %25") for key, value in pairs}
    return name, properties, undone(line[end + 2 :], "%0D %0A %25")


def undone(text: str, escapes: str) -> str:
    for escape in escapes.split():
        text = text.replace(escape, chr(int(escape[1:], 16)))
    return text


def test_a_finding_is_a_command_with_its_place() -> None:
    name, properties, text = read(annotation(MISSING_KEY))

    assert name == "error"
    assert properties == {
        "file": "overlays/dev/order.yaml",
        "line": "12",
        "title": "configmap-missing: ConfigMap shop/order-config",
    }
    assert text == (
        "the key DB_HOST is asked for, and the ConfigMap has DB_NAME. Expected: the key DB_NAME. "
        "Fix: write DB_NAME in place of DB_HOST. user: Deployment shop/a."
    )


@pytest.mark.parametrize(
    ("found", "level"),
    [(MISSING_KEY, "error"), (MISMATCH, "error"), (PULL_SECRET, "warning"), (NOTE, "notice")],
)
def test_the_level_follows_the_severity(found: AuditFinding, level: str) -> None:
    assert read(annotation(found))[0] == level


def test_what_ends_a_property_or_a_line_is_escaped_and_comes_back() -> None:
    strange = replace(
        MISSING_KEY,
        file="a,b:c%2C::d.yaml",
        message="100% of\nlines::error::x\r",
        object=ObjectRef("Secret", "x,line=1", "y::z"),
    )
    line = annotation(strange)
    name, properties, text = read(line)

    assert "\n" not in line
    assert "\r" not in line
    assert name == "error"
    assert properties["file"] == "a,b:c%2C::d.yaml"
    assert properties["line"] == "12"
    assert properties["title"] == "configmap-missing: Secret x,line=1/y::z"
    assert text.startswith("100% of lines::error::x.")


def test_without_a_file_there_is_no_line_either() -> None:
    assert set(read(annotation(replace(NOTE, file="", line=4)))[1]) == {"title"}
    assert set(read(annotation(NOTE))[1]) == {"file", "title"}


def test_accepted_findings_are_not_annotated() -> None:
    lines = annotation_lines(audit(accepted(MISSING_KEY), NOTE)).splitlines()

    assert [read(line)[0] for line in lines] == ["notice"]
    assert annotation_lines(audit(findings=())) == ""


@pytest.mark.parametrize("text", ["::error::no\n", "::error::no", ""])
def test_foreign_text_is_kept_from_the_runner(text: str) -> None:
    lines = without_commands(text, "w0rd").splitlines()

    assert lines[0] == "::stop-commands::w0rd"
    assert lines[-1] == "::w0rd::"
    assert "\n".join(lines[1:-1]) == text.strip()
