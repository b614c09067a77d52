"""What making a bundle needs: where it happens (`Site`) and what it acts with (`Effects`).

Values and handles only. The entry layer fills them with the real things, tests with small fakes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

import harness
from harness.bundle.docker_images import ImageStore
from harness.bundle.progress import Report
from harness.bundle.upstream import DEFAULT_PINS
from harness.io.clock import Clock
from harness.io.download import Downloader
from harness.io.stream import LineStreamer

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


class UpstreamDocker(ImageStore, Protocol):
    """The part of Docker that fetches, makes and saves images."""

    def resolve_digest(self, reference: str, *, deadline_seconds: float) -> str:
        """Returns the digest a tag has in its registry now, without pulling anything."""

    def pull(
        self,
        reference: str,
        *,
        on_progress: Callable[[str, float, float], None],
        deadline_seconds: float,
    ) -> None:
        """Pulls `name@digest`; reports what happens, bytes done and bytes known in total."""

    def image_id(self, reference: str) -> str:
        """Returns the id of an image that is present."""

    def remove_image(self, reference: str) -> None:
        """Removes one name of an image; absent is fine."""

    def image_user(self, reference: str) -> str:
        """Returns the user an image runs as; empty for root."""

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
        """Builds an image from a context archive, yielding its output line by line."""

    def save_images(self, references: tuple[str, ...]) -> Iterator[bytes]:
        """Yields one `docker save` archive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Where upstream things are fetched from, if not from where the pins say."""

    pins: Path
    """The file with the pins, see `upstream.toml`."""
    image_mirror: str = ""
    """`HOST[:PORT][/PATH]`: `docker.io/library/x` is pulled as `MIRROR/docker.io/library/x`."""
    download_mirror: str = ""
    """A URL: `https://github.com/x` is fetched as `MIRROR/github.com/x`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a bundle is made, and from what."""

    cache: Path
    ca_files: tuple[Path, ...]
    """Additional CA certificates of this host; the base images carry them."""
    platform: str
    """Where tools run, e.g. linux/amd64."""
    program_root: Path
    """The folder that holds the programme `airgap`."""
    upstream: Upstream


def site_from(
    environment: Mapping[str, str],
    *,
    cache: Path,
    ca_files: Sequence[Path],
    system: str,
    machine: str,
) -> Site:
    """Returns the site of this installation.

    Args:
        environment: Looked up for HARNESS_UPSTREAM_PINS, HARNESS_UPSTREAM_MIRROR and
            HARNESS_DOWNLOAD_MIRROR, see `Upstream`.
        cache: The cache folder.
        ca_files: Additional CA certificates of this host.
        system: `platform.system()`.
        machine: `platform.machine()`.
    """
    pins = environment.get("HARNESS_UPSTREAM_PINS", "")
    return Site(
        cache=cache.expanduser().absolute(),
        ca_files=tuple(path.absolute() for path in ca_files),
        platform=f"{system.lower()}/{ARCHITECTURES.get(machine.lower(), machine.lower())}",
        program_root=Path(harness.__file__).resolve().parents[1],
        upstream=Upstream(
            pins=Path(pins) if pins else DEFAULT_PINS,
            image_mirror=environment.get("HARNESS_UPSTREAM_MIRROR", ""),
            download_mirror=environment.get("HARNESS_DOWNLOAD_MIRROR", ""),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """The handles to the world."""

    stream: LineStreamer
    docker: Callable[[], UpstreamDocker]
    """Connects to Docker; called only when something is pulled."""
    download: Downloader
    clock: Clock
    report: Report
    cancelled: threading.Event = field(default_factory=threading.Event)
    """Set by whoever ends the run; what goes on here then stops at its next sign of life."""
