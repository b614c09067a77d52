"""Which images the keys of a pull secret are for, as the kubelet matches them. Pure.

Restates `pkg/credentialprovider/keyring.go`: the scheme is dropped, a leading `/v1/` or `/v2/` is
dropped, host parts are globs of the same number, ports are equal, the path is a prefix of the
image's; `index.docker.io` also stands for `docker.io`. A Secret of another type than the two
docker types is not read at all. Hosts come from the annotation that the recorder leaves on a
Secret (`harness.watch.redacted`); the values are never seen here.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from harness.model.refs import DOCKER_HUB, ImageReference

AUTHS = "gitops-harness/auths"
INVALID = "invalid"
PULL_TYPES = frozenset({"kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"})
HUB_KEY = "https://index.docker.io/v1/"
_HUB_HOST = "index.docker.io"


def auth_keys(secret: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Returns the registry keys of a live Secret, or None where they were not recorded."""
    annotations = (secret.get("metadata") or {}).get("annotations") or {}
    if AUTHS not in annotations:
        return None
    return tuple(k.strip() for k in str(annotations[AUTHS]).split(",") if k.strip())


def is_pull_secret(secret: Mapping[str, Any]) -> bool:
    """Tells whether the kubelet reads a Secret of this type for pulling."""
    return str(secret.get("type") or "Opaque") in PULL_TYPES


def serves(secret: Mapping[str, Any], image: ImageReference) -> bool | None:
    """Tells whether a Secret holds a credential for an image; None where that is not known."""
    if not is_pull_secret(secret):
        return False
    keys = auth_keys(secret)
    return None if keys is None else any(accepts(key, image) for key in keys)


def accepts(key: str, image: ImageReference) -> bool:
    """Tells whether the kubelet uses the credential under `key` for an image."""
    host, path = _parts(key)
    if host == _HUB_HOST and not path and image.host == DOCKER_HUB:
        return True
    return _same_host(host, image.host) and f"/{image.repository}".startswith(path)


def key_for(image: ImageReference) -> str:
    """Returns the key that a pull secret for the image's registry should have."""
    return HUB_KEY if image.host == DOCKER_HUB else image.host


def _parts(key: str) -> tuple[str, str]:
    bare = key.removeprefix("https://").removeprefix("http://")
    host, slash, rest = bare.partition("/")
    path = slash + rest
    if path.startswith(("/v1/", "/v2/")):
        path = path[3:]
    return host, "" if path == "/" else path


def _same_host(glob: str, host: str) -> bool:
    (glob_name, _, glob_port), (name, _, port) = glob.partition(":"), host.partition(":")
    globs, names = glob_name.split("."), name.split(".")
    return (
        glob_port == port
        and len(globs) == len(names)
        and all(fnmatchcase(n, g) for g, n in zip(globs, names, strict=True))
    )
