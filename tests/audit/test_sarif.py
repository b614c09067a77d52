"""SARIF as code scanning reads it: rules with help, levels, places, fingerprints, suppressions."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from harness.audit.catalogue import Rule
from harness.audit.finding import AuditFinding, Severity
from harness.audit.sarif import FINGERPRINT, sarif
from harness.model.refs import ObjectRef
from tests.audit.results import MISMATCH, MISSING_KEY, NOTE, PULL_SECRET, accepted, audit

KNOWN = {
    "configmap-missing": Rule(
        name="configmap-missing",
        severity=Severity.DEFECT,
        title="A ConfigMap or a key of it does not exist",
        why="The container cannot start.",
        mend="Declare it.",
        silent="With optional: true.",
        causes=("C02",),
    )
}


def run(*findings: AuditFinding, **more: Any) -> dict[str, Any]:
    log = json.loads(sarif(audit(*findings, **more), KNOWN, "0.1.0"))
    assert log["version"] == "2.1.0"
    found: dict[str, Any] = log["runs"][0]
    return found


def result(found: AuditFinding) -> dict[str, Any]:
    entry: dict[str, Any] = run(found)["results"][0]
    return entry


def mark(found: AuditFinding) -> str:
    value: str = result(found)["partialFingerprints"][FINGERPRINT]
    return value


def test_the_log_has_what_the_standard_requires() -> None:
    said = run()

    assert said["tool"]["driver"]["name"] == "gitops-harness"
    for entry in said["results"]:
        assert entry["message"]["text"]
        assert entry["ruleId"] == said["tool"]["driver"]["rules"][entry["ruleIndex"]]["id"]
    for notification in said["invocations"][0]["toolExecutionNotifications"]:
        assert notification["message"]["text"]
    assert said["invocations"][0]["executionSuccessful"] is True


def test_a_rule_comes_once_with_its_help() -> None:
    rules = run(MISSING_KEY, replace(MISSING_KEY, field="spec"))["tool"]["driver"]["rules"]

    assert [rule["id"] for rule in rules] == ["configmap-missing"]
    assert rules[0]["shortDescription"]["text"] == "A ConfigMap or a key of it does not exist"
    assert rules[0]["help"]["text"] == (
        "The container cannot start.\n\nMend: Declare it.\n\nSilent: With optional: true."
    )
    assert "**Mend:** Declare it." in rules[0]["help"]["markdown"]
    assert rules[0]["defaultConfiguration"]["level"] == "error"


def test_a_rule_that_the_catalogue_lacks_is_still_named() -> None:
    assert run(NOTE)["tool"]["driver"]["rules"] == [{"id": "orphan-manifest"}]


@pytest.mark.parametrize(
    ("found", "level"),
    [(MISSING_KEY, "error"), (MISMATCH, "error"), (PULL_SECRET, "warning"), (NOTE, "note")],
)
def test_the_level_follows_the_severity(found: AuditFinding, level: str) -> None:
    assert result(found)["level"] == level


def test_a_place_is_relative_to_the_root_of_the_sources() -> None:
    place = result(MISSING_KEY)["locations"][0]["physicalLocation"]

    assert place["artifactLocation"] == {
        "uri": "overlays/dev/order.yaml",
        "uriBaseId": "%SRCROOT%",
    }
    assert place["region"] == {"startLine": 12}
    assert "%SRCROOT%" in run()["originalUriBaseIds"]


@pytest.mark.parametrize(
    ("file", "uri"),
    [("a b/ü#1.yaml", "a%20b/%C3%BC%231.yaml"), ("x:y.yaml", "x%3Ay.yaml"), ("50%.y", "50%25.y")],
)
def test_a_file_name_becomes_a_valid_relative_address(file: str, uri: str) -> None:
    location = result(replace(NOTE, file=file))["locations"][0]["physicalLocation"]

    assert location["artifactLocation"]["uri"] == uri


def test_an_unknown_line_is_left_out_and_an_unknown_file_gives_way_to_the_overlay() -> None:
    without_line = result(NOTE)["locations"][0]["physicalLocation"]
    without_file = result(replace(MISMATCH, file="", line=7))["locations"][0]["physicalLocation"]
    nowhere = result(replace(NOTE, file=""))["locations"][0]["physicalLocation"]

    assert "region" not in without_line
    assert without_file["artifactLocation"]["uri"] == "overlays/prod"
    assert "region" not in without_file
    assert nowhere["artifactLocation"]["uri"] == "."


def test_the_fingerprint_survives_moved_lines_files_and_words() -> None:
    moved = replace(MISSING_KEY, line=99, file="other.yaml", message="other", overlays=())

    assert mark(moved) == mark(MISSING_KEY)


@pytest.mark.parametrize(
    "other",
    [
        replace(MISSING_KEY, rule="secret-missing"),
        replace(MISSING_KEY, object=ObjectRef("ConfigMap", "shop", "other")),
        replace(MISSING_KEY, object=ObjectRef("ConfigMap", "other", "order-config")),
        replace(MISSING_KEY, field="data.x"),
    ],
)
def test_another_root_has_another_fingerprint(other: AuditFinding) -> None:
    assert mark(other) != mark(MISSING_KEY)


def test_two_results_never_share_a_fingerprint() -> None:
    again = replace(MISSING_KEY, severity=Severity.NOTE)
    marks = [r["partialFingerprints"][FINGERPRINT] for r in run(MISSING_KEY, again)["results"]]

    assert len(set(marks)) == 2


def test_an_accepted_finding_is_suppressed_with_its_reason_and_others_are_not() -> None:
    one, other = run(accepted(MISSING_KEY, "known"), NOTE)["results"]

    assert one["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": "known"}
    ]
    assert other["suppressions"] == []


def test_the_message_says_what_is_right_and_what_to_do() -> None:
    assert result(PULL_SECRET)["message"]["text"] == (
        "five workloads name it, and nothing declares it. Fix: create it in the namespace shop. "
        "5 users: Deployment shop/a, Deployment shop/b, Deployment shop/c and 2 more."
    )


def test_what_was_not_judged_is_a_notification() -> None:
    notifications = run()["invocations"][0]["toolExecutionNotifications"]

    assert [n["message"]["text"] for n in notifications] == [
        "Not judged: Application argocd/loki: a Helm chart"
    ]


def test_an_audit_without_findings_is_a_whole_log() -> None:
    said = run(findings=())

    assert said["results"] == []
    assert said["tool"]["driver"]["rules"] == []
