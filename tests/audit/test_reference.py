"""The page of all rules is what the catalogue says, and every rule can be explained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.audit.catalogue import Rule, rules
from harness.audit.explanation import nearest, rule_text, rules_list, some_of, users_text
from harness.audit.finding import Severity
from harness.audit.reference import rules_markdown
from harness.diagnosis.catalogue import catalogue
from tests.audit.results import USERS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "audit-rules.md"
RULE = Rule(
    name="secret-missing",
    severity=Severity.PRECONDITION,
    title="A Secret that nobody declares",
    why="The container cannot start.",
    mend="Declare it.",
    silent="With optional: true.",
    causes=("S01", "Z99"),
    source="kubelet",
)


def test_the_page_is_what_the_catalogue_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == rules_markdown(), "make rules"


def test_the_page_has_a_section_for_every_rule() -> None:
    page = rules_markdown()

    for name in rules():
        assert page.count(f"\n### {name}\n") == 1
        assert f"[{name}](#{name})" in page


def test_what_looks_like_html_is_escaped_but_not_inside_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rule = replace(RULE, why="see <a> and `<b>`", title="a | <c>")
    monkeypatch.setattr("harness.audit.reference.rules", lambda: {rule.name: rule})
    page = rules_markdown()

    assert "a | &lt;c>. see &lt;a> and `<b>`\n" in page
    assert "| external-precondition | a \\| &lt;c> |" in page


def test_every_cause_that_a_rule_names_exists() -> None:
    named = {cause for rule in rules().values() for cause in rule.causes}

    assert named <= set(catalogue())


def test_an_explanation_says_everything() -> None:
    text = rule_text(RULE)

    assert text.startswith("secret-missing  A Secret that nobody declares\n")
    for part in (
        "external-precondition; the cluster is expected to hold it",
        "The container cannot start.",
        "Mend: Declare it.",
        "Silent: With optional: true.",
        f"S01 {catalogue()['S01'].title}; Z99",
        "Source: kubelet",
    ):
        assert part in text
    assert max(map(len, text.splitlines())) <= 100


def test_every_rule_of_the_catalogue_can_be_explained() -> None:
    for rule in rules().values():
        said = " ".join(rule_text(rule).split())
        assert " ".join(f"{rule.why} Mend: {rule.mend}".split()) in said


def test_the_list_begins_with_the_severest() -> None:
    other = Rule(name="z", severity=Severity.DEFECT, title="t", why="w", mend="m")
    lines = rules_list({"secret-missing": RULE, "z": other}).splitlines()

    assert lines == [
        "z               defect                 t",
        "secret-missing  external-precondition  A Secret that nobody declares",
    ]


def test_the_nearest_names_come_first() -> None:
    known = ("secret-missing", "configmap-missing", "service-selects-nothing")

    assert nearest("secret-mising", known)[0] == "secret-missing"
    assert nearest("SECRET-MISSING", known)[0] == "secret-missing"
    assert nearest("netpol", ("netpol-blocks-dns", "x")) == ("netpol-blocks-dns",)
    assert nearest("", known) == ()
    assert nearest("zzzz", known) == ()


def test_users_are_counted_and_the_first_are_named() -> None:
    assert users_text(USERS[:1]) == "user: Deployment shop/a"
    assert users_text(USERS) == (
        "5 users: Deployment shop/a, Deployment shop/b, Deployment shop/c and 2 more"
    )
    assert some_of(("a", "b"), 2) == "a, b"
