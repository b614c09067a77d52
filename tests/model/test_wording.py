"""Words that every message shares."""

from __future__ import annotations

import pytest

from harness.diagnosis.rules.nearest import listed as listed_by_name
from harness.diagnosis.rules.nearest import nearest as nearest_object
from harness.model.wording import counted, cut, listed, nearest


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("a  b\n\tc", 20, "a b c"),
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        ("abcd efg", 6, "abcd…"),
        ("", 6, ""),
    ],
)
def test_a_long_text_is_cut_on_one_line(text: str, limit: int, shown: str) -> None:
    assert cut(text, limit) == shown


def test_one_is_not_several() -> None:
    assert [counted(n, "pod") for n in (0, 1, 2)] == ["0 pods", "1 pod", "2 pods"]


def test_names_are_listed_once_in_their_order() -> None:
    assert listed(["b", "a", "b", ""]) == "b, a"
    assert listed("abcd", 2) == "a, b and 2 more"
    assert listed([]) == "none"


def test_objects_are_listed_by_name() -> None:
    assert listed_by_name(["b", "a", "b"]) == "a, b"
    assert listed_by_name("gfedcba") == "a, b, c, d, e, f and 1 more"
    assert listed_by_name([]) == "none"


def test_the_nearest_of_some_words_is_another_one_in_any_case() -> None:
    assert nearest("Databse", ["DATABASE", "cache", "Databse"]) == "DATABASE"
    assert not nearest("x", ["database"])


def test_the_nearest_object_is_found_letter_by_letter() -> None:
    assert nearest_object("gp3", ["gp2", "standard"]) == "gp2"
    assert nearest_object("GP3", ["gp2"]) == ""
