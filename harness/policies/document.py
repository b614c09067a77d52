"""The matrix as versioned JSON: the contract of `harness policies --json`.

`schema.json` beside this module describes it; a test keeps both equal. Fields may be added under
the same version; a change of meaning raises it. The text is ASCII, so that it may be written to any
stream.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.model.policies import Cell, DecidingRule, Listener, Party, PolicyMatrix
from harness.model.refs import ObjectRef

SCHEMA_FILE = Path(__file__).with_name("schema.json")
VERSION = 1


def policies_json(matrix: PolicyMatrix) -> str:
    """Returns the matrix as indented JSON with a newline at its end."""
    return json.dumps(policies_document(matrix), indent=2) + "\n"


def policies_document(matrix: PolicyMatrix) -> dict[str, Any]:
    """Returns the matrix as plain values."""
    return {
        "format": "gitops-harness/policies",
        "version": VERSION,
        "verdict": matrix.verdict.value,
        "control": {
            "state": matrix.control.state.value,
            "detail": matrix.control.detail,
            "seconds": round(matrix.control.seconds, 3),
        },
        "policies": matrix.policies,
        "counts": {state.value: count for state, count in matrix.counts.items()},
        "left_out": matrix.left_out,
        "seconds": round(matrix.seconds, 3),
        "cells": [_cell(cell) for cell in matrix.cells],
        "differences": [_cell(cell) for cell in matrix.differences],
        "notes": list(matrix.notes),
    }


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "title": cell.title,
        "source": _party(cell.source),
        "listener": _listener(cell.listener),
        "via": cell.via,
        "expected": "allowed" if cell.expected else "denied",
        "seen": cell.seen.value,
        "state": cell.state.value,
        "reason": cell.reason,
        "decided_by": [_rule(rule) for rule in cell.decided_by],
        "live_rules": list(cell.live_rules),
        "fix": cell.fix,
        "pods": list(cell.pods),
    }


def _party(party: Party) -> dict[str, Any]:
    return {
        "kind": party.kind.value,
        "title": party.title,
        "object": _object(party.ref) if party.ref else None,
        "address": party.address,
    }


def _listener(listener: Listener) -> dict[str, Any]:
    return {
        "target": _party(listener.target),
        "port": listener.port,
        "protocol": listener.protocol,
        "services": list(listener.services),
    }


def _rule(rule: DecidingRule) -> dict[str, Any]:
    return {
        "policy": _object(rule.policy),
        "direction": rule.direction,
        "rule": rule.rule,
        "field": rule.field,
        "file": rule.file,
        "line": rule.line,
    }


def _object(ref: ObjectRef) -> dict[str, str]:
    return {"kind": ref.kind, "namespace": ref.namespace, "name": ref.name}
