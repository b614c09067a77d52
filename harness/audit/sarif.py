"""The audit as SARIF 2.1.0, for code scanning.

Facts: OASIS SARIF 2.1.0 (3.14 run, 3.27 result, 3.35 suppression, 3.49 reportingDescriptor) and
GitHub's notes on the parts it reads. GitHub wants one location per result; where the file is not
known, the folder of the overlay stands for it. The fingerprint is made of rule, object and field
alone, so that neither a moved line nor a moved file makes a new alert.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from harness.audit.catalogue import Rule
from harness.audit.explanation import paragraph
from harness.audit.finding import AuditFinding, AuditResult, Severity

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
FINGERPRINT = "gitopsHarness/v1"
LEVELS = {
    Severity.DEFECT: "error",
    Severity.MISMATCH: "error",
    Severity.PRECONDITION: "warning",
    Severity.NOTE: "note",
}
PROBLEM_SEVERITY = {"error": "error", "warning": "warning", "note": "recommendation"}


def sarif(result: AuditResult, known: Mapping[str, Rule], version: str) -> str:
    """Returns the audit as a SARIF log.

    Args:
        result: What was found.
        known: The catalogue; the rules that found something are described in the log.
        version: The version of the harness.
    """
    names = tuple(dict.fromkeys(found.rule for found in result.findings))
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": _driver(names, known, version)},
                "automationDetails": {"id": "harness-audit/"},
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {
                    "%SRCROOT%": {"description": {"text": "The root of the repository."}}
                },
                "invocations": [_invocation(result)],
                "results": _results(result.findings, names),
            }
        ],
    }
    return json.dumps(log, indent=2) + "\n"


def _driver(names: tuple[str, ...], known: Mapping[str, Rule], version: str) -> dict[str, Any]:
    return {
        "name": "gitops-harness",
        "semanticVersion": version,
        "rules": [_rule(known[name]) if name in known else {"id": name} for name in names],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    level = LEVELS[rule.severity]
    text = f"{rule.why}\n\nMend: {rule.mend}"
    markdown = f"{rule.why}\n\n**Mend:** {rule.mend}"
    if rule.silent:
        text += f"\n\nSilent: {rule.silent}"
        markdown += f"\n\n**Silent:** {rule.silent}"
    return {
        "id": rule.name,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": text, "markdown": markdown},
        "defaultConfiguration": {"level": level},
        "properties": {
            "tags": ["gitops", "kubernetes", rule.severity.value],
            "problem.severity": PROBLEM_SEVERITY[level],
            "causes": list(rule.causes),
        },
    }


def _invocation(result: AuditResult) -> dict[str, Any]:
    return {
        "executionSuccessful": True,
        "toolExecutionNotifications": [
            {"level": "note", "message": {"text": f"Not judged: {unknown}"}}
            for unknown in result.not_judged
        ],
    }


def _results(found: tuple[AuditFinding, ...], names: tuple[str, ...]) -> list[dict[str, Any]]:
    seen: Counter[str] = Counter()
    results = []
    for finding in found:
        mark = fingerprint(finding)
        seen[mark] += 1
        results.append(_result(finding, names.index(finding.rule), f"{mark}:{seen[mark]}"))
    return results


def _result(found: AuditFinding, index: int, mark: str) -> dict[str, Any]:
    return {
        "ruleId": found.rule,
        "ruleIndex": index,
        "kind": "fail",
        "level": LEVELS[found.severity],
        "message": {"text": paragraph(found)},
        "locations": [_location(found)],
        "partialFingerprints": {FINGERPRINT: mark},
        "suppressions": _suppressions(found),
        "properties": {
            "severity": found.severity.value,
            "field": found.field,
            "cause": found.cause,
            "overlays": list(found.overlays),
            "users": [str(user) for user in found.users],
        },
    }


def fingerprint(found: AuditFinding) -> str:
    """Returns what stays the same when lines and files move."""
    parts = (found.rule, found.object.kind, found.object.namespace, found.object.name, found.field)
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _location(found: AuditFinding) -> dict[str, Any]:
    path = found.file or next(iter(found.overlays), ".")
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(path), "uriBaseId": "%SRCROOT%"}}
    if found.file and found.line:
        place["region"] = {"startLine": found.line}
    logical = {
        "name": found.object.name,
        "fullyQualifiedName": str(found.object),
        "kind": "resource",
    }
    return {"physicalLocation": place, "logicalLocations": [logical]}


def _suppressions(found: AuditFinding) -> list[dict[str, Any]]:
    """Returns the acceptance of a baseline; an empty list says that it was looked for."""
    if not found.accepted:
        return []
    return [{"kind": "external", "status": "accepted", "justification": found.accepted}]
