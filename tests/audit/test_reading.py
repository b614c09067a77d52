"""Tolerant accessors."""

from __future__ import annotations

from typing import Any

import pytest

from harness.audit.reading import (
    annotations_of,
    at,
    entries,
    group_of,
    is_known,
    is_placeholder,
    items,
    labels_of,
    mapping,
    metadata,
    named,
    text,
    text_at,
    texts,
    whole,
)

ODD: tuple[Any, ...] = (None, "a", 1, 1.5, True, [], [1, None], {}, {"a": None}, [["x"]])


@pytest.mark.parametrize("value", ODD)
def test_no_value_raises(value: Any) -> None:
    for read in (mapping, entries, items, text, texts, whole, metadata, annotations_of, labels_of):
        read(value)
    assert list(named(value)) is not None
    assert at(value, "a", "b") is None
    assert text_at(value, "a", "b") == ""
    assert group_of(value) == ""
    assert is_placeholder(value) is False


@pytest.mark.parametrize(
    ("value", "expected"),
    [("a", "a"), (" a ", "a"), (5, "5"), (None, ""), (True, ""), ([], ""), ({}, ""), (1.5, "1.5")],
)
def test_a_scalar_is_read_as_text(value: Any, expected: str) -> None:
    assert text(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(5, 5), ("5", 5), ("http", None), (True, None), (None, None), ("5.5", None), ("²", None)],
)
def test_a_whole_number_may_be_written_as_text(value: Any, expected: int | None) -> None:
    assert whole(value) == expected


@pytest.mark.parametrize(
    "name",
    [
        "{{ x }}",
        "${X}",
        "$(X)",
        "<NAME>",
        "a-${X}-b",
        "__NAME__",
        "%NAME%",
        "$X",
        "[[ x ]]",
        "{% x %}",
    ],
)
def test_a_placeholder_is_told(name: str) -> None:
    assert is_placeholder(name)
    assert not is_known(name)


@pytest.mark.parametrize(
    "name",
    ["db", "a.b-c", "system:auth", "a__b", "Logging__LogLevel__Default", "10%", "a@b", "cost$"],
)
def test_a_name_is_no_placeholder(name: str) -> None:
    assert not is_placeholder(name)
    assert is_known(name)


def test_what_is_empty_is_not_known() -> None:
    assert not is_known("")


def test_entries_are_the_mappings_of_a_list() -> None:
    assert entries([{"a": 1}, None, "x"]) == ({"a": 1},)
    assert entries({"a": 1}) == ()


def test_named_items_are_called_by_name_or_position() -> None:
    found = list(named([{"name": "a"}, None, {"x": 1}, {"name": 5}]))

    assert [name for name, _ in found] == ["a", "2", "5"]


def test_annotations_are_read_as_kubernetes_does() -> None:
    obj = {"metadata": {"annotations": {"a": True, "b": 1, "c": None}, "labels": {"x": False}}}

    assert annotations_of(obj) == {"a": "true", "b": "1", "c": ""}
    assert labels_of(obj) == {"x": "false"}


def test_the_group_of_an_api_version_is_before_the_slash() -> None:
    assert group_of({"apiVersion": "apps/v1"}) == "apps"
    assert group_of({"apiVersion": "v1"}) == ""


def test_a_path_leads_through_mappings() -> None:
    assert at({"a": {"b": [1]}}, "a", "b") == [1]
    assert at({"a": 1}) == {"a": 1}
