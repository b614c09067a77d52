"""The custom resources that a scope declares itself, with the schemas of their CRDs. Pure.

A schema is made compact when the first object of its kind is met. CRDs of the old `v1beta1` are
left out: no supported cluster takes them. Fact: the API server prunes unknown fields of a custom
resource and refuses wrong types and missing fields (apiextensions, structural schemas).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.audit.reading import at, entries, text, text_at
from harness.audit.schemas.compact import custom_definitions
from harness.audit.schemas.table import Table
from harness.audit.scope import Scope

API = "apiextensions.k8s.io/v1"
Kind = tuple[str, str]
"""Group and kind."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The schema of one version of a custom resource."""

    name: str
    table: Table


@dataclass(frozen=True, slots=True)
class CustomKinds:
    """The kinds that CRDs of one scope declare."""

    versions: dict[Kind, dict[str, object]] = field(default_factory=dict)
    """The schema of every served version; None where a version has none."""
    shapes: dict[tuple[str, str], Shape | None] = field(default_factory=dict)
    """By API version and kind, once asked for."""

    @classmethod
    def of(cls, scope: Scope) -> CustomKinds:
        """Returns the kinds that the CRDs among the rendered objects declare; read once."""
        found: CustomKinds = scope.memo("custom kinds", lambda: cls._read(scope))
        return found

    @classmethod
    def _read(cls, scope: Scope) -> CustomKinds:
        found = cls()
        for declared in scope.of_kind("CustomResourceDefinition"):
            spec = declared.object.get("spec")
            kind = (text_at(spec, "group"), text_at(spec, "names", "kind"))
            if declared.object.get("apiVersion") != API or not all(kind):
                continue
            known = found.versions.setdefault(kind, {})
            for version in entries(at(spec, "versions")):
                if version.get("served") is True:
                    schema = at(version, "schema", "openAPIV3Schema")
                    known.setdefault(text(version.get("name")), schema)
        return found

    def served(self, group: str, kind: str) -> tuple[str, ...] | None:
        """Returns the versions that are served; None for a kind that no CRD here declares."""
        found = self.versions.get((group, kind))
        return tuple(found) if found else None

    def shape(self, api_version: str, kind: str) -> Shape | None:
        """Returns the schema of a kind; None where no CRD here declares it."""
        key = (api_version, kind)
        if key not in self.shapes:
            self.shapes[key] = self._shape(api_version, kind)
        return self.shapes[key]

    def _shape(self, api_version: str, kind: str) -> Shape | None:
        group, _, version = api_version.rpartition("/")
        schema = self.versions.get((group, kind), {}).get(version)
        if not isinstance(schema, dict):
            return None
        name, definitions = custom_definitions(schema, f"{group}.{version}.{kind}")
        return Shape(name, Table(definitions)) if name in definitions else None
