"""Tests of lines of YAML texts, and of wildcard patterns."""

from __future__ import annotations

import time

import pytest

from harness.audit.globs import UnknownPatternError, matches, matches_kind
from harness.audit.lines import LONGEST_TEXT, line_of, line_with

TEXT = """\
# two documents
kind: A
metadata: {name: one}
---
kind: B
metadata:
  name: two
spec:
  items:
  - name: x
    value: 1
  - name: y
    value: 2
"""


@pytest.mark.parametrize(
    ("steps", "line"),
    [
        (("spec",), 8),
        (("spec", "items", 1), 12),
        (("spec", "items", "y", "value"), 13),
        (("spec", "missing", "deeper"), 8),
        (("spec", "items", 7), 9),
        ((), 5),
    ],
)
def test_the_line_is_that_of_the_deepest_field(steps: tuple[str | int, ...], line: int) -> None:
    assert line_of(TEXT, *steps, kind="B", name="two") == line


def test_without_a_kind_the_first_document_is_meant() -> None:
    assert line_of(TEXT, "kind") == 2


def test_an_unknown_document_has_no_line() -> None:
    assert line_of(TEXT, "spec", kind="B", name="three") == 0


def test_an_item_of_a_list_is_a_document() -> None:
    text = "kind: List\nitems:\n- kind: A\n  metadata:\n    name: one\n"
    assert line_of(text, "metadata", "name", kind="A", name="one") == 5


@pytest.mark.parametrize("text", ["", "a: [", "\t", "x" * (LONGEST_TEXT + 1), "- 1\n- 2\n"])
def test_texts_without_such_a_field_have_no_line_and_raise_nothing(text: str) -> None:
    assert line_of(text, "spec", kind="A", name="one") == 0


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    assert line_of("\ufeffkind: A\nspec: 1\n", "spec") == 2


def test_a_scalar_is_found_before_a_mention() -> None:
    assert line_with("# ../../bse\nresources:\n- ../../bse\n", "../../bse") == 3
    assert line_with("a: [\nb: ../../bse\n", "../../bse") == 2
    assert line_with("a: 1\n", "") == 0


def test_aliases_of_aliases_do_not_keep_the_search_busy() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    began = time.monotonic()
    assert line_with("\n".join(lines), "nowhere") == 0
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("pattern", "value", "separator", "matching"),
    [
        ("a*c", "abbc", "", True),
        ("a*c", "ab", "", False),
        ("a/*", "a/b", "/", True),
        ("a/*", "a/b/c", "/", False),
        ("a/**", "a/b/c", "/", True),
        ("a?c", "a/c", "/", False),
        ("{dev,prod}-*", "prod-x", "", True),
        ("{dev,prod}-*", "qa-x", "", False),
        ("[a-c]x", "bx", "", True),
        ("[!a-c]x", "bx", "", False),
        ("", "", "", True),
        ("a.c", "abc", "", False),
    ],
)
def test_patterns_match_as_a_whole(
    pattern: str, value: str, separator: str, matching: bool
) -> None:
    assert matches(pattern, value, separator) is matching


@pytest.mark.parametrize("pattern", ["[a", "{a,b", "x" * 501, "{a,b}" * 10])
def test_patterns_that_are_not_well_formed_or_too_rich_are_refused(pattern: str) -> None:
    with pytest.raises(UnknownPatternError):
        matches(pattern, "a")


def test_a_hostile_pattern_takes_bounded_time() -> None:
    began = time.monotonic()
    assert not matches("*a" * 240, "a" * 499 + "b")
    assert time.monotonic() - began < 5


def test_kinds_have_no_braces() -> None:
    assert matches_kind("Cluster*", "ClusterRole")
    assert not matches_kind("{A,B}", "A")
    assert not matches_kind("[", "A")
