from __future__ import annotations

import json
from datetime import datetime

import pytest

from bench.case import Root
from bench.verdict import Judgement, Word, judgement, names, root_texts, said


@pytest.mark.parametrize(
    ("code", "seconds", "output", "word"),
    [
        (0, 5, "", Word.READY),
        (1, 5, "error: deployment exceeded its progress deadline", Word.FAILED),
        (1, 120.3, "error: timed out waiting for the condition", Word.NOTHING),
        (-1, 140, "", Word.NOTHING),
        (1, 0.4, "error: no matching resources found", Word.ERROR),
        (1, 1, "Traceback (most recent call last): ...", Word.ERROR),
    ],
)
def test_an_early_error_is_a_verdict_and_a_late_one_is_not(
    code: int, seconds: float, output: str, word: Word
) -> None:
    assert said(code, seconds, 120, output) is word


def test_a_cause_is_named_when_every_word_is_said() -> None:
    assert names('secret "Payment-Login" not found', ("payment-login",))
    assert not names('couldn\'t find key "api-token"', ("api-token", "gp3"))
    assert not names("anything", ())


def test_the_harness_json_is_read_with_its_times() -> None:
    finding = {
        "cause": "S07",
        "object": {"kind": "Secret", "namespace": "a", "name": "login"},
        "first_seen": "2026-01-01T00:00:01.000+00:00",
        "decided_at": "2026-01-01T00:00:03.000+00:00",
    }
    text = json.dumps({"verdict": "failed", "findings": [finding]})
    found = judgement(text, lambda t: float(datetime.fromisoformat(t).second))
    assert found == Judgement(
        word=Word.FAILED, given=("S07 Secret login",), first_seen=1.0, decided=3.0
    )
    assert set(found.given) == root_texts([Root(cause="S07", kind="Secret", name="login")])


def test_no_json_is_an_error_and_stalled_is_no_verdict() -> None:
    assert judgement("FAILED: ...", float).word is Word.ERROR
    assert judgement('{"verdict": "stalled", "findings": []}', float).word is Word.NOTHING
