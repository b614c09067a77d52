"""The schemas of Kubernetes and of the engines, read from `data/` package by package when asked.

Answers by API version and kind; knows since and until which minor version a field or a kind
exists. What the codes mean is said in `compact`; walking over an object is `walk`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from harness.audit.schemas.compact import Definitions

EVER = 1_000_000
"""The last minor version of what is not removed."""
_VERSION = re.compile(r"v?1\.([0-9]{1,3})")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object."""

    code: str
    since: int = 0
    until: int = EVER
    """The last minor version that has it."""
    allowed: tuple[str, ...] = ()
    """The values it may have; empty for any."""
    deprecated: int = -1
    """The minor version that deprecated it; negative for never."""
    instead: str = ""
    """What to do instead of a deprecated field."""
    form: str = ""
    """How a name must look, one of `forms.Form`; empty for no rule."""


@dataclass(frozen=True, slots=True)
class Definition:
    """The fields of an object or of a part of one."""

    name: str
    fields: Mapping[str, Field]
    required: tuple[str, ...] = ()
    is_open: bool = False
    """Whether unknown fields are kept."""
    moved: Mapping[str, str] = field(default_factory=dict)
    """Where fields of an older version went, as dotted paths."""


@dataclass(frozen=True, slots=True)
class Api:
    """A kind in one API version."""

    name: str
    """Of its definition."""
    since: int = 0
    until: int = EVER


class Table:
    """Definitions by name; those of custom resources may be added to Kubernetes' own."""

    def __init__(self, own: Definitions | None = None) -> None:
        """Takes definitions that are in no file, by their whole name."""
        self._own = own or {}
        self._read: dict[str, Definition] = {}

    def definition(self, name: str) -> Definition:
        """Returns a definition; one that is open and empty for an unknown name."""
        found = self._read.get(name)
        if found is None:
            found = self._read[name] = _definition(name, self._raw(name))
        return found

    def _raw(self, name: str) -> Mapping[str, Any]:
        if name in self._own:
            return self._own[name]
        package, _, last = name.rpartition(".")
        return _package(package).get(last) or {"o": 1}


@cache
def kubernetes() -> Table:
    """Returns the schemas of Kubernetes and of the engines' custom resources."""
    return Table()


@cache
def index() -> Mapping[str, Any]:
    """Returns which kinds there are: `kinds`, `custom`, `removed`, `deprecated`."""
    return _read("index")


@cache
def served(api_version: str, kind: str) -> Api | None:
    """Returns a kind of Kubernetes itself; None for one that no known version has."""
    written = index()["kinds"].get(api_version, {}).get(kind)
    if written is None:
        return None
    name, since, until = versions(written)
    return Api(name, since, until)


@cache
def bundled(api_version: str, kind: str) -> Api | None:
    """Returns a kind that Argo CD or Flux brings."""
    name = index()["custom"].get(api_version, {}).get(kind)
    return Api(name) if name else None


@cache
def groups() -> frozenset[str]:
    """Returns the API groups that belong to Kubernetes itself; empty text for the core."""
    found = (*index()["kinds"], *index()["removed"])
    return frozenset(version.rpartition("/")[0] for version in found)


@cache
def by_kind() -> Mapping[str, tuple[tuple[str, Api], ...]]:
    """Returns the API versions of every kind of Kubernetes, the stable ones first."""
    found: dict[str, list[tuple[str, Api]]] = {}
    for version, kinds in index()["kinds"].items():
        for kind in kinds:
            api = served(version, kind)
            if api is not None:
                found.setdefault(kind, []).append((version, api))
    return {kind: tuple(sorted(apis, key=_stability)) for kind, apis in found.items()}


def target_minor(version: str) -> int:
    """Returns the minor version that counts for a target, within those that are known."""
    found = _VERSION.match(version)
    first, last = index()["first"], index()["last"]
    return min(max(int(found[1]), first), last) if found else int(last)


def is_stable(api_version: str) -> bool:
    """Tells whether a version is neither alpha nor beta."""
    return not any(word in api_version.rpartition("/")[2] for word in ("alpha", "beta"))


def _stability(api: tuple[str, Api]) -> tuple[bool, int, str]:
    version = api[0].rpartition("/")[2]
    number = version.lstrip("v")
    # autoscaling/v2 before autoscaling/v1
    return not is_stable(api[0]), -int(number) if number.isdecimal() else 0, api[0]


def versions(written: str) -> tuple[str, int, int]:
    """Returns the code before `@`, the first and the last minor version after it."""
    code, at, rest = written.partition("@")
    if not at:
        return code, 0, EVER
    since, _, until = rest.partition("-")
    return code, int(since or 0), int(until or EVER)


def _definition(name: str, raw: Mapping[str, Any]) -> Definition:
    allowed, outdated, forms = (raw.get(key, {}) for key in "edn")
    fields = {}
    for key, written in raw.get("f", {}).items():
        code, since, until = versions(written)
        deprecated, instead = outdated.get(key, (-1, ""))
        values = tuple(allowed.get(key, ()))
        form = forms.get(key, "")
        fields[key] = Field(code, since, until, values, deprecated, instead, form)
    required = tuple(raw.get("r", ()))
    return Definition(name, fields, required, bool(raw.get("o")), raw.get("m", {}))


@cache
def _package(name: str) -> Mapping[str, Any]:
    try:
        return _read(name)
    except FileNotFoundError:
        return {}


def _read(name: str) -> Mapping[str, Any]:
    path = files("harness.audit") / "schemas" / "data" / f"{name}.json"
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
