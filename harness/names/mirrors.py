"""Writes containerd's `certs.d`: every declared registry is answered by the local one. Pure.

A `hosts.toml` with `server` set to the local registry and no `[host]` table leaves containerd one
place to ask, so a missing image is "not found" and never fetched from the real registry
(containerd 2.2, `core/remotes/docker/config/hosts.go`: `server` is the last host tried; where it is
absent the upstream registry is). The cluster room mounts the folder into the nodes.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.model.refs import DOCKER_HUB
from harness.model.registry import host_folder

UNDECLARED = "undeclared"
"""Stands for every registry without a folder of its own; the token service calls it public."""


def mirror_files(hosts: Iterable[str], *, registry: str) -> dict[str, str]:
    """Returns the content of every file below `/etc/containerd/certs.d`, by relative path.

    Images of an undeclared registry are asked for in a repository that holds nothing: the kubelet
    then reports `<image>: not found`, where falling through would reach the real registry.

    Args:
        hosts: Registry hosts in use, with ports where declared.
        registry: `name:port` of the local registry as the node reaches it.
    """
    folders = {_directory(host): host_folder(host) for host in (DOCKER_HUB, *hosts)}
    folders["_default"] = UNDECLARED
    return {
        f"{directory}/hosts.toml": _hosts_toml(registry, folder)
        for directory, folder in sorted(folders.items())
    }


def _directory(host: str) -> str:
    """Returns containerd's folder of a host: `:port` is `_port_` (its `hostDirectory`)."""
    name, colon, port = host.partition(":")
    return f"{name}_{port}_" if colon else name


def _hosts_toml(registry: str, folder: str) -> str:
    return (
        "# Written by gitops-harness: the registry of this run answers, and no other.\n"
        f'server = "http://{registry}/v2/{folder}"\n'
        'capabilities = ["pull", "resolve"]\n'
        "override_path = true\n"
    )
