"""What people read on a terminal: grouped, short, with the counts last."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.audit.finding import AuditResult, NotJudged, Severity
from harness.model.refs import ObjectRef
from harness.report.audit_text import STYLES, audit_lines, audit_text, presentable, summary
from tests.audit.results import MISSING_KEY, NOTE, PULL_SECRET, accepted, audit


def test_findings_are_grouped_by_severity_and_the_counts_come_last() -> None:
    lines = audit_text(audit()).splitlines()
    heads = [line for line in lines if line and not line.startswith(" ")]

    assert [head.partition(":")[0] for head in heads[:4]] == [
        "1 defect", "1 cluster mismatch", "1 external precondition", "1 note",
    ]  # fmt: skip
    assert lines[-1] == (
        "1 defect, 1 cluster mismatch, 1 external precondition, 1 note. "
        "Rendered and checked 3 overlays with 120 objects in 0.8 s; 1 not judged."
    )


def test_a_finding_is_a_short_block() -> None:
    lines = audit_text(audit(MISSING_KEY)).splitlines()
    start = lines.index("  configmap-missing  ConfigMap shop/order-config")

    assert lines[start + 1 : start + 6] == [
        "    overlays/dev/order.yaml:12",
        "    the key DB_HOST is asked for, and the ConfigMap has DB_NAME",
        "    fix: write DB_NAME in place of DB_HOST",
        "    user: Deployment shop/a",
        "    in 2 of 3 overlays: overlays/dev, overlays/prod",
    ]
    assert lines[start + 6] == ""


def test_overlays_are_left_out_where_all_show_it_or_there_is_only_one() -> None:
    assert "overlays:" not in audit_text(audit(PULL_SECRET))
    assert "    in overlays/prod" not in audit_text(
        audit(replace(NOTE, overlays=("overlays/prod",)), rendered=1)
    )
    one = audit_text(audit(replace(NOTE, overlays=("overlays/prod",))))
    assert "    in overlays/prod\n" in one


def test_many_users_and_overlays_are_shortened_and_verbose_names_all() -> None:
    many = tuple(f"overlays/{number}" for number in range(8))
    result = audit(replace(PULL_SECRET, overlays=many), rendered=9)

    short, whole = (" ".join(audit_text(result, verbose=v).split()) for v in (False, True))
    assert "5 users: Deployment shop/a, Deployment shop/b, Deployment shop/c and 2 more" in short
    assert "8 of 9 overlays: overlays/0, overlays/1, overlays/2, overlays/3, overlays/4" in short
    assert " and 3 more" in short
    assert "more" not in whole.replace("says more", "")
    assert "Deployment shop/e" in whole
    assert "overlays/7" in whole


def test_verbose_shows_what_is_expected_and_the_cause() -> None:
    assert "expected" not in audit_text(audit(MISSING_KEY))
    text = audit_text(audit(MISSING_KEY), verbose=True)
    assert "    expected: the key DB_NAME\n" in text
    assert "    cause: C02 (harness audit --explain C02)\n" in text


def test_things_not_judged_are_few_unless_verbose() -> None:
    unknown = tuple(NotJudged(subject=f"chart {n}", reason="no helm") for n in range(8))
    result = audit(not_judged=unknown)

    assert audit_text(result).count("no helm") == 5
    assert "  and 3 more (--verbose names all)\n" in audit_text(result)
    assert audit_text(result, verbose=True).count("no helm") == 8
    assert "Not judged" not in audit_text(audit(not_judged=()))


def test_quiet_is_the_counts_alone() -> None:
    assert audit_text(audit(), quiet=True) == f"{summary(audit())}\n"


def test_an_audit_that_found_nothing_says_what_it_checked() -> None:
    text = audit_text(audit(findings=(), not_judged=()))

    assert text == "Nothing found. Rendered and checked 3 overlays with 120 objects in 0.8 s.\n"


def test_an_audit_that_rendered_nothing_does_not_call_that_fine() -> None:
    assert summary(AuditResult(findings=())) == (
        "Nothing was checked: no overlay was rendered, 0 not judged."
    )


def test_accepted_findings_are_counted_and_named_only_verbosely() -> None:
    result = audit(accepted(MISSING_KEY, "looked at"), NOTE)

    assert summary(result).startswith("1 note, 1 accepted. ")
    assert "order-config" not in audit_text(result)
    assert "  configmap-missing  ConfigMap shop/order-config: looked at\n" in audit_text(
        result, verbose=True
    )
    assert summary(audit(accepted(NOTE))).startswith("Nothing found, 1 accepted. ")


def test_numbers_above_one_have_their_plural() -> None:
    twice = [replace(f, field="x") for f in audit().findings]

    assert summary(audit(*audit().findings, *twice)).startswith(
        "2 defects, 2 cluster mismatches, 2 external preconditions, 2 notes. "
    )


@pytest.mark.parametrize("severity", list(Severity))
def test_the_style_of_a_heading_and_of_its_rules_is_that_of_the_severity(
    severity: Severity,
) -> None:
    lines = audit_lines(audit(replace(NOTE, severity=severity)))

    styled = [line.text for line in lines if line.style == STYLES[severity]]
    assert len(styled) == 2
    assert styled[1] == "  orphan-manifest  Service shop/old"


def test_lines_are_wrapped_and_paths_are_not_broken() -> None:
    path = "/".join(["a-long-folder-name"] * 12)
    result = audit(replace(NOTE, message="word " * 60, file=path))

    lines = [line.text for line in audit_lines(result, width=60)]
    assert f"    {path}" in lines
    assert max(len(line) for line in lines[:-2] if path not in line) <= 60


def test_a_huge_message_is_cut() -> None:
    assert len(audit_text(audit(replace(NOTE, message="x y " * 100_000)))) < 2000


def test_what_is_shown_holds_neither_control_characters_nor_passwords() -> None:
    strange = replace(
        NOTE,
        object=ObjectRef("Secret", "shop", "x\x1b[31my\x07"),
        message="repoURL is https://bob:hunter2@git.example.org/x.git",
        overlays=("a\x1b]0;title\x07b",),
    )
    shown = presentable(audit(strange, not_judged=(NotJudged(subject="\x00", reason="r"),)))

    assert shown.findings[0].object == ObjectRef("Secret", "shop", "xy\ufffd")
    assert shown.findings[0].message == "repoURL is https://***@git.example.org/x.git"
    assert shown.findings[0].overlays == ("ab",)
    assert shown.findings[0].severity is Severity.NOTE
    assert shown.not_judged[0].subject == "\ufffd"
    assert presentable(shown) == shown


def test_an_address_with_a_port_is_left_alone() -> None:
    said = "http://order.shop:8080/path and git@github.com:a/b and oci://ghcr.io/x@sha256:abc"

    assert presentable(audit(replace(NOTE, message=said))).findings[0].message == said
