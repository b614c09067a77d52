"""Docker as a client of image registries: resolving tags, pulling by digest.

Adds to `docker.py` what only `harness bundle pull` needs. The daemon does the talking, so its
proxies, mirrors and certificates apply. No official tag is ever moved in the user's Docker: a tag
is resolved in the registry and the image pulled by digest.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, cast

import docker
import docker.errors
import requests
import urllib3

from harness.io.clock import Clock, SystemClock
from harness.io.docker import DockerDaemon
from harness.io.docker_network import short_message
from harness.model.errors import BundleError


class PullingDaemon(DockerDaemon):
    """A Docker daemon that also pulls."""

    def __init__(self, client: docker.DockerClient, clock: Clock | None = None) -> None:
        super().__init__(client)
        self._pull_client = client
        self._clock = clock or SystemClock()

    @classmethod
    def connect(cls) -> PullingDaemon:
        """Connects as `DockerDaemon.connect` does."""
        return cast("PullingDaemon", super().connect())

    def resolve_digest(self, reference: str, *, deadline_seconds: float) -> str:
        """Returns the digest a tag has in its registry now, without pulling anything.

        Raises:
            BundleError: The registry does not answer, or has no such image.
        """
        answer: list[str] = []
        problem: list[Exception] = []

        def ask() -> None:
            try:
                answer.append(str(self._pull_client.images.get_registry_data(reference).id))
            except (docker.errors.DockerException, requests.RequestException) as error:
                problem.append(error)

        # The daemon may wait for minutes on a registry that drops packets.
        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(deadline_seconds)
        if answer:
            return answer[0]
        silence = f"no answer within {deadline_seconds:.0f} s"
        seen = short_message(problem[0]) if problem else silence
        raise _refusal(seen, reference, attempted="Asking for the digest of")

    def pull(
        self,
        reference: str,
        *,
        on_progress: Callable[[str, float, float], None],
        deadline_seconds: float,
    ) -> None:
        """Pulls `name@digest`, reporting what happens, bytes done and bytes known in total.

        Raises:
            BundleError: The registry refuses, the transfer fails, or the deadline passes.
        """
        name, _, digest = reference.partition("@")
        limit = self._clock.monotonic() + deadline_seconds
        layers: dict[str, tuple[float, float]] = {}
        try:
            events = self._pull_client.api.pull(name, tag=digest, stream=True, decode=True)
            for event in events:
                if "error" in event:
                    raise _refusal(str(event["error"]), reference)
                if self._clock.monotonic() > limit:
                    seen = f"it was not complete after {deadline_seconds:.0f} s"
                    raise _refusal(seen, reference)
                _count(event, layers)
                done = sum(layer[0] for layer in layers.values())
                on_progress(_status(layers), done, sum(layer[1] for layer in layers.values()))
        except (
            docker.errors.DockerException,
            requests.RequestException,
            urllib3.exceptions.HTTPError,
        ) as error:
            raise _refusal(short_message(error), reference) from error

    def image_user(self, reference: str) -> str:
        """Returns the user an image runs as; empty for root."""
        attributes: dict[str, Any] = self._pull_client.images.get(reference).attrs
        return str((attributes.get("Config") or {}).get("User") or "")


def _count(event: dict[str, Any], layers: dict[str, tuple[float, float]]) -> None:
    """Notes how far a layer is downloaded; unpacking is not counted."""
    layer, detail = str(event.get("id", "")), event.get("progressDetail") or {}
    status = str(event.get("status", ""))
    if status == "Downloading" and detail.get("total"):
        layers[layer] = (float(detail.get("current", 0)), float(detail["total"]))
    elif status in {"Download complete", "Pull complete"} and layer in layers:
        layers[layer] = (layers[layer][1], layers[layer][1])


def _status(layers: dict[str, tuple[float, float]]) -> str:
    if not layers:
        return "asking the registry"
    finished = all(done >= total for done, total in layers.values())
    return "unpacking" if finished else f"downloading {len(layers)} layers"


def _refusal(seen: str, reference: str, *, attempted: str = "Pulling") -> BundleError:
    return BundleError(
        attempted=attempted,
        subject=reference,
        seen=seen,
        expected="the image registry to serve it",
        next_step="harness bundle build makes equivalents without image registries",
    )
