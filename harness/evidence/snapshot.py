"""One moment of a cluster, read back from the files of an evidence folder.

Takes the files that `harness.evidence.collect` writes: `<namespace>/<Kind>.json`, `argocd/*.json`,
`cluster/*.json` and `<namespace>/logs/`. A kind without a file had no object, unless `missing.txt`
says that it could not be read; only then its absence is not a fact. Times between observations are
lost: everything was seen when the folder was written. Judges nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.evidence.collect import CLUSTER_FILES, ENGINE_KINDS, KINDS
from harness.model.refs import ObjectRef
from harness.model.timeline import Cassette, Entry, EntryKind, Header, Object

ENGINE_FOLDER = "argocd"
CLUSTER_FOLDER = "cluster"
PLATFORM_NAMESPACES = frozenset({ENGINE_FOLDER, "kube-system"})


def snapshot(folder: Path) -> Cassette | None:
    """Returns the moment an evidence folder holds, or None where it holds no object.

    Raises:
        OSError: A file cannot be read.
        ValueError: A file is not what the harness writes; the message names it.
    """
    files = sorted(folder.glob("*/*.json"))
    unread = _unread(folder)
    namespaces = sorted({f.parent.name for f in files if f.stem in KINDS})
    at = max((f.stat().st_mtime for f in files), default=0.0)
    objects = list(_objects(folder, namespaces))
    if not objects:
        return None
    entries = [
        *(_entry(at, EntryKind.OBJECT, ref, object=obj) for ref, obj in objects),
        *(_entry(at, EntryKind.LISTED, ref) for ref in _listed(folder, namespaces, unread)),
        *(log for ref, obj in objects for log in _logs(folder, at, ref, obj)),
    ]
    theirs = tuple(n for n in namespaces if n not in PLATFORM_NAMESPACES)
    return Cassette(header=Header(started=at, namespaces=theirs), entries=tuple(entries))


def _entry(at: float, kind: EntryKind, ref: ObjectRef, **more: Any) -> Entry:
    return Entry(at=at, kind=kind, ref=ref, **more)


def _unread(folder: Path) -> frozenset[str]:
    missing = folder / "missing.txt"
    if not missing.is_file():
        return frozenset()
    lines = missing.read_text(encoding="utf-8").splitlines()
    return frozenset(line.partition(": ")[0] for line in lines)


def _objects(folder: Path, namespaces: list[str]) -> Iterator[tuple[ObjectRef, Object]]:
    for namespace in namespaces:
        for kind in KINDS:
            for obj in _items(folder / namespace / f"{kind}.json", kind):
                yield ObjectRef.of(obj, namespace), obj
    places = [(ENGINE_FOLDER, kind, kind) for kind in ENGINE_KINDS]
    places += [(CLUSTER_FOLDER, name, kind) for name, kind in CLUSTER_FILES.items()]
    for place, name, kind in places:
        for obj in _items(folder / place / f"{name}.json", kind):
            yield ObjectRef.of(obj), obj


def _items(file: Path, kind: str) -> list[Object]:
    if not file.is_file():
        return []
    try:
        return [{**dict(obj), "kind": kind} for obj in json.loads(file.read_text("utf-8"))]
    except (TypeError, ValueError) as error:
        message = f"{file.parent.name}/{file.name} is not a list of objects"
        raise ValueError(message) from error


def _listed(folder: Path, namespaces: list[str], unread: frozenset[str]) -> Iterator[ObjectRef]:
    for namespace in namespaces:
        for kind in KINDS:
            if f"{namespace}/{kind}.json" not in unread:
                yield ObjectRef(kind, namespace, "")
    if (folder / ENGINE_FOLDER).is_dir():
        for kind in ENGINE_KINDS:
            if f"{ENGINE_FOLDER}/{kind}.json" not in unread:
                yield ObjectRef(kind, "", "")
    if (folder / CLUSTER_FOLDER).is_dir():
        for name, kind in CLUSTER_FILES.items():
            if f"{CLUSTER_FOLDER}/{name}.json" not in unread:
                yield ObjectRef(kind, "", "")


def _logs(folder: Path, at: float, ref: ObjectRef, pod: Object) -> Iterator[Entry]:
    # Pod names may hold dots, so a file's name does not tell pod and container apart; the pod does.
    status = pod.get("status") or {} if ref.kind == "Pod" else {}
    for container in [
        *(status.get("initContainerStatuses") or []),
        *(status.get("containerStatuses") or []),
    ]:
        name = str(container.get("name"))
        stem = folder / ref.namespace / "logs" / f"{ref.name}.{name}"
        for previous, file in ((True, f"{stem}.previous.log"), (False, f"{stem}.log")):
            if Path(file).is_file():
                yield _entry(
                    at,
                    EntryKind.LOG,
                    ref,
                    container=name,
                    previous=previous,
                    restarts=int(container.get("restartCount") or 0),
                    text=Path(file).read_text(encoding="utf-8", errors="replace"),
                )
