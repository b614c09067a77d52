"""Classes that pods and claims name and nobody declares: of storage, priority, runtime. Pure.

Made are the StorageClasses that managed Kubernetes or its usual storage driver brings under that
name, and what the caller lists; any other name may be a slip, and a stand-in would hide it. A
StorageClass becomes an alias of kind's own; a PriorityClass gets priority 0, preempting nobody; a
RuntimeClass uses the runtime that all pods have. A class that the repository declares is never
touched, nor is one that every cluster or kind brings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.adaptation.pod_groups import PodGroup
from harness.adaptation.terms import Adaptation, Object
from harness.audit.cluster_profile import KIND
from harness.model.refs import ObjectRef
from harness.model.wording import counted

LOCAL_PATH = "rancher.io/local-path"
"""The provisioner of kind's class `standard` (kind `pkg/build/nodeimage/const_storage.go`)."""
CLOUD_STORAGE = frozenset({
    "auto-ebs-sc", "ebs-sc", "gp2", "gp3", "io1", "io2",
    "premium-rwo", "standard-rwo",
    "azuredisk-csi", "default", "managed-csi", "managed-csi-premium", "managed-premium",
    "do-block-storage", "hcloud-volumes", "linode-block-storage", "oci-bv", "vultr-block-storage",
})  # fmt: skip
"""Of Amazon, Google, Azure and others, for volumes of one node, as their documentation says."""
SYSTEM_PRIORITIES = frozenset({"system-cluster-critical", "system-node-critical"})
DEFAULT_RUNTIME = "runc"
BETA_ANNOTATION = "volume.beta.kubernetes.io/storage-class"


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """Objects to create, and why."""

    objects: tuple[Object, ...]
    adaptations: tuple[Adaptation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Which classes may be made that nobody declares."""

    listed: frozenset[str] = frozenset()
    """Names of any kind that the user wants made."""
    withheld: frozenset[str] = frozenset()
    """Names that the user does not want made."""

    def includes(self, ref: ObjectRef) -> bool:
        """Tells whether a class may be made."""
        known = ref.kind == "StorageClass" and ref.name in CLOUD_STORAGE
        return (known or ref.name in self.listed) and ref.name not in self.withheld


def missing_classes(objects: Sequence[Object], groups: Sequence[PodGroup], offer: Offer) -> Classes:
    """Returns the classes that are named, not declared, and offered."""
    declared = {ObjectRef.of(obj) for obj in objects}
    found = [
        *_storage(objects, declared),
        *_of_pods("PriorityClass", "priorityClassName", groups, declared),
        *_of_pods("RuntimeClass", "runtimeClassName", groups, declared),
    ]
    made = [(obj, said) for obj, said in found if offer.includes(ObjectRef.of(obj))]
    return Classes(
        objects=tuple(obj for obj, _ in made), adaptations=tuple(said for _, said in made)
    )


def _storage(
    objects: Sequence[Object], declared: set[ObjectRef]
) -> Iterator[tuple[Object, Adaptation]]:
    given = set(KIND.storage_classes or ()) | {r.name for r in declared if r.kind == "StorageClass"}
    # A volume that the repository declares may carry the name of a class that exists nowhere.
    given |= {_wish(o) for o in objects if o.get("kind") == "PersistentVolume"}
    named = Counter(wish for wish in _wishes(objects) if wish and wish not in given)
    for name, count in named.items():
        yield (
            {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "StorageClass",
                "metadata": {"name": name},
                "provisioner": LOCAL_PATH,
                "reclaimPolicy": "Delete",
                "volumeBindingMode": "WaitForFirstConsumer",
            },
            Adaptation(
                subject=f"StorageClass {name}",
                action=f"made, backed by {LOCAL_PATH}, which does not enforce sizes",
                reason=f"{counted(count, 'claim')} {'names' if count == 1 else 'name'} it",
            ),
        )


def _wishes(objects: Iterable[Object]) -> Iterator[str]:
    for obj in objects:
        if obj.get("kind") == "PersistentVolumeClaim":
            yield _wish(obj)
        spec = obj.get("spec") or {}
        if obj.get("kind") == "StatefulSet":
            yield from map(_wish, spec.get("volumeClaimTemplates") or [])
        pod = (spec.get("template") or {}).get("spec") or {}
        for volume in pod.get("volumes") or []:
            yield _wish((volume.get("ephemeral") or {}).get("volumeClaimTemplate") or {})


def _wish(claim: Any) -> str:
    annotations = (claim.get("metadata") or {}).get("annotations") or {}
    spec = claim.get("spec") or {}
    return str(spec.get("storageClassName") or annotations.get(BETA_ANNOTATION) or "")


def _of_pods(
    kind: str, field: str, groups: Sequence[PodGroup], declared: set[ObjectRef]
) -> Iterator[tuple[Object, Adaptation]]:
    named = Counter(str(g.spec.get(field) or "") for g in groups)
    for name, count in named.items():
        if name and name not in SYSTEM_PRIORITIES and ObjectRef(kind, "", name) not in declared:
            body, action = _priority(name) if kind == "PriorityClass" else _runtime(name)
            verb = "names" if count == 1 else "name"
            reason = f"{counted(count, 'workload')} {verb} it"
            yield body, Adaptation(subject=f"{kind} {name}", action=action, reason=reason)


def _priority(name: str) -> tuple[Object, str]:
    body: Object = {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": name},
        "value": 0,
        "preemptionPolicy": "Never",
    }
    return body, "made with priority 0, which preempts nobody"


def _runtime(name: str) -> tuple[Object, str]:
    body: Object = {
        "apiVersion": "node.k8s.io/v1",
        "kind": "RuntimeClass",
        "metadata": {"name": name},
        "handler": DEFAULT_RUNTIME,
    }
    return body, f"made with the handler {DEFAULT_RUNTIME}, which isolates less"
