"""Builds the few Kubernetes objects that the cases are made of, as dictionaries.

The image is the one of `scenarios/trees/shop`: its environment decides how it starts and ends.
Everything is healthy unless a case changes it. Objects carry no namespace; delivery adds it.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

Object = dict[str, Any]
APP = "ghcr.io/shop/app:1.1.0"
DATABASE = "postgres:17"
PULL_SECRET = "ghcr-secret"  # noqa: S105 # a name
PORT = 8080


def deployment(
    name: str,
    *,
    variables: Mapping[str, str] | None = None,
    container: Mapping[str, Any] | None = None,
    pod: Mapping[str, Any] | None = None,
    spec: Mapping[str, Any] | None = None,
) -> Object:
    """Returns a Deployment of the shop's image; the arguments replace whole fields."""
    body = {**_workload(name, variables or {}, container or {}, pod or {}), **(spec or {})}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": _meta(name), "spec": body}


def stateful_set(
    name: str,
    *,
    variables: Mapping[str, str] | None = None,
    container: Mapping[str, Any] | None = None,
    pod: Mapping[str, Any] | None = None,
    storage_class: str | None = None,
) -> Object:
    """Returns a StatefulSet of the shop's image with a volume of a class, or of the default one."""
    mounted = {"volumeMounts": [{"name": "data", "mountPath": "/data"}], **(container or {})}
    claim: Object = {
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "16Mi"}},
        },
    }
    if storage_class:
        claim["spec"]["storageClassName"] = storage_class
    body = {
        **_workload(name, variables or {}, mounted, pod or {}),
        "serviceName": name,
        "volumeClaimTemplates": [claim],
    }
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": _meta(name), "spec": body}


def service(name: str) -> Object:
    """Returns the Service in front of the workload of the same name."""
    spec = {"selector": {"app": name}, "ports": [{"name": "http", "port": PORT}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": _meta(name), "spec": spec}


def secret(name: str, **data: str) -> Object:
    """Returns a Secret with these values."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": _meta(name), "stringData": data}


def from_secret(variable: str, name: str, key: str) -> Object:
    """Returns the environment variable that takes its value from a Secret."""
    return {"name": variable, "valueFrom": {"secretKeyRef": {"name": name, "key": key}}}


def egress_policy(name: str, *rules: Object) -> Object:
    """Returns the policy that allows every pod of the namespace these ways out, and no other."""
    spec = {"podSelector": {}, "policyTypes": ["Egress"], "egress": list(rules)}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": _meta(name),
        "spec": spec,
    }


def namespaced(obj: Object, namespace: str) -> Object:
    """Returns the object in a namespace."""
    changed = copy.deepcopy(obj)
    changed["metadata"]["namespace"] = namespace
    return changed


def _meta(name: str) -> Object:
    return {"name": name, "labels": {"app": name}}


def _workload(
    name: str,
    variables: Mapping[str, str],
    container: Mapping[str, Any],
    pod: Mapping[str, Any],
) -> Object:
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 1,
            "imagePullSecrets": [{"name": PULL_SECRET}],
            "containers": [_container(name, variables, container)],
            **pod,
        },
    }
    return {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template}


def _container(name: str, variables: Mapping[str, str], changes: Mapping[str, Any]) -> Object:
    env = [{"name": "NAME", "value": name}]
    env += [{"name": key, "value": value} for key, value in variables.items()]
    more = changes.get("env", [])
    found = {
        "name": name,
        "image": APP,
        "ports": [{"name": "http", "containerPort": PORT}],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 2},
        "resources": {
            "requests": {"cpu": "5m", "memory": "32Mi"},
            "limits": {"memory": "64Mi"},
        },
        **changes,
        "env": [*env, *more],
    }
    return {key: value for key, value in found.items() if value is not None}
