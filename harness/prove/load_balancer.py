"""A load balancer outside the cluster, inside the subnets that the policies name.

A container on a Docker network of that subnet, joined by the nodes, with a route to the pods: it
reaches pods by their own address with its own source address, as an ALB with `target-type: ip`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.model.containers import ContainerSpec, Mount, StartedContainer
from harness.model.errors import ProofError

PORT = 8080
FALLBACK_SUBNETS = ("10.20.0.0/24", "10.21.0.0/24", "172.31.240.0/24")
LARGEST_PREFIX = 16
LEFT_ALONE = ipaddress.ip_network("10.255.0.0/16")


class Host(Protocol):
    """What the stand-in needs of Docker."""

    def create_network(self, name: str, run_id: str, subnet: str = "") -> None:
        """Creates a labelled network."""

    def connect_network(self, network: str, container: str) -> str:
        """Joins a container to a network and returns its address there."""

    def run_container(self, spec: ContainerSpec) -> StartedContainer:
        """Starts a container."""

    def execute(self, name: str, command: tuple[str, ...]) -> tuple[int, str]:
        """Runs a command in a container."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancerSettings:
    """Where the stand-in runs."""

    run_id: str
    labels: Mapping[str, str]
    image: str
    subnets: Sequence[str]
    nodes: Mapping[str, str]
    """Node container -> its pod CIDR."""
    config: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancer:
    """A running stand-in."""

    name: str
    network: str
    subnet: str
    address: str
    url: str


def usable_subnet(declared: Sequence[str]) -> str:
    """Returns the subnet to stand in: the first declared one a Docker network can have.

    Subnets larger than /16 are narrowed to their first /20, which lies inside them.
    """
    for text in (*declared, *FALLBACK_SUBNETS):
        network = ipaddress.ip_network(text, strict=False)
        if network.prefixlen < LARGEST_PREFIX:
            network = ipaddress.ip_network(f"{network.network_address}/20", strict=False)
        if network.version == 4 and network.prefixlen <= 28 and not network.overlaps(LEFT_ALONE):
            return str(network)
    return FALLBACK_SUBNETS[0]


def load_balancer_name(run_id: str) -> str:
    """Returns the name of the stand-in's container and of its network."""
    return f"gitops-harness-{run_id}-lb"


def start_load_balancer(settings: LoadBalancerSettings, *, host: Host) -> LoadBalancer:
    """Starts the stand-in and gives it routes to the pods of every node.

    Raises:
        RunnerError: Docker refuses the network or the container.
        ProofError: The route to the pods cannot be set.
    """
    network = name = load_balancer_name(settings.run_id)
    subnet = usable_subnet(settings.subnets)
    host.create_network(network, settings.run_id, subnet)
    gateways = {node: host.connect_network(network, node) for node in settings.nodes}
    started = host.run_container(
        ContainerSpec(
            image=settings.image,
            name=name,
            network=network,
            labels=settings.labels,
            command=("haproxy", "-W", "-db", "-f", "/etc/haproxy/harness.cfg"),
            mounts=(Mount(source=settings.config, target="/etc/haproxy/harness.cfg"),),
            published_ports=(PORT,),
            cap_add=("NET_ADMIN",),
            user="0",
        )
    )
    for node, cidr in settings.nodes.items():
        _route(host, name, cidr, gateways[node])
    return LoadBalancer(
        name=name,
        network=network,
        subnet=subnet,
        address=started.address,
        url=f"http://127.0.0.1:{started.ports[PORT]}",
    )


def _route(host: Host, name: str, cidr: str, gateway: str) -> None:
    code, output = host.execute(name, ("ip", "route", "replace", cidr, "via", gateway))
    if code != 0:
        raise ProofError(
            attempted="Routing to the pods from",
            subject=name,
            seen=output.strip(),
            expected=f"a route to {cidr} through {gateway}",
        )
