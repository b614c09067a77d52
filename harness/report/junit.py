"""The run as JUnit XML: one case per stage, Application, workload, proof and probed connection.

Valid against the two schemas that tools follow: the Ant one (windyroad/JUnit-Schema `JUnit.xsd`)
and Jenkins' (jenkinsci/xunit-plugin `junit-10.xsd`). A thing that was not judged is `skipped`,
never passed; a run that did not pass always has at least one red case. Texts come in clean and
masked (`harness.report.redaction`), and are cleaned again, because one control character would make
the whole file unreadable.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from harness.model.finding import Finding
from harness.model.policies import (
    Cell,
    CellState,
    Enforcement,
    MatrixVerdict,
    PolicyMatrix,
    cell_text,
    rule_text,
)
from harness.model.run import (
    ApplicationStatus,
    Health,
    ObjectStatus,
    ProofRecord,
    RunRecord,
    StageRecord,
    StageState,
)
from harness.report.findings import finding_heading, finding_rows, shown_findings
from harness.report.verdict import Verdict, headline, verdict
from harness.report.wording import clean, one_line

Outcome = Literal["passed", "skipped", "failure", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test case; `text` says why it is not green, `output` what it printed."""

    name: str
    seconds: float
    outcome: Outcome = "passed"
    kind: str = ""
    text: str = ""
    output: str = ""


def junit_xml(run: RunRecord) -> str:
    """Returns the run as a JUnit XML document."""
    suites = {
        "stages": [_stage_case(stage, run) for stage in run.stages],
        "root causes": [_finding_case(finding) for finding in shown_findings(run)],
        "applications": [_application_case(status) for status in run.applications],
        "workloads": [_object_case(status) for status in run.objects],
        "proofs": [_proof_case(proof) for proof in run.proofs],
        "policies": policy_cases(run.policies) if run.policies else [],
    }
    suites["stages"].extend(_verdict_case(run, [c for cases in suites.values() for c in cases]))
    return _document(suites, run)


def policies_junit(matrix: PolicyMatrix) -> str:
    """Returns a policy matrix alone as a JUnit XML document."""
    nothing = RunRecord(run_id="", environment="", repository="", command="", started_at="")
    return _document({"policies": policy_cases(matrix)}, nothing)


def _document(suites: Mapping[str, list[Case]], run: RunRecord) -> str:
    root = ET.Element("testsuites")
    filled = {name: cases for name, cases in suites.items() if cases}
    for number, (name, cases) in enumerate(filled.items()):
        _append_suite(root, number, name, cases, run)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False).join(
        ('<?xml version="1.0" encoding="UTF-8"?>\n', "\n")
    )


def _stage_case(stage: StageRecord, run: RunRecord) -> Case:
    case = Case(name=f"{stage.name}: {stage.title}", seconds=stage.seconds)
    match stage.state:
        case StageState.PASSED:
            return replace(case, output=stage.detail)
        case StageState.FAILED:
            kind = type(stage.error).__name__ if stage.error else "StageFailed"
            text = stage.error.paragraph() if stage.error else stage.detail or "failed"
            return replace(case, outcome="failure", kind=kind, text=text)
        case StageState.RUNNING:
            return replace(case, outcome="error", kind="Interrupted", text=headline(run))
        case _:
            text = stage.detail or "this stage did not run"
            return replace(case, outcome="skipped", text=text)


def _application_case(status: ApplicationStatus) -> Case:
    case = Case(name=status.name, seconds=0.0)
    seen = (
        f"Application {status.name} ({status.path}) is {status.sync} and {status.health} at "
        f"{status.revision}, operation {status.operation}, {status.resources} resources"
    )
    if status.passed:
        return replace(case, output=seen)
    text = f"{seen}: {status.message}" if status.message else seen
    return replace(case, outcome="failure", kind="ApplicationNotSynced", text=text)


def _object_case(status: ObjectStatus) -> Case:
    case = Case(name=str(status.ref), seconds=status.ready_after_seconds or 0.0)
    said = f"{status.ref} is {status.health}" + (f": {status.message}" if status.message else "")
    match status.health:
        case Health.READY:
            return case
        case Health.NOT_JUDGED:
            return replace(case, outcome="skipped", text=said)
        case _:
            return replace(case, outcome="failure", kind=status.health.value, text=said)


def _finding_case(finding: Finding) -> Case:
    rows = "\n".join(f"{label}: {text}" for label, text in finding_rows(finding))
    return Case(
        name=f"{finding.cause} {finding.object}",
        seconds=max(0.0, finding.decided_at - finding.first_seen),
        outcome="failure",
        kind=finding.cause,
        text=f"{finding_heading(finding)}\n{rows}",
    )


def _proof_case(proof: ProofRecord) -> Case:
    case = Case(name=proof.name, seconds=proof.seconds)
    if proof.passed:
        return replace(case, output=proof.output)
    text = proof.output or f"{proof.name} was not proven"
    return replace(case, outcome="failure", kind="ProofFailed", text=text)


def policy_cases(matrix: PolicyMatrix) -> list[Case]:
    """Returns a case for the control and one for each probed connection."""
    return [_control_case(matrix), *(_policy_case(cell) for cell in matrix.cells)]


def _control_case(matrix: PolicyMatrix) -> Case:
    control = matrix.control
    case = Case(name="control: policies are enforced", seconds=control.seconds)
    if control.state is Enforcement.ENFORCED:
        return replace(case, output=control.detail)
    if control.state is Enforcement.NOT_ENFORCED:
        return replace(case, outcome="failure", kind="NotEnforced", text=control.detail)
    if matrix.verdict is MatrixVerdict.NOT_JUDGED:
        return replace(case, outcome="error", kind="NotTested", text=control.detail)
    return replace(case, outcome="skipped", text=control.detail)


def _policy_case(cell: Cell) -> Case:
    case = Case(name=cell.title, seconds=0.0)
    text = "\n".join((cell_text(cell), *(rule_text(rule) for rule in cell.decided_by)))
    if cell.state is CellState.NOT_JUDGED:
        return replace(case, outcome="skipped", text=cell.reason)
    if cell.is_difference:
        return replace(case, outcome="failure", kind=f"Policy{cell.state.title()}", text=text)
    return replace(case, output=text)


def _verdict_case(run: RunRecord, cases: list[Case]) -> Iterator[Case]:
    """Yields a red case for a run that did not pass and has none, so that CI cannot show green."""
    red = any(case.outcome in {"failure", "error"} for case in cases)
    if verdict(run) is not Verdict.PASSED and not red:
        yield Case(
            name="verdict", seconds=0.0, outcome="error", kind=verdict(run), text=headline(run)
        )


def _append_suite(
    root: ET.Element, number: int, name: str, cases: list[Case], run: RunRecord
) -> None:
    suite = ET.SubElement(
        root,
        "testsuite",
        name=f"gitops-harness.{name}",
        package="gitops-harness",
        id=str(number),
        timestamp=_timestamp(run.started_at),
        hostname="localhost",
        tests=str(len(cases)),
        failures=str(sum(case.outcome == "failure" for case in cases)),
        errors=str(sum(case.outcome == "error" for case in cases)),
        skipped=str(sum(case.outcome == "skipped" for case in cases)),
        time=_seconds(run.seconds if name == "stages" else sum(case.seconds for case in cases)),
    )
    _append_properties(suite, run if number == 0 else None)
    for case in cases:
        _append_case(suite, f"gitops-harness.{name}", case)
    printed = [f"{case.name}\n{case.output}" for case in cases if case.output]
    ET.SubElement(suite, "system-out").text = clean("\n\n".join(printed))
    ET.SubElement(suite, "system-err").text = ""


def _append_properties(suite: ET.Element, run: RunRecord | None) -> None:
    properties = ET.SubElement(suite, "properties")
    if run is None:
        return
    known = {
        "run": run.run_id,
        "environment": run.environment,
        "repository": run.repository,
        "command": run.command,
        "evidence": run.evidence,
        **run.facts,
    }
    for name, value in known.items():
        ET.SubElement(properties, "property", name=_token(name), value=_attribute(value))


def _append_case(suite: ET.Element, classname: str, case: Case) -> None:
    element = ET.SubElement(
        suite,
        "testcase",
        name=_token(case.name),
        classname=classname,
        time=_seconds(case.seconds),
    )
    if case.outcome == "skipped":
        ET.SubElement(element, "skipped", message=_attribute(case.text))
    elif case.outcome != "passed":
        red = ET.SubElement(
            element, case.outcome, message=_attribute(case.text), type=_token(case.kind)
        )
        red.text = clean(case.text)


def _timestamp(started_at: str) -> str:
    """Returns the time without fraction and zone, the only form the Ant schema allows."""
    head = started_at[:19].replace(" ", "T")
    return head if len(head) == 19 else "1970-01-01T00:00:00"


def _seconds(seconds: float) -> str:
    return f"{max(seconds, 0.0):.3f}"


def _token(text: str) -> str:
    return _attribute(text) or "unnamed"


def _attribute(text: str) -> str:
    return one_line(clean(text))
