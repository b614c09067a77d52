"""Small manifests for the tests of connectivity."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml

from harness.connectivity.peers import Endpoint
from harness.model.refs import ObjectRef

Object = dict[str, Any]
SPACE = "shop"
POD_RANGE = "10.244.0.0/16"


def policy(name: str = "p", namespace: str = SPACE, **spec: Any) -> Object:
    return {
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"podSelector": {}, **spec},
    }


def pods(**labels: str) -> Object:
    return {"podSelector": {"matchLabels": labels}}


def spaces(**labels: str) -> Object:
    return {"namespaceSelector": {"matchLabels": labels}}


def tcp(*ports: int | str) -> list[Object]:
    return [{"protocol": "TCP", "port": port} for port in ports]


def end(app: str = "", namespace: str = SPACE, **fields: Any) -> Endpoint:
    labels = {"app": app} if app else {}
    ref = ObjectRef("Deployment", namespace, app) if namespace else None
    return Endpoint(**{"namespace": namespace, "labels": labels, "ref": ref, **fields})


def service(name: str, *ports: Object, namespace: str = SPACE, **spec: Any) -> Object:
    return {
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"app": name}, "ports": list(ports), **spec},
    }


def workload(
    name: str,
    *,
    kind: str = "Deployment",
    namespace: str = SPACE,
    labels: dict[str, str] | None = None,
    containers: list[Object] | None = None,
    pod: Object | None = None,
    **spec: Any,
) -> Object:
    found = labels or {"app": name}
    listed = containers or [container()]
    return {
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": found},
            "template": {
                "metadata": {"labels": found},
                "spec": {"containers": listed, **(pod or {})},
            },
            **spec,
        },
    }


def container(name: str = "main", **fields: Any) -> Object:
    return {"name": name, **fields}


def env(**values: str) -> list[Object]:
    return [{"name": name, "value": value} for name, value in values.items()]


def config_map(name: str, namespace: str = SPACE, **data: str) -> Object:
    return {
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": data,
    }


def musiccorp() -> list[Object]:
    text = (Path(__file__).parent / "musiccorp-dev.yaml").read_text()
    return [obj for obj in yaml.load_all(text, Loader=yaml.CSafeLoader) if obj]


_MUSICCORP = musiccorp()


def fresh_musiccorp() -> list[Object]:
    return copy.deepcopy(_MUSICCORP)


def one(objects: list[Object], kind: str, name: str) -> Object:
    """Returns the object of a kind whose name is that, or begins so (generated ConfigMaps)."""
    return next(
        o
        for o in objects
        if o["kind"] == kind
        and (o["metadata"]["name"] == name or o["metadata"]["name"].startswith(f"{name}-config-"))
    )


def without(objects: list[Object], kind: str, *names: str) -> list[Object]:
    left = [o for o in objects if not (o["kind"] == kind and o["metadata"]["name"] in names)]
    assert len(left) == len(objects) - len(names)
    return left
