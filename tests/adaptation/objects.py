"""Small rendered objects, as overlays give them."""

from __future__ import annotations

from typing import Any

from harness.model.host import HostFacts

Object = dict[str, Any]


def machine(processors: int = 4, gibibytes: int = 16) -> HostFacts:
    return HostFacts(
        system="Linux",
        distribution="debian",
        is_root=True,
        cgroup_version=2,
        missing_capabilities=(),
        extra_ca_files=(),
        processors=processors,
        memory_bytes=gibibytes * 2**30,
    )


def workload(
    name: str,
    *,
    kind: str = "Deployment",
    replicas: int | None = None,
    cpu: str = "",
    memory: str = "",
    **spec: Any,
) -> Object:
    requests = {k: v for k, v in (("cpu", cpu), ("memory", memory)) if v}
    container = {"name": name, "image": name, "resources": {"requests": requests}}
    pod = {"containers": [container], **spec}
    template = {"metadata": {"labels": {"app": name}}, "spec": pod}
    body: Object = {"template": template, **({"replicas": replicas} if replicas else {})}
    return {"kind": kind, "metadata": {"name": name, "namespace": "shop"}, "spec": body}


def spread(name: str, key: str = "topology.kubernetes.io/zone", **more: Any) -> Object:
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": name}},
        **more,
    }


def apart(name: str, key: str = "kubernetes.io/hostname") -> Object:
    term = {"topologyKey": key, "labelSelector": {"matchLabels": {"app": name}}}
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def on_nodes(key: str, operator: str, *values: str) -> Object:
    term = {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}
    rule = {"nodeSelectorTerms": [term]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": rule}}


def scaler(name: str, least: int, *types: str) -> Object:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    metrics = [{"type": each} for each in types]
    return {
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"scaleTargetRef": target, "minReplicas": least, "metrics": metrics},
    }


def database(name: str, storage_class: str = "", replicas: int = 1) -> Object:
    claim: Object = {"metadata": {"name": "data"}, "spec": {}}
    if storage_class:
        claim["spec"]["storageClassName"] = storage_class
    found = workload(name, kind="StatefulSet", replicas=replicas)
    found["spec"]["volumeClaimTemplates"] = [claim]
    return found
