"""Docker networks: made with our label, joined, removed. A part of `harness.io.docker`."""

from __future__ import annotations

import contextlib
import json

import docker
import docker.errors
import docker.types

from harness.model.containers import LABEL
from harness.model.errors import RunnerError


class DockerNetworks:
    """The networks of one Docker daemon."""

    def __init__(self, client: docker.DockerClient) -> None:
        self._client = client

    def create_network(self, name: str, run_id: str, subnet: str = "") -> None:
        """Creates a labelled bridge network, with the subnet where one is given.

        Raises:
            RunnerError: The subnet is taken or Docker has no free address range.
        """
        ipam = (
            docker.types.IPAMConfig(pool_configs=[docker.types.IPAMPool(subnet=subnet)])
            if subnet
            else None
        )
        try:
            self._client.networks.create(
                name, driver="bridge", labels={LABEL: run_id}, ipam=ipam, check_duplicate=True
            )
        except docker.errors.APIError as error:
            raise RunnerError(
                attempted="Creating",
                subject=f"the Docker network {name}" + (f" ({subnet})" if subnet else ""),
                seen=short_message(error),
                expected="a free address range",
                next_step="docker network ls; harness down",
            ) from error

    def connect_network(self, network: str, container: str) -> str:
        """Joins a container to a network and returns its address there."""
        self._client.networks.get(network).connect(container)
        return self.address(container, network)

    def address(self, container: str, network: str) -> str:
        """Returns the IPv4 address of a container on a network."""
        found = self._client.containers.get(container)
        found.reload()
        return str(found.attrs["NetworkSettings"]["Networks"][network]["IPAddress"])

    def remove_network(self, name: str) -> None:
        """Removes a network, whoever is still on it; absent is fine."""
        with contextlib.suppress(docker.errors.NotFound):
            found = self._client.networks.get(name)
            found.reload()
            for member in found.attrs.get("Containers") or {}:
                found.disconnect(member, force=True)
            found.remove()


def short_message(error: BaseException, limit: int = 400) -> str:
    """Returns what the daemon said, in one line, without the SDK's wrapping."""
    explanation = getattr(error, "explanation", None) or str(error)
    text = str(explanation)
    with contextlib.suppress(ValueError, TypeError, AttributeError):
        text = str(json.loads(text).get("message", text))
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
