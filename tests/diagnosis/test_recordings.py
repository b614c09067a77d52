"""Timelines of real clusters lead to the verdict they led to when they were recorded.

The name of a recording holds the causes: `H01+S11-two-faults`; `healthy` has none.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.diagnosis.diagnose import diagnose, replay
from harness.diagnosis.fold import Fold
from harness.evidence.cassette import read_cassette
from harness.model.finding import Outcome
from harness.model.timeline import Cassette

FOLDER = Path(__file__).parent / "recordings"
EVERY = pytest.mark.parametrize("path", sorted(FOLDER.glob("*.gz")), ids=lambda p: p.name)


def expected(path: Path) -> set[str]:
    head = path.name.partition("-")[0]
    return set() if path.name.startswith("healthy") else set(head.split("+"))


def recording(path: Path) -> Cassette:
    return read_cassette(path)


def test_there_are_recordings() -> None:
    assert len(list(FOLDER.glob("*.gz"))) >= 7


@EVERY
def test_a_real_timeline_leads_to_its_causes(path: Path) -> None:
    cassette = recording(path)
    fold = Fold(cassette.header)
    for entry in cassette.entries:
        fold.take(entry)

    found = diagnose(fold.facts())

    assert {f.cause for f in found.findings} == expected(path)
    assert not found.notes
    if not expected(path):
        assert found.outcome is Outcome.HEALTHY


@EVERY
def test_no_other_cause_was_named_on_the_way(path: Path) -> None:
    cassette = recording(path)
    named = {
        finding.cause
        for _, diagnosis in replay(cassette, step_seconds=2.0)
        for finding in diagnosis.findings
    }

    assert named <= expected(path)


@EVERY
def test_a_recording_holds_no_secret_value(path: Path) -> None:
    for entry in recording(path).entries:
        if entry.ref.kind == "Secret" and entry.object:
            assert set(map(str, (entry.object.get("data") or {}).values())) <= {"(hidden)", ""}
            assert "token-of-dev" not in json.dumps(entry.object)
