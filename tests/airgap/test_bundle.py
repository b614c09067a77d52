"""The description holds everything that its reader needs, relative to the cache."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from airgap.bundle import bundle_path, describe, write_addon, write_bundle
from airgap.catalogue import make_graph
from airgap.keys import digest_of_file
from airgap.parts import Graph
from airgap.pins import read_pins
from airgap.store import Result, Store

MANIFEST = """
      containers:
      - image: quay.io/argoproj/argocd:v3.5.7
        name: x
      - command: [redis]
        image: public.example/library/redis:8.2.3-alpine
"""
FILES = {
    "go-kubernetes": {"kubernetes": "k", "kubectl": "kubectl"},
    "go-kind": {"kind": "kind"},
    "go-kustomize": {"kustomize": "kustomize"},
    "argocd-files": {"core-install.yaml": MANIFEST},
}


def finished(graph: Graph, store: Store) -> dict[str, Result]:
    results: dict[str, Result] = {}
    for name in graph.names:
        draft = store.draft(name, graph.keys[name])
        for file, content in FILES.get(name, {"image.tar": name}).items():
            (draft / file).write_text(content)
        facts: dict[str, object] = {
            "version": graph.part(name).settings.get("version", "v0"),
            "reference": f"gitops-harness/{name.removeprefix('image-')}:{graph.keys[name][:12]}",
            "image_id": "sha256:1",
            "sha256": "2",
            "bytes": len(name),
            "packages": {"postgresql-17": "17.1"},
        }
        results[name] = store.keep(name, graph.keys[name], draft=draft, seconds=2.0, facts=facts)
    return results


def describe_all(store: Store) -> tuple[Mapping[str, object], dict[str, Result]]:
    pins = read_pins()
    graph = make_graph(pins, {}, machine="x86_64")
    results = finished(graph, store)
    described = describe(pins=pins, root=store.root, key="k", results=results)
    return json.loads(json.dumps(described)), results


def paths(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            if name == "path":
                yield item
            else:
                yield from paths(item)
    elif isinstance(value, list):
        for item in value:
            yield from paths(item)


def test_the_fields_are_those_of_the_contract(store: Store) -> None:
    described, _ = describe_all(store)
    assert set(described) == {
        "schema",
        "origin",
        "key",
        "created",
        "kubernetes",
        "tools",
        "manifests",
        "images",
        "seconds",
    }
    assert (described["schema"], described["origin"]) == (1, "build")
    assert described["kubernetes"] == "v1.36.3"


def test_every_path_is_relative_and_exists(store: Store) -> None:
    described, _ = describe_all(store)
    found = list(paths(described))
    assert len(found) == 3 + 1 + 9
    for path in found:
        assert not Path(path).is_absolute()
        assert (store.root / path).is_file()


def test_tools_are_described_by_their_own_content(store: Store) -> None:
    described, results = describe_all(store)
    tools = described["tools"]
    assert isinstance(tools, dict)
    assert set(tools) == {"kind", "kubectl", "kustomize"}
    kubectl = results["go-kubernetes"].folder / "kubectl"
    assert tools["kubectl"]["sha256"] == digest_of_file(kubectl)
    assert tools["kind"]["version"] == "v0.33.0"


def test_declared_names_come_from_pins_versions_and_the_manifest(store: Store) -> None:
    described, _ = describe_all(store)
    images = described["images"]
    assert isinstance(images, list)
    declared = {image["role"]: image["declared"] for image in images}
    assert declared["node"] == ["docker.io/kindest/node:v1.36.3"]
    assert declared["argocd"] == ["quay.io/argoproj/argocd:v3.5.7"]
    assert declared["redis"] == ["public.example/library/redis:8.2.3-alpine"]
    assert "docker.io/library/postgres:17" in declared["postgres"]


def test_a_substitution_says_which_package_it_was_built_from(store: Store) -> None:
    described, _ = describe_all(store)
    images = described["images"]
    assert isinstance(images, list)
    (postgres,) = [image for image in images if image["role"] == "postgres"]
    assert postgres["built_from"] == "Debian 13 package postgresql-17 17.1"
    assert postgres["reference"].startswith("gitops-harness/postgres:")


def test_the_same_build_writes_its_description_once(store: Store) -> None:
    pins = read_pins()
    graph = make_graph(pins, {}, machine="x86_64")
    results = finished(graph, store)
    path = write_bundle(pins=pins, graph=graph, store=store, results=results)
    before = path.read_bytes()
    assert write_bundle(pins=pins, graph=graph, store=store, results=results) == path
    assert path == bundle_path(store, graph)
    assert path.read_bytes() == before


def test_an_add_on_is_described_by_its_version_and_its_image(tmp_path: Path) -> None:
    pins, store = read_pins(), Store(tmp_path)
    graph = make_graph(pins, {}, machine="x86_64")
    results = finished(graph, store)
    path = write_addon(pins=pins, graph=graph, store=store, results=results, name="metrics-server")
    described = json.loads(path.read_text())
    version = described["version"]
    assert described["image"]["declared"] == [
        f"registry.k8s.io/metrics-server/metrics-server:{version}"
    ]
    assert (tmp_path / described["image"]["archive"]["path"]).is_file()
