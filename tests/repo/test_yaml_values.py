from __future__ import annotations

import pytest

from harness.manifests.yaml_scalars import plain
from harness.manifests.yaml_values import MAX_DEPTH, read_yaml
from harness.repo.origin_tree import documents


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("web", "web"),
        ("", None),
        ("~", None),
        ("yes", True),
        ("Off", False),
        ("0644", 420),
        ("0o644", 420),
        ("0x1F", 31),
        ("1_000", 1000),
        ("-7", -7),
        ("1e3", 1000.0),
        ("08", 8.0),
        (".5", 0.5),
        ("12e4567", "12e4567"),
        ("22:22", "22:22"),
        ("2024-01-01", "2024-01-01"),
        ("1.2.3", "1.2.3"),
        ("9" * 5000, "9" * 5000),
        ("500m", "500m"),
        ("+", "+"),
    ],
)
def test_a_scalar_is_what_kubernetes_tools_take_it_for(text: str, value: object) -> None:
    found = plain(text)

    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"yes"', "yes"),
        ("!!str 5", "5"),
        ('!!int "5"', 5),
        ("!Ref web", "web"),
        ("!!binary aGVsbG8=", "hello"),
        ("|\n  a\n", "a\n"),
    ],
)
def test_quotes_and_tags_decide_before_the_form(written: str, value: object) -> None:
    assert read_yaml(f"a: {written}").documents == ({"a": value},)


def test_keys_stay_text() -> None:
    assert read_yaml("80: a\non: b\n").documents == ({"80": "a", "on": "b"},)


def test_merge_keys_yield_to_the_mappings_own() -> None:
    text = "a: &a {x: 1, y: 2}\nb: &b {x: 5}\nc: {<<: [*a, *b], y: 3}\n"

    assert read_yaml(text).documents[0]["c"] == {"x": 1, "y": 3}


def test_an_anchor_may_be_defined_again() -> None:
    reading = read_yaml("a: &x 1\nb: &x 2\nc: *x\n")

    assert reading.documents == ({"a": 1, "b": 2, "c": 2},)
    assert reading.problems == ()


def test_crlf_and_many_documents_are_read() -> None:
    assert read_yaml("a: 1\r\nb:\r\n  - c\r\n").documents == ({"a": 1, "b": ["c"]},)
    assert len(read_yaml("---\nkind: X\n" * 10_000).documents) == 10_000


def test_a_key_that_occurs_twice_is_named_with_both_lines_and_the_last_one_counts() -> None:
    reading = read_yaml("metadata:\n  labels: {a: 1}\n  name: web\n  labels: {b: 2}\n")

    assert reading.documents[0]["metadata"]["labels"] == {"b": 2}
    [problem] = reading.problems
    assert (problem.line, problem.ends) == (4, False)
    assert problem.message == "the key 'labels' is already there at line 2"


def test_the_documents_before_a_break_are_kept() -> None:
    reading = read_yaml("a: 1\n---\nb: [\n")

    assert reading.documents == ({"a": 1},)
    assert [p.line for p in reading.problems] == [4]


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("a:\n\tb: 1\n", 2, "tab"),
        ("a: 1\nb\nc: 2\n", 3, "colon"),
        ("a: b: c\n", 1, "colon"),
        ("host: *.example.com\n", 1, "quote"),
        ("a: 1\nb: \x07\n", 2, "control character"),
        ("a: {{ .Values.x }}\n", 1, "template"),
        ("a: &a [*a]\n", 1, "contains itself"),
        ("<<: 1\n", 1, "no mapping"),
    ],
)
def test_a_break_is_named_in_words_with_its_line(text: str, line: int, word: str) -> None:
    [problem] = read_yaml(text).problems

    assert (problem.line, problem.ends, problem.is_limit) == (line, True, False)
    assert word in problem.message


def _levels(count: int, form: str) -> str:
    links = range(1, count)
    return "a0: &a0 {k: 1}\n" + "".join(form.format(at=n, before=n - 1) for n in links)


@pytest.mark.parametrize(
    "text",
    [
        _levels(40, "a{at}: &a{at} [*a{before}, *a{before}, *a{before}]\n"),
        _levels(40, "a{at}: &a{at} {{{{<<: [*a{before}, *a{before}, *a{before}]}}}}\n")
        .replace("{{", "{")
        .replace("}}", "}"),
    ],
    ids=["lists", "merges"],
)
def test_aliases_that_multiply_end_the_reading_before_they_are_filled_in(text: str) -> None:
    [problem] = read_yaml(text).problems

    assert "aliases" in problem.message


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "- " * 100_000,
        "{a: " * 100_000,
        "".join(" " * n + "a:\n" for n in range(999)),
    ],
    ids=["flow", "list", "mapping", "block"],
)
def test_depth_ends_the_reading_before_it_ends_the_process(text: str) -> None:
    [problem] = read_yaml(text).problems

    assert problem.is_limit
    assert str(MAX_DEPTH) in problem.message


@pytest.mark.parametrize(
    "text",
    ["[" * 1_000_000, _levels(40, "a{at}: &a{at} [*a{before}, *a{before}, *a{before}]\n")],
    ids=["depth", "aliases"],
)
def test_nodes_with_their_places_keep_the_same_limits(text: str) -> None:
    assert documents(text, "a.yaml") == ()


def test_a_chain_of_aliases_is_no_way_around_the_depth() -> None:
    text = "a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 400))

    assert read_yaml(text).problems


def test_values_are_counted_while_they_are_composed() -> None:
    reading = read_yaml(f"[{'1,' * 500}]", limit=100)

    assert reading.documents == ()
    assert [p.is_limit for p in reading.problems] == [True]
    assert reading.values == 101


def test_keys_that_all_occur_twice_are_named_only_so_often() -> None:
    text = "".join(f"k{n}: 1\n" for n in range(500)) * 2

    assert len(read_yaml(text).problems) == 20
