"""The objects of the metrics server, from which autoscalers know processors and memory in use.

Written for kind: kubelets serve with certificates of their own, so they are not verified; metrics
are taken often, so that an autoscaler knows something soon after a pod has
started. Ports, options and rights: sigs.k8s.io/metrics-server, `manifests/base` and README. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.adaptation.terms import METRICS_SERVER as NAME
from harness.adaptation.terms import Object

NAMESPACE = "kube-system"
FOLDER = "/tmp"  # noqa: S108  (in its own container; its certificate is kept there)
API_SERVICE = "v1beta1.metrics.k8s.io"
PORT = 10250
RESOLUTION_SECONDS = 15
"""More than the server's deadline for a kubelet, 10 s, or it refuses to start."""
_SELECTED = {"k8s-app": NAME}
_RBAC = "rbac.authorization.k8s.io"


def metrics_server(image: str, labels: Mapping[str, str]) -> tuple[tuple[str, Object], ...]:
    """Returns every object with its API path, in the order in which they are applied."""
    meta = {"labels": {**labels, **_SELECTED}}
    objects: tuple[tuple[str, str, Object], ...] = (
        (f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts", NAME, _account()),
        (f"/apis/{_RBAC}/v1/clusterroles", f"system:{NAME}", _rights()),
        (f"/apis/{_RBAC}/v1/clusterrolebindings", f"system:{NAME}", _bound(f"system:{NAME}")),
        (
            f"/apis/{_RBAC}/v1/clusterrolebindings",
            f"{NAME}:system:auth-delegator",
            _bound("system:auth-delegator"),
        ),
        (
            f"/apis/{_RBAC}/v1/namespaces/{NAMESPACE}/rolebindings",
            f"{NAME}-auth-reader",
            _bound("extension-apiserver-authentication-reader", role="Role"),
        ),
        (f"/api/v1/namespaces/{NAMESPACE}/services", NAME, _service()),
        (f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments", NAME, _deployment(image)),
        ("/apis/apiregistration.k8s.io/v1/apiservices", API_SERVICE, _api_service()),
    )
    return tuple(
        (f"{collection}/{name}", {**body, "metadata": {"name": name, **meta}})
        for collection, name, body in objects
    )


def _account() -> Object:
    return {"apiVersion": "v1", "kind": "ServiceAccount"}


def _rights() -> Object:
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "ClusterRole",
        "rules": [
            {"apiGroups": [""], "resources": ["nodes/metrics"], "verbs": ["get"]},
            {"apiGroups": [""], "resources": ["nodes", "pods"], "verbs": ["get", "list", "watch"]},
        ],
    }


def _bound(role_name: str, role: str = "ClusterRole") -> Object:
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "RoleBinding" if role == "Role" else "ClusterRoleBinding",
        "roleRef": {"apiGroup": _RBAC, "kind": role, "name": role_name},
        "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}],
    }


def _service() -> Object:
    port = {"name": "https", "port": 443, "protocol": "TCP", "targetPort": "https"}
    return {"apiVersion": "v1", "kind": "Service", "spec": {"selector": _SELECTED, "ports": [port]}}


def _deployment(image: str) -> Object:
    pod = {
        "serviceAccountName": NAME,
        "priorityClassName": "system-cluster-critical",
        "containers": [_container(image)],
        "volumes": [{"name": "certificate", "emptyDir": {}}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": _SELECTED},
            "template": {"metadata": {"labels": _SELECTED}, "spec": pod},
        },
    }


def _container(image: str) -> dict[str, Any]:
    return {
        "name": NAME,
        "image": image,
        "args": [
            f"--cert-dir={FOLDER}",
            f"--secure-port={PORT}",
            "--kubelet-insecure-tls",
            "--kubelet-preferred-address-types=InternalIP",
            f"--metric-resolution={RESOLUTION_SECONDS}s",
        ],
        "ports": [{"name": "https", "containerPort": PORT, "protocol": "TCP"}],
        "readinessProbe": {
            "httpGet": {"path": "/readyz", "port": "https", "scheme": "HTTPS"},
            "periodSeconds": 2,
        },
        "livenessProbe": {
            "httpGet": {"path": "/livez", "port": "https", "scheme": "HTTPS"},
            "periodSeconds": 10,
            "initialDelaySeconds": 30,
        },
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": [{"name": "certificate", "mountPath": FOLDER}],
    }


def _api_service() -> Object:
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "spec": {
            "group": "metrics.k8s.io",
            "version": "v1beta1",
            "service": {"name": NAME, "namespace": NAMESPACE},
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
        },
    }
