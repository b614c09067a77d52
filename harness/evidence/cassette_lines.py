"""The lines of a timeline file: header and entries as plain mappings, and back. Pure.

Of an object's later versions only the top-level parts that changed are told (`set`, and `drop` for
parts that went away), because a status moves often and a specification hardly ever. What does not
fit raises `ValueError`; `harness.evidence.cassette` says which line of which file it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from harness.model.refs import ObjectRef
from harness.model.timeline import DeclaredObject, Entry, EntryKind, Header, Object

HIDDEN = "(hidden)"
_WRONG_SHAPE = (AttributeError, KeyError, TypeError, ValueError)


def header_line(header: Header) -> Object:
    """Returns the header as a mapping."""
    return {
        **asdict(header),
        "declared": [
            {"object": _without_values(d.object), "application": d.application}
            for d in header.declared
        ],
        "provided": [_place(ref) for ref in header.provided],
    }


def header_of(found: Object) -> Header:
    """Returns the header that a mapping holds.

    Raises:
        ValueError: Something is missing or of another shape.
    """
    try:
        return Header(
            started=float(found["started"]),
            environment=str(found["environment"]),
            revision=str(found["revision"]),
            namespaces=_texts(found["namespaces"]),
            engine_namespace=str(found["engine_namespace"]),
            declared=tuple(
                DeclaredObject(object=dict(d["object"]), application=str(d["application"]))
                for d in found["declared"]
            ),
            expected_applications=_texts(found["expected_applications"]),
            provided=tuple(_ref(ref) for ref in found["provided"]),
        )
    except _WRONG_SHAPE as error:
        message = f"no header: {error!r}"
        raise ValueError(message) from error


class LineWriter:
    """Turns entries into mappings, in order; remembers the last version of each object."""

    def __init__(self) -> None:
        self._bases: dict[ObjectRef, Object] = {}

    def line(self, entry: Entry) -> Object:
        """Returns the next entry as a mapping."""
        line: Object = {"at": entry.at, "kind": entry.kind.value, "ref": _place(entry.ref)}
        match entry.kind:
            case EntryKind.LOG:
                line |= {"container": entry.container, "restarts": entry.restarts}
                line |= {"previous": True} if entry.previous else {}
                line["text"] = entry.text
            case EntryKind.OBJECT:
                obj = entry.object or {}
                line |= _version(obj, self._bases.get(entry.ref))
                self._bases[entry.ref] = obj
            case EntryKind.GONE:
                self._bases.pop(entry.ref, None)
            case EntryKind.LISTED:
                pass
        return line


class LineReader:
    """Turns mappings back into entries, in order."""

    def __init__(self) -> None:
        self._bases: dict[ObjectRef, Object] = {}

    def entry(self, found: Object) -> Entry:
        """Returns the entry that a mapping holds.

        Raises:
            ValueError: Something is missing or of another shape.
        """
        try:
            return self._entry(found)
        except _WRONG_SHAPE as error:
            message = f"no entry: {error!r}"
            raise ValueError(message) from error

    def _entry(self, found: Object) -> Entry:
        kind, ref = EntryKind(found["kind"]), _ref(found["ref"])
        return Entry(
            at=float(found["at"]),
            kind=kind,
            ref=ref,
            object=self._object(kind, ref, found),
            container=str(found.get("container", "")),
            previous=bool(found.get("previous", False)),
            restarts=int(found.get("restarts", 0)),
            text=str(found.get("text", "")),
        )

    def _object(self, kind: EntryKind, ref: ObjectRef, found: Object) -> Object | None:
        if kind is EntryKind.GONE:
            self._bases.pop(ref, None)
        if kind is not EntryKind.OBJECT:
            return None
        if "object" in found:
            obj = dict(found["object"])
        else:
            dropped = frozenset(found.get("drop", ()))
            kept = {k: v for k, v in self._bases[ref].items() if k not in dropped}
            obj = {**kept, **found["set"]}
        self._bases[ref] = obj
        return obj


def _version(obj: Object, base: Object | None) -> Object:
    if base is None:
        return {"object": obj}
    changed = {k: v for k, v in obj.items() if k not in base or base[k] != v}
    dropped = [k for k in base if k not in obj]
    return {"set": changed, "drop": dropped} if dropped else {"set": changed}


def _without_values(obj: Object) -> Object:
    # Declared Secrets come as the repository has them; their values are of no use to a diagnosis.
    if obj.get("kind") != "Secret":
        return obj
    fields = [field for field in ("data", "stringData") if obj.get(field)]
    return {**obj, **{f: {k: HIDDEN if v else "" for k, v in obj[f].items()} for f in fields}}


def _place(ref: ObjectRef) -> list[str]:
    return [ref.kind, ref.namespace, ref.name]


def _ref(found: Any) -> ObjectRef:
    kind, namespace, name = found
    return ObjectRef(str(kind), str(namespace), str(name))


def _texts(found: Iterable[Any]) -> tuple[str, ...]:
    return tuple(str(text) for text in found)
