"""JUnit: one case per rendered root, red exactly where its findings make the audit fail."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from harness.audit.finding import AuditResult
from harness.audit.junit import junit
from harness.audit.threshold import FailOn, fails
from harness.model.refs import ObjectRef
from tests.audit.results import MISMATCH, MISSING_KEY, NOTE, PULL_SECRET, accepted, audit


def suite(result: AuditResult, fail_on: FailOn = FailOn.MISMATCH) -> ET.Element:
    text = junit(result, fail_on, "2026-11-22T10:00:00")
    root = ET.fromstring(text)  # noqa: S314 -- our own output
    (found,) = list(root)
    return found


def red(result: AuditResult, fail_on: FailOn = FailOn.MISMATCH) -> dict[str, str]:
    cases = suite(result, fail_on).findall("testcase")
    failures = {case.attrib["name"]: case.find("failure") for case in cases}
    return {name: f.attrib["message"] for name, f in failures.items() if f is not None}


def names(result: AuditResult) -> list[str]:
    return [case.attrib["name"] for case in suite(result).findall("testcase")]


def test_every_root_is_a_case_and_the_repository_is_one_where_it_has_findings() -> None:
    roots = ["overlays/dev", "overlays/prod", "overlays/test"]
    unknown = "not judged: Application argocd/loki"

    assert names(audit()) == [*roots, "repository", unknown]
    assert names(audit(PULL_SECRET)) == [*roots, unknown]
    assert names(audit(findings=(), not_judged=())) == roots


def test_a_root_is_red_with_its_defects_and_mismatches() -> None:
    assert red(audit()) == {
        "overlays/dev": "configmap-missing",
        "overlays/prod": "configmap-missing, storageclass-missing",
    }


def test_a_failure_tells_severity_object_place_and_remedy() -> None:
    failure = suite(audit(MISMATCH)).find(".//failure")

    assert failure is not None
    assert failure.attrib["type"] == "storageclass-missing"
    assert failure.text == (
        "cluster-mismatch storageclass-missing StorageClass gp3\noverlays/prod/db.yaml:3\n"
        "order-db asks for the class gp3, and kind has standard. Fix: write standard."
    )


def test_the_rest_is_output_under_the_name_of_its_root() -> None:
    output = suite(audit(accepted(MISMATCH, "known"), NOTE)).findtext("system-out", "")

    assert "overlays/prod\ncluster-mismatch storageclass-missing" in output
    assert "Accepted: known" in output
    assert "repository\nnote orphan-manifest Service shop/old\nbase/old.yaml\n" in output


@pytest.mark.parametrize("fail_on", list(FailOn))
@pytest.mark.parametrize("found", [MISSING_KEY, MISMATCH, PULL_SECRET, NOTE])
def test_a_case_is_red_exactly_when_the_exit_code_says_so(fail_on: FailOn, found: object) -> None:
    assert isinstance(found, type(NOTE))
    result = audit(found)

    assert bool(red(result, fail_on)) is fails(result, fail_on)
    assert red(audit(accepted(found)), fail_on) == {}


def test_the_threshold_is_the_least_severity_that_fails() -> None:
    order = [MISSING_KEY, MISMATCH, PULL_SECRET, NOTE]
    failing = {f: [fails(audit(found), f) for found in order] for f in FailOn}

    assert failing == {
        FailOn.DEFECT: [True, False, False, False],
        FailOn.MISMATCH: [True, True, False, False],
        FailOn.PRECONDITION: [True, True, True, False],
        FailOn.NOTE: [True, True, True, True],
        FailOn.NEVER: [False, False, False, False],
    }


def test_the_counts_and_the_order_are_those_of_the_common_schema() -> None:
    found = suite(audit())

    assert found.attrib == {
        "name": "gitops-harness.audit", "package": "gitops-harness", "id": "0",
        "timestamp": "2026-11-22T10:00:00", "hostname": "localhost", "tests": "5",
        "failures": "2", "errors": "0", "skipped": "1", "time": "0.821",
    }  # fmt: skip
    tags = [child.tag for child in found]
    assert tags == ["properties", *["testcase"] * 5, "system-out", "system-err"]
    for case in found.findall("testcase"):
        assert set(case.attrib) == {"name", "classname", "time"}
        assert re.fullmatch(r"\d+\.\d{3}", case.attrib["time"])


def test_what_is_not_judged_is_skipped_with_its_reason() -> None:
    skipped = suite(audit()).find(".//skipped")

    assert skipped is not None
    assert skipped.attrib["message"] == "a Helm chart"


def test_characters_that_xml_forbids_do_not_break_the_file() -> None:
    strange = replace(
        MISSING_KEY,
        object=ObjectRef("Secret", "a\x00", "b\ud800 <&>\"'"),
        message="x\x1b[0m\x0by]]>",
        overlays=("o\x08\nv",),
    )
    result = audit(strange, accepted(replace(NOTE, message="\ufffe"), "\x01"))

    assert red(result) == {"o\ufffd v": "configmap-missing"}
    assert "y]]>" in ET.tostring(suite(result), encoding="unicode").replace("&gt;", ">")
