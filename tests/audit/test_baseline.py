"""A baseline accepts what it names with a reason, and refuses what cannot be meant."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from harness.audit.baseline import TODO, UNREASONED, UNUSED, Baseline, applied, new_text
from harness.audit.baseline_reader import can_be_extended, read_baseline
from harness.audit.catalogue import rules
from harness.audit.finding import AuditFinding, AuditResult, Severity
from harness.model.errors import UsageError
from harness.model.refs import ObjectRef
from tests.audit.results import MISMATCH, MISSING_KEY, NOTE, PULL_SECRET, USERS, audit

KNOWN = ("imagepullsecret-missing", "configmap-missing", "storageclass-missing", "orphan-manifest")
TODAY = date(2026, 11, 22)
ENTRY = """\
[[accept]]
rule = "imagepullsecret-missing"
object = "Secret shop/ghcr-secret"
reason = "made by Vault"
"""


def read(text: str) -> Baseline:
    return read_baseline(text, name="b.toml", place=".harness-audit.toml", known=KNOWN, today=TODAY)


def entry(**values: Any) -> str:
    written = {
        "rule": '"imagepullsecret-missing"',
        "object": '"Secret shop/*"',
        "reason": '"made by Vault"',
        **values,
    }
    lines = [f"{key} = {value}" for key, value in written.items() if value is not None]
    return "\n".join(["[[accept]]", *lines, ""])


def refused(text: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        read(text)
    assert "\n" not in caught.value.paragraph()
    return caught.value


def reasons(result: AuditResult) -> dict[str, str]:
    return {found.rule: found.accepted for found in result.findings if found.accepted}


def notes(result: AuditResult, rule: str) -> list[AuditFinding]:
    return [found for found in result.findings if found.rule == rule]


def test_an_entry_accepts_the_finding_it_names_and_no_other() -> None:
    result = applied(audit(), read(ENTRY))

    assert reasons(result) == {"imagepullsecret-missing": "made by Vault"}
    assert len(result.findings) == 4


@pytest.mark.parametrize(
    ("pattern", "accepted"),
    [
        ("Secret shop/ghcr-secret", True),
        ("Secret */ghcr-secret", True),
        ("Secret shop/ghcr-*", True),
        ("* shop/ghcr-secre?", True),
        ("Secret [st]hop/*", True),
        ("Secret ghcr-secret", False),
        ("secret shop/ghcr-secret", False),
        ("ConfigMap shop/ghcr-secret", False),
        ("Secret shop/ghcr", False),
    ],
)
def test_an_object_may_hold_wildcards(pattern: str, accepted: bool) -> None:
    result = applied(audit(PULL_SECRET), read(entry(object=f'"{pattern}"')))

    assert bool(reasons(result)) is accepted


def test_the_rule_must_be_the_same() -> None:
    result = applied(audit(PULL_SECRET), read(entry(rule='"configmap-missing"', object='"*"')))

    assert reasons(result) == {}


def test_an_empty_text_is_a_baseline_without_entries() -> None:
    assert read("").entries == ()
    assert read("# nothing yet\n").entries == ()


def test_an_entry_without_finding_is_a_note_at_its_line() -> None:
    text = "# accepted\n\n" + ENTRY + "\n" + entry(object='"Secret shop/ghcr-secrt"')
    (note,) = notes(applied(audit(), read(text)), UNUSED)

    assert note.severity is Severity.NOTE
    assert (note.file, note.line) == (".harness-audit.toml", 8)
    assert note.object == ObjectRef("Baseline", "", "b.toml")
    assert "imagepullsecret-missing on Secret shop/ghcr-secrt" in note.message
    assert "Secret shop/ghcr-secret" in note.fix


def test_an_audit_of_some_environments_calls_no_entry_useless() -> None:
    result = applied(audit(NOTE), read(ENTRY), whole=False)

    assert notes(result, UNUSED) == []


def test_a_baseline_outside_the_repository_gives_notes_without_place() -> None:
    (note,) = notes(applied(audit(NOTE), replace(read(ENTRY), place="")), UNUSED)

    assert (note.file, note.line) == ("", 0)


def test_an_entry_whose_reason_is_to_do_accepts_and_is_noted_once() -> None:
    text = entry(reason=f'"{TODO}"') + entry(
        rule='"configmap-missing"', object='"*"', reason='"todo"'
    )
    result = applied(audit(), read(text))
    (note,) = notes(result, UNREASONED)

    assert set(reasons(result)) == {"imagepullsecret-missing", "configmap-missing"}
    assert note.message.startswith("2 entries have no reason yet: imagepullsecret-missing on")
    assert note.line == 1


def test_an_entry_is_valid_through_its_last_day() -> None:
    assert read(entry(expires="2026-11-22")).entries[0].expires == TODAY
    assert read(entry(expires='"2026-11-23"')).entries[0].expires == date(2026, 11, 23)


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("[[accept]\n", "b.toml:1", "a TOML file"),
        ("\n\nx = \n", "b.toml:3", "a TOML file"),
        ("x = " + "[" * 5000, "b.toml", "nested too deep"),
        ("# one\n[accpet]\n", "b.toml:2", "unknown key 'accpet'"),
        ("accept = 1\n", "b.toml", "[[accept]], with two brackets"),
        ("[accept]\nrule = 1\n", "b.toml", "[[accept]], with two brackets"),
        ("accept = [1]\n", "b.toml, entry 1,", "it is 1"),
        (ENTRY + "\n" + entry(resaon='"x"'), "b.toml:10", "unknown key 'resaon'"),
        (ENTRY + "\n" + entry(resaon='"x"'), "b.toml:10", "Expected: reason."),
        (entry(rule='"imagepullsecret-mising"'), "b.toml:2", "Expected: imagepullsecret-missing."),
        (entry(rule='"zzz"'), "b.toml:2", "--list-rules"),
        (entry(rule=None), "b.toml:1", "the entry has no rule"),
        (entry(rule="7"), "b.toml:2", "rule is 7"),
        (entry(object=None), "b.toml:1", "the entry has no object"),
        (entry(object="[]"), "b.toml:3", "object is []"),
        (entry(reason=None), "b.toml:1", "the entry has no reason"),
        (entry(reason='"  "'), "b.toml:4", "a sentence that says why"),
        (entry(expires='"soon"'), "b.toml:5", "expires is 'soon'"),
        (entry(expires="2026-13-40"), "b.toml:5", "a TOML file"),
        (entry(expires="2027-01-01T00:00:00"), "b.toml:5", "expires is datetime"),
        (entry(expires="2026-11-21"), "b.toml:5", "the entry expired on 2026-11-21"),
        ('accept = [{rule = "zzz"}]', "b.toml, entry 1,", "there is no rule 'zzz'"),
        (ENTRY.replace("\n", "\r\n") + entry(reason='""'), "b.toml:8", "reason is ''"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(text: str, place: str, said: str) -> None:
    error = refused(text)

    assert error.subject == place
    assert said in error.paragraph()


def test_a_header_inside_a_string_does_not_shift_the_lines() -> None:
    text = entry(reason='"""\n[[accept]]\n"""') + entry(reason='""')

    assert refused(text).subject == "b.toml, entry 2,", "the line is unknown, so none is named"


def test_written_entries_accept_exactly_the_present_findings() -> None:
    text = new_text("", audit().findings)
    result = applied(audit(), read(text))

    assert set(reasons(result)) == set(KNOWN)
    assert set(reasons(result).values()) == {TODO}
    assert notes(result, UNUSED) == []


def test_written_entries_are_added_and_nothing_is_lost() -> None:
    before = "# ours\n" + ENTRY.rstrip("\n")
    text = new_text(before, (MISSING_KEY, MISMATCH))

    assert text.startswith(before + "\n\n# defect: ")
    assert [e.rule for e in read(text).entries] == [
        "imagepullsecret-missing", "configmap-missing", "storageclass-missing",
    ]  # fmt: skip


def test_two_findings_on_one_object_need_one_entry() -> None:
    text = new_text("", (MISSING_KEY, replace(MISSING_KEY, field="data.x")))

    assert len(read(text).entries) == 1


def test_a_finding_that_stands_for_several_namespaces_is_accepted_in_each() -> None:
    users = (USERS[0], replace(USERS[0], namespace="shop-prod"))
    both = replace(PULL_SECRET, users=users)
    baseline = read(new_text("", (both,)))

    prod = replace(PULL_SECRET, object=replace(PULL_SECRET.object, namespace="shop-prod"))
    assert baseline.entries[0].object == "Secret */ghcr-secret"
    assert reasons(applied(audit(prod), baseline))
    apart = replace(PULL_SECRET, users=(USERS[0], replace(USERS[1], namespace="shop-prod")))
    assert read(new_text("", (apart,))).entries[0].object == "Secret shop/ghcr-secret"


def test_a_strange_name_is_written_so_that_only_it_matches() -> None:
    strange = replace(NOTE, object=ObjectRef("File", "", 'a*[b]?"\\\t\x7fü.yaml'), message="x\ny")
    baseline = read(new_text("", (strange,)))

    assert reasons(applied(audit(strange), baseline)) == {"orphan-manifest": TODO}
    other = replace(NOTE, object=ObjectRef("File", "", 'aZ[b]?"\\\t\x7fü.yaml'))
    assert reasons(applied(audit(other), baseline)) == {}


def test_the_head_of_a_new_file_is_a_comment_whose_example_can_be_read() -> None:
    head = new_text("", ())
    example = "\n".join(
        line.removeprefix("#   ") for line in head.splitlines() if line.startswith("#   ")
    )

    assert tomllib.loads(head) == {}
    (shown,) = tomllib.loads(example)["accept"]
    assert set(shown) == {"rule", "object", "reason", "expires"}


def test_entries_can_be_added_to_tables_only() -> None:
    assert can_be_extended("")
    assert can_be_extended(ENTRY)
    assert not can_be_extended('accept = [{rule = "x"}]')


def test_the_rules_about_the_baseline_are_notes_of_the_catalogue() -> None:
    assert {rules()[name].severity for name in (UNUSED, UNREASONED)} == {Severity.NOTE}
