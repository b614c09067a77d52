"""Where the API server keeps each kind that the harness reads.

Paths follow the API conventions (`/api/v1` for the core group, `/apis/<group>/<version>`
otherwise); only kinds that are watched or applied by us are listed.
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
    "Deployment": ("/apis/apps/v1", "deployments"),
    "StatefulSet": ("/apis/apps/v1", "statefulsets"),
    "DaemonSet": ("/apis/apps/v1", "daemonsets"),
    "ReplicaSet": ("/apis/apps/v1", "replicasets"),
    "Job": ("/apis/batch/v1", "jobs"),
    "CronJob": ("/apis/batch/v1", "cronjobs"),
    "EndpointSlice": ("/apis/discovery.k8s.io/v1", "endpointslices"),
    "Ingress": ("/apis/networking.k8s.io/v1", "ingresses"),
    "NetworkPolicy": ("/apis/networking.k8s.io/v1", "networkpolicies"),
    "Application": (ARGO, "applications"),
    "ApplicationSet": (ARGO, "applicationsets"),
    "AppProject": (ARGO, "appprojects"),
}


def collection(kind: str, namespace: str = "") -> str:
    """Returns the API path of all objects of a kind, in one namespace or in all.

    Raises:
        KeyError: The kind is not one the harness reads.
    """
    prefix, plural = _PLACES[kind]
    return f"{prefix}/namespaces/{namespace}/{plural}" if namespace else f"{prefix}/{plural}"


def object_path(ref: ObjectRef) -> str:
    """Returns the API path of one object."""
    return f"{collection(ref.kind, ref.namespace)}/{ref.name}"
