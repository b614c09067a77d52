"""Every sample leads to its root: in time, not too early, and whatever happens to the timeline."""

from __future__ import annotations

import importlib
import random
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from harness.diagnosis.diagnose import diagnose
from harness.diagnosis.fold import Fold
from harness.model.finding import Diagnosis, Outcome
from harness.model.timeline import Cassette, Entry, EntryKind
from tests.diagnosis.sample import SAMPLES, Sample
from tests.diagnosis.world import START

for path in sorted((Path(__file__).parent / "samples").glob("*.py")):
    importlib.import_module(f"tests.diagnosis.samples.{path.stem}")

EVERY = pytest.mark.parametrize("number", range(len(SAMPLES)), ids=[s.name for s in SAMPLES])
MOMENTS = 5
"""How often a timeline is judged before its verdict is due."""


@cache
def recorded(number: int) -> Cassette:
    """The timeline of a sample; building it costs as much as judging it."""
    return SAMPLES[number].build().cassette()


def judged(cassette: Cassette, at: float, entries: Sequence[Entry] | None = None) -> Diagnosis:
    fold = Fold(cassette.header)
    for entry in cassette.entries if entries is None else entries:
        if entry.at <= START + at:
            fold.take(entry)
    return diagnose(fold.facts(START + at))


def roots(diagnosis: Diagnosis) -> set[tuple[str, str]]:
    return {(f.cause, str(f.object)) for f in diagnosis.findings}


def chance_of(given: Sample) -> random.Random:
    """Another disorder for every sample, the same in every run."""
    return random.Random(given.name)  # noqa: S311 # disorder, not a secret


def test_there_are_samples_and_each_has_a_name_of_its_own() -> None:
    assert len({s.name for s in SAMPLES}) == len(SAMPLES) > 200


@EVERY
def test_the_root_is_named_in_time(number: int) -> None:
    given = SAMPLES[number]
    found = judged(recorded(number), given.within)

    assert not found.notes
    assert roots(found) == set(given.roots), found
    assert (found.outcome in {Outcome.FAILED, Outcome.RUNNER}) == bool(given.roots)
    assert not {str(f.object) for f in found.findings} & set(given.innocent)
    assert set(given.victims) <= {str(v) for f in found.findings for v in f.victims}
    for finding in found.findings:
        assert finding.seen
        assert finding.expected
        assert finding.fix
        assert finding.first_seen >= START - 3600
        assert len(finding.seen) < 600


@EVERY
def test_nothing_is_called_failed_too_early(number: int) -> None:
    given = SAMPLES[number]
    until = given.not_before - 1 if given.roots else given.within
    for part in range(1, MOMENTS + 1) if until > 0 else ():
        moment = until * part / MOMENTS

        found = judged(recorded(number), moment)

        assert not found.findings, f"at {moment:.0f} s: {found.findings[0]}"


@EVERY
def test_doubled_and_reordered_entries_change_nothing(number: int) -> None:
    given, cassette = SAMPLES[number], recorded(number)
    chance = chance_of(given)
    entries = [*cassette.entries, *chance.sample(cassette.entries, len(cassette.entries) // 2)]
    entries.sort(key=lambda e: e.at + chance.uniform(0, 0.8))

    assert roots(judged(cassette, given.within, entries)) == set(given.roots)


@EVERY
def test_lost_events_change_nothing(number: int) -> None:
    given, cassette = SAMPLES[number], recorded(number)
    if not given.variations:
        pytest.skip("its cause stands in Events alone")
    chance = chance_of(given)
    entries = [e for e in cassette.entries if e.ref.kind != "Event" or chance.random() > 0.3]

    assert roots(judged(cassette, given.within, entries)) == set(given.roots)


@EVERY
def test_a_restart_of_the_harness_leads_to_the_same_root(number: int) -> None:
    """What the harness saw before is lost; objects, events and logs of the cluster remain."""
    given = SAMPLES[number]
    later = given.within + (given.within / 2 if given.roots else 0)

    found = judged(restarted(recorded(number), given.within / 2), later)

    assert roots(found) == set(given.roots)


def restarted(cassette: Cassette, at: float) -> Cassette:
    """The recording of a harness that begins to watch `at` seconds later."""
    middle = START + at
    newest: dict[tuple[object, ...], Entry] = {}
    for entry in cassette.entries:
        if entry.at <= middle:
            key = (entry.kind, entry.ref, entry.container, entry.previous)
            newest[key] = replace(entry, at=middle)
    gone = {e.ref for e in newest.values() if e.kind is EntryKind.GONE}
    kept = [e for e in newest.values() if e.ref not in gone or e.kind is EntryKind.LOG]
    return Cassette(
        header=replace(cassette.header, started=middle),
        entries=(*kept, *(e for e in cassette.entries if e.at > middle)),
    )
