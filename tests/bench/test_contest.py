from __future__ import annotations

import json
import threading
from pathlib import Path

from bench.arena import Arena
from bench.contest import Ended, attempt, later
from bench.contestants import CONTESTANTS, HARNESS
from bench.faults import FAULTS
from bench.verdict import Word
from harness.io.process import Completed

ARENA = Arena(
    case=next(c for c in FAULTS if c.name == "secret-absent"),
    namespace="case-x",
    kubeconfig=Path("k"),
    folder=Path("f"),
    seconds=120,
)


def ended(name: str, code: int, at: float, stdout: str = "", stderr: str = "") -> Ended:
    (contestant,) = [c for c in CONTESTANTS if c.name == name]
    done = Completed(argv=("x",), returncode=code, stdout=stdout, stderr=stderr)
    return Ended(contestant=contestant, done=done, at=at)


def finding(cause: str, name: str) -> dict[str, object]:
    return {
        "cause": cause,
        "object": {"kind": "Secret", "namespace": "case-x", "name": name},
        "first_seen": "1970-01-01T00:16:41.000+00:00",
        "decided_at": "1970-01-01T00:16:42.500+00:00",
    }


def harness(*findings: dict[str, object]) -> Ended:
    text = json.dumps({"verdict": "failed", "findings": findings})
    return ended(HARNESS, 12, 1003.0, stdout=text)


def test_the_harness_is_right_only_with_exactly_the_root() -> None:
    right = attempt(ARENA, 1000.0, harness(finding("S07", "payment-login")))
    assert (right.word, right.named, right.seconds) == (Word.FAILED, True, 3.0)
    assert (right.first_seen, right.decided, right.output) == (1.0, 2.5, "")
    wrong = attempt(ARENA, 1000.0, harness(finding("S08", "payment-login")))
    assert not wrong.named
    more = attempt(ARENA, 1000.0, harness(finding("S07", "payment-login"), finding("S07", "other")))
    assert not more.named
    assert "other" in more.output


def test_another_tool_that_waits_in_vain_says_nothing() -> None:
    late = ended("kubectl wait", 1, 1120.4, stderr="error: timed out waiting for the condition")
    found = attempt(ARENA, 1000.0, late)
    assert (found.word, found.named, found.exit_code) == (Word.NOTHING, False, 1)


def test_another_tool_names_the_cause_by_its_word() -> None:
    said = 'Error: secret "payment-login" not found'
    assert attempt(ARENA, 1000.0, ended("kr8s", 1, 1010.0, stderr=said)).named


def test_later_does_it_once_in_time_and_never_after_the_end() -> None:
    done = threading.Event()
    with later(0.001, done.set):
        assert done.wait(5)
    never = threading.Event()
    with later(3600, never.set):
        pass
    with later(0, never.set):
        pass
    assert not never.is_set()
