"""The bundle manifest: the whole hand-over between whoever made the images and the harness.

`bundle.json` is written by `harness bundle pull`, by `python -m airgap build` and by
`harness bundle load`; paths inside it are relative to the cache folder that holds it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledTool:
    """A program of the bundle: kind, kubectl or kustomize."""

    name: str
    path: Path
    version: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledImage:
    """An image of the bundle and the declared names it answers to inside the cluster."""

    role: str
    """node, argocd, redis, registry, gate, loadbalancer, python, postgres or kafka."""
    reference: str
    """The name it has in the local Docker; never an official one."""
    image_id: str
    archive: Path
    sha256: str
    bytes: int
    declared: tuple[str, ...]
    built_from: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Everything that runs in the cluster, on disk."""

    path: Path
    origin: str
    """`build`, `pull` or `load`."""
    key: str
    kubernetes: str
    tools: dict[str, BundledTool]
    images: tuple[BundledImage, ...]
    argocd_manifest: Path
    argocd_version: str
    seconds: dict[str, float] = field(default_factory=dict)

    def image(self, role: str) -> BundledImage:
        """Returns the image of a role.

        Raises:
            KeyError: The bundle has no image of that role; a complete bundle has all of them.
        """
        for image in self.images:
            if image.role == role:
                return image
        raise KeyError(role)
