"""The gap as versioned JSON: the contract of `harness drift --json`.

`schema.json` beside this module describes it; a test keeps both equal. Fields may be added under
the same version; a change of meaning raises it. The text is ASCII, so that it may be written to any
stream.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.model.drift import ApplicationGap, DriftFinding, Gap, Remark
from harness.model.refs import ObjectRef

SCHEMA_FILE = Path(__file__).with_name("schema.json")
VERSION = 1


def drift_json(gap: Gap) -> str:
    """Returns the gap as indented JSON with a newline at its end."""
    return json.dumps(drift_document(gap), indent=2) + "\n"


def drift_document(gap: Gap) -> dict[str, Any]:
    """Returns the gap as plain values."""
    return {
        "format": "gitops-harness/drift",
        "version": VERSION,
        "honesty": gap.honesty,
        "exact": gap.exact,
        "declared": gap.declared,
        "extra": gap.extra,
        "applications": [_application(app) for app in gap.applications],
        "findings": [_finding(found) for found in gap.findings],
        "not_judged": [_remark(remark) for remark in gap.not_judged],
        "without_dry_run": [_remark(remark) for remark in gap.without_dry_run],
        "notes": list(gap.notes),
    }


def _application(app: ApplicationGap) -> dict[str, Any]:
    return {
        "name": app.name,
        "title": app.title,
        "namespaces": list(app.namespaces),
        "honesty": app.honesty,
        "declared": app.declared,
        "exact": app.exact,
        "different": app.different,
        "missing": app.missing,
        "not_judged": app.not_judged,
        "extra": app.extra,
        "revision": app.revision,
        "wanted": app.wanted,
        "sync": app.sync,
        "health": app.health,
    }


def _finding(found: DriftFinding) -> dict[str, Any]:
    return {
        "kind": found.kind.value,
        "object": _object(found.object),
        "application": found.application,
        "field": found.field,
        "declared": found.declared,
        "desired": found.desired,
        "live": found.live,
        "sync": found.sync,
        "manager": found.manager,
        "operation": found.operation,
        "time": found.time,
        "file": found.file,
        "line": found.line,
        "fix": found.fix,
    }


def _remark(remark: Remark) -> dict[str, Any]:
    return {"object": _object(remark.object), "reason": remark.reason}


def _object(ref: ObjectRef) -> dict[str, str]:
    return {"kind": ref.kind, "namespace": ref.namespace, "name": ref.name}
