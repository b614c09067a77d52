"""Programs are aligned to the highest version of a module that one of them uses."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from airgap.align import SHARING, Module, highest, order_of, raises
from airgap.pins import HOME


def test_versions_are_ordered_by_number_and_previews_come_before_their_release() -> None:
    versions = ["v1.10.0", "v1.9.0", "v1.10.0-rc.1", "v0.0.0-20260101000000-abcdefabcdef"]
    assert sorted(versions, key=order_of) == [
        "v0.0.0-20260101000000-abcdefabcdef",
        "v1.9.0",
        "v1.10.0-rc.1",
        "v1.10.0",
    ]


def test_build_metadata_does_not_count() -> None:
    assert order_of("v2.5.0+incompatible") == order_of("v2.5.0")


def test_what_is_no_version_is_refused() -> None:
    with pytest.raises(ValueError, match="main"):
        order_of("main")


def module(path: str, required: str, compiled: str | None = None) -> Module:
    return Module(path=path, required=required, compiled=compiled or required)


def test_only_lower_versions_are_raised() -> None:
    one = [module("a", "v1.0.0"), module("b", "v2.0.0")]
    two = [module("a", "v1.1.0"), module("c", "v1.0.0")]
    wanted = highest([one, two])
    assert wanted == {"a": "v1.1.0", "b": "v2.0.0", "c": "v1.0.0"}
    assert raises(one, wanted) == ["a@v1.1.0"]
    assert raises(two, wanted) == []


def test_a_requirement_is_raised_to_what_replaces_it_and_never_lowered() -> None:
    below = [module("a", "v0.0.0", "v0.36.3")]
    above = [module("b", "v1.3.2-0.20251022194116-03b8f90390d9", "v1.3.1")]
    wanted = highest([below, above])
    assert raises(below, wanted) == ["a@v0.36.3"]
    assert raises(above, wanted) == []


def required(path: Path) -> dict[str, str]:
    text = re.sub(r"replace \(.*?\n\)", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return dict(re.findall(r"^(?:require)?\s+(\S+\.\S+/\S+) (v\S+)", text, re.MULTILINE))


@pytest.mark.parametrize(
    "name",
    [
        "golang.org/x/net",
        "golang.org/x/sys",
        "google.golang.org/protobuf",
        "k8s.io/api",
        "k8s.io/client-go",
        "k8s.io/utils",
    ],
)
def test_the_modules_below_nearly_everything_are_aligned(name: str) -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for program in SHARING:
        version = required(HOME / "go" / program / "go.mod").get(name)
        if version:
            found[version].add(program)
    assert len(found) == 1, dict(found)


def test_staging_modules_of_kubernetes_are_replaced_by_one_version() -> None:
    found = {
        version
        for program in SHARING
        for version in re.findall(
            r"=> k8s\.io/(?!kubernetes)\S+ (v\S+)",
            (HOME / "go" / program / "go.mod").read_text(encoding="utf-8"),
        )
    }
    assert found == {"v0.36.3"}
