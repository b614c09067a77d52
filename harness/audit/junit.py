"""The audit as JUnit XML: one case per rendered root, red where its findings make the audit fail.

The order of elements and attributes is that of the Ant schema (windyroad/JUnit-Schema `JUnit.xsd`),
where output belongs to the suite: notes and accepted findings stand there, under the name of their
root. What was not judged is `skipped`, never passed.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass

from harness.audit.explanation import paragraph
from harness.audit.finding import AuditFinding, AuditResult
from harness.audit.threshold import FailOn, failing

REPOSITORY = "repository"
"""The case of findings that no root shows."""
FORBIDDEN = re.compile(r"[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 forbids or discourages; one such character makes a whole file unreadable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One root with the findings that it shows."""

    name: str
    red: tuple[AuditFinding, ...] = ()
    other: tuple[AuditFinding, ...] = ()


def junit(result: AuditResult, fail_on: FailOn, started: str) -> str:
    """Returns the audit as a JUnit XML document.

    Args:
        result: What was found; a finding is told in the case of every root that shows it.
        fail_on: From which severity on a finding makes a case red.
        started: When the audit began, `YYYY-MM-DDTHH:MM:SS`.
    """
    cases = tuple(_cases(result, fail_on))
    root = ET.Element("testsuites")
    suite = _suite(root, result, cases, started)
    ET.SubElement(suite, "properties")
    for case in cases:
        _append_case(suite, case)
    for unknown in result.not_judged:
        element = _element(suite, f"not judged: {unknown.subject}")
        ET.SubElement(element, "skipped", message=_clean(unknown.reason))
    ET.SubElement(suite, "system-out").text = _clean("\n\n".join(_output(cases)), keep_lines=True)
    ET.SubElement(suite, "system-err").text = ""
    ET.indent(root)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return head + ET.tostring(root, encoding="unicode") + "\n"


def _cases(result: AuditResult, fail_on: FailOn) -> Iterator[Case]:
    shown = (overlay for found in result.findings for overlay in found.overlays)
    for name in sorted({*result.roots, *shown}):
        yield _case(name, (f for f in result.findings if name in f.overlays), fail_on)
    rest = [found for found in result.findings if not found.overlays]
    if rest:
        yield _case(REPOSITORY, iter(rest), fail_on)


def _case(name: str, found: Iterator[AuditFinding], fail_on: FailOn) -> Case:
    entries = tuple(found)
    return Case(
        name=name,
        red=tuple(f for f in entries if failing(f, fail_on)),
        other=tuple(f for f in entries if not failing(f, fail_on)),
    )


def _suite(
    root: ET.Element, result: AuditResult, cases: tuple[Case, ...], started: str
) -> ET.Element:
    return ET.SubElement(
        root,
        "testsuite",
        name="gitops-harness.audit",
        package="gitops-harness",
        id="0",
        timestamp=started,
        hostname="localhost",
        tests=str(len(cases) + len(result.not_judged)),
        failures=str(sum(bool(case.red) for case in cases)),
        errors="0",
        skipped=str(len(result.not_judged)),
        time=f"{max(result.seconds, 0.0):.3f}",
    )


def _append_case(suite: ET.Element, case: Case) -> None:
    element = _element(suite, case.name)
    if case.red:
        rules = ", ".join(dict.fromkeys(found.rule for found in case.red))
        failure = ET.SubElement(element, "failure", message=_clean(rules), type=case.red[0].rule)
        failure.text = _clean("\n\n".join(map(_told, case.red)), keep_lines=True)


def _element(suite: ET.Element, name: str) -> ET.Element:
    return ET.SubElement(
        suite, "testcase", name=_clean(name), classname="gitops-harness.audit", time="0.000"
    )


def _output(cases: tuple[Case, ...]) -> Iterator[str]:
    for case in cases:
        for found in case.other:
            yield f"{case.name}\n{_told(found)}"


def _told(found: AuditFinding) -> str:
    place = f"{found.file}:{found.line}" if found.line else found.file
    parts = [f"{found.severity} {found.rule} {found.object}", place, paragraph(found)]
    if found.accepted:
        parts.append(f"Accepted: {found.accepted}")
    return "\n".join(part for part in parts if part)


def _clean(text: str, *, keep_lines: bool = False) -> str:
    allowed = FORBIDDEN.sub("\ufffd", text.replace("\r\n", "\n"))
    return allowed if keep_lines else " ".join(allowed.split())
