"""A run's findings as workflow commands, and its summary on the page of the job."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from harness.commands.aftermath import follow_up
from harness.model.run import RunRecord
from harness.report.annotations import SUMMARY_BYTES, append_summary, run_annotations
from harness.report.json_report import run_from_json
from harness.report.write import write_reports
from tests.report.test_flakes import run


def broken() -> RunRecord:
    record = run(error=True)
    assert record.diagnosis is not None
    finding = replace(
        record.diagnosis.findings[0], file="apps/api.yaml", line=12, seen="50% of\n::error::all"
    )
    record.diagnosis = replace(record.diagnosis, findings=(finding,))
    return record


def test_a_root_cause_stands_at_its_line_of_the_checkout() -> None:
    (line,) = run_annotations(broken(), "deploy").splitlines()

    assert line.startswith("::error file=deploy/apps/api.yaml,line=12,title=I01 ")
    assert "50%25 of" in line
    assert "%0ASeen: " in line


def test_a_run_that_passed_says_nothing() -> None:
    assert run_annotations(run()) == ""


def test_a_failure_without_a_cause_is_told_without_a_place() -> None:
    record = run(error=True)
    record.diagnosis = None

    (line,) = run_annotations(record).splitlines()
    assert line.startswith("::error title=")
    assert "Bringing up" in line


def test_a_summary_that_is_too_long_is_cut_at_a_line(tmp_path: Path) -> None:
    target = tmp_path / "summary"
    append_summary("first\n", target)
    append_summary("ä line\n" * 300_000, target)
    append_summary("no room\n", target)

    text = target.read_text("utf-8")
    assert target.stat().st_size <= SUMMARY_BYTES
    assert text.startswith("first\n")
    assert text.endswith("ä line\n\nThe rest is left out; report.html holds everything.\n")


@pytest.fixture
def report(tmp_path: Path) -> Path:
    folder = tmp_path / "report"
    write_reports(broken(), folder)
    return folder


def test_github_gets_annotations_and_the_summary(tmp_path: Path, report: Path) -> None:
    out, page = io.StringIO(), tmp_path / "page.md"
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(page)}

    follow_up(broken(), report, environ=environ, out=out)

    assert out.getvalue().startswith("::error ")
    assert "Root cause" in page.read_text("utf-8")


def test_elsewhere_nothing_is_printed(report: Path) -> None:
    out = io.StringIO()

    follow_up(broken(), report, environ={}, out=out)

    assert out.getvalue() == ""


def test_what_the_history_says_stands_in_the_report(tmp_path: Path, report: Path) -> None:
    out, history = io.StringIO(), tmp_path / "runs.jsonl"
    for record in (broken(), run(), broken()):
        write_reports(record, report)
        follow_up(record, report, environ={}, out=out, history=history)

    written = run_from_json((report / "run.json").read_text("utf-8"), "run.json")
    assert written.notes == record.notes
    assert written.notes[0].startswith("history: flaky: the same revision abc passed")
    assert "2 of the last 3 runs failed" in written.notes[1]


def test_the_report_of_another_run_is_left_alone(tmp_path: Path, report: Path) -> None:
    other = replace(run(), run_id="other")

    follow_up(other, report, environ={}, out=io.StringIO(), history=tmp_path / "runs.jsonl")

    assert not (tmp_path / "runs.jsonl").exists()
