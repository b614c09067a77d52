"""The Docker daemon: images, containers and networks of ours, through the docker SDK.

The only importer of `docker`. Creates nothing without our label, removes nothing without it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import docker
import docker.errors
import docker.types
import requests
import urllib3

from harness.io.docker_network import DockerNetworks, short_message
from harness.model.containers import LABEL, ContainerSpec, StartedContainer
from harness.model.errors import ImageError, RunnerError

API_DEADLINE_SECONDS = 120
RUN_IMAGES = "gitops-harness/run-"
"""Images that a run has built or pulled are named so, followed by the run id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """Something of ours that Docker still has."""

    kind: str
    """container, network or image."""
    name: str
    run_id: str


class DockerDaemon(DockerNetworks):
    """One connection to the Docker daemon of this machine."""

    @classmethod
    def connect(cls) -> DockerDaemon:
        """Connects as the docker command would (`DOCKER_HOST` or the default socket).

        Raises:
            RunnerError: No daemon answers.
        """
        try:
            client = docker.from_env(timeout=API_DEADLINE_SECONDS)
            client.ping()
        except (docker.errors.DockerException, requests.RequestException) as error:
            raise RunnerError(
                attempted="Connecting to",
                subject="the Docker daemon",
                seen=short_message(error),
                expected="a running daemon this user may talk to",
                next_step="harness doctor",
            ) from error
        return cls(client)

    def has_image(self, image_id: str) -> bool:
        """Tells whether an image of that id (or reference) is present."""
        try:
            self._client.images.get(image_id)
        except docker.errors.ImageNotFound:
            return False
        return True

    def load_archive(self, path: Path) -> None:
        """Loads a `docker save` archive.

        Raises:
            ImageError: The daemon refuses the archive.
        """
        try:
            with path.open("rb") as stream:
                self._client.images.load(stream)
        except (docker.errors.DockerException, requests.RequestException) as error:
            raise ImageError(
                attempted="Loading into Docker",
                subject=str(path),
                seen=short_message(error),
                expected="an archive written by docker save",
                next_step="harness bundle show",
            ) from error

    def tag(self, image_id: str, reference: str) -> None:
        """Gives an image one more name."""
        repository, _, tag = reference.rpartition(":")
        self._client.images.get(image_id).tag(repository, tag)

    def remove_image(self, reference: str) -> None:
        """Removes one name of an image, with its last name the image itself; absent is fine."""
        with contextlib.suppress(docker.errors.ImageNotFound, docker.errors.APIError):
            self._client.images.remove(reference)

    def image_id(self, reference: str) -> str:
        """Returns the id of an image that is present."""
        return str(self._client.images.get(reference).id)

    def save_images(self, references: tuple[str, ...]) -> Iterator[bytes]:
        """Yields one `docker save` archive of all references, layers shared."""
        api: Any = self._client.api
        # The SDK saves one image a call; the API takes many and shares their layers.
        response = api._get(api._url("/images/get"), params={"names": references}, stream=True)
        yield from api._stream_raw_result(response, 2 * 1024 * 1024, decode=False)

    def build(
        self,
        context: IO[bytes],
        *,
        dockerfile: str,
        tag: str,
        labels: Mapping[str, str],
        build_args: Mapping[str, str],
        deadline_seconds: float,
    ) -> Iterator[str]:
        """Builds an image from a context archive, yielding its output line by line.

        Raises:
            ImageError: A step failed; its message is in `seen`.
        """
        stream = self._client.api.build(
            fileobj=context,
            custom_context=True,
            dockerfile=dockerfile,
            tag=tag,
            rm=True,
            forcerm=True,
            labels=dict(labels),
            buildargs=dict(build_args),
            decode=True,
            timeout=int(deadline_seconds),
        )
        try:
            for event in stream:
                if "error" in event:
                    raise ImageError(
                        attempted="Building", subject=tag, seen=str(event["error"]).strip()
                    )
                yield from str(event.get("stream", "")).splitlines()
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise ImageError(
                attempted="Building",
                subject=tag,
                seen=f"Docker fell silent for {deadline_seconds:.0f} s ({short_message(error)})",
            ) from error

    def run_container(self, spec: ContainerSpec) -> StartedContainer:
        """Starts a container and returns where it is.

        Raises:
            RunnerError: Docker refuses it; nothing is left behind.
        """
        arguments = self._arguments(spec)
        try:
            container = self._client.containers.create(**arguments)
            container.start()
            container.reload()
        except (docker.errors.DockerException, requests.RequestException) as error:
            self.remove_container(spec.name)
            raise RunnerError(
                attempted="Starting",
                subject=f"the container {spec.name}",
                seen=short_message(error),
                next_step="harness down, then try again",
            ) from error
        return _started(container, spec.network)

    def running(self, name: str, network: str) -> StartedContainer | None:
        """Returns where a container of that name is, or None when it does not run."""
        try:
            container = self._client.containers.get(name)
        except docker.errors.NotFound:
            return None
        return _started(container, network) if container.status == "running" else None

    def _arguments(self, spec: ContainerSpec) -> dict[str, Any]:
        endpoint = self._client.api.create_endpoint_config(aliases=list(spec.network_aliases))
        return {
            "image": spec.image,
            "name": spec.name,
            "command": list(spec.command) or None,
            "labels": dict(spec.labels),
            "environment": dict(spec.env),
            "network": spec.network,
            "networking_config": {spec.network: endpoint},
            "ports": {f"{port}/tcp": ("127.0.0.1", None) for port in spec.published_ports},
            "mounts": [
                docker.types.Mount(
                    target=m.target, source=str(m.source), type="bind", read_only=m.read_only
                )
                for m in spec.mounts
            ],
            "cap_add": list(spec.cap_add),
            "user": spec.user or None,
            "detach": True,
        }

    def is_running(self, name: str) -> bool:
        """Tells whether a container of that name runs."""
        try:
            return str(self._client.containers.get(name).status) == "running"
        except docker.errors.NotFound:
            return False

    def container_logs(self, name: str, tail: int = 200) -> str:
        """Returns the last lines a container wrote; empty when it does not exist."""
        try:
            output: Any = self._client.containers.get(name).logs(tail=tail)
            return bytes(output).decode(errors="replace")
        except docker.errors.DockerException:
            return ""

    def execute(self, name: str, command: tuple[str, ...]) -> tuple[int, str]:
        """Runs a command in a container and returns its exit code and output."""
        done: Any = self._client.containers.get(name).exec_run(list(command))
        return int(done.exit_code or 0), bytes(done.output or b"").decode(errors="replace")

    def memory_bytes(self, name: str) -> int:
        """Returns the working-set memory of a container; 0 when it cannot be told."""
        with contextlib.suppress(docker.errors.DockerException, KeyError, TypeError):
            stats: Any = self._client.containers.get(name).stats(stream=False)
            memory = stats["memory_stats"]
            detail = memory.get("stats", {})
            cache = detail.get("total_inactive_file", detail.get("inactive_file", 0))
            return int(memory["usage"]) - int(cache)
        return 0

    def remove_container(self, name: str) -> None:
        """Removes a container with its anonymous volumes; absent is fine."""
        with contextlib.suppress(docker.errors.NotFound):
            self._client.containers.get(name).remove(force=True, v=True)

    def ours(self) -> list[Leftover]:
        """Returns every container and network of a run by its label, and images by their name."""
        query: dict[str, str | list[str] | bool] = {"label": LABEL}
        containers = self._client.containers.list(all=True, filters=query, ignore_removed=True)
        networks = self._client.networks.list(filters=query)
        found = [
            Leftover(kind="container", name=str(c.name), run_id=str(c.labels.get(LABEL, "")))
            for c in containers
        ]
        found += [
            Leftover(
                kind="network",
                name=str(n.name),
                run_id=str((n.attrs.get("Labels") or {}).get(LABEL, "")),
            )
            for n in networks
        ]
        found += [
            Leftover(kind="image", name=tag, run_id=tag.removeprefix(RUN_IMAGES).partition(":")[0])
            for image in self._client.images.list(filters={"reference": f"{RUN_IMAGES}*"})
            for tag in image.tags
            if tag.startswith(RUN_IMAGES)
        ]
        return [item for item in found if item.run_id != "bundle"]

    def cluster_nodes(self) -> dict[str, str]:
        """Returns every kind node (also stopped) with the name of its cluster."""
        key = "io.x-k8s.kind.cluster"
        query: dict[str, str | list[str] | bool] = {"label": key}
        nodes = self._client.containers.list(all=True, filters=query, ignore_removed=True)
        return {str(n.name): str(n.labels.get(key, "")) for n in nodes}


def _started(container: Any, network: str) -> StartedContainer:
    settings = container.attrs["NetworkSettings"]
    ports = {
        int(port.partition("/")[0]): int(bound[0]["HostPort"])
        for port, bound in (settings["Ports"] or {}).items()
        if bound
    }
    return StartedContainer(
        id=str(container.id),
        name=str(container.name),
        address=settings["Networks"][network]["IPAddress"],
        ports=ports,
    )
