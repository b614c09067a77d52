"""The outside: a container that comes, has routes, and goes, whatever happens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.model.containers import ContainerSpec, StartedContainer
from harness.model.errors import RunnerError
from harness.model.policies import PartyKind
from harness.policies.outside import PORT, OutsideSettings, outside

NODES = {"node-a": "10.244.0.0/24", "node-b": "10.244.1.0/24"}


class Host:
    """Docker, as far as the outside needs it."""

    def __init__(self, *, taken: tuple[str, ...] = (), code: int = 0) -> None:
        self.taken, self.code = taken, code
        self.containers: dict[str, ContainerSpec] = {}
        self.networks: dict[str, str] = {}
        self.routes: list[tuple[str, ...]] = []

    def create_network(self, name: str, run_id: str, subnet: str = "") -> None:
        assert run_id == "abc"
        if subnet in self.taken:
            raise RunnerError(attempted="Creating", subject=name, seen="it is taken")
        self.networks[name] = subnet

    def connect_network(self, network: str, container: str) -> str:
        assert network in self.networks
        return f"10.20.0.{list(NODES).index(container) + 3}"

    def remove_network(self, name: str) -> None:
        self.networks.pop(name, None)

    def address(self, container: str, network: str) -> str:
        assert network == "nodes"
        return f"172.20.0.{list(NODES).index(container) + 3}"

    def run_container(self, spec: ContainerSpec) -> StartedContainer:
        self.containers[spec.name] = spec
        return StartedContainer(id="1", name=spec.name, address="172.20.0.9", ports={})

    def remove_container(self, name: str) -> None:
        self.containers.pop(name, None)

    def execute(self, name: str, command: tuple[str, ...]) -> tuple[int, str]:
        assert name in self.containers
        self.routes.append(command)
        return self.code, "" if not self.code else "RTNETLINK answers: no"


def settings(folder: Path) -> OutsideSettings:
    return OutsideSettings(
        name="outside", run_id="abc", network="nodes", image="lb", nodes=NODES,
        config=folder / "outside.cfg",
    )  # fmt: skip


def test_it_reaches_the_pods_of_every_node_and_goes(tmp_path: Path) -> None:
    host = Host()
    with outside(settings(tmp_path), host) as found:
        assert (found.kind, found.address, found.ports) == (
            PartyKind.OUTSIDE,
            "172.20.0.9",
            (PORT,),
        )
        assert host.containers["outside"].network == "nodes"
        assert host.containers["outside"].labels == {"dev.gitops-harness": "abc"}
        assert [(r[3], r[5]) for r in host.routes] == [
            ("10.244.0.0/24", "172.20.0.3"),
            ("10.244.1.0/24", "172.20.0.4"),
        ]
    assert (host.containers, host.networks) == ({}, {})
    assert f"bind :{PORT}" in (tmp_path / "outside.cfg").read_text(encoding="utf-8")


def test_in_a_subnet_of_the_policies_it_stands_where_the_load_balancer_does(
    tmp_path: Path,
) -> None:
    host = Host(taken=("10.20.0.0/24",))
    balancer = replace(
        settings(tmp_path),
        kind=PartyKind.LOAD_BALANCER,
        subnets=("10.20.0.0/24", "10.20.1.0/24"),
    )
    with outside(balancer, host) as found:
        assert host.networks == {"outside": "10.20.1.0/24"}
        assert host.containers["outside"].network == "outside"
        assert (found.kind, found.ports) == (PartyKind.LOAD_BALANCER, ())
        assert host.routes[0][5] == "10.20.0.3"
    assert (host.containers, host.networks) == ({}, {})


def test_nothing_is_left_when_a_route_cannot_be_set(tmp_path: Path) -> None:
    host = Host(code=2)
    balancer = replace(settings(tmp_path), subnets=("10.20.0.0/24",))

    with pytest.raises(RunnerError, match="RTNETLINK"), outside(balancer, host):
        pass

    assert (host.containers, host.networks) == ({}, {})


def test_nothing_is_left_when_the_probes_fail(tmp_path: Path) -> None:
    host = Host()

    with pytest.raises(ZeroDivisionError), outside(settings(tmp_path), host):
        raise ZeroDivisionError

    assert host.containers == {}
