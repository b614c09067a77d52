from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from harness.model.run import RunRecord, StageState
from harness.report.findings import shown_findings
from harness.report.junit import junit_xml
from harness.report.verdict import Verdict, verdict

SUITE_ATTRIBUTES = {
    "name", "package", "id", "timestamp", "hostname", "tests", "failures", "errors", "skipped",
    "time",
}  # fmt: skip


def document(run: RunRecord) -> ET.Element:
    return ET.fromstring(junit_xml(run))  # noqa: S314 -- our own output


def case(run: RunRecord, name: str) -> ET.Element:
    found = document(run).find(f".//testcase[@name='{name}']")
    assert found is not None, name
    return found


def test_there_is_one_case_per_stage_application_workload_and_proof(any_run: RunRecord) -> None:
    names = {suite.get("name"): len(suite.findall("testcase")) for suite in document(any_run)}
    expected = {
        "gitops-harness.stages": len(any_run.stages),
        "gitops-harness.applications": len(any_run.applications),
        "gitops-harness.workloads": len(any_run.objects),
        "gitops-harness.policies": 1 + len(any_run.policies.cells) if any_run.policies else 0,
        "gitops-harness.proofs": len(any_run.proofs),
        "gitops-harness.root causes": len(shown_findings(any_run)),
    }
    assert names == {name: number for name, number in expected.items() if number}


def test_the_order_and_attributes_are_those_of_the_common_schema(any_run: RunRecord) -> None:
    for number, suite in enumerate(document(any_run)):
        assert set(suite.attrib) == SUITE_ATTRIBUTES
        assert suite.get("id") == str(number)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
        tags = [child.tag for child in suite]
        cases = tags.count("testcase")
        assert tags == ["properties", *["testcase"] * cases, "system-out", "system-err"]
        for element in suite.findall("testcase"):
            assert set(element.attrib) == {"name", "classname", "time"}
            assert re.fullmatch(r"\d+\.\d{3}", element.attrib["time"])
            assert [child.tag for child in element] in ([], ["skipped"], ["failure"], ["error"])
            for red in (*element.findall("failure"), *element.findall("error")):
                assert red.attrib["type"]


def test_the_counts_of_a_suite_are_those_of_its_cases(any_run: RunRecord) -> None:
    for suite in document(any_run):
        assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))
        assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
        assert int(suite.attrib["errors"]) == len(suite.findall("testcase/error"))
        assert int(suite.attrib["skipped"]) == len(suite.findall("testcase/skipped"))


def test_names_are_tokens(awkward_run: RunRecord) -> None:
    awkward_run.stages[0].title = "two\nlines  and blanks "
    for element in document(awkward_run).iter("testcase"):
        name = element.attrib["name"]
        assert name == " ".join(name.split())


def test_a_failure_carries_the_paragraph_and_the_kind_of_the_error(failed_run: RunRecord) -> None:
    failure = case(failed_run, "images: Build and deliver images").find("failure")
    assert failure is not None
    assert failed_run.error is not None
    assert failure.text == failed_run.error.paragraph()
    assert failure.get("type") == "ImageError"


def test_a_stage_that_did_not_run_is_skipped(failed_run: RunRecord) -> None:
    assert case(failed_run, "prove: Prove it from outside").find("skipped") is not None


def test_an_interrupted_stage_is_an_error(interrupted_run: RunRecord) -> None:
    error = case(interrupted_run, "cluster: Start the cluster").find("error")
    assert error is not None
    assert "Ctrl-C" in (error.text or "")


def test_a_workload_that_is_not_ready_fails_with_its_message(unready_run: RunRecord) -> None:
    failure = case(unready_run, "StatefulSet musiccorp-dev/shard-0").find("failure")
    assert failure is not None
    assert failure.get("type") == "stuck"
    assert "CrashLoopBackOff: exit code 1" in (failure.text or "")


def test_a_workload_takes_the_seconds_until_it_was_ready(passed_run: RunRecord) -> None:
    assert case(passed_run, "StatefulSet musiccorp-dev/kafka").get("time") == "17.400"


@pytest.mark.parametrize("state", [StageState.SKIPPED, StageState.WAITING])
def test_a_run_that_did_not_pass_always_has_a_red_case(
    passed_run: RunRecord, state: StageState
) -> None:
    passed_run.stages[-1].state = state
    assert verdict(passed_run) is Verdict.INCOMPLETE
    root = document(passed_run)
    assert root.findall(".//failure") + root.findall(".//error")


def test_a_passed_run_has_no_red_case(passed_run: RunRecord) -> None:
    root = document(passed_run)
    assert root.findall(".//failure") + root.findall(".//error") == []


def test_what_a_proof_printed_is_kept(passed_run: RunRecord) -> None:
    output = document(passed_run).findtext("testsuite[@name='gitops-harness.proofs']/system-out")
    assert "customer 42 told of 7c1" in (output or "")
