"""What making a bundle needs: where it happens (`Site`) and what it acts with (`Effects`).

Values and handles only. The entry layer fills them with the real things, tests with small fakes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from harness.bundle.docker_images import ImageStore
from harness.bundle.progress import Report
from harness.io.clock import Clock
from harness.io.download import Downloader
from harness.io.stream import LineStreamer


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

    def image_user(self, reference: str) -> str:
        """Returns the user an image runs as; empty for root."""

    def build(  # noqa: PLR0913 -- mirrors the Docker API
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
    """`HOST[:PORT][/PATH]`: `docker.io/library/x` is then pulled as `MIRROR/docker.io/library/x`."""
    download_mirror: str = ""
    """A URL: `https://github.com/x` is then fetched as `MIRROR/github.com/x`."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """The handles to the world."""

    stream: LineStreamer
    docker: Callable[[], UpstreamDocker]
    """Connects to Docker; called only when something is pulled."""
    download: Downloader
    clock: Clock
    report: Report
