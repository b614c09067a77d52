"""The JSON of an audit is the contract that its schema file states."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from harness.audit.catalogue import rules
from harness.audit.document import SCHEMA_FILE, VERSION, audit_document, audit_json
from harness.audit.finding import AuditResult, Severity
from tests.audit.results import MISSING_KEY, NOTE, accepted, audit

SCHEMA: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict, "array": list, "string": str, "integer": int, "number": (int, float),
}  # fmt: skip
WORDS = {"$schema", "$defs", "title", "description"}


def problems(value: Any, schema: dict[str, Any], path: str = "$") -> list[str]:
    """What the schema forbids; stricter than it: a property it does not name is one, too."""
    known = {"$ref", "type", "const", "enum", "pattern", "minimum", "items", "required"}
    assert set(schema) <= WORDS | known | {"properties"}, "a keyword that is not checked"
    if "$ref" in schema:
        return problems(value, SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], path)
    if not isinstance(value, TYPES.get(schema.get("type", ""), object)) or isinstance(value, bool):
        return [f"{path} is no {schema['type']}"]
    allowed = (
        value == schema.get("const", value),
        value in schema.get("enum", [value]),
        "pattern" not in schema or re.search(schema["pattern"], str(value)),
        "minimum" not in schema or value >= schema["minimum"],
    )
    wrong = [] if all(allowed) else [f"{path} is {value!r}"]
    return [*wrong, *inner_problems(value, schema, path)]


def inner_problems(value: Any, schema: dict[str, Any], path: str) -> list[str]:
    wrong = [f"{path} lacks {name}" for name in schema.get("required", ()) if name not in value]
    if "properties" in schema:
        for name, entry in value.items():
            inner = schema["properties"].get(name)
            wrong += problems(entry, inner, f"{path}.{name}") if inner else [f"{path}.{name}"]
    for number, entry in enumerate(value if "items" in schema else ()):
        wrong += problems(entry, schema["items"], f"{path}[{number}]")
    return wrong


@pytest.mark.parametrize(
    "result",
    [audit(), audit(accepted(MISSING_KEY)), AuditResult(findings=()), audit(not_judged=())],
)
def test_documents_are_as_the_schema_says(result: AuditResult) -> None:
    assert problems(json.loads(audit_json(result)), SCHEMA) == []


def test_the_check_of_the_schema_can_fail() -> None:
    document = audit_document(audit())
    document["findings"][0] |= {"severity": "bad", "line": -1, "file": None, "rule": "No Name"}
    del document["findings"][1]["fix"]
    document["more"] = 1

    assert problems(document, SCHEMA) == [
        "$.findings[0].rule is 'No Name'",
        "$.findings[0].severity is 'bad'",
        "$.findings[0].file is no string",
        "$.findings[0].line is -1",
        "$.findings[1] lacks fix",
        "$.more",
    ]


def test_the_schema_requires_every_property_and_knows_every_severity() -> None:
    objects = [SCHEMA, *SCHEMA["$defs"].values()]
    finding = SCHEMA["$defs"]["finding"]["properties"]

    assert all(set(each["required"]) == set(each["properties"]) for each in objects)
    assert finding["severity"]["enum"] == [severity.value for severity in Severity]
    assert SCHEMA["properties"]["version"]["const"] == VERSION


def test_every_rule_of_the_catalogue_has_a_name_that_the_schema_allows() -> None:
    pattern = SCHEMA["$defs"]["finding"]["properties"]["rule"]["pattern"]

    assert [name for name in rules() if not re.search(pattern, name)] == []


def test_the_promised_fields_hold_what_was_found() -> None:
    said = json.loads(audit_json(audit()))
    first = said["findings"][0]

    assert {key: said[key] for key in ("version", "rendered", "objects", "seconds")} == {
        "version": 1, "rendered": 3, "objects": 120, "seconds": 0.821,
    }  # fmt: skip
    assert said["not_judged"] == [{"subject": "Application argocd/loki", "reason": "a Helm chart"}]
    assert {k: first[k] for k in ("rule", "severity", "object", "overlay", "file", "line")} == {
        "rule": "configmap-missing",
        "severity": "defect",
        "object": {"kind": "ConfigMap", "namespace": "shop", "name": "order-config"},
        "overlay": "overlays/dev",
        "file": "overlays/dev/order.yaml",
        "line": 12,
    }
    assert first["overlays"] == ["overlays/dev", "overlays/prod"]
    assert first["users"] == [{"kind": "Deployment", "namespace": "shop", "name": "a"}]
    assert (first["cause"], first["field"], first["accepted"]) == ("C02", "data", "")


def test_an_accepted_finding_keeps_its_reason_and_one_without_overlay_an_empty_one() -> None:
    said = json.loads(audit_json(audit(accepted(NOTE, "looked at"))))

    assert said["findings"][0]["accepted"] == "looked at"
    assert said["findings"][0]["overlay"] == ""


def test_the_text_is_ascii_for_any_stream() -> None:
    text = audit_json(audit(replace(NOTE, message="Größe \ud800 “x”")))

    assert text.isascii()
    assert json.loads(text)["findings"][0]["message"] == "Größe \ud800 “x”"
