"""Which Git addresses the tree answers to, and where the gate finds the repository. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from harness.model.errors import RepositoryError

HTTPS_PORT = 443


@dataclass(frozen=True, slots=True, order=True)
class GitAddress:
    """A declared `repoURL` over HTTPS."""

    host: str
    port: int
    path: str
    """Below the host, without `.git`."""

    @property
    def folder(self) -> str:
        """Where the gate expects the bare repository, below its root."""
        return f"{self.host}/{self.path}.git"


def git_addresses(urls: Iterable[str]) -> tuple[GitAddress, ...]:
    """Returns the addresses of all declared URLs, duplicates removed.

    Raises:
        RepositoryError: A URL is not HTTPS; Git over SSH cannot be answered under its name.
    """
    found: dict[GitAddress, None] = {}
    for url in urls:
        parts = urlsplit(url)
        path = parts.path.strip("/").removesuffix(".git")
        if parts.scheme != "https" or not parts.hostname or not path:
            raise RepositoryError(
                attempted="Serving the tree under",
                subject=repr(url),
                seen="the address is not https://HOST/PATH",
                expected="a repoURL over HTTPS; SSH and local paths cannot be answered",
                next_step="use the HTTPS address in the Application's spec.source.repoURL",
            )
        found[GitAddress(parts.hostname.lower(), parts.port or HTTPS_PORT, path)] = None
    return tuple(found)
