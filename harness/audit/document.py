"""The audit as versioned JSON: the contract of `harness audit --json`.

`schema.json` beside this module describes it; a test keeps both equal. Fields may be added under
the same version; a change of meaning raises it. Plain values instead of a model: nothing heavy is
imported for it. The text is ASCII, so that it may be written to any stream.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.audit.finding import AuditFinding, AuditResult
from harness.model.refs import ObjectRef

SCHEMA_FILE = Path(__file__).with_name("schema.json")
VERSION = 1


def audit_document(result: AuditResult) -> dict[str, Any]:
    """Returns the audit as plain values."""
    return {
        "format": "gitops-harness/audit",
        "version": VERSION,
        "findings": [finding_document(found) for found in result.findings],
        "not_judged": [{"subject": n.subject, "reason": n.reason} for n in result.not_judged],
        "rendered": result.rendered,
        "objects": result.objects,
        "seconds": round(result.seconds, 3),
    }


def finding_document(found: AuditFinding) -> dict[str, Any]:
    """Returns one finding as plain values."""
    return {
        "rule": found.rule,
        "severity": found.severity.value,
        "object": object_document(found.object),
        "overlay": next(iter(found.overlays), ""),
        "overlays": list(found.overlays),
        "field": found.field,
        "file": found.file,
        "line": found.line,
        "message": found.message,
        "expected": found.expected,
        "fix": found.fix,
        "cause": found.cause,
        "users": [object_document(user) for user in found.users],
        "accepted": found.accepted,
    }


def object_document(ref: ObjectRef) -> dict[str, str]:
    """Returns one Kubernetes object as plain values."""
    return {"kind": ref.kind, "namespace": ref.namespace, "name": ref.name}


def audit_json(result: AuditResult) -> str:
    """Returns the audit as indented JSON with a newline at its end."""
    return json.dumps(audit_document(result), indent=2) + "\n"
