"""What the pods of declared workloads show: another digest, or an older template. Pure.

`imageID` is the reference by which the kubelet's runtime knows the image, with the digest that the
registry served. It is compared only where it names the declared repository: an image that was
loaded, or that the node also knows under another name, tells nothing. A container whose image is
not the declared text belongs to another template, which is found as such. Template hashes: label
`pod-template-hash` of Deployments, `controller-revision-hash` of StatefulSets and DaemonSets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.drift.observe import Asked
from harness.manifests.pods import containers, field_prefix, pod_spec
from harness.model.drift import DriftFinding, DriftKind
from harness.model.refs import ImageReference, ObjectRef

Object = dict[str, Any]
ROLLED = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
ENDED = frozenset({"Succeeded", "Failed"})
REVISION = "deployment.kubernetes.io/revision"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The live pods with what owns them."""

    pods: Mapping[ObjectRef, tuple[Object, ...]]
    """By the workload at the end of their owners; a bare pod by itself."""
    replica_sets: Mapping[ObjectRef, tuple[Object, ...]]
    """By their Deployment."""
    revisions: Mapping[ObjectRef, tuple[Object, ...]]
    """ControllerRevisions by their DaemonSet."""


def fleet(
    pods: Iterable[Object], replica_sets: Sequence[Object], others: Iterable[Object]
) -> Fleet:
    """Returns the pods by workload.

    Args:
        pods: Live pods.
        replica_sets: Live ReplicaSets.
        others: Live Jobs and ControllerRevisions.
    """
    listed = tuple(others)
    between = {_ref(o, "ReplicaSet"): _owner(o) for o in replica_sets}
    between |= {_ref(o, "Job"): _owner(o) for o in listed if o.get("kind") == "Job"}
    found: dict[ObjectRef, list[Object]] = defaultdict(list)
    for pod in pods:
        if not _is_over(pod):
            owner = _owner(pod)
            last = between.get(owner) if owner else None
            found[last or owner or _ref(pod, "Pod")].append(pod)
    return Fleet(
        pods={ref: tuple(each) for ref, each in found.items()},
        replica_sets=_by_owner(replica_sets),
        revisions=_by_owner(o for o in listed if o.get("kind") == "ControllerRevision"),
    )


def _by_owner(objects: Iterable[Object]) -> dict[ObjectRef, tuple[Object, ...]]:
    found: dict[ObjectRef, list[Object]] = defaultdict(list)
    for obj in objects:
        owner = _owner(obj)
        if owner:
            found[owner].append(obj)
    return {ref: tuple(each) for ref, each in found.items()}


def _ref(obj: Object, kind: str) -> ObjectRef:
    return ObjectRef.of({**obj, "kind": kind})


def _owner(obj: Object) -> ObjectRef | None:
    meta = obj.get("metadata") or {}
    for owner in meta.get("ownerReferences") or []:
        if owner.get("controller"):
            return ObjectRef(str(owner["kind"]), str(meta.get("namespace")), str(owner["name"]))
    return None


def _is_over(pod: Object) -> bool:
    status = pod.get("status") or {}
    return bool(pod["metadata"].get("deletionTimestamp")) or status.get("phase") in ENDED


def other_digests(asked: Asked, found: Fleet, images: Mapping[str, str]) -> Iterator[DriftFinding]:
    """Yields the containers that run another digest than their declared image stands for.

    Args:
        asked: A declared object.
        found: The live pods.
        images: Declared image -> digest that it stands for now; unknown ones left out.
    """
    spec = pod_spec(asked.object)
    pods = found.pods.get(asked.ref, ())
    for container in containers(spec) if spec is not None else ():
        declared, name = str(container.get("image") or ""), str(container.get("name"))
        wanted = _pinned(declared) or images.get(declared, "")
        running = {d: p for p in pods if (d := _running(p, name, declared))}
        stale = {digest: pod for digest, pod in running.items() if digest != wanted}
        if wanted and stale:
            group = "initContainers" if container in (spec or {}).get("initContainers", []) else ""
            yield _other_digest(asked, f"{group or 'containers'}[{name}]", wanted, stale)


def _other_digest(
    asked: Asked, container: str, wanted: str, stale: Mapping[str, Object]
) -> DriftFinding:
    started = sorted(str((p.get("status") or {}).get("startTime") or "") for p in stale.values())
    return DriftFinding(
        kind=DriftKind.IMAGE,
        object=asked.ref,
        application=asked.application,
        field=f"{field_prefix(asked.ref.kind)}.{container}.image",
        declared=wanted,
        live=", ".join(stale),
        time=started[-1],
        fix=f"kubectl rollout restart {asked.ref.kind.lower()} {asked.ref.name} "
        f"--namespace {asked.ref.namespace} (imagePullPolicy must not be Never; with "
        "IfNotPresent a node keeps the image of the tag that it has: pin the digest)",
    )


def _pinned(image: str) -> str:
    reference = _parsed(image)
    return reference.digest if reference else ""


def _parsed(image: str) -> ImageReference | None:
    try:
        return ImageReference.parse(image)
    except ValueError:
        return None


def _running(pod: Object, name: str, declared: str) -> str:
    """Returns the digest of a container that runs the declared image; nothing if it is unclear."""
    images = {str(c.get("name")): str(c.get("image")) for c in containers(pod.get("spec") or {})}
    if images.get(name) != declared:
        return ""
    status = pod.get("status") or {}
    for group in ("containerStatuses", "initContainerStatuses"):
        for entry in status.get(group) or []:
            if entry.get("name") == name:
                return _digest_of(str(entry.get("imageID") or ""), declared)
    return ""


def _digest_of(image_id: str, declared: str) -> str:
    known, wanted = _parsed(image_id.partition("://")[2] or image_id), _parsed(declared)
    is_it = known is not None and wanted is not None and known.name == wanted.name
    return known.digest if known and is_it else ""


def older_templates(asked: Asked, live: Object, found: Fleet) -> Iterator[DriftFinding]:
    """Yields a workload of which pods run an older template than its own."""
    if asked.ref.kind not in ROLLED:
        return
    pods, label, newest = found.pods.get(asked.ref, ()), *_newest(asked.ref, live, found)
    old = [p for p in pods if newest and _label(p, label) not in {"", newest}]
    if not old:
        return
    names = ", ".join(str(p["metadata"]["name"]) for p in old[:3])
    more = f" and {len(old) - 3} more" if len(old) > 3 else ""
    yield DriftFinding(
        kind=DriftKind.REVISION,
        object=asked.ref,
        application=asked.application,
        field="spec.template",
        declared=f"{label} {newest}",
        live=f"{len(old)} of {len(pods)} pods run an older template: {names}{more}",
        time=min(str(p["metadata"].get("creationTimestamp") or "") for p in old),
        fix=f"kubectl rollout status {asked.ref.kind.lower()} {asked.ref.name} "
        f"--namespace {asked.ref.namespace}",
    )


def _newest(ref: ObjectRef, live: Object, found: Fleet) -> tuple[str, str]:
    """Returns the label that tells templates apart and its value for the newest one."""
    match ref.kind:
        case "Deployment":
            wanted = _note(live, REVISION)
            sets = found.replica_sets.get(ref, ())
            newest = [s for s in sets if wanted and _note(s, REVISION) == wanted]
            return "pod-template-hash", _label(newest[0], "pod-template-hash") if newest else ""
        case "StatefulSet":
            status = live.get("status") or {}
            return "controller-revision-hash", str(status.get("updateRevision") or "")
        case _:
            newest = sorted(found.revisions.get(ref, ()), key=lambda r: int(r.get("revision") or 0))
            label = "controller-revision-hash"
            return label, _label(newest[-1], label) if newest else ""


def _note(obj: Object, name: str) -> str:
    return str(((obj.get("metadata") or {}).get("annotations") or {}).get(name) or "")


def _label(obj: Object, name: str) -> str:
    return str(((obj.get("metadata") or {}).get("labels") or {}).get(name) or "")
