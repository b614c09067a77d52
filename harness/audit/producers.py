"""Objects that exist although no manifest declares them: operators' products and a cluster's own.

Facts: ExternalSecret `spec.target.name` (external-secrets API reference), SealedSecret takes the
name of its template (sealed-secrets `apis/sealedsecrets/v1alpha1`), cert-manager Certificate
`spec.secretName`; `kube-root-ca.crt` and the account `default` are in every namespace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from harness.model.refs import ObjectRef

Object = dict[str, Any]
EVERYWHERE = frozenset({("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")})
EVERY_CLUSTER = frozenset(
    {
        ("Namespace", "default"),
        ("Namespace", "kube-system"),
        ("Namespace", "kube-public"),
        ("Namespace", "kube-node-lease"),
        ("Service", "kubernetes"),
        ("PriorityClass", "system-cluster-critical"),
        ("PriorityClass", "system-node-critical"),
        ("ClusterRole", "admin"),
        ("ClusterRole", "cluster-admin"),
        ("ClusterRole", "edit"),
        ("ClusterRole", "view"),
    }
)


def built_in(ref: ObjectRef) -> bool:
    """Tells whether every cluster has this object."""
    if (ref.kind, ref.name) in EVERYWHERE or (ref.kind, ref.name) in EVERY_CLUSTER:
        return True
    if ref.kind in {"ClusterRole", "Role", "ClusterRoleBinding"} and ref.name.startswith("system:"):
        return True
    return ref.namespace == "kube-system" and (ref.kind, ref.name) in {
        ("Service", "kube-dns"),
        ("ConfigMap", "coredns"),
        ("ConfigMap", "extension-apiserver-authentication"),
    }


def produced(objects: Iterable[Object]) -> Iterator[ObjectRef]:
    """Yields what operators make of the declared objects."""
    for obj in objects:
        yield from _products(obj)


def _products(obj: Object) -> Iterator[ObjectRef]:
    ref, spec = ObjectRef.of(obj), obj.get("spec") or {}
    match ref.kind:
        case "SealedSecret":
            meta = (spec.get("template") or {}).get("metadata") or {}
            yield ObjectRef("Secret", ref.namespace, str(meta.get("name") or ref.name))
        case "ExternalSecret":
            name = (spec.get("target") or {}).get("name") or ref.name
            yield ObjectRef("Secret", ref.namespace, str(name))
        case "Certificate":
            yield ObjectRef("Secret", ref.namespace, str(spec.get("secretName") or ""))
