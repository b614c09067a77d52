"""Objects that tests of the load balancer are made from: a sample file, and small ones in code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from harness.prove.alb_annotations import PREFIX
from harness.prove.routes import routing
from harness.prove.routing import Route, Routing, Snapshot

SAMPLES = Path(__file__).parent / "samples"
NODES = {"worker": "10.20.0.3", "control-plane": "10.20.0.2"}


def sample(name: str) -> Routing:
    """Returns the routing of a file of objects."""
    text = (SAMPLES / f"{name}.yaml").read_text(encoding="utf-8")
    found = [o for o in yaml.safe_load_all(text) if o]

    def of(kind: str) -> tuple[dict[str, Any], ...]:
        return tuple(o for o in found if o["kind"] == kind)

    return routing(
        Snapshot(
            ingresses=of("Ingress"),
            services=of("Service"),
            slices=of("EndpointSlice"),
            classes=of("IngressClass"),
            nodes=NODES,
        )
    )


def path(text: str, service: str = "web", kind: str = "Prefix", **port: Any) -> dict[str, Any]:
    backend = {"service": {"name": service, "port": port or {"name": "http"}}}
    return {"path": text, "pathType": kind, "backend": backend}


def ingress(
    *paths: dict[str, Any],
    name: str = "shop",
    host: str = "shop.example",
    of_class: str = "alb",
    **annotations: str,
) -> dict[str, Any]:
    """Returns an Ingress; annotations are named without prefix, `_` for `-`."""
    rule = {"http": {"paths": list(paths or (path("/"),))}} | ({"host": host} if host else {})
    given = {PREFIX + key.replace("_", "-"): value for key, value in annotations.items()}
    return {
        "metadata": {"namespace": "dev", "name": name, "annotations": given},
        "spec": {"ingressClassName": of_class, "rules": [rule]},
    }


def service(name: str = "web", kind: str = "ClusterIP", **annotations: str) -> dict[str, Any]:
    ports = [
        {"name": "http", "port": 80, "targetPort": 8080},
        {"name": "metrics", "port": 9090, "targetPort": "metrics"},
    ]
    if kind == "NodePort":
        ports[0]["nodePort"] = 30080
    given = {PREFIX + key.replace("_", "-"): value for key, value in annotations.items()}
    return {
        "metadata": {"namespace": "dev", "name": name, "annotations": given},
        "spec": {"type": kind, "ports": ports},
    }


def endpoints(
    address: str, name: str = "web", *, ready: bool = True, namespace: str = "dev"
) -> dict[str, Any]:
    return {
        "addressType": "IPv4",
        "metadata": {"namespace": namespace, "labels": {"kubernetes.io/service-name": name}},
        "ports": [{"name": "http", "port": 8080}, {"name": "metrics", "port": 9999}],
        "endpoints": [{"addresses": [address], "conditions": {"ready": ready}}],
    }


def made(*objects: dict[str, Any], services: tuple[dict[str, Any], ...] = ()) -> Routing:
    """Returns the routing of Ingresses in front of Services with one ready pod each."""
    behind = services or (service(),)
    slices = tuple(
        endpoints(f"10.244.0.{at + 7}", s["metadata"]["name"]) for at, s in enumerate(behind)
    )
    return routing(Snapshot(ingresses=objects, services=behind, slices=slices, nodes=NODES))


def shown(route: Route) -> tuple[str, str, str]:
    return route.host, route.path, str(route.match)
