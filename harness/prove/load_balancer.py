"""A load balancer outside the cluster, inside the subnets that the policies name.

A container on a Docker network of that subnet, joined by the nodes, with a route to the pods: it
reaches pods by their own address with its own source address, as an ALB with `target-type: ip`. It
listens on the declared ports; `prove.follower` in it keeps HAProxy as the live objects say.
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Protocol

from harness.model.containers import ContainerSpec, Mount, StartedContainer
from harness.model.errors import ProofError, RunnerError
from harness.prove.haproxy import FOLDER
from harness.prove.routing import Listener

FALLBACK_SUBNETS = ("10.20.0.0/24", "10.21.0.0/24", "172.31.240.0/24")
USUAL_PREFIX, SMALLEST_PREFIX = 26, 28
"""A node, HAProxy and the gateway need addresses; more than 60 nodes are not made here."""
MOST_PARTS = 16
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LEFT_ALONE = ipaddress.ip_network("10.255.0.0/16")
PROGRAMS = "/opt/gitops-harness/harness"
PROGRAM = "harness.prove.follower"
PROGRAM_FILES = (
    *("follower", "haproxy", "routes", "routing", "alb_rules", "alb_annotations", "alb_actions"),
    *("target_groups", "targets"),
)
"""The modules of this room that the container runs; they need nothing but each other."""


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
    nodes: Mapping[str, str]
    """Node container -> its pod CIDR."""
    listeners: Sequence[Listener]
    hosts: Sequence[str] = ()
    """The names in its certificate."""
    folder: Path
    """Holds configuration, certificate and settings; the follower writes there."""
    subnet: str = ""
    addresses: Mapping[str, str] = field(default_factory=dict)
    """Node container -> its address on the network of the stand-in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancer:
    """A running stand-in."""

    name: str
    network: str
    subnet: str
    address: str
    urls: Mapping[Listener, str] = field(default_factory=dict)
    """Listener -> where it is published on this machine."""

    @property
    def http_url(self) -> str:
        """The URL of the first plain listener; empty where there is none."""
        return self._first(tls=False)

    @property
    def https_url(self) -> str:
        """The URL of the first TLS listener; empty where there is none."""
        return self._first(tls=True)

    @property
    def url(self) -> str:
        """The plain URL, else the one with TLS."""
        return self.http_url or self.https_url

    def _first(self, *, tls: bool) -> str:
        usual = 443 if tls else 80
        found = sorted((k.port != usual, k.port, u) for k, u in self.urls.items() if k.tls is tls)
        return found[0][2] if found else ""


def usable_subnets(declared: Sequence[str]) -> tuple[str, ...]:
    """Returns the subnets to stand in, the best first: small ones inside the declared ones.

    Small, so that several runs of one repository can stand side by side. Those of our own follow,
    for repositories that declare none that a Docker network can have.
    """
    networks = (ipaddress.ip_network(text, strict=False) for text in (*declared, *FALLBACK_SUBNETS))
    return tuple(dict.fromkeys(str(part) for network in networks for part in _parts(network)))


def _parts(
    network: ipaddress.IPv4Network | ipaddress.IPv6Network,
) -> Iterator[ipaddress.IPv4Network]:
    if not isinstance(network, ipaddress.IPv4Network) or network.prefixlen > SMALLEST_PREFIX:
        return
    length = max(network.prefixlen, USUAL_PREFIX)
    for part in islice(network.subnets(new_prefix=length), MOST_PARTS):
        if not part.overlaps(LEFT_ALONE):
            yield part


def load_balancer_name(run_id: str) -> str:
    """Returns the name of the stand-in's container and of its network."""
    return f"gitops-harness-{run_id}-lb"


def join_network(
    run_id: str, subnets: Sequence[str], nodes: Sequence[str], *, host: Host
) -> tuple[str, dict[str, str]]:
    """Makes the stand-in's network in the first free subnet and lets the nodes join.

    Returns:
        The subnet, and the address of each node in it.

    Raises:
        RunnerError: Docker refuses the network in every subnet.
    """
    network = load_balancer_name(run_id)
    subnet = _create_network(network, run_id, subnets, host)
    return subnet, {node: host.connect_network(network, node) for node in nodes}


def _create_network(name: str, run_id: str, subnets: Sequence[str], host: Host) -> str:
    for subnet in subnets[:-1]:
        with contextlib.suppress(RunnerError):  # another network has it
            host.create_network(name, run_id, subnet)
            return subnet
    host.create_network(name, run_id, subnets[-1])
    return subnets[-1]


def start_load_balancer(settings: LoadBalancerSettings, *, host: Host) -> LoadBalancer:
    """Starts the stand-in on its network and gives it routes to the pods of every node.

    Raises:
        RunnerError: Docker refuses the container.
        ProofError: The route to the pods cannot be set.
    """
    started = host.run_container(container_spec(settings))
    for node, cidr in settings.nodes.items():
        _route(host, started.name, cidr, settings.addresses[node])
    return located(started, settings.subnet, settings.listeners)


def located(started: StartedContainer, subnet: str, listeners: Sequence[Listener]) -> LoadBalancer:
    """Returns where a started stand-in is."""
    return LoadBalancer(
        name=started.name,
        network=started.name,
        subnet=subnet,
        address=started.address,
        urls={
            item: f"{item.scheme}://127.0.0.1:{started.ports[item.port]}"
            for item in listeners
            if item.port in started.ports
        },
    )


def container_spec(settings: LoadBalancerSettings) -> ContainerSpec:
    """Returns the container of the stand-in."""
    here = Path(__file__).parent
    files = [(here / f"{name}.py", f"prove/{name}.py") for name in PROGRAM_FILES]
    files.append((here.parent / "model" / "refs.py", "model/refs.py"))
    return ContainerSpec(
        image=settings.image,
        name=load_balancer_name(settings.run_id),
        network=load_balancer_name(settings.run_id),
        labels=settings.labels,
        command=("python3", "-u", "-m", PROGRAM),
        env={"PYTHONPATH": str(Path(PROGRAMS).parent), "PYTHONDONTWRITEBYTECODE": "1"},
        mounts=(
            *(Mount(source=path, target=f"{PROGRAMS}/{name}") for path, name in files),
            Mount(source=settings.folder, target=FOLDER, read_only=False),
        ),
        published_ports=tuple(dict.fromkeys(item.port for item in settings.listeners)),
        cap_add=("NET_ADMIN",),
        user="0",
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
