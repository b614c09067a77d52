"""Which bundle is used, and the sentence that says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.bundle.choose import Candidate, Choice, Way, Wish, choose, parse_choice
from harness.model.errors import UsageError

AUTO = Choice(wish=Wish.AUTO)
SILENT = {
    "docker.io": "no answer within 3 s",
    "quay.io": "no answer within 3 s",
    "ghcr.io": "connection refused",
}


def candidate(
    origin: str, *, fresh: bool = True, created: str = "2026-05-04T10:00:00"
) -> Candidate:
    return Candidate(
        origin=origin, path=Path(f"/c/{origin}-{created}.json"), fresh=fresh, created=created
    )


def test_without_registries_the_images_are_built_and_the_silence_is_named() -> None:
    decision = choose(AUTO, candidates=[], registries_reachable=False, reasons=SILENT)
    assert decision.way is Way.BUILD
    assert decision.why == (
        "no image registry answered (docker.io, quay.io: no answer within 3 s; "
        "ghcr.io: connection refused), so the images are built from package registries"
    )


def test_with_registries_the_images_are_pulled() -> None:
    decision = choose(AUTO, candidates=[], registries_reachable=True, reasons={})
    assert decision.way is Way.PULL
    assert "pulled by digest" in decision.why


@pytest.mark.parametrize("origin", ["build", "pull", "load"])
@pytest.mark.parametrize("reachable", [True, False])
def test_a_fresh_bundle_in_the_cache_wins(origin: str, reachable: bool) -> None:
    found = candidate(origin)
    decision = choose(AUTO, candidates=[found], registries_reachable=reachable, reasons=SILENT)
    assert (decision.way, decision.path) == (Way.CACHED, found.path)
    assert "on 2026-05-04 from the current pins is in the cache" in decision.why


def test_among_fresh_ones_upstream_images_win_and_then_the_newest() -> None:
    found = [
        candidate("build"),
        candidate("load"),
        candidate("pull", created="2026-01-01"),
        candidate("pull", created="2026-03-01"),
    ]
    decision = choose(AUTO, candidates=found, registries_reachable=False, reasons={})
    assert decision.path == found[3].path


def test_a_loaded_bundle_of_other_pins_serves_where_no_registry_answers() -> None:
    found = candidate("load", fresh=False)
    decision = choose(AUTO, candidates=[found], registries_reachable=False, reasons=SILENT)
    assert (decision.way, decision.path) == (Way.CACHED, found.path)
    assert "although it was made from other pins" in decision.why
    assert "--bundle build" in decision.why


def test_a_loaded_bundle_of_other_pins_gives_way_to_upstream_images() -> None:
    decision = choose(
        AUTO, candidates=[candidate("load", fresh=False)], registries_reachable=True, reasons={}
    )
    assert decision.way is Way.PULL


@pytest.mark.parametrize("wish", [Wish.BUILD, Wish.PULL])
def test_what_was_asked_for_is_done_even_against_the_odds(wish: Wish) -> None:
    other = candidate("load")
    decision = choose(
        Choice(wish=wish), candidates=[other], registries_reachable=False, reasons=SILENT
    )
    assert decision.way.value == wish.value
    assert decision.why == f"--bundle {wish} asks for it"


def test_what_was_asked_for_is_not_made_twice() -> None:
    found = candidate("build")
    decision = choose(
        Choice(wish=Wish.BUILD), candidates=[found], registries_reachable=True, reasons={}
    )
    assert (decision.way, decision.path) == (Way.CACHED, found.path)


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "b.tar"
    file.touch()
    choice = parse_choice(str(file))
    decision = choose(choice, candidates=[candidate("pull")], registries_reachable=True, reasons={})
    assert (decision.way, decision.path) == (Way.PATH, file)


@pytest.mark.parametrize("word", ["auto", "pull", "build"])
def test_the_words_are_understood(word: str) -> None:
    assert parse_choice(word) == Choice(wish=Wish(word))


@pytest.mark.parametrize(("text", "near"), [("biuld", "build"), ("pul", "pull"), ("", "auto")])
def test_a_slip_is_refused_with_the_nearest_word(text: str, near: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_choice(text)
    assert caught.value.next_step == f"--bundle {near}"
