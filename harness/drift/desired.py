"""What the engine wants, as its Applications say: revision, word for each object, what to ignore.

Argo CD keeps its word in `status.sync` and `status.resources`, and its memory on the objects: the
tracking id `<application>:<group>/<kind>:<namespace>/<name>` (Argo CD, "Resource Tracking"). Of
`spec.ignoreDifferences` the JSON pointers, the field managers and plain paths in jq's notation are
followed; other jq expressions cannot be evaluated here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.drift.applied_form import TRACKING
from harness.drift.fields import Item, Path
from harness.health.applications import find_application
from harness.model.refs import ObjectRef
from harness.model.repository import ExpectedApplication

Object = Mapping[str, Any]
_PLAIN_JQ = re.compile(r"(?:\.(?:[\w-]+|\"[^\"]+\")(?:\[\])?)+")
_JQ_STEP = re.compile(r"\.(?:([\w-]+)|\"([^\"]+)\")(\[\])?")
EVERY = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """One entry of an Application's `ignoreDifferences`."""

    kind: str
    name: str
    namespace: str
    paths: tuple[tuple[str, ...], ...]
    managers: tuple[str, ...]
    unknown: tuple[str, ...]
    """Expressions that cannot be evaluated here."""

    def is_about(self, ref: ObjectRef) -> bool:
        """Tells whether the entry means an object."""
        return (
            self.kind in {ref.kind, EVERY}
            and self.name in {"", ref.name}
            and self.namespace in {"", ref.namespace}
        )

    def covers(self, path: Path, manager: str) -> bool:
        """Tells whether a difference is one to ignore."""
        return manager in self.managers or any(_leads(way, path) for way in self.paths)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """One live Application."""

    name: str = ""
    revision: str = ""
    sync: str = ""
    health: str = ""
    words: Mapping[tuple[str, str, str, str], str] = field(default_factory=dict)
    """Group, kind, namespace and name of what it manages, with the engine's word for it."""
    ignored: tuple[Ignored, ...] = ()

    @property
    def is_known(self) -> bool:
        """True where the engine has such an Application."""
        return bool(self.name)

    def word(self, group: str, ref: ObjectRef) -> str:
        """Returns the engine's word for an object; empty where it has none."""
        return self.words.get((group, ref.kind, ref.namespace, ref.name), "")

    def ignores(self, ref: ObjectRef, path: Path, manager: str) -> bool:
        """Tells whether the Application asks to ignore a difference."""
        return any(i.is_about(ref) and i.covers(path, manager) for i in self.ignored)


def desired(expected: ExpectedApplication, applications: tuple[dict[str, Any], ...]) -> Desired:
    """Returns what the engine says of an expected Application; empty where it has none."""
    found = find_application(expected, applications)
    return Desired() if found is None else desired_of(found)


def desired_of(app: Object) -> Desired:
    """Returns what one live Application says."""
    status = app.get("status") or {}
    sync = status.get("sync") or {}
    revisions = sync.get("revisions") or [""]
    return Desired(
        name=str(app["metadata"]["name"]),
        revision=str(sync.get("revision") or revisions[0]),
        sync=str(sync.get("status") or ""),
        health=str((status.get("health") or {}).get("status") or ""),
        words=dict(_words(status)),
        ignored=tuple(_ignored((app.get("spec") or {}).get("ignoreDifferences"))),
    )


def _words(status: Object) -> Iterator[tuple[tuple[str, str, str, str], str]]:
    for entry in status.get("resources") or []:
        key = tuple(str(entry.get(part) or "") for part in ("group", "kind", "namespace", "name"))
        yield (key[0], key[1], key[2], key[3]), str(entry.get("status") or "")


def _ignored(entries: Any) -> Iterator[Ignored]:
    for entry in entries or []:
        expressions = [str(e) for e in entry.get("jqPathExpressions") or []]
        pointers = [str(p) for p in entry.get("jsonPointers") or []]
        plain = [e for e in expressions if _PLAIN_JQ.fullmatch(e)]
        yield Ignored(
            kind=str(entry.get("kind") or EVERY),
            name=str(entry.get("name") or ""),
            namespace=str(entry.get("namespace") or ""),
            paths=(*map(_of_pointer, pointers), *map(_of_jq, plain)),
            managers=tuple(str(m) for m in entry.get("managedFieldsManagers") or []),
            unknown=tuple(e for e in expressions if e not in plain),
        )


def _of_pointer(pointer: str) -> tuple[str, ...]:
    steps = pointer.strip("/").split("/")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in steps)


def _of_jq(expression: str) -> tuple[str, ...]:
    steps: list[str] = []
    for plain, quoted, is_every in _JQ_STEP.findall(expression):
        steps += [plain or quoted, *([EVERY] if is_every else [])]
    return tuple(steps)


def _leads(way: tuple[str, ...], path: Path) -> bool:
    """Tells whether an ignored path is a difference's, or stands above it."""
    return len(way) <= len(path) and all(map(_is_step, way, path))


def _is_step(wanted: str, step: str | Item) -> bool:
    if isinstance(step, Item):
        return wanted in {EVERY, str(step.index)}
    return wanted == step


def tracked_by(obj: Object) -> str:
    """Returns the Application that an object's tracking id names; empty for a copied id."""
    meta = obj.get("metadata") or {}
    noted = str((meta.get("annotations") or {}).get(TRACKING[0]) or "")
    app, _, rest = noted.partition(":")
    kind, _, place = rest.partition(":")
    is_own = kind.rpartition("/")[2] == obj.get("kind") and place.rpartition("/")[2] == meta.get(
        "name"
    )
    return app if is_own else ""
