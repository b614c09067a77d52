"""Small manifests for the tests of connectivity and workloads: what a field is about, no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from harness.audit.finding import Fault, NotJudged
from harness.audit.scope import Scope
from harness.audit.source import Source
from tests.audit.scopes import scope

Object = dict[str, Any]
Check = Callable[[Scope], Iterable[Fault | NotJudged]]
VERSIONS = {
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "ReplicaSet": "apps/v1",
    "Job": "batch/v1",
    "CronJob": "batch/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "Ingress": "networking.k8s.io/v1",
    "PodDisruptionBudget": "policy/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "StorageClass": "storage.k8s.io/v1",
    "Rollout": "argoproj.io/v1alpha1",
    "ScaledObject": "keda.sh/v1alpha1",
    "ServiceEntry": "networking.istio.io/v1",
    "Kafka": "kafka.strimzi.io/v1beta2",
    "CiliumNetworkPolicy": "cilium.io/v2",
}


def manifest(kind: str, name: str, spec: Any = None, **more: Any) -> Object:
    """An object with the usual apiVersion of its kind."""
    namespace = more.pop("namespace", "shop")
    labels = more.pop("labels", None)
    annotations = more.pop("annotations", None)
    metadata: Object = {"name": name}
    metadata |= {"namespace": namespace} if namespace else {}
    metadata |= {"labels": labels} if labels else {}
    metadata |= {"annotations": annotations} if annotations else {}
    found: Object = {"apiVersion": VERSIONS.get(kind, "v1"), "kind": kind, "metadata": metadata}
    if spec is not None:
        found["spec"] = spec
    return {**found, **more}


def container(name: str = "app", image: str = "ghcr.io/acme/app:1.0", **more: Any) -> Object:
    """A container; `env` may be a mapping of plain values."""
    env = more.pop("env", None)
    if isinstance(env, dict):
        env = [{"name": key, "value": value} for key, value in env.items()]
    return {"name": name, "image": image, **({"env": env} if env else {}), **more}


def workload(name: str, *containers: Object, kind: str = "Deployment", **more: Any) -> Object:
    """A workload whose pods have the label `app: <name>`, and others where `labels` are given."""
    namespace = more.pop("namespace", "shop")
    labels = more.pop("labels", {"app": name})
    pod = {"containers": list(containers) or [container()], **more.pop("pod", {})}
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"selector": {"matchLabels": labels}, "template": template, **more}
    return manifest(kind, name, spec, namespace=namespace)


def service(name: str, port: int = 80, target: Any = None, **more: Any) -> Object:
    """A Service of the pods with `app: <name>`."""
    namespace = more.pop("namespace", "shop")
    entry = {"port": port, **({"targetPort": target} if target is not None else {})}
    spec = {"selector": {"app": name}, "ports": [entry], **more}
    return manifest("Service", name, spec, namespace=namespace)


def config_map(name: str, **data: str) -> Object:
    """A ConfigMap of the shop."""
    return manifest("ConfigMap", name, data=data)


def of(*objects: Object, path: str = "overlays/dev", **more: Any) -> Scope:
    """A scope of one source."""
    return scope(Source(path=path, objects=objects, namespace="shop"), **more)


def found(check: Check, *objects: Object, **more: Any) -> list[Fault]:
    """The faults that a check finds in some objects."""
    return [f for f in check(of(*objects, **more)) if isinstance(f, Fault)]


def unknown(check: Check, *objects: Object, **more: Any) -> list[NotJudged]:
    """What a check says it cannot judge."""
    return [f for f in check(of(*objects, **more)) if isinstance(f, NotJudged)]
