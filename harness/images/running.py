"""Which digests really run, read from the pods. Pure.

`imageID` is `host/repository@sha256:...` for images that were pulled; kubelet reports the digest of
the manifest the registry served (CRI `ImageStatus.repo_digests`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def pods_to_replace(
    pods: Iterable[Mapping[str, Any]], wanted: Mapping[str, str]
) -> list[tuple[Mapping[str, Any], tuple[str, ...]]]:
    """Returns each pod that runs another digest than the wanted one, with the images concerned."""
    found = []
    for pod in pods:
        stale = tuple(
            image
            for image, digests in running_digests([pod]).items()
            if image in wanted and digests != {wanted[image]}
        )
        if stale:
            found.append((pod, stale))
    return found


def running_digests(pods: Iterable[Mapping[str, Any]]) -> dict[str, frozenset[str]]:
    """Returns declared image -> digests that containers of these pods run."""
    found: dict[str, set[str]] = {}
    for pod in pods:
        if (pod.get("metadata") or {}).get("deletionTimestamp"):
            continue
        status, spec = pod.get("status") or {}, pod.get("spec") or {}
        for statuses, containers in (
            ("containerStatuses", "containers"),
            ("initContainerStatuses", "initContainers"),
        ):
            declared = {c["name"]: c.get("image") for c in spec.get(containers) or []}
            for container in status.get(statuses) or []:
                digest = str(container.get("imageID") or "").rpartition("@")[2]
                if digest.startswith("sha256:"):
                    found.setdefault(str(declared.get(container["name"])), set()).add(digest)
    return {image: frozenset(digests) for image, digests in found.items()}
