"""What was seen of a cluster, in order: the input of a diagnosis, live or from a file.

An `Entry` is one observation; a `Cassette` is a header (what was declared and promised) with all
entries of a run. Entries hold no secret value: `harness.watch.redacted` removes them on the way in.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from harness.model.refs import ObjectRef

Object = dict[str, Any]
FORMAT_VERSION = 1


class EntryKind(StrEnum):
    """What an entry tells."""

    OBJECT = "object"
    """An object exists in this version (added, changed or listed)."""
    GONE = "gone"
    """An object was deleted, or a new listing no longer holds it."""
    LISTED = "listed"
    """All objects of a kind in a namespace were listed: absence is a fact from here on."""
    LOG = "log"
    """The last lines of a container's log as read now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One observation.

    `ref` names the object (`OBJECT`, `GONE`), the pod (`LOG`), or for `LISTED` the kind and
    namespace with an empty name (an empty namespace means all).
    """

    at: float
    """Epoch seconds at which the harness saw it."""
    kind: EntryKind
    ref: ObjectRef
    object: Object | None = None
    container: str = ""
    previous: bool = False
    """The log is that of the container's instance before the current one."""
    restarts: int = 0
    """The container's restart count when its log was read."""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredObject:
    """One rendered object, and the Application that brings it (empty for bootstrap objects)."""

    object: Object
    application: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What was declared and promised before anything was seen."""

    started: float
    """Epoch seconds at which watching began."""
    environment: str = ""
    revision: str = ""
    """Commit that the Applications must reach; empty when nobody said."""
    namespaces: tuple[str, ...] = ()
    engine_namespace: str = "argocd"
    declared: tuple[DeclaredObject, ...] = ()
    """Empty when only the cluster is known (`harness diagnose` without a repository)."""
    expected_applications: tuple[str, ...] = ()
    provided: tuple[ObjectRef, ...] = ()
    """Objects that the harness itself creates, so that their absence is not final."""
    version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Cassette:
    """A recorded timeline; diagnosis is a pure function of it."""

    header: Header
    entries: tuple[Entry, ...]
