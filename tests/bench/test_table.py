from __future__ import annotations

from bench.contestants import CONTESTANTS, HARNESS, HARNESS_DECLARED
from bench.controls import CONTROLS
from bench.false_stops import counts, repeated
from bench.faults import FAULTS
from bench.in_run import IN_RUN
from bench.results import Attempt, Measured
from bench.table import DASH, PODS_ROWS, Findings, cell, document, stops, summary_row
from bench.verdict import Word

CASES = (*FAULTS, *CONTROLS)


def attempt(name: str, word: Word, seconds: float, *, named: bool = False) -> Attempt:
    return Attempt(
        contestant=name,
        word=word,
        seconds=seconds,
        exit_code=1,
        named=named,
        decided=2.0 if named else None,
    )


def measured(*attempts: Attempt, case: str = "secret-absent", repetition: int = 0) -> Measured:
    return Measured(
        case=case,
        route="apply",
        repetition=repetition,
        visible=1.0 if case == "secret-absent" else None,
        limit_seconds=120,
        attempts=attempts,
    )


CONTEST = measured(
    attempt(IN_RUN, Word.FAILED, 1.5, named=True),
    attempt(HARNESS, Word.FAILED, 3.0, named=True),
    attempt(HARNESS_DECLARED, Word.FAILED, 3.0),
    attempt("kubectl wait", Word.NOTHING, 120.2),
    attempt("helm --wait", Word.FAILED, 11.0),
)
NOTHING = Findings(machine={}, tools={}, faults=(), controls=(), pods={})


def test_times_count_from_the_visible_cause() -> None:
    by_name = {a.contestant: a for a in CONTEST.attempts}
    assert cell(by_name[HARNESS], 1.0) == "2.0 s, named"
    assert cell(by_name["helm --wait"], 1.0) == "10.0 s"
    assert cell(by_name["kubectl wait"], 1.0) == DASH
    assert cell(None, 1.0) == ""


def test_waiting_in_vain_counts_as_the_limit() -> None:
    assert summary_row([CONTEST], "kubectl wait") == [
        "kubectl wait", "0 of 1", "0 of 1", "120.0 s", "60.0",
    ]  # fmt: skip
    assert summary_row([CONTEST], HARNESS)[3:] == ["2.0 s", "1.0"]
    assert summary_row([CONTEST], "chainsaw") == []


def test_a_false_stop_stands_out() -> None:
    assert stops({Word.FAILED: 1, Word.READY: 4}) == "**1 of 5 (4)**"
    assert stops({Word.FAILED: 0, Word.READY: 5}) == "0 of 5 (5)"
    assert stops({}) == ""


def test_words_are_counted_by_case() -> None:
    found = [
        measured(attempt("kr8s", word, 50), case="slow-start", repetition=number)
        for number, word in enumerate((Word.READY, Word.READY, Word.FAILED))
    ]
    assert counts(found, "kr8s")["slow-start"][Word.READY] == 2
    assert counts(found, "helm --wait") == {}


def test_rounds_come_one_after_the_other() -> None:
    names = [(due.case.name, due.repetition) for due in repeated(CONTROLS[:2], 2)]
    assert names == [
        ("slow-start", 0), ("late-dependency", 0), ("slow-start", 1), ("late-dependency", 1),
    ]  # fmt: skip


def test_the_page_tells_what_was_not_measured() -> None:
    assert document(NOTHING, CASES).count("Not measured.") == 3


def test_the_page_holds_every_part_and_every_miss() -> None:
    pods = {key: 1 for _, key, _ in PODS_ROWS} | {
        "pods": 5000,
        "patches": 500,
        "quiet_seen": 500,
        "busy_seen": 499,
    }
    slow = measured(attempt(HARNESS, Word.READY, 50), case="slow-start")
    found = Findings(
        machine={"processors": "2"},
        tools={"kr8s": {"version": "1", "why": "no index"}},
        faults=(CONTEST,),
        controls=(slow,),
        pods=pods,
    )
    page = document(found, CASES)
    assert "Not measured." not in page
    assert "processors: 2" in page
    assert "not available: no index" in page
    assert "5,000 pods" in page
    assert "999 of 1000 changes" in page
    assert "0 of 1 (1)" in page
    assert "(harness diagnose --repo, apply): failed, no finding; right would be S07" in page
    header = next(line for line in page.splitlines() if line.startswith("| Fault"))
    assert header.count("|") == len(CONTESTANTS) + 4
