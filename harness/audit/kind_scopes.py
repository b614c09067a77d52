"""Whether objects of a kind live in namespaces, as far as a repository can tell. Pure.

Known are Kubernetes' own kinds, Argo CD's, and those whose CustomResourceDefinition is rendered in
the same scope; of any other kind nothing is said.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.audit.api_groups import BUILT_IN
from harness.audit.reading import group_of, mapping, text, text_at
from harness.audit.scope import Scope
from harness.audit.source import Object
from harness.manifests.scoping import CLUSTER_SCOPED

NAMESPACED = frozenset({
    "ConfigMap", "CronJob", "DaemonSet", "Deployment", "Endpoints", "EndpointSlice",
    "HorizontalPodAutoscaler", "Ingress", "Job", "LimitRange", "NetworkPolicy",
    "PersistentVolumeClaim", "Pod", "PodDisruptionBudget", "ReplicaSet", "ResourceQuota", "Role",
    "RoleBinding", "Secret", "Service", "ServiceAccount", "StatefulSet",
})  # fmt: skip
_ARGO_CD = frozenset({"Application", "ApplicationSet", "AppProject"})
Scopes = Mapping[tuple[str, str], bool]
"""Of each group and kind whether it is namespaced."""


def custom_scopes(scope: Scope) -> Scopes:
    """Returns of each kind that a CRD here defines whether it is namespaced."""
    specs = (mapping(d.object.get("spec")) for d in scope.of_kind("CustomResourceDefinition"))
    return {
        (text(s.get("group")), text_at(s, "names", "kind")): text(s.get("scope")) == "Namespaced"
        for s in specs
    }


def is_namespaced(obj: Object, custom: Scopes) -> bool | None:
    """Tells whether objects of a kind live in namespaces; None where nobody knows."""
    kind, group = text(obj.get("kind")), group_of(obj)
    if (group, kind) in custom:
        return custom[group, kind]
    if group in BUILT_IN:
        return False if kind in CLUSTER_SCOPED else True if kind in NAMESPACED else None
    return True if group == "argoproj.io" and kind in _ARGO_CD else None
