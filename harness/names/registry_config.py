"""Writes the configuration of the local registry (distribution 2.8 and 3). Pure.

Blobs lie in one folder, nothing can be deleted, and every request needs a token of this run's
signer (`names.token_service`). Which repositories are public is the token service's affair.
"""

from __future__ import annotations

from dataclasses import dataclass

import yaml

STORAGE = "/var/lib/registry"
PORT = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAuthority:
    """Who signs registry tokens; registry and token service must agree on all of it."""

    realm: str
    """URL of the token service as containerd on the node reaches it."""
    service: str
    issuer: str


def registry_config(
    *, authority: TokenAuthority, certificate: str, port: int = PORT, storage: str = STORAGE
) -> str:
    """Returns the registry's `config.yml`.

    Args:
        authority: The token service to send clients to.
        certificate: Path of the token certificate as the registry sees it.
        port: TCP port it listens on.
        storage: Folder of the blobs as the registry sees it.
    """
    config = {
        "version": 0.1,
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": storage},
            "cache": {"blobdescriptor": "inmemory"},
            "delete": {"enabled": False},
        },
        "http": {"addr": f":{port}", "headers": {"X-Content-Type-Options": ["nosniff"]}},
        "auth": {
            "token": {
                "realm": authority.realm,
                "service": authority.service,
                "issuer": authority.issuer,
                "rootcertbundle": certificate,
            }
        },
    }
    return yaml.safe_dump(config, sort_keys=False)
