"""Which objects live in a namespace, and which namespace an engine gives to one that names none.

Kinds of custom resources that are not listed count as namespaced; a listed one never gets a
namespace. Source: the API reference; the operators' CRDs for cert-manager and external-secrets.
"""

from __future__ import annotations

import copy
from typing import Any

Object = dict[str, Any]
CLUSTER_SCOPED = frozenset({
    "Namespace", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "StorageClass",
    "PersistentVolume", "PriorityClass", "IngressClass", "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration", "APIService", "ClusterIssuer", "ClusterSecretStore",
    "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "RuntimeClass", "CSIDriver",
})  # fmt: skip


def with_namespace(obj: Object, namespace: str) -> Object:
    """Returns the object in the Application's namespace unless it has one or cannot have one."""
    found = obj.get("metadata")
    meta = found if isinstance(found, dict) else {}
    if meta.get("namespace") or obj.get("kind") in CLUSTER_SCOPED or not namespace:
        return obj
    changed = copy.copy(obj)
    changed["metadata"] = {**meta, "namespace": namespace}
    return changed
