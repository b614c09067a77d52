"""Frees what keeps a corrected repository from taking effect, and says so in the run's notes.

Only ever used on a cluster that the harness made. What is jammed is decided in
`harness.diagnosis.jams`; each object is freed once per version of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from harness.diagnosis.facts import Facts
from harness.diagnosis.jams import Jam, JamKind, jams
from harness.io.kube import KubeError
from harness.model.kinds import object_path
from harness.model.refs import ObjectRef

Object = dict[str, Any]


class Freeing(Protocol):
    """What freeing needs of the API."""

    def merge(self, path: str, body: Object) -> Object:
        """Merges fields into an object."""

    def delete(self, path: str, *, grace_seconds: int | None = None) -> None:
        """Deletes an object."""


class Unjammer:
    """Frees each jam once."""

    def __init__(self, kube: Freeing) -> None:
        self._kube = kube
        self._freed: set[tuple[ObjectRef, str]] = set()
        self.notes: list[str] = []

    def free(self, facts: Facts) -> None:
        """Frees everything that is jammed at this moment and was not freed before."""
        for jam in jams(facts):
            live = facts.find(jam.ref) or {}
            mark = (jam.ref, str((live.get("metadata") or {}).get("uid")) + _revision(live))
            if mark in self._freed:
                continue
            self._freed.add(mark)
            self._free(jam)

    def _free(self, jam: Jam) -> None:
        try:
            done = self._act(jam)
        except KubeError as error:
            self.notes.append(f"{jam.ref} is jammed ({jam.reason}) and could not be freed: {error}")
            return
        self.notes.append(f"{jam.ref} {done}: {jam.reason}")

    def _act(self, jam: Jam) -> str:
        path = object_path(jam.ref)
        if jam.kind is JamKind.OLD_OPERATION:
            # Argo CD ends an operation whose phase is set so (`argocd app terminate-op`).
            self._kube.merge(path, {"status": {"operationState": {"phase": "Terminating"}}})
            return "was ended"
        if jam.kind is JamKind.JOB_IN_THE_WAY:
            self._kube.merge(path, {"metadata": {"finalizers": None}})
        self._kube.delete(path)
        return "was deleted, to be made again"


def _revision(live: Any) -> str:
    state = (live.get("status") or {}).get("operationState") or {}
    return str(((state.get("operation") or {}).get("sync") or {}).get("revision") or "")


def added_notes(unjammer: Unjammer, notes: Iterable[str]) -> list[str]:
    """Returns the unjammer's notes that are not among the given ones."""
    known = set(notes)
    return [note for note in unjammer.notes if note not in known]
