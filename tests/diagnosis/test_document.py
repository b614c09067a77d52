"""The JSON of a diagnosis is the contract that its schema file states."""

from __future__ import annotations

import json

from harness.diagnosis.document import (
    SCHEMA_FILE,
    VERSION,
    DiagnosisDocument,
    diagnosis_to_json,
    schema_text,
)
from harness.model.finding import Diagnosis, Finding, Outcome, Phase
from harness.model.refs import ObjectRef

FOUND = Diagnosis(
    outcome=Outcome.FAILED,
    findings=(
        Finding(
            cause="S07",
            phase=Phase.SECRET,
            object=ObjectRef("Secret", "shop", "login"),
            seen="nobody made it",
            expected="a Secret login in shop",
            fix="create it",
            victims=(ObjectRef("Deployment", "shop", "web"),),
            first_seen=1_790_000_000.0,
            decided_at=1_790_000_001.5,
        ),
    ),
    not_judged=("Widget shop/one",),
)


def test_the_schema_file_is_what_the_code_says() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text()


def test_the_schema_names_the_promised_fields_and_its_version() -> None:
    schema = json.loads(schema_text())
    finding = schema["$defs"]["FindingDocument"]["required"]

    assert {"verdict", "findings", "not_judged"} <= set(schema["required"])
    assert set(finding) >= {
        "cause", "phase", "object", "field", "seen", "expected", "fix", "file", "line", "victims",
        "first_seen", "decided_at",
    }  # fmt: skip
    assert schema["properties"]["version"]["const"] == VERSION


def test_a_diagnosis_becomes_json_and_is_read_again() -> None:
    text = diagnosis_to_json(DiagnosisDocument.of(FOUND))
    said = json.loads(text)

    assert DiagnosisDocument.model_validate_json(text) == DiagnosisDocument.of(FOUND)
    assert said["verdict"] == "failed"
    assert said["findings"][0]["object"] == {"kind": "Secret", "namespace": "shop", "name": "login"}
    assert said["findings"][0]["first_seen"].startswith("2026-09-")
    assert said["findings"][0]["decided_at"] > said["findings"][0]["first_seen"]
