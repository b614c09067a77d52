"""The JSON of a matrix is the contract that its schema file states."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.model.policies import (
    CellState,
    Control,
    Enforcement,
    MatrixVerdict,
    PartyKind,
    PolicyMatrix,
    Reply,
)
from harness.policies.document import SCHEMA_FILE, VERSION, policies_document, policies_json
from tests.connectivity.objects import without
from tests.policies.shop import Cluster, live_policies, matrix_of

SCHEMA: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict, "array": list, "string": str, "integer": int, "number": (int, float),
    "null": type(None),
}  # fmt: skip
KNOWN = {"$ref", "type", "const", "enum", "minimum", "items", "required", "properties"}
WORDS = {"$schema", "$defs", "title", "description"}


def broken() -> PolicyMatrix:
    return matrix_of(Cluster(without(live_policies(), "NetworkPolicy", "web-to-api-ingress")))


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
    for name, entry in value.items() if "properties" in schema else ():
        inner = schema["properties"].get(name)
        wrong += problems(entry, inner, f"{path}.{name}") if inner else [f"{path}.{name}"]
    for number, entry in enumerate(value if "items" in schema else ()):
        wrong += problems(entry, schema["items"], f"{path}[{number}]")
    return wrong


@pytest.mark.parametrize("empty", [False, True])
def test_documents_are_as_the_schema_says(empty: bool) -> None:
    matrix = PolicyMatrix(control=Control()) if empty else broken()

    assert problems(json.loads(policies_json(matrix)), SCHEMA) == []


def test_the_check_of_the_schema_can_fail() -> None:
    document = policies_document(broken())
    document["cells"][0] |= {"state": "odd", "via": None}
    del document["control"]["state"]
    document["more"] = 1

    assert problems(document, SCHEMA) == [
        "$.control lacks state",
        "$.cells[0].via is no string",
        "$.cells[0].state is 'odd'",
        "$.more",
    ]


def test_the_schema_requires_every_property_and_knows_every_word() -> None:
    objects = [SCHEMA, *(d for d in SCHEMA["$defs"].values() if "properties" in d)]
    cell, party = (SCHEMA["$defs"][name]["properties"] for name in ("cell", "party"))
    control = SCHEMA["properties"]["control"]["properties"]

    assert all(set(each["required"]) == set(each["properties"]) for each in objects)
    assert cell["state"]["enum"] == [state.value for state in CellState]
    assert cell["seen"]["enum"] == [reply.value for reply in Reply]
    assert party["kind"]["enum"] == [kind.value for kind in PartyKind]
    assert control["state"]["enum"] == [state.value for state in Enforcement]
    assert SCHEMA["properties"]["verdict"]["enum"] == [word.value for word in MatrixVerdict]
    assert SCHEMA["properties"]["version"]["const"] == VERSION


def test_a_difference_holds_who_decided_and_where() -> None:
    said = json.loads(policies_json(broken()))
    found = said["differences"][0]

    assert (said["verdict"], said["counts"]["closed"]) == ("different", 2)
    assert {key: found[key] for key in ("title", "expected", "seen", "state")} == {
        "title": "web -> api TCP 8080",
        "expected": "allowed",
        "seen": "timed out",
        "state": "closed",
    }
    assert found["decided_by"][0] == {
        "policy": {"kind": "NetworkPolicy", "namespace": "shop", "name": "web-to-api-ingress"},
        "direction": "ingress",
        "rule": 0,
        "field": "spec.ingress[0]",
        "file": "network/web-to-api-ingress.yaml",
        "line": len("spec.ingress[0]"),
    }
