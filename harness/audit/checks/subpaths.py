"""A subPath of a Secret or ConfigMap volume that is none of its files. Pure.

The files of such a volume are its keys, or the paths of `items`; for a subPath that is not there
the kubelet makes an empty folder in its place, so the program finds a folder where it wants a file
(kubelet `doSafeMakeDir`). `subPathExpr` and objects whose keys are unknown are not judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harness.audit.checks.pod_users import PodUser, pod_users
from harness.audit.finding import Fault, NotJudged
from harness.audit.keys import known_keys
from harness.audit.pods import containers, volumes
from harness.audit.reading import entries, is_known, mapping, text
from harness.audit.scope import Scope
from harness.diagnosis.rules.nearest import listed, nearest
from harness.model.refs import ObjectRef

SOURCES = (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName"))


def missing_subpaths(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `subpath-missing` for mounts of a file that the volume will not have."""
    for user in pod_users(scope):
        mounts = [(p, m) for p, c in containers(user.spec) for m in entries(c.get("volumeMounts"))]
        for name, volume in volumes(user.spec):
            mine = [(p, m) for p, m in mounts if text(m.get("name")) == name and m.get("subPath")]
            if mine and name not in user.claimed:
                yield from _of_volume(scope, user, volume, mine)


def _of_volume(
    scope: Scope,
    user: PodUser,
    volume: Mapping[str, Any],
    mounts: list[tuple[str, Mapping[str, Any]]],
) -> Iterator[Fault]:
    for word, kind, field in SOURCES:
        source = mapping(volume.get(word))
        name = text(source.get(field))
        if not is_known(name) or source.get("optional"):
            continue
        ref = ObjectRef(kind, user.ref.namespace, name)
        files = _files(scope, ref, source)
        for place, mount in mounts if files is not None else ():
            if not _has(files or frozenset(), text(mount.get("subPath"))):
                yield _fault(user, place, mount, ref, files or frozenset())


def _files(scope: Scope, ref: ObjectRef, source: Mapping[str, Any]) -> frozenset[str] | None:
    items = entries(source.get("items"))
    if items:
        return frozenset(text(item.get("path")) for item in items)
    return known_keys(scope, ref)


def _has(files: frozenset[str], path: str) -> bool:
    wanted = path.removeprefix("./").rstrip("/")
    if not is_known(wanted):
        return True
    return any(file == wanted or file.startswith(f"{wanted}/") for file in files)


def _fault(
    user: PodUser, place: str, mount: Mapping[str, Any], ref: ObjectRef, files: frozenset[str]
) -> Fault:
    path, volume = text(mount.get("subPath")), text(mount.get("name"))
    field = user.field(f"{place}.volumeMounts[{text(mount.get('mountPath')) or volume}].subPath")
    like = nearest(path, files)
    return Fault(
        rule="subpath-missing",
        object=user.ref,
        message=f"{user.ref} mounts {path} of volume {volume}, and {ref} gives no such file, so an "
        f"empty folder is mounted at {text(mount.get('mountPath'))}",
        expected=f"one of the volume's files: {listed(files)}",
        fix=f"Set {field} to {like}" if like else f"Add the key {path} to {ref}",
        cause="S10",
        field=field,
        value=path,
        source=user.declared.source.path,
    )


CHECKS: tuple[Callable[[Scope], Iterator[Fault | NotJudged]], ...] = (missing_subpaths,)
