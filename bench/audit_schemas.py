"""Gives kubeconform the schemas that it would fetch from the web, from a Python package.

The package refers from each kind to one file of definitions by an address of its own. Here every
kind becomes a file with just the definitions that it needs, as kubeconform's own are, so that it
reads no more than it would with those.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.tools import Tool, pins

REFERENCE = re.compile(r'"(?:/api/_definitions\.json)?#/\$defs/([^"]+)"')
TEMPLATE = "{{ .ResourceKind }}{{ .KindSuffix }}.json"
PACKAGE = "kubernetes-validate"


def written_schemas(tool: Tool, folder: Path) -> str:
    """Writes the schemas once; returns where kubeconform finds them, nothing without them."""
    if tool.path is None:
        return ""
    name: str = pins()["audit"]["schemas"]["folder"]
    source = next(tool.path.parents[1].glob(f"lib/*/site-packages/*/kubernetes-json-schema/{name}"))
    target = folder / f"{PACKAGE}-{tool.version}" / name
    if not (target / "complete").is_file():
        _write(source, target)
        (target / "complete").touch()
    return str(target / TEMPLATE)


def _write(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    definitions = json.loads((source / "_definitions.json").read_text(encoding="utf-8"))["$defs"]
    for path in sorted(source.glob("*.json")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        if schema.get("x-kubernetes-group-version-kind"):
            text = json.dumps(standalone(schema, definitions))
            (target / path.name).write_text(text, encoding="utf-8")


def standalone(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a schema with the definitions that it refers to, directly or not, and no others."""
    needed: dict[str, Any] = {}
    waiting = _names(schema)
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed[name] = definitions[name]
            waiting |= _names(definitions[name])
    whole = {**{k: v for k, v in schema.items() if k != "$id"}, "$defs": needed}
    made: dict[str, Any] = json.loads(REFERENCE.sub(r'"#/$defs/\1"', json.dumps(whole)))
    return made


def _names(schema: Mapping[str, Any]) -> set[str]:
    return set(REFERENCE.findall(json.dumps(schema)))
