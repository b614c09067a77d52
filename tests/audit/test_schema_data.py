from __future__ import annotations

import json
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

from harness.audit.schemas import collect, forms
from harness.audit.schemas.table import bundled, index, kubernetes, served, target_minor

FOLDER = files("harness.audit") / "schemas"
FACTS = tomllib.loads((FOLDER / "facts.toml").read_text(encoding="utf-8"))
NO_FACTS: dict[str, Any] = {
    "required": {"packages": ["shop.v1"], "tolerated": ["shop.v1.Spec.colour"], "also": {}},
    **{table: {} for table in ("allowed", "deprecated", "forms", "moved", "opaque")},
}


def test_every_fact_is_about_a_field_that_exists() -> None:
    for table in ("allowed", "forms", "opaque"):
        for key in FACTS[table]:
            owner, _, field = key.rpartition(".")
            assert field in kubernetes().definition(owner).fields, key
    for key in FACTS["moved"]:
        owner, _, field = key.rpartition(".")
        assert field not in kubernetes().definition(owner).fields, key


def test_every_form_is_known() -> None:
    for form in FACTS["forms"].values():
        assert list(forms.complaints({"a": "b"}, form)) == []


def test_every_definition_that_is_named_exists() -> None:
    known = {
        f"{path.name.removesuffix('.json')}.{name}": definition
        for path in (FOLDER / "data").iterdir()
        if path.name not in ("index.json", "__init__.py")
        for name, definition in json.loads(path.read_text(encoding="utf-8")).items()
    }
    codes = (code for one in known.values() for code in one["f"].values())
    names = {code.partition("@")[0].lstrip("[{") for code in codes}
    assert {name for name in names if len(name) > 1} <= set(known)
    kinds = [k for part in ("kinds", "custom") for k in index()[part].values()]
    assert {code.partition("@")[0] for k in kinds for code in k.values()} <= set(known)


def test_every_removed_api_without_successor_is_meant_so() -> None:
    gone = {kind for kinds in index()["removed"].values() for kind in kinds if not kinds[kind][1]}
    assert gone == {"PodSecurityPolicy", "PodPreset"}


def test_a_target_counts_within_the_known_versions() -> None:
    assert target_minor("1.33") == target_minor("v1.33.4") == 33
    assert target_minor("1.99") == target_minor("latest") == index()["last"]
    assert target_minor("1.2") == index()["first"]


def test_a_kind_of_an_engine_is_none_of_kubernetes() -> None:
    assert served("argoproj.io/v1alpha1", "Application") is None
    assert bundled("argoproj.io/v1alpha1", "Application") is not None
    assert kubernetes().definition("no.such.Thing").is_open


def test_versions_become_one_table_that_knows_since_when() -> None:
    spec = {"properties": {"size": {"type": ["integer", "null"]}, "colour": {"type": "string"}}}
    older = {"io.k8s.api.shop.v1.Spec": {**spec, "required": ["size", "colour"]}}
    newer = {"io.k8s.api.shop.v1.Spec": {**spec, "required": ["size", "colour"]}}
    newer["io.k8s.api.shop.v1.Spec"]["properties"] = {
        **spec["properties"],
        "parts": {"type": "array", "items": {"$ref": "io.k8s.api.shop.v1.Spec"}},
    }
    known, found = collect.builtin({30: older, 31: newer}, NO_FACTS)
    assert known["shop.v1.Spec"]["f"] == {"colour": "s", "parts": "[shop.v1.Spec@31-", "size": "l"}
    assert known["shop.v1.Spec"]["r"] == ["size"]
    assert (found["first"], found["last"]) == (30, 31)


def test_a_crd_becomes_definitions_without_its_status(tmp_path: Path) -> None:
    path = tmp_path / "crd.yaml"
    schema = "{type: object, properties: {spec: {type: string}, status: {type: object}}}"
    path.write_text(
        "spec: {group: shop.example, names: {kind: Queue}, versions: [{name: v1, schema: "
        f"{{openAPIV3Schema: {schema}}}}}]}}"
    )
    known, found = collect.bundled([path])
    assert set(known[found["shop.example/v1"]["Queue"]]["f"]) == {
        *("apiVersion", "kind", "metadata", "spec")
    }
