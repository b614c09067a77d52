"""The compact form of a schema: one short code for a field's type. Pure.

`s` text, `i` 32 bit and `l` 64 bit integer, `n` number, `b` boolean, `q` quantity, `x` integer or
text, `y` base64, `a` anything; `[` before a code makes a list of it, `{` a mapping to it; anything
longer is the name of a definition. A definition is `{"f": fields, "r": required, "e": allowed
values, "d": deprecated fields, "n": forms of names, "m": fields that moved, "o": 1 where unknown
fields are kept}`. After `@` stand the first and the last minor version of Kubernetes that have a
field, e.g. `s@29-`.
"""

from __future__ import annotations

from typing import Any

Definition = dict[str, Any]
Definitions = dict[str, Definition]
ANYTHING = "a"
SCALARS = {"string": "s", "integer": "l", "number": "n", "boolean": "b"}
FORMATS = {("integer", "int32"): "i", ("string", "byte"): "y"}
TYPE_META = ("apiVersion", "kind", "metadata")
_DEEP = 60
"""A schema that nests deeper is hostile; what is below is anything."""


def custom_definitions(schema: Any, package: str) -> tuple[str, Definitions]:
    """Returns the code of a custom resource's `openAPIV3Schema`, and the definitions it needs."""
    found = _Custom(package)
    code = found.code(schema, 0)
    root = found.definitions.get(code)
    if root is not None:
        fields = {k: v for k, v in root["f"].items() if k not in TYPE_META}
        known = {"apiVersion": "s", "kind": "s", "metadata": "meta.v1.ObjectMeta"}
        found.definitions[code] = {**root, "f": {**fields, **known}}
    return code, found.definitions


class _Custom:
    """Gives equal parts of one schema the same definition."""

    def __init__(self, package: str) -> None:
        self.package = package
        self.definitions: Definitions = {}
        self._names: dict[str, str] = {}

    def code(self, schema: Any, depth: int) -> str:
        """Returns the code of a part; anything for what the format does not say."""
        if not isinstance(schema, dict) or depth > _DEEP:
            return ANYTHING
        if schema.get("x-kubernetes-int-or-string") is True:
            return "x"
        kind = schema.get("type")
        if kind == "array":
            return "[" + self.code(schema.get("items"), depth + 1)
        if kind == "object":
            return self._object(schema, depth)
        if not isinstance(kind, str):
            return ANYTHING
        return FORMATS.get((kind, str(schema.get("format")))) or SCALARS.get(kind, ANYTHING)

    def _object(self, schema: dict[str, Any], depth: int) -> str:
        fields, values = schema.get("properties"), schema.get("additionalProperties")
        if isinstance(fields, dict) and fields:
            return self._named(self._definition(schema, fields, depth))
        if isinstance(values, dict):
            return "{" + self.code(values, depth + 1)
        return ANYTHING

    def _definition(self, schema: dict[str, Any], fields: dict[str, Any], depth: int) -> Definition:
        found: Definition = {"f": {str(k): self.code(v, depth + 1) for k, v in fields.items()}}
        required = schema.get("required")
        if isinstance(required, list):
            found["r"] = [r for r in map(str, required) if _must_be_given(fields.get(r))]
        allowed = {str(k): values for k, v in fields.items() if (values := _allowed(v))}
        if allowed:
            found["e"] = allowed
        if schema.get("x-kubernetes-preserve-unknown-fields") is True or _has_values(schema):
            found["o"] = 1
        return found

    def _named(self, definition: Definition) -> str:
        key = repr(definition)
        if key not in self._names:
            self._names[key] = f"{self.package}.{len(self._names)}"
            self.definitions[self._names[key]] = definition
        return self._names[key]


def _must_be_given(schema: Any) -> bool:
    return isinstance(schema, dict) and "default" not in schema and not schema.get("nullable")


def _has_values(schema: dict[str, Any]) -> bool:
    return bool(schema.get("additionalProperties"))


def _allowed(schema: Any) -> list[str]:
    """Returns the values that a text may have; empty where it may have any."""
    if not isinstance(schema, dict) or schema.get("type") != "string":
        return []
    values = schema.get("enum")
    known = isinstance(values, list) and all(isinstance(v, str) for v in values)
    return list(values) if known and values else []
