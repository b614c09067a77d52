"""The outside: a container of ours on a Docker network, which is no pod and no node.

It listens on one port, for the egress of pods, and has routes to the pods of every node, so that it
reaches them by their own address with its own. On the nodes' network it is anybody; on one of its
own, in a subnet that the policies name, it stands where the load balancer does. No address of
anybody else is ever asked.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.model.containers import LABEL, ContainerSpec, Mount, StartedContainer
from harness.model.errors import RunnerError
from harness.model.policies import PartyKind
from harness.policies.ends import Outsider

PORT = 8080
CONFIG = f"""\
defaults
  mode http
  timeout connect 3s
  timeout client 10s
  timeout server 10s
frontend outside
  bind :{PORT}
  http-request return status 200
"""


class Host(Protocol):
    """What is needed of Docker."""

    def run_container(self, spec: ContainerSpec) -> StartedContainer:
        """Starts a container."""

    def remove_container(self, name: str) -> None:
        """Removes a container; absent is fine."""

    def create_network(self, name: str, run_id: str, subnet: str = "") -> None:
        """Creates a labelled network."""

    def connect_network(self, network: str, container: str) -> str:
        """Joins a container to a network and returns its address there."""

    def remove_network(self, name: str) -> None:
        """Removes a network, whoever is still on it; absent is fine."""

    def address(self, container: str, network: str) -> str:
        """Returns the address of a container on a network."""

    def execute(self, name: str, command: tuple[str, ...]) -> tuple[int, str]:
        """Runs a command in a container."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideSettings:
    """Where the outside is."""

    name: str
    """Of the container."""
    kind: PartyKind = PartyKind.OUTSIDE
    run_id: str
    network: str
    """Docker network that the nodes are on."""
    subnets: Sequence[str] = ()
    """For a network of its own in the first free one, which the nodes join; none for theirs."""
    image: str
    """One with HAProxy, bash and iproute2, as the load balancer's."""
    nodes: Mapping[str, str]
    """Node container -> its pod CIDR."""
    config: Path
    """File to write HAProxy's configuration to."""


@contextlib.contextmanager
def outside(settings: OutsideSettings, host: Host) -> Iterator[Outsider]:
    """Starts the outside for as long as the context lasts.

    Raises:
        RunnerError: Docker refuses it, or a route cannot be set.
    """
    settings.config.write_text(CONFIG, encoding="utf-8")
    _remove(settings, host)
    try:
        gateways = _joined(settings, host)
        started = host.run_container(_spec(settings))
        for node, cidr in settings.nodes.items():
            _route(host, settings.name, cidr, gateways[node])
        ports = (PORT,) if settings.kind is PartyKind.OUTSIDE else ()
        yield Outsider(
            kind=settings.kind, container=settings.name, address=started.address, ports=ports
        )
    finally:
        _remove(settings, host)


def _remove(settings: OutsideSettings, host: Host) -> None:
    host.remove_container(settings.name)
    if settings.subnets:
        host.remove_network(settings.name)


def _joined(settings: OutsideSettings, host: Host) -> dict[str, str]:
    """Returns the address of each node on the network of the container."""
    if not settings.subnets:
        return {node: host.address(node, settings.network) for node in settings.nodes}
    _create_network(settings, host)
    return {node: host.connect_network(settings.name, node) for node in settings.nodes}


def _create_network(settings: OutsideSettings, host: Host) -> None:
    for subnet in settings.subnets[:-1]:
        with contextlib.suppress(RunnerError):  # another network has it
            host.create_network(settings.name, settings.run_id, subnet)
            return
    host.create_network(settings.name, settings.run_id, settings.subnets[-1])


def _spec(settings: OutsideSettings) -> ContainerSpec:
    return ContainerSpec(
        image=settings.image,
        name=settings.name,
        network=settings.name if settings.subnets else settings.network,
        labels={LABEL: settings.run_id},
        command=("haproxy", "-W", "-db", "-f", "/etc/haproxy/harness.cfg"),
        mounts=(Mount(source=settings.config, target="/etc/haproxy/harness.cfg"),),
        cap_add=("NET_ADMIN",),
        user="0",
    )


def _route(host: Host, name: str, cidr: str, gateway: str) -> None:
    code, output = host.execute(name, ("ip", "route", "replace", cidr, "via", gateway))
    if code != 0:
        raise RunnerError(
            attempted="Routing to the pods from",
            subject=name,
            seen=output.strip(),
            expected=f"a route to {cidr} through {gateway}",
        )
