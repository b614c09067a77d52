"""What a container of ours is to be, as a value; `harness.io.docker` makes it true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

LABEL = "dev.gitops-harness"
"""Every container, network and volume we make carries it; the value is the run id or `bundle`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A bind mount of a file or folder of the host."""

    source: Path
    target: str
    read_only: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSpec:
    """A container to start: image, name, place in the network, what it sees of the host."""

    image: str
    name: str
    network: str
    labels: Mapping[str, str]
    command: tuple[str, ...] = ()
    network_aliases: tuple[str, ...] = ()
    mounts: tuple[Mount, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    published_ports: tuple[int, ...] = ()
    """Container TCP ports, each published on 127.0.0.1 at a free port."""
    cap_add: tuple[str, ...] = ()
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedContainer:
    """A container that runs: its address on the network and where its ports are published."""

    id: str
    name: str
    address: str
    ports: Mapping[int, int]
    """Container port -> port on 127.0.0.1."""
