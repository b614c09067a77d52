"""Decides for every image the overlays name where it comes from. Pure.

Built here (a context is configured, or a folder of that name holds a Dockerfile), from the bundle,
pulled from upstream where registries answer, or missing: then the run ends before a cluster exists.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from harness.config import ImageSettings
from harness.model.bundle import Bundle, BundledImage
from harness.model.errors import ImageError
from harness.model.refs import ImageReference
from harness.model.repository import ImageUse

DOCKERFILES = ("Dockerfile", "Containerfile")


class Origin(StrEnum):
    """Where an image comes from."""

    BUILT = "built here"
    SUBSTITUTED = "substituted"
    PULLED = "pulled"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedImage:
    """One image to deliver under its declared name."""

    use: ImageUse
    origin: Origin
    context: Path | None = None
    dockerfile: str = ""
    build_args: Mapping[str, str]
    bundled: BundledImage | None = None
    private: bool = False
    note: str = ""

    @property
    def short_name(self) -> str:
        """Last segment of the repository, for people."""
        return self.use.reference.repository.rsplit("/", 1)[-1]


def candidates(reference: ImageReference) -> list[str]:
    """Returns folder names that may hold the source of an image, best first.

    `ghcr.io/acme/shop-order` gives `shop-order`, then `order`.
    """
    name = reference.repository.rsplit("/", 1)[-1]
    parts = name.split("-")
    return ["-".join(parts[i:]) for i in range(len(parts))]


def find_context(
    root: Path, reference: ImageReference, folders: Sequence[str]
) -> tuple[Path, str] | None:
    """Returns the folder and Dockerfile that build an image by convention, or None.

    Raises:
        ImageError: Several folders of that name hold a Dockerfile.
    """
    for name in candidates(reference):
        found = [
            (root / folder, dockerfile)
            for folder in folders
            if PurePosixPath(folder).name == name
            for dockerfile in DOCKERFILES
            if (root / folder / dockerfile).is_file()
        ]
        if len(found) > 1:
            raise ImageError(
                attempted="Finding the build context of",
                subject=str(reference),
                seen=f"{len(found)} folders could be it: "
                + ", ".join(sorted(p.relative_to(root).as_posix() for p, _ in found)),
                expected="one",
                next_step=f'name it in harness.toml: [images."{reference.name}"] context = "..."',
            )
        if found:
            return found[0]
    return None


def bundled_image(bundle: Bundle, reference: ImageReference) -> tuple[BundledImage, str] | None:
    """Returns the bundle's image for a reference and a note when only the major version matches."""
    by_major: tuple[BundledImage, str] | None = None
    for image in bundle.images:
        for declared in image.declared:
            known = ImageReference.parse(declared)
            if known.name != reference.name:
                continue
            if known.tag == reference.tag and not reference.digest:
                return image, ""
            if _major(known.tag) == _major(reference.tag) != "":
                by_major = image, f"{reference} is answered by the bundle's {known.tag}"
    return by_major


def _major(tag: str) -> str:
    found = re.match(r"v?(\d+)", tag)
    return found[1] if found else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInput:
    """What the plan looks at besides the images themselves."""

    root: Path
    folders: tuple[str, ...]
    settings: Mapping[str, ImageSettings]
    bundle: Bundle
    registries_reachable: bool


def plan_images(uses: Iterable[ImageUse], facts: PlanInput) -> tuple[PlannedImage, ...]:
    """Returns the plan of every image.

    Raises:
        ImageError: An image is neither built here, nor bundled, nor in reach.
    """
    listed = tuple(uses)
    planned = [_plan_one(use, facts) for use in listed]
    missing = [use for use, plan in zip(listed, planned, strict=True) if plan is None]
    if missing:
        names = ", ".join(f"{m.declared} (used by {m.users[0]})" for m in missing)
        raise ImageError(
            attempted="Planning the images of",
            subject=str(facts.root),
            seen=f"no source in this tree, not in the bundle, no registry in reach: {names}",
            expected="a folder of that name with a Dockerfile, or an image registry in reach",
            next_step='add [images."<name>"] context = "<folder>" to harness.toml',
        )
    return tuple(p for p in planned if p is not None)


def _plan_one(use: ImageUse, facts: PlanInput) -> PlannedImage | None:
    settings = facts.settings.get(use.reference.name) or ImageSettings()
    private = bool(use.pull_secrets) if settings.private is None else settings.private
    context = _context(use, settings, facts)
    if context:
        return PlannedImage(
            use=use,
            origin=Origin.BUILT,
            context=context[0],
            dockerfile=context[1],
            build_args=settings.build_args,
            private=private,
        )
    bundled = bundled_image(facts.bundle, use.reference)
    if bundled:
        origin = Origin.PULLED if facts.bundle.origin == "pull" else Origin.SUBSTITUTED
        return PlannedImage(
            use=use,
            origin=origin,
            bundled=bundled[0],
            build_args={},
            note=bundled[1],
            private=bool(settings.private),
        )
    if facts.registries_reachable:
        return PlannedImage(use=use, origin=Origin.PULLED, build_args={}, private=private)
    return None


def _context(use: ImageUse, settings: ImageSettings, facts: PlanInput) -> tuple[Path, str] | None:
    if not settings.context:
        return find_context(facts.root, use.reference, facts.folders)
    folder = (facts.root / settings.context).resolve()
    dockerfile = (
        facts.root / settings.dockerfile if settings.dockerfile else folder / "Dockerfile"
    ).resolve()
    if not dockerfile.is_file() or not dockerfile.is_relative_to(folder):
        raise ImageError(
            attempted="Finding the Dockerfile of",
            subject=use.declared,
            seen=f"{dockerfile} is not a file inside {folder}",
            expected="a Dockerfile inside the build context",
            next_step=f'correct [images."{use.reference.name}"] in harness.toml',
        )
    return folder, dockerfile.relative_to(folder).as_posix()
