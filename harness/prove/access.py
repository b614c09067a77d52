"""What the load balancer stand-in may do in the cluster: look at what it is made from, no more.

Pure: the objects to apply. A ServiceAccount with its own ClusterRole, as the AWS Load Balancer
Controller has; nobody's credentials leave the harness for a container that answers requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAME = "gitops-harness-load-balancer"
NAMESPACE = "kube-system"
TOKEN_SECONDS = 30 * 24 * 3600
TOKEN_PATH = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{NAME}/token"
_RBAC = "rbac.authorization.k8s.io"
_READ = ["get", "list", "watch"]
_RULES = (
    {"apiGroups": [""], "resources": ["services"], "verbs": _READ},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": _READ},
    {
        "apiGroups": ["networking.k8s.io"],
        "resources": ["ingresses", "ingressclasses"],
        "verbs": _READ,
    },
)


def access_objects(labels: Mapping[str, str]) -> tuple[tuple[str, dict[str, Any]], ...]:
    """Returns the API path and the body of each object, in the order to apply them."""
    meta = {"name": NAME, "labels": dict(labels)}
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {**meta, "namespace": NAMESPACE},
    }
    role = {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "ClusterRole",
        "metadata": meta,
        "rules": list(_RULES),
    }
    binding = {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": meta,
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": NAME},
        "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}],
    }
    return (
        (f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{NAME}", account),
        (f"/apis/{_RBAC}/v1/clusterroles/{NAME}", role),
        (f"/apis/{_RBAC}/v1/clusterrolebindings/{NAME}", binding),
    )


def token_request() -> dict[str, Any]:
    """Returns the body that asks for a token of the ServiceAccount."""
    return {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": TOKEN_SECONDS},
    }
