"""What must hold in every format alike."""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO

import pytest
from rich.console import Console

from harness.model.run import Health, RunRecord, StageState
from harness.report.html import html_report
from harness.report.json_report import run_to_json
from harness.report.junit import junit_xml
from harness.report.live_screen import LiveScreen
from harness.report.plain_screen import PlainScreen
from harness.report.redaction import presentable
from harness.report.summary import summary_markdown
from harness.report.verdict import verdict
from harness.report.wording import clean, one_line


class StillClock:
    def monotonic(self) -> float:
        return 5.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


def plain(run: RunRecord) -> str:
    stream = StringIO()
    screen = PlainScreen(stream, clock=StillClock())
    screen.begin(run)
    screen.finish(run)
    return stream.getvalue()


def live(run: RunRecord) -> str:
    stream = StringIO()
    console = Console(file=stream, force_terminal=True, width=100, height=60)
    screen = LiveScreen(console, clock=StillClock())
    screen.begin(run)
    screen.finish(run)
    return clean(stream.getvalue())


def html_text(run: RunRecord) -> str:
    body = html_report(run).partition("<body>")[2]
    return html.unescape(re.sub(r"<[^>]+>", "", body))


def markdown_text(run: RunRecord) -> str:
    return re.sub(r"\\(.)", r"\1", re.sub(r"(?m)^>", "", summary_markdown(run)))


def document(run: RunRecord) -> ET.Element:
    return ET.fromstring(junit_xml(run))  # noqa: S314 -- our own output


def junit_text(run: RunRecord) -> str:
    return " ".join(document(run).itertext())


FORMATS: dict[str, Callable[[RunRecord], str]] = {
    "plain": plain,
    "live": live,
    "html": html_text,
    "markdown": markdown_text,
    "junit": junit_text,
}


@pytest.fixture(params=sorted(FORMATS))
def read(request: pytest.FixtureRequest) -> Callable[[RunRecord], str]:
    return FORMATS[request.param]


def test_the_paragraph_of_a_failed_stage_appears_whole(
    read: Callable[[RunRecord], str], failed_run: RunRecord
) -> None:
    assert failed_run.error is not None
    assert failed_run.error.paragraph() in one_line(read(failed_run))


def test_the_evidence_folder_of_a_failed_run_is_named(failed_run: RunRecord) -> None:
    for name in ("plain", "live", "html", "markdown"):
        assert failed_run.evidence in FORMATS[name](failed_run), name
    assert failed_run.evidence in junit_xml(failed_run)


@pytest.mark.parametrize("name", ["plain", "live", "html", "markdown"])
def test_the_verdict_is_said(name: str, any_run: RunRecord) -> None:
    assert verdict(any_run) in FORMATS[name](any_run).lower()


@pytest.mark.parametrize("name", ["plain", "live", "html", "markdown"])
def test_no_run_but_a_passed_one_is_called_passed_in_its_verdict(
    name: str, any_run: RunRecord
) -> None:
    if verdict(any_run) != "passed":
        text = FORMATS[name](any_run)
        assert "PASSED" not in text
        assert not re.search(r"(?m)^\W*Passed\b", text)


def test_not_judged_is_never_shown_as_ready(passed_run: RunRecord) -> None:
    status = passed_run.objects[0]
    odd = type(status)(ref=status.ref, health=Health.NOT_JUDGED, ready_after_seconds=12.0)
    passed_run.objects = [odd]
    assert "0 of 1 ready" in plain(passed_run)
    assert "0 of 1 ready" in live(passed_run)
    assert "0 of 1 ready, 1 not judged" in html_text(passed_run)
    assert "✅ not judged" not in summary_markdown(passed_run)
    assert "❔ not judged" in summary_markdown(passed_run)
    case = document(passed_run).find(f".//testcase[@name='{odd.ref}']")
    assert case is not None
    assert case.find("skipped") is not None
    for text in (plain(passed_run), live(passed_run), html_text(passed_run)):
        assert "not judged" in text.lower()


def test_a_substituted_image_is_shown_as_such(passed_run: RunRecord) -> None:
    for name in ("plain", "live"):
        assert "2 of them substituted" in FORMATS[name](passed_run)
    assert "Images: 7, 2 substituted" in html_text(passed_run)
    assert "Images: 7, 2 substituted" in markdown_text(passed_run)
    assert "docker.io/library/postgres:17" in html_text(passed_run)


def test_an_image_that_runs_with_another_digest_is_not_shown_as_the_same(
    passed_run: RunRecord,
) -> None:
    image = passed_run.images[0]
    passed_run.images = [
        type(image)(
            declared=image.declared,
            origin=image.origin,
            source=image.source,
            digest=image.digest,
            running_digest="sha256:" + "f" * 64,
        )
    ]
    assert "another digest" in html_text(passed_run)
    assert "✅ this digest" not in summary_markdown(passed_run)


def test_an_image_whose_running_digest_is_unknown_is_not_compared(passed_run: RunRecord) -> None:
    image = passed_run.images[0]
    passed_run.images = [
        type(image)(declared=image.declared, origin="pulled", source="x", digest=image.digest)
    ]
    for text in (html_text(passed_run), summary_markdown(passed_run)):
        assert "not compared" in text
        assert "this digest" not in text


def test_leftovers_are_named(unready_run: RunRecord) -> None:
    for name in ("plain", "live", "html", "markdown"):
        assert "cluster gitops-k3f9" in FORMATS[name](unready_run), name


def test_every_workload_is_in_every_file(unready_run: RunRecord) -> None:
    for text in (
        html_report(unready_run),
        summary_markdown(unready_run),
        junit_xml(unready_run),
        run_to_json(unready_run),
    ):
        missing = [s.ref.name for s in unready_run.objects if s.ref.name not in text]
        assert missing == []


def test_no_format_fails_on_an_empty_run(read: Callable[[RunRecord], str]) -> None:
    empty = RunRecord(run_id="", environment="", repository="", command="", started_at="")
    assert read(empty)
    assert verdict(empty) == "incomplete"


def test_no_format_holds_a_control_character(any_run: RunRecord) -> None:
    shown = presentable(any_run)
    for render in (html_report, summary_markdown, junit_xml, run_to_json):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", render(shown)), render.__name__


def test_a_stage_that_never_ran_is_not_shown_as_passed(failed_run: RunRecord) -> None:
    assert failed_run.stages[-1].state is StageState.WAITING
    assert html_text(failed_run).count("did not run") == 5
