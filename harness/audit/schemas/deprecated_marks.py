"""Annotations and node labels that Kubernetes gave up, and the fields that took their place. Pure.

Source: "Well-Known Labels, Annotations and Taints" of the Kubernetes reference;
`k8s.io/api/core/v1` `annotation_key_constants.go`. Some are ignored by now, some still work.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.audit.pods import pod_path
from harness.audit.reading import at, mapping, text
from harness.audit.schemas.misfit import field_step

ANNOTATIONS = {
    "kubernetes.io/ingress.class": "set spec.ingressClassName",
    "pod.alpha.kubernetes.io/initialized": "remove it, nothing reads it",
    "scheduler.alpha.kubernetes.io/critical-pod": "set spec.priorityClassName of the pod",
    "scheduler.alpha.kubernetes.io/tolerations": "set spec.tolerations of the pod",
    "seccomp.security.alpha.kubernetes.io/pod": "set securityContext.seccompProfile of the pod",
    "service.alpha.kubernetes.io/tolerate-unready-endpoints": "set spec.publishNotReadyAddresses",
    "service.kubernetes.io/topology-aware-hints": "set spec.trafficDistribution",
    "storageclass.beta.kubernetes.io/is-default-class": "use the annotation "
    "storageclass.kubernetes.io/is-default-class",
    "volume.beta.kubernetes.io/storage-class": "set spec.storageClassName",
}
PREFIXES = {
    "container.apparmor.security.beta.kubernetes.io/": "set securityContext.appArmorProfile of "
    "the container",
    "container.seccomp.security.alpha.kubernetes.io/": "set securityContext.seccompProfile of "
    "the container",
}
NODE_LABELS = {
    "beta.kubernetes.io/arch": "select by kubernetes.io/arch",
    "beta.kubernetes.io/instance-type": "select by node.kubernetes.io/instance-type",
    "beta.kubernetes.io/os": "select by kubernetes.io/os",
    "failure-domain.beta.kubernetes.io/region": "select by topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone": "select by topology.kubernetes.io/zone",
    "node-role.kubernetes.io/master": "select by node-role.kubernetes.io/control-plane",
}


def deprecated_marks(obj: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yields the path of every deprecated annotation or node label, and what to do instead."""
    pod = pod_path(obj)
    holders = {("metadata",), (*pod[:-1], "metadata")} if pod else {("metadata",)}
    for holder in sorted(holders):
        path = (*holder, "annotations")
        yield from _found(obj, path, _instead_of_annotation)
    if pod:
        yield from _found(obj, (*pod, "nodeSelector"), lambda key: NODE_LABELS.get(key, ""))


def _found(
    obj: Mapping[str, Any], path: tuple[str, ...], instead: Any
) -> Iterator[tuple[str, str]]:
    for key in mapping(at(obj, *path)):
        if said := instead(text(key)):
            yield ".".join(path) + field_step(text(key)), said


def _instead_of_annotation(key: str) -> str:
    by_prefix = (said for prefix, said in PREFIXES.items() if key.startswith(prefix))
    return ANNOTATIONS.get(key) or next(by_prefix, "")
