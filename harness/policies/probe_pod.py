"""The short-lived pod that stands in for a pod whose network cannot be entered. Pure.

It has the labels, namespace, ServiceAccount, pull secrets and placement of the pod it stands in
for. It belongs to a ConfigMap of ours, so that no controller adopts it and removing that one object
removes it; a readiness gate that nobody fulfils keeps it out of the endpoints of Services. Labels
that controllers set are left out unless a policy selects by them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from harness.connectivity.inventory import CHANGING_LABELS
from harness.connectivity.selectors import selects
from harness.connectivity.services import publishes_not_ready
from harness.manifests.pods import Object, pod_labels
from harness.model.containers import LABEL
from harness.model.refs import ObjectRef

NEVER = "dev.gitops-harness/never"
"""The readiness gate's condition."""
LIFETIME_SECONDS = 90
"""After this long the kubelet ends the pod, should we not be there any more."""
COPIED = ("serviceAccountName", "imagePullSecrets", "tolerations", "nodeSelector", "dnsPolicy")
NOBODY = 65532


def probe_pod(
    original: Object,
    *,
    name: str,
    owner: Object,
    image: str,
    script: str,
    keep_labels: Collection[str] = (),
) -> Object:
    """Returns the pod that makes the probes of another one.

    Args:
        original: The pod it stands in for, or a pod made of a workload's template.
        name: Its name; must not end in `-` and a number, as those of a StatefulSet do.
        owner: The ConfigMap of ours in the same namespace, as the API server returned it.
        image: An image with bash.
        script: What it runs.
        keep_labels: Labels that controllers set and that a policy selects by.
    """
    ref = ObjectRef.of(original)
    spec = original.get("spec") or {}
    labels = {
        key: value
        for key, value in pod_labels({**original, "kind": "Pod"}).items()
        if key not in CHANGING_LABELS or key in keep_labels
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": ref.namespace,
            "labels": {**labels, LABEL: "probe"},
            "ownerReferences": [_owned_by(owner)],
        },
        "spec": {
            **{key: spec[key] for key in COPIED if spec.get(key)},
            "containers": [_container(image, script)],
            "activeDeadlineSeconds": LIFETIME_SECONDS,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "readinessGates": [{"conditionType": NEVER}],
            "restartPolicy": "Never",
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": NOBODY,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "terminationGracePeriodSeconds": 0,
        },
    }


def _owned_by(owner: Object) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": False,
    }


def _container(image: str, script: str) -> dict[str, object]:
    return {
        "name": "probe",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["bash", "-c", script, "s0"],
        "resources": {
            "requests": {"cpu": "10m", "memory": "32Mi"},
            "limits": {"cpu": "500m", "memory": "64Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }


def selected_by(policies: Iterable[Object]) -> frozenset[str]:
    """Returns the labels of controllers that a policy names in any selector."""
    return frozenset(key for key in CHANGING_LABELS if any(_names(p, key) for p in policies))


def _names(value: object, key: str) -> bool:
    if isinstance(value, Mapping):
        return key in value or any(_names(each, key) for each in value.values())
    if isinstance(value, list):
        return any(_names(each, key) for each in value)
    return value == key


def would_serve(pod: Object, services: Iterable[Object]) -> str:
    """Returns the Service that would send traffic to an unready pod like this; empty for none."""
    labels, namespace = pod_labels({**pod, "kind": "Pod"}), ObjectRef.of(pod).namespace
    for service in services:
        spec: Mapping[str, Any] = service.get("spec") or {}
        ref = ObjectRef.of(service)
        here = ref.namespace == namespace and bool(spec.get("selector"))
        if (
            here
            and publishes_not_ready(service)
            and selects({"matchLabels": spec["selector"]}, labels)
        ):
            return ref.name
    return ""
