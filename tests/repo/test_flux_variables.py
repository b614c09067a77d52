from __future__ import annotations

import base64
from typing import Any

import pytest

from harness.repo.flux_variables import (
    SubstitutionError,
    is_disabled,
    substituted,
    substitution_of,
    unknown_note,
)

VALUES = {"name": "web", "empty": "", "path": "/a/b/c.tar.gz", "n": "3"}


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("${name}", "web"),
        ("a-${name}-${n}", "a-web-3"),
        ("$name", "$name"),
        ("$(name)", "$(name)"),
        ("$${name}", "${name}"),
        ("$$", "$"),
        ("5$", "5$"),
        ("${gone:=x}", "x"),
        ("${gone:-x}", "x"),
        ("${gone=x}", "x"),
        ("${empty:=x}", "x"),
        ("${name:=x}", "web"),
        ("${gone:=${name}-1}", "web-1"),
        ("${gone:=}", ""),
        ("${name^^}", "WEB"),
        ("${name^}", "Web"),
        ("${#name}", "3"),
        ("${name:1}", "eb"),
        ("${name:0:2}", "we"),
        ("${name: -2}", "eb"),
        ("${path##*/}", "c.tar.gz"),
        ("${path#*/}", "a/b/c.tar.gz"),
        ("${path%.*}", "/a/b/c.tar"),
        ("${path%%.*}", "/a/b/c"),
        ("${name/w/W}", "Web"),
        ("${path//a/A}", "/A/b/c.tAr.gz"),
    ],
)
def test_a_text_is_filled_in_as_flux_does(text: str, made: str) -> None:
    found = substituted(text, VALUES)

    assert (found.text, found.unknown) == (made, frozenset())


def test_a_variable_that_nobody_knows_is_left_as_it_stands() -> None:
    found = substituted("${gone} ${gone^^} ${name} ${x:=${other}}", VALUES)

    assert found.text == "${gone} ${gone^^} web ${other}"
    assert found.unknown == {"gone", "other"}


@pytest.mark.parametrize(
    "text", ["${name", "${name-x}", "${}", "${a[0]}", "${gone:=${name}", "${@}"]
)
def test_a_form_that_flux_refuses_is_an_error(text: str) -> None:
    with pytest.raises(SubstitutionError, match="no substitution that Flux takes"):
        substituted(text, VALUES)


def test_defaults_within_defaults_end() -> None:
    with pytest.raises(SubstitutionError):
        substituted("${a:=" * 10_000, {})


def _flux(**build: Any) -> dict[str, Any]:
    return {"kind": "Kustomization", "metadata": {"namespace": "ns"}, "spec": {"postBuild": build}}


def _held(kind: str, name: str, namespace: str = "ns", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace}, **more}


def test_values_come_from_declared_objects_and_inline_ones_win() -> None:
    sources = [{"kind": "ConfigMap", "name": "a"}, {"kind": "Secret", "name": "b"}]
    secret = base64.b64encode(b"x\n").decode()
    objects = [
        _held("ConfigMap", "a", "other", data={"env": "wrong"}),
        _held("ConfigMap", "a", data={"env": "dev", "n": 3, "on": True}),
        _held("Secret", "b", data={"key": secret}, stringData={"more": "y"}),
    ]

    found = substitution_of(_flux(substituteFrom=sources, substitute={"env": "prod"}), objects)

    assert found is not None
    assert found.values == {"env": "prod", "n": "3", "on": "true", "key": "x", "more": "y"}
    assert found.missing == ()


def test_objects_that_are_not_declared_or_encrypted_are_missing() -> None:
    sources = [{"kind": "ConfigMap", "name": "gone"}, {"kind": "Secret", "name": "b"}]
    objects = [_held("Secret", "b", stringData={"k": "ENC[AES256]"}, sops={})]

    found = substitution_of(_flux(substituteFrom=sources), objects)

    assert found is not None
    assert (found.values, found.missing) == ({}, ("ConfigMap gone", "Secret b"))


@pytest.mark.parametrize("build", [{}, {"substitute": None}, {"substituteFrom": "x"}])
def test_without_variables_nothing_is_substituted(build: dict[str, Any]) -> None:
    assert substitution_of(_flux(**build), []) is None


@pytest.mark.parametrize("field", ["labels", "annotations"])
def test_an_object_may_ask_to_be_left_alone(field: str) -> None:
    mark = {"kustomize.toolkit.fluxcd.io/substitute": "disabled"}

    assert is_disabled({"metadata": {field: mark}})
    assert not is_disabled({"metadata": None})


def test_the_note_names_variables_and_where_they_may_come_from() -> None:
    assert unknown_note(["b", "a", "a"], ["Secret s"]) == (
        "no value here for ${a}, ${b}; Secret s may hold it"
    )
    assert unknown_note([], ["Secret s"]) == ""
