"""Which workload a pod belongs to, and whether it is of the newest template. Pure.

A Deployment's newest ReplicaSet is the owned one with the highest
`deployment.kubernetes.io/revision`; a StatefulSet's newest template is `status.updateRevision`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from harness.model.refs import ObjectRef

Object = Mapping[str, Any]
Find = Callable[[ObjectRef], Object | None]
REVISION = "deployment.kubernetes.io/revision"


def controller(obj: Object) -> ObjectRef | None:
    """Returns the controlling owner of an object, or None."""
    meta = obj.get("metadata") or {}
    owners = meta.get("ownerReferences") or []
    owner = next((o for o in owners if o.get("controller")), owners[0] if owners else None)
    if owner is None:
        return None
    return ObjectRef(str(owner["kind"]), str(meta.get("namespace") or ""), str(owner["name"]))


def workload_of(pod: Object, find: Find) -> ObjectRef:
    """Returns the workload that wants a pod: through its ReplicaSet or Job, else the pod itself."""
    owner = controller(pod)
    if owner is None:
        return ObjectRef.of({**pod, "kind": "Pod"})
    if owner.kind == "ReplicaSet":
        above = find(owner)
        found = controller(above) if above else None
        return found or _by_hash(pod, owner)
    if owner.kind == "Job":
        above = find(owner)
        return (controller(above) if above else None) or owner
    return owner


def _by_hash(pod: Object, owner: ObjectRef) -> ObjectRef:
    """The Deployment by the naming rule, for a ReplicaSet that was not seen."""
    labels = (pod.get("metadata") or {}).get("labels") or {}
    suffix = f"-{labels.get('pod-template-hash', '')}"
    if len(suffix) > 1 and owner.name.endswith(suffix):
        return ObjectRef("Deployment", owner.namespace, owner.name[: -len(suffix)])
    return owner


def newest_replica_sets(replica_sets: Iterable[Object]) -> dict[ObjectRef, str]:
    """Returns for each Deployment the pod template hash of its newest ReplicaSet."""
    newest: dict[ObjectRef, tuple[int, str]] = {}
    for obj in replica_sets:
        owner = controller(obj)
        if owner is None:
            continue
        meta = obj.get("metadata") or {}
        revision = int((meta.get("annotations") or {}).get(REVISION) or 0)
        label = str((meta.get("labels") or {}).get("pod-template-hash") or "")
        if revision >= newest.get(owner, (-1, ""))[0]:
            newest[owner] = (revision, label)
    return {owner: label for owner, (_, label) in newest.items()}


def is_current(pod: Object, workload: Object | None, newest: Mapping[ObjectRef, str]) -> bool:
    """Tells whether a pod is of the newest template, as far as that can be known."""
    labels = (pod.get("metadata") or {}).get("labels") or {}
    if workload is None:
        return True
    kind = workload.get("kind")
    if kind == "Deployment":
        wanted = newest.get(ObjectRef.of(workload), "")
        return not wanted or labels.get("pod-template-hash") == wanted
    if kind == "StatefulSet":
        wanted = str((workload.get("status") or {}).get("updateRevision") or "")
        return not wanted or labels.get("controller-revision-hash") == wanted
    return True
