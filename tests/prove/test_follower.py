"""What the follower reads of the cluster, and what it is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.prove.follower import COLLECTIONS, Api, Settings, snapshot
from harness.prove.haproxy import configuration
from harness.prove.routes import routing
from tests.prove.ingresses import endpoints, ingress, service

TOLD = {
    "server": "https://node:6443",
    "token": "t",
    "ca": "",
    "namespaces": ["dev"],
    "nodes": {"node": "10.20.0.2"},
}


def settings(folder: Path) -> Settings:
    path = folder / "settings.json"
    path.write_text(json.dumps(TOLD), encoding="utf-8")
    return Settings.read(path)


class World(Api):
    """Answers from lists."""

    def __init__(self, **items: list[dict[str, Any]]) -> None:
        self._items = {COLLECTIONS[name]: found for name, found in items.items()}

    def list(self, path: str) -> Mapping[str, Any]:
        return {"items": self._items.get(path)}


def test_it_reads_the_declared_namespaces_and_what_has_none(tmp_path: Path) -> None:
    elsewhere = service("other")
    elsewhere["metadata"]["namespace"] = "kube-system"
    classes = [{"metadata": {"name": "alb"}, "spec": {"controller": "ingress.k8s.aws/alb"}}]
    world = World(
        ingresses=[ingress()],
        services=[service(), elsewhere],
        slices=[endpoints("10.244.0.7")],
        classes=classes,
    )

    found = snapshot(world, settings(tmp_path))

    assert [s["metadata"]["name"] for s in found.services] == ["web"]
    assert (len(found.ingresses), len(found.slices), len(found.classes)) == (1, 1, 1)
    assert found.nodes == {"node": "10.20.0.2"}
    assert "server 10.244.0.7:8080" in configuration(routing(found))


def test_a_kind_without_objects_is_no_error(tmp_path: Path) -> None:
    assert snapshot(World(), settings(tmp_path)).services == ()
