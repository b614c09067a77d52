"""How the local registry names what the declared registries hold.

One registry answers for all of them: repository `<host>/<repository>` there is the repository of
that host, with the `:` of a port as `__` (underscores occur in no host name).
"""

from __future__ import annotations

from typing import NewType

from harness.model.refs import DOCKER_HUB, ImageReference

RegistryRepository = NewType("RegistryRepository", str)
"""A repository of the local registry, e.g. `ghcr.io/acme/shop`."""


def host_folder(host: str) -> str:
    """Returns the first part of every repository that stands for one of `host`'s."""
    return DOCKER_HUB if host == f"index.{DOCKER_HUB}" else host.lower().replace(":", "__")


def registry_repository(reference: ImageReference) -> RegistryRepository:
    """Returns where the local registry holds the image of a reference."""
    return RegistryRepository(f"{host_folder(reference.host)}/{reference.repository}")
