"""Removes from a cluster exactly what one run made: found by its labels and by what it wrote down.

The order matters: ApplicationSets and Applications first, while Argo CD and their project still
live, so that Argo CD itself removes what it deployed; definitions and namespaces last. An object
that carries no label of the run is never removed, whatever the notes of the run say of its path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from harness.drift.api_resources import THREADS, Resource, read_resources
from harness.io.clock import Clock
from harness.io.kube import Kube, KubeError
from harness.model.refs import ObjectRef
from harness.stages.existing.request import EXISTING, PROVIDER_LABEL, RUN_LABEL

Object = dict[str, Any]
Say = Callable[[str], None]
PRUNING_SECONDS = 120.0
ENDING_SECONDS = 120.0
LOOK_SECONDS = 0.5
PRUNE = "resources-finalizer.argocd.argoproj.io"
"""With it Argo CD removes what an Application deployed (argo-cd docs, "App Deletion")."""
GENERATORS = frozenset({"ApplicationSet", "Application"})
LAST = frozenset({"CustomResourceDefinition", "Namespace"})
_VERBS = frozenset({"list", "delete"})
_DERIVED = frozenset({"EndpointSlice", "Endpoints"})
"""Carry the labels of their Service, and go with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One live object with a label of ours."""

    ref: ObjectRef
    path: str
    uid: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """How a removal ended."""

    removed: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    """What is still there after the time for it."""


def clear(
    kube: Kube, run_id: str, made: Sequence[str], *, clock: Clock, say: Say = lambda _: None
) -> Cleared:
    """Removes everything of a run and waits until it is gone.

    Args:
        kube: The cluster.
        run_id: The run.
        made: API paths that the run wrote down, for a user who may not list everywhere.
        clock: Times the waits.
        say: Is told what is waited for.

    Raises:
        KubeError: The API server does not say what it serves.
    """
    mine = everything(kube, run_id, made)
    _end_applications(kube, mine, clock, say)
    for each in mine:
        if each.ref.kind not in GENERATORS | LAST:
            _delete(kube, each.path, say)
    for each in (e for e in mine if e.ref.kind in LAST):
        if not _still_used(kube, each):
            _delete(kube, each.path, say)
    left = _remaining(kube, run_id, made, clock, say)
    return Cleared(removed=tuple(n for e in mine if (n := str(e.ref)) not in left), left=left)


def everything(kube: Kube, run_id: str, made: Iterable[str]) -> tuple[Found, ...]:
    """Returns what lives of a run: what carries its labels, anywhere it may be listed or read."""
    noted = [found for path in made if (found := _at(kube, path, run_id))]
    return tuple({e.uid: e for e in (*found_of(kube, run_id), *noted)}.values())


def found_of(kube: Kube, run_id: str) -> tuple[Found, ...]:
    """Returns what carries the labels of a run; of every run for an empty id."""
    selector = f"{PROVIDER_LABEL}={EXISTING},{RUN_LABEL}" + (f"={run_id}" if run_id else "")
    kinds = [
        r
        for r in read_resources(kube, ()).by_kind.values()
        if r.preferred and r.verbs >= _VERBS and r.kind not in _DERIVED
    ]

    def ask(resource: Resource) -> list[Found]:
        try:
            listed = kube.items(_everywhere(resource), labelSelector=selector)
        except KubeError:
            return []
        return [_found(o, resource) for o in listed]

    with ThreadPoolExecutor(THREADS) as pool:
        answers = pool.map(ask, kinds)
    return tuple({each.uid: each for some in answers for each in some}.values())


def _found(obj: Object, resource: Resource) -> Found:
    ref = ObjectRef.of({**obj, "kind": resource.kind})
    return Found(
        ref=ref,
        path=resource.path(ref.namespace, ref.name),
        uid=str(obj["metadata"].get("uid") or ""),
        labels=obj["metadata"].get("labels") or {},
    )


def _at(kube: Kube, path: str, run_id: str) -> Found | None:
    try:
        obj = kube.find(path)
    except KubeError:
        return None
    meta = (obj or {}).get("metadata") or {}
    marked = meta.get("labels") or {}
    if obj is None or marked.get(RUN_LABEL) != run_id or marked.get(PROVIDER_LABEL) != EXISTING:
        return None
    return Found(ref=ObjectRef.of(obj), path=path, uid=str(meta.get("uid") or ""), labels=marked)


def _end_applications(kube: Kube, mine: Sequence[Found], clock: Clock, say: Say) -> None:
    """Lets Argo CD remove what it deployed for us, and waits for it."""
    roots = [e for e in mine if e.ref.kind in GENERATORS]
    if not roots:
        return
    paths = _applications(kube, roots)
    for path in paths:
        _ask_to_prune(kube, path)
    for each in roots:
        _delete(kube, each.path, say)
    for path in paths:
        _delete(kube, path, say)
    say(f"waiting for Argo CD to remove what {len(paths)} Applications deployed")
    for path in _after(kube, paths, clock, PRUNING_SECONDS):
        say(f"{path.rpartition('/')[2]}: Argo CD did not end it; its finalizers are taken away")
        _merge(kube, path, {"metadata": {"finalizers": None}})
    _after(kube, [e.path for e in roots], clock, PRUNING_SECONDS)


def _applications(kube: Kube, roots: Sequence[Found]) -> list[str]:
    """Returns the paths of our Applications and of those that our ApplicationSets made."""
    owners = {e.uid for e in roots}
    found = [e.path for e in roots if e.ref.kind == "Application"]
    for namespace in sorted({e.ref.namespace for e in roots}):
        base = f"/apis/argoproj.io/v1alpha1/namespaces/{namespace}/applications"
        for app in _items(kube, base):
            meta = app["metadata"]
            if any(o.get("uid") in owners for o in meta.get("ownerReferences") or []):
                found.append(f"{base}/{meta['name']}")
    return list(dict.fromkeys(found))


def _ask_to_prune(kube: Kube, path: str) -> None:
    app = _find(kube, path) or {}
    finalizers = list((app.get("metadata") or {}).get("finalizers") or [])
    if app and not any(str(f).startswith(PRUNE) for f in finalizers):
        _merge(kube, path, {"metadata": {"finalizers": [*finalizers, PRUNE]}})


def _still_used(kube: Kube, definition: Found) -> bool:
    """Tells whether objects of a definition live; they would go with it, and are not ours."""
    if definition.ref.kind != "CustomResourceDefinition":
        return False
    spec = (_find(kube, definition.path) or {}).get("spec") or {}
    group, plural = spec.get("group"), (spec.get("names") or {}).get("plural")
    versions = [v["name"] for v in spec.get("versions") or [] if v.get("served")]
    return any(_items(kube, f"/apis/{group}/{v}/{plural}") for v in versions[:1])


def _remaining(
    kube: Kube, run_id: str, made: Sequence[str], clock: Clock, say: Say
) -> tuple[str, ...]:
    end, said = clock.monotonic() + ENDING_SECONDS, ""
    while left := everything(kube, run_id, made):
        if clock.monotonic() > end:
            return tuple(str(e.ref) for e in left)
        more = f" and {len(left) - 3} more" if len(left) > 3 else ""
        line = f"waiting for {', '.join(str(e.ref) for e in left[:3])}{more} to end"
        if line != said:
            say(line)
        said = line
        clock.sleep(4 * LOOK_SECONDS)
    return ()


def _after(kube: Kube, paths: Sequence[str], clock: Clock, seconds: float) -> list[str]:
    """Waits until objects are gone; returns those that are not."""
    end, left = clock.monotonic() + seconds, list(paths)
    while left := [p for p in left if _find(kube, p) is not None]:
        if clock.monotonic() > end:
            break
        clock.sleep(LOOK_SECONDS)
    return left


def _find(kube: Kube, path: str) -> Object | None:
    try:
        return kube.find(path)
    except KubeError:
        return {}  # not known to be gone


def _items(kube: Kube, path: str) -> list[Object]:
    try:
        return kube.items(path)
    except KubeError:
        return []


def _merge(kube: Kube, path: str, body: Object) -> None:
    try:
        kube.merge(path, body)
    except KubeError:
        return  # it is gone, or what is left will say so


def _delete(kube: Kube, path: str, say: Say) -> None:
    try:
        kube.delete(path)
    except KubeError as error:
        say(f"could not be removed: {' '.join(str(error).split())[:200]}")


def _everywhere(resource: Resource) -> str:
    """Returns the path of all objects of a kind, in every namespace."""
    return resource.collection("").replace("/namespaces//", "/")
