"""The JSON of a gap is the contract that its schema file states."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.drift.document import SCHEMA_FILE, VERSION, drift_document, drift_json
from harness.model.drift import DriftKind, Gap
from tests.drift.gaps import gap

SCHEMA: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict, "array": list, "string": str, "integer": int, "number": (int, float),
    "null": type(None),
}  # fmt: skip
KNOWN = {"$ref", "type", "const", "enum", "minimum", "items", "required", "properties"}
WORDS = {"$schema", "$defs", "title", "description"}


def problems(value: Any, schema: dict[str, Any], path: str = "$") -> list[str]:
    """What the schema forbids; stricter than it: a property it does not name is one, too."""
    assert set(schema) <= WORDS | KNOWN, "a keyword that is not checked"
    if "$ref" in schema:
        return problems(value, SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], path)
    named = schema.get("type", [])
    types = [TYPES[name] for name in ([named] if isinstance(named, str) else named)]
    if types and (isinstance(value, bool) or not any(isinstance(value, t) for t in types)):
        return [f"{path} is no {named}"]
    allowed = (
        value == schema.get("const", value),
        value in schema.get("enum", [value]),
        value is None or "minimum" not in schema or value >= schema["minimum"],
    )
    wrong = [] if all(allowed) else [f"{path} is {value!r}"]
    wrong += [f"{path} lacks {name}" for name in schema.get("required", ()) if name not in value]
    if "properties" in schema:
        for name, entry in value.items():
            inner = schema["properties"].get(name)
            wrong += problems(entry, inner, f"{path}.{name}") if inner else [f"{path}.{name}"]
    for number, entry in enumerate(value if "items" in schema else ()):
        wrong += problems(entry, schema["items"], f"{path}[{number}]")
    return wrong


@pytest.mark.parametrize("found", [gap(), Gap()], ids=["full", "empty"])
def test_documents_are_as_the_schema_says(found: Gap) -> None:
    assert problems(json.loads(drift_json(found)), SCHEMA) == []


def test_the_check_of_the_schema_can_fail() -> None:
    document = drift_document(gap())
    document["findings"][0] |= {"kind": "odd", "line": -1, "file": None}
    del document["applications"][0]["honesty"]
    document["more"] = 1

    assert problems(document, SCHEMA) == [
        "$.applications[0] lacks honesty",
        "$.findings[0].kind is 'odd'",
        "$.findings[0].file is no string",
        "$.findings[0].line is -1",
        "$.more",
    ]


def test_the_schema_requires_every_property_and_knows_every_kind() -> None:
    objects = [SCHEMA, *(d for d in SCHEMA["$defs"].values() if "properties" in d)]
    finding = SCHEMA["$defs"]["finding"]["properties"]

    assert all(set(each["required"]) == set(each["properties"]) for each in objects)
    assert finding["kind"]["enum"] == [kind.value for kind in DriftKind]
    assert SCHEMA["properties"]["version"]["const"] == VERSION


def test_the_promised_fields_hold_what_was_found() -> None:
    said = json.loads(drift_json(gap()))
    edited = said["findings"][1]

    assert {key: said[key] for key in ("honesty", "exact", "declared", "extra")} == {
        "honesty": 69.2, "exact": 9, "declared": 12, "extra": 1,
    }  # fmt: skip
    assert {k: edited[k] for k in ("kind", "object", "field", "declared", "live", "manager")} == {
        "kind": "different",
        "object": {"kind": "Deployment", "namespace": "shop", "name": "web"},
        "field": "spec.replicas",
        "declared": "1",
        "live": "3",
        "manager": "kubectl-edit",
    }
    assert (edited["time"], edited["file"], edited["line"], edited["application"]) == (
        "2025-11-22T12:03:11Z", "base/web.yaml", 6, "web-dev",
    )  # fmt: skip
    assert [a["honesty"] for a in said["applications"]] == [62.5, 100.0, 0.0]


def test_nothing_declared_has_no_honesty() -> None:
    assert json.loads(drift_json(Gap()))["honesty"] is None
