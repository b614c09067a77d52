"""Makes objects in a cluster of somebody else, never over anything that is there.

Each carries the labels of the run, and its path is written to the folder of the run before it is
made, so that after `kill -9` nothing is unknown. `harness.stages.existing.clearing` removes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any, Protocol, Self

from harness.drift.api_resources import ApiResources
from harness.io.kube import KubeError
from harness.model.errors import ClusterError
from harness.model.refs import ObjectRef
from harness.stages.context import Context
from harness.stages.existing.request import labels

Object = dict[str, Any]
LEDGER = "made.jsonl"


class Creating(Protocol):
    """What making needs of the API."""

    def find(self, path: str) -> Object | None:
        """Returns the object at a path, or None."""

    def create(self, path: str, body: Mapping[str, Any]) -> Object:
        """Creates an object in a collection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Makes objects for one run."""

    kube: Creating
    folder: Path
    run_id: str
    stopped: Event = field(default_factory=Event)
    """Set when the run ends early: nothing is made any more."""

    @classmethod
    def of(cls, context: Context) -> Self:
        """Returns the maker of a run."""
        return cls(
            kube=context.kube.get(),
            folder=context.folder.path,
            run_id=context.run_id,
            stopped=context.stopped,
        )

    def namespace(self, name: str) -> bool:
        """Makes a namespace unless it is there; tells whether it was made."""
        path = f"/api/v1/namespaces/{name}"
        if self._finds(path, ObjectRef("Namespace", "", name)):
            return False
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        self._create("/api/v1/namespaces", name, body)
        return True

    def create(self, obj: Object, resources: ApiResources) -> None:
        """Makes an object.

        Raises:
            ClusterError: It exists, its kind is not served, or the API server refuses it.
        """
        ref = ObjectRef.of(obj)
        resource = resources.find(str(obj.get("apiVersion")), ref.kind)
        if resource is None:
            raise _not_made(ref, f"{obj.get('apiVersion')} {ref.kind} is not served")
        self._create(resource.collection(ref.namespace), ref.name, obj)

    def existing(self, objects: Iterable[Object], resources: ApiResources) -> tuple[ObjectRef, ...]:
        """Returns those of some objects that exist already.

        Raises:
            ClusterError: Whether one exists may not be read.
        """
        found = []
        for obj in objects:
            ref = ObjectRef.of(obj)
            resource = resources.find(str(obj.get("apiVersion")), ref.kind)
            if resource is None:
                continue  # a kind that is not served has no objects
            if self._finds(resource.path(ref.namespace, ref.name), ref):
                found.append(ref)
        return tuple(found)

    def _finds(self, path: str, ref: ObjectRef) -> bool:
        try:
            return self.kube.find(path) is not None
        except KubeError as error:
            raise _not_made(ref, str(error)) from error

    def _create(self, collection: str, name: str, obj: Object) -> None:
        if self.stopped.is_set():
            raise _not_made(ObjectRef.of(obj), "the run was ended")
        meta = obj.get("metadata") or {}
        marked = {**(meta.get("labels") or {}), **labels(self.run_id)}
        remember(self.folder, f"{collection}/{name}")
        try:
            self.kube.create(collection, {**obj, "metadata": {**meta, "labels": marked}})
        except KubeError as error:
            raise _not_made(ObjectRef.of(obj), str(error)) from error


def remember(folder: Path, path: str) -> None:
    """Writes down that an object is about to be made at an API path."""
    with (folder / LEDGER).open("a", encoding="utf-8") as file:
        file.write(json.dumps(path) + "\n")


def remembered(folder: Path) -> tuple[str, ...]:
    """Returns the API paths of what a run was about to make, in order; a torn line is left out."""
    try:
        lines = (folder / LEDGER).read_text(encoding="utf-8").splitlines()
    except OSError:
        return ()
    return tuple(dict.fromkeys(path for line in lines if (path := _path(line))))


def _path(line: str) -> str:
    try:
        found = json.loads(line)
    except ValueError:
        return ""
    return found if isinstance(found, str) and found.startswith("/api") else ""


def _not_made(ref: ObjectRef, seen: str) -> ClusterError:
    return ClusterError(
        attempted="Making",
        subject=str(ref),
        seen=seen,
        expected="the right to make it, and nothing of that name; it was not made",
        next_step=f"kubectl auth can-i create {ref.kind.lower()}s",
    )
