"""Every sample leads to its root: in time, not too early, and whatever happens to the timeline."""

from __future__ import annotations

import importlib
import random
from dataclasses import replace
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

EVERY = pytest.mark.parametrize("given", SAMPLES, ids=lambda s: s.name)


def roots(diagnosis: Diagnosis) -> set[tuple[str, str]]:
    return {(f.cause, str(f.object)) for f in diagnosis.findings}


def seen_at(cassette: Cassette, entries: list[Entry], at: float) -> Diagnosis:
    fold = Fold(cassette.header)
    for entry in entries:
        if entry.at <= START + at:
            fold.take(entry)
    return diagnose(fold.facts(START + at))


def test_there_are_samples() -> None:
    assert SAMPLES


@EVERY
def test_the_root_is_named_in_time(given: Sample) -> None:
    found = given.build().diagnose(given.within)

    assert not found.notes
    assert roots(found) == set(given.roots), found
    assert (found.outcome in {Outcome.FAILED, Outcome.RUNNER}) == bool(given.roots)
    named = {str(f.object) for f in found.findings}
    assert not named & set(given.innocent)
    victims = {str(v) for f in found.findings for v in f.victims}
    assert set(given.victims) <= victims


@EVERY
def test_nothing_is_called_failed_too_early(given: Sample) -> None:
    world = given.build()
    until = given.not_before - 1 if given.roots else given.within
    moments = [until * part / 12 for part in range(13)] if until > 0 else []

    for moment in moments:
        found = world.diagnose(moment)
        assert not found.findings, f"at {moment:.0f} s: {found.findings[0]}"


@EVERY
def test_findings_can_be_acted_on(given: Sample) -> None:
    for finding in given.build().diagnose(given.within).findings:
        assert finding.seen and finding.expected and finding.fix
        assert finding.first_seen >= START - 3600
        assert len(finding.seen) < 600


@EVERY
@pytest.mark.parametrize("seed", range(3))
def test_doubled_and_reordered_entries_change_nothing(given: Sample, seed: int) -> None:
    cassette, chance = given.build().cassette(), random.Random(seed)
    entries = [*cassette.entries, *chance.sample(cassette.entries, len(cassette.entries) // 2)]
    entries.sort(key=lambda e: e.at + chance.uniform(0, 0.8))

    assert roots(seen_at(cassette, entries, given.within)) == set(given.roots)


@EVERY
@pytest.mark.parametrize("seed", range(3))
def test_lost_events_change_nothing(given: Sample, seed: int) -> None:
    if not given.variations:
        pytest.skip("its cause stands in Events alone")
    cassette, chance = given.build().cassette(), random.Random(seed)
    entries = [e for e in cassette.entries if e.ref.kind != "Event" or chance.random() > 0.3]

    assert roots(seen_at(cassette, entries, given.within)) == set(given.roots)


@EVERY
def test_a_restart_of_the_harness_leads_to_the_same_root(given: Sample) -> None:
    """What the harness saw before is lost; objects, events and logs of the cluster remain."""
    cassette = given.build().cassette()
    middle = START + given.within / 2
    newest: dict[tuple[object, ...], Entry] = {}
    for entry in cassette.entries:
        if entry.at <= middle:
            key = (entry.kind, entry.ref, entry.container, entry.previous)
            newest[key] = replace(entry, at=middle)
    gone = {e.ref for e in newest.values() if e.kind is EntryKind.GONE}
    kept = [e for e in newest.values() if e.ref not in gone or e.kind is EntryKind.LOG]
    restarted = Cassette(
        header=replace(cassette.header, started=middle),
        entries=(*kept, *(e for e in cassette.entries if e.at > middle)),
    )
    later = given.within + (given.within / 2 if given.roots else 0)

    found = seen_at(restarted, list(restarted.entries), later)

    if given.roots:
        assert roots(found) == set(given.roots)
    else:
        assert not seen_at(restarted, list(restarted.entries), given.within).findings
