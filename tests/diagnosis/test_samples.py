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
MOMENTS = 4
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
def test_the_root_is_named_in_time_and_not_too_early(number: int) -> None:
    given = SAMPLES[number]
    until = given.not_before - 1 if given.roots else given.within
    for part in range(1, MOMENTS + 1) if until > 0 else ():
        early = judged(recorded(number), until * part / MOMENTS)
        assert not early.findings, f"at {until * part / MOMENTS:.0f} s: {early.findings[0]}"

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
def test_no_disorder_and_no_restart_changes_the_root(number: int) -> None:
    """Entries doubled and reordered; a third of the Events lost; a harness that begins late."""
    given, cassette = SAMPLES[number], recorded(number)
    wanted = set(given.roots)
    later = given.within + (given.within / 2 if given.roots else 0)

    assert roots(judged(cassette, given.within, disordered(given, cassette))) == wanted
    if given.variations:
        assert roots(judged(cassette, given.within, with_losses(given, cassette))) == wanted
    assert roots(judged(restarted(cassette, given.within / 2), later)) == wanted


def disordered(given: Sample, cassette: Cassette) -> list[Entry]:
    """Every entry, half of them twice, within 0.8 s of their order."""
    chance = chance_of(given)
    entries = [*cassette.entries, *chance.sample(cassette.entries, len(cassette.entries) // 2)]
    return sorted(entries, key=lambda e: e.at + chance.uniform(0, 0.8))


def with_losses(given: Sample, cassette: Cassette) -> list[Entry]:
    """The entries without three in ten of the Events."""
    chance = chance_of(given)
    return [e for e in cassette.entries if e.ref.kind != "Event" or chance.random() > 0.3]


def restarted(cassette: Cassette, at: float) -> Cassette:
    """The recording of a harness that begins to watch `at` seconds later.

    What was seen before is lost; objects, events and logs of the cluster remain.
    """
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
