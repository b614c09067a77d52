"""Where the API server keeps each kind that the harness reads.

Paths follow the API conventions (`/api/v1` for the core group, `/apis/<group>/<version>`
otherwise); only kinds that are watched or applied by us are listed. Groups, versions and scopes are
those that `kubectl api-resources` names for Kubernetes 1.30 and later.
"""

from __future__ import annotations

from harness.model.refs import ObjectRef

ARGO = "/apis/argoproj.io/v1alpha1"
_PLACES: dict[str, tuple[str, str]] = {
    "Pod": ("/api/v1", "pods"),
    "Service": ("/api/v1", "services"),
    "Secret": ("/api/v1", "secrets"),
    "ConfigMap": ("/api/v1", "configmaps"),
    "Event": ("/api/v1", "events"),
    "PersistentVolumeClaim": ("/api/v1", "persistentvolumeclaims"),
    "PersistentVolume": ("/api/v1", "persistentvolumes"),
    "Node": ("/api/v1", "nodes"),
    "Namespace": ("/api/v1", "namespaces"),
    "ServiceAccount": ("/api/v1", "serviceaccounts"),
    "ResourceQuota": ("/api/v1", "resourcequotas"),
    "LimitRange": ("/api/v1", "limitranges"),
    "Deployment": ("/apis/apps/v1", "deployments"),
    "StatefulSet": ("/apis/apps/v1", "statefulsets"),
    "DaemonSet": ("/apis/apps/v1", "daemonsets"),
    "ReplicaSet": ("/apis/apps/v1", "replicasets"),
    "ControllerRevision": ("/apis/apps/v1", "controllerrevisions"),
    "Job": ("/apis/batch/v1", "jobs"),
    "CronJob": ("/apis/batch/v1", "cronjobs"),
    "EndpointSlice": ("/apis/discovery.k8s.io/v1", "endpointslices"),
    "Ingress": ("/apis/networking.k8s.io/v1", "ingresses"),
    "IngressClass": ("/apis/networking.k8s.io/v1", "ingressclasses"),
    "NetworkPolicy": ("/apis/networking.k8s.io/v1", "networkpolicies"),
    "StorageClass": ("/apis/storage.k8s.io/v1", "storageclasses"),
    "HorizontalPodAutoscaler": ("/apis/autoscaling/v2", "horizontalpodautoscalers"),
    "PodDisruptionBudget": ("/apis/policy/v1", "poddisruptionbudgets"),
    "PriorityClass": ("/apis/scheduling.k8s.io/v1", "priorityclasses"),
    "RuntimeClass": ("/apis/node.k8s.io/v1", "runtimeclasses"),
    "CustomResourceDefinition": ("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions"),
    "Application": (ARGO, "applications"),
    "ApplicationSet": (ARGO, "applicationsets"),
    "AppProject": (ARGO, "appprojects"),
}
CLUSTER_SCOPED = frozenset(
    {
        "CustomResourceDefinition",
        "IngressClass",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "RuntimeClass",
        "StorageClass",
    }
)


def is_namespaced(kind: str) -> bool:
    """Tells whether objects of a kind live in namespaces; true for kinds not listed here."""
    return kind not in CLUSTER_SCOPED


def collection(kind: str, namespace: str = "") -> str:
    """Returns the API path of all objects of a kind, in one namespace or in all.

    A cluster-scoped kind has one path whatever the namespace.

    Raises:
        KeyError: The kind is not one the harness reads.
    """
    prefix, plural = _PLACES[kind]
    inside = f"namespaces/{namespace}/" if namespace and is_namespaced(kind) else ""
    return f"{prefix}/{inside}{plural}"


def object_path(ref: ObjectRef) -> str:
    """Returns the API path of one object."""
    return f"{collection(ref.kind, ref.namespace)}/{ref.name}"
