"""Where the stand-in stands, what it is started with, and what it may do in the cluster."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from harness.model.containers import ContainerSpec, StartedContainer
from harness.model.errors import ProofError, RunnerError
from harness.prove.access import access_objects
from harness.prove.load_balancer import (
    PROGRAM_FILES,
    PROGRAMS,
    LoadBalancer,
    LoadBalancerSettings,
    container_spec,
    join_network,
    start_load_balancer,
    usable_subnets,
)
from harness.prove.routing import Listener

PLAIN, TLS, OTHER = Listener(80), Listener(443, tls=True), Listener(8080)


class Docker:
    """Remembers what it is asked for."""

    def __init__(self, code: int = 0, taken: tuple[str, ...] = ()) -> None:
        self.asked: list[str] = []
        self._code = code
        self._taken = taken

    def create_network(self, name: str, run_id: str, subnet: str = "") -> None:
        if subnet in self._taken:
            raise RunnerError(attempted="Creating", subject=name, seen="Pool overlaps")
        self.asked.append(f"network {name} {run_id} {subnet}")

    def connect_network(self, network: str, container: str) -> str:
        self.asked.append(f"join {network} {container}")
        return f"10.20.0.{len(self.asked)}"

    def run_container(self, spec: ContainerSpec) -> StartedContainer:
        ports = {port: 30000 + port for port in spec.published_ports}
        return StartedContainer(id="1", name=spec.name, address="10.20.0.9", ports=ports)

    def execute(self, name: str, command: tuple[str, ...]) -> tuple[int, str]:
        self.asked.append(f"{name}: {' '.join(command)}")
        return self._code, "RTNETLINK answers: Network is unreachable"


def settings(folder: Path) -> LoadBalancerSettings:
    return LoadBalancerSettings(
        run_id="abc",
        labels={"dev.gitops-harness": "abc"},
        image="lb:1",
        subnet="10.20.0.0/26",
        nodes={"one": "10.244.0.0/24", "two": "10.244.1.0/24"},
        addresses={"one": "10.20.0.2", "two": "10.20.0.3"},
        listeners=(PLAIN, TLS),
        folder=folder,
    )


def test_it_stands_in_a_small_part_of_the_first_declared_subnet() -> None:
    assert usable_subnets(["10.30.0.0/20", "10.31.0.0/27"])[:2] == ("10.30.0.0/26", "10.30.0.64/26")
    assert "10.31.0.0/27" in usable_subnets(["10.30.0.0/20", "10.31.0.0/27"])
    assert usable_subnets(["10.0.0.0/8"])[0] == "10.0.0.0/26"
    assert usable_subnets(["10.255.4.0/24", "fd00::/64", "10.9.0.5/32", "10.9.0.0/24"])[0] == (
        "10.9.0.0/26"
    )
    assert usable_subnets([])[0] == "10.20.0.0/26"


def test_the_next_part_is_taken_where_another_run_has_the_first() -> None:
    docker = Docker(taken=("10.20.0.0/26", "10.20.0.64/26"))

    subnet, _ = join_network("abc", usable_subnets(["10.20.0.0/20"]), [], host=docker)

    assert subnet == "10.20.0.128/26"


def test_an_error_tells_when_no_part_is_free() -> None:
    with pytest.raises(RunnerError, match="Pool overlaps"):
        join_network("abc", ("10.20.0.0/26",), [], host=Docker(taken=("10.20.0.0/26",)))


def test_every_node_joins_its_network_and_is_the_way_to_its_pods(tmp_path: Path) -> None:
    docker = Docker()

    subnet, addresses = join_network("abc", ("10.20.0.0/26",), ["one", "two"], host=docker)
    found = start_load_balancer(settings(tmp_path), host=docker)

    name = "gitops-harness-abc-lb"
    assert subnet == "10.20.0.0/26"
    assert addresses == {"one": "10.20.0.2", "two": "10.20.0.3"}
    assert docker.asked == [
        f"network {name} abc 10.20.0.0/26",
        f"join {name} one",
        f"join {name} two",
        f"{name}: ip route replace 10.244.0.0/24 via 10.20.0.2",
        f"{name}: ip route replace 10.244.1.0/24 via 10.20.0.3",
    ]
    assert found.urls == {PLAIN: "http://127.0.0.1:30080", TLS: "https://127.0.0.1:30443"}


def test_a_route_that_cannot_be_set_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ProofError, match="Network is unreachable"):
        start_load_balancer(settings(tmp_path), host=Docker(code=2))


def test_the_usual_ports_are_the_ones_that_are_told() -> None:
    def told(*listeners: Listener) -> tuple[str, str]:
        urls = {item: f"{item.scheme}://h:{item.port}" for item in listeners}
        found = LoadBalancer(name="n", network="n", subnet="s", address="a", urls=urls)
        return found.url, found.https_url

    assert told(OTHER, PLAIN, TLS) == ("http://h:80", "https://h:443")
    assert told(TLS) == ("https://h:443", "https://h:443")
    assert told(OTHER) == ("http://h:8080", "")


def test_the_container_gets_exactly_the_modules_that_its_program_imports(tmp_path: Path) -> None:
    mounted = {
        f"harness.{Path(m.target).relative_to(PROGRAMS).with_suffix('').as_posix()}".replace(
            "/", "."
        )
        for m in container_spec(settings(tmp_path)).mounts
        if m.target.startswith(PROGRAMS)
    }
    imported = set[str]()
    for mount in container_spec(settings(tmp_path)).mounts:
        if mount.source.suffix == ".py":
            imported |= imports(mount.source)

    own = {name for name in imported if name.startswith("harness.")}
    assert own | {"harness.prove.follower"} == mounted
    assert {name.partition(".")[0] for name in imported - own} <= sys.stdlib_module_names
    assert len(PROGRAM_FILES) + 1 == len(mounted)


def imports(path: Path) -> set[str]:
    found = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    names = {n.module for n in found if isinstance(n, ast.ImportFrom) and n.module}
    found = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return names | {a.name for n in found if isinstance(n, ast.Import) for a in n.names}


def test_it_may_read_what_it_is_made_from_and_nothing_else() -> None:
    objects = access_objects({"run": "abc"})

    assert [body["kind"] for _, body in objects] == [
        "ServiceAccount",
        "ClusterRole",
        "ClusterRoleBinding",
    ]
    assert all(body["metadata"]["labels"] == {"run": "abc"} for _, body in objects)
    rules = objects[1][1]["rules"]
    assert {verb for rule in rules for verb in rule["verbs"]} == {"get", "list", "watch"}
    resources = {r for rule in rules for r in rule["resources"]}
    assert resources == {"services", "endpointslices", "ingresses", "ingressclasses"}
