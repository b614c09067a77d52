"""Root causes come first in every format, whole, and with their place."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

from harness.model.errors import NotReadyError, RootCauseError
from harness.model.finding import Diagnosis, Finding, Outcome, Phase
from harness.model.refs import ObjectRef
from harness.model.run import RunRecord, StageRecord, StageState
from harness.report.ending import bad_news
from harness.report.findings import diagnosis_text, finding_lines, shown_findings
from harness.report.html import html_report
from harness.report.json_report import run_from_json, run_to_json
from harness.report.junit import junit_xml
from harness.report.summary import summary_markdown
from harness.report.verdict import headline

FINDING = Finding(
    cause="S07",
    phase=Phase.SECRET,
    object=ObjectRef("Secret", "shop", "login"),
    seen='secret "login" not found <at all>',
    expected="a Secret login with the key password",
    fix="add it to overlays/dev",
    file="deploy/web.yaml",
    line=12,
    victims=(ObjectRef("Deployment", "shop", "web"),),
    first_seen=100.0,
    decided_at=101.5,
    not_testable=("the probes of web",),
)


def failed(error: type[RootCauseError | NotReadyError] = RootCauseError) -> RunRecord:
    raised = error(attempted="Bringing up", subject="x", seen="y")
    stage = StageRecord(name="ready", title="Ready", state=StageState.FAILED, error=raised)
    diagnosis = Diagnosis(outcome=Outcome.FAILED, findings=(FINDING,))
    return RunRecord(
        run_id="1", environment="dev", repository="/r", command="harness e2e",
        started_at="2026-01-01T00:00:00+00:00", stages=[stage], diagnosis=diagnosis, seconds=61,
    )  # fmt: skip


def test_the_headline_names_the_root_and_not_the_stage() -> None:
    assert headline(failed()) == "Root cause after 1 min 01 s: S07 on Secret shop/login."


def test_the_last_lines_hold_every_part_of_a_finding() -> None:
    said = "\n".join(bad_news(failed()))

    for part in ("S07", "Secret shop/login", "deploy/web.yaml:12", "add it", "Deployment shop/web"):
        assert part in said


def test_every_format_tells_the_finding() -> None:
    run = failed()

    for text in (html_report(run), summary_markdown(run), junit_xml(run), run_to_json(run)):
        assert "S07" in text
        assert "add it to overlays/dev" in text


def test_foreign_text_in_a_finding_adds_no_markup_to_the_html() -> None:
    text = html_report(failed())

    ET.fromstring(text)  # noqa: S314 # our own output
    assert "<at all>" not in text


def test_a_root_cause_is_a_red_case_of_its_own() -> None:
    suites = ET.fromstring(junit_xml(failed()))  # noqa: S314 # our own output
    cases = [c for c in suites.iter("testcase") if c.get("name") == "S07 Secret shop/login"]

    assert [len(c.findall("failure")) for c in cases] == [1]
    assert cases[0].get("time") == "1.500"


def test_a_diagnosis_survives_the_json() -> None:
    run = failed()

    assert run_from_json(run_to_json(run), "x").diagnosis == run.diagnosis


def test_findings_are_not_shown_for_a_run_that_ended_otherwise() -> None:
    assert shown_findings(failed()) == (FINDING,)
    assert shown_findings(failed(NotReadyError)) == ()


def test_the_terminal_aligns_labels_and_wraps_long_texts() -> None:
    lines = finding_lines(replace(FINDING, seen="word " * 60))

    assert all(len(line) <= 100 for line in lines)
    assert "  Not tested: the probes of web" in lines


def test_suspects_are_told_where_nothing_is_certain() -> None:
    stalled = Diagnosis(outcome=Outcome.STALLED, suspects=(FINDING,), ruled_out=("P01: waits",))

    text = diagnosis_text(stalled)

    assert "no cause is certain" in text
    assert "S07 on Secret shop/login" in text
    assert "P01: waits" in text
