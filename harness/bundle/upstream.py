"""Reads the pins of upstream images, tools and manifests (`upstream.toml`).

Says what is to be fetched and which checksum it must have; nothing is fetched here, that is
`pull.py`'s.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from harness.bundle.manifest import ROLES, TOOLS, Sha256
from harness.model.errors import BundleError
from harness.model.refs import ImageReference

SCHEMA = 1
DEFAULT_PINS = Path(__file__).with_name("upstream.toml")
RECIPES = Path(__file__).with_name("upstream_recipes")
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


class _Pin(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ImagePin(_Pin):
    """An image: pulled, or made on top of one."""

    reference: str = ""
    """A full reference with a tag; empty when it is made on top of another role."""
    digest: Digest | None = None
    on: str = ""
    """The role whose image the recipe starts from, where no reference is given."""
    recipe: str = ""
    """Folder of `upstream_recipes` with the Dockerfile that is run on top."""
    base: bool = False
    """True for images that user images are built on: they get this host's CA certificates."""
    declared: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _has_one_origin(self) -> Self:
        if bool(self.reference) == bool(self.on):
            message = "give either a reference or the role it is made on"
            raise ValueError(message)
        if self.on and not self.recipe:
            message = "an image made on another one needs a recipe"
            raise ValueError(message)
        if self.reference:
            parsed = ImageReference.parse(self.reference)
            if parsed.digest or str(parsed) != self.reference:
                message = f"write {parsed.name}:{parsed.tag} and the digest on its own"
                raise ValueError(message)
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The declared names this image answers to."""
        return (self.reference,) if self.declared is None else self.declared


class DownloadPin(_Pin):
    """A file to download; `{os}` and `{arch}` in its addresses are filled in."""

    version: str
    url: str
    sha256: dict[str, Sha256] | Sha256 = Field(default_factory=dict)
    """By platform (`linux/amd64`), or one for all."""
    sha256_url: str = ""
    """Where the checksum is published, for platforms without one here."""
    unpack: str = ""
    """The member to take where the download is a tar.gz."""

    def at(self, platform: str) -> str:
        """Returns the address for a platform."""
        return _filled(self.url, platform)

    def checksum_at(self, platform: str) -> str:
        """Returns the address of the published checksum; empty where none is known."""
        return _filled(self.sha256_url, platform)

    def checksum(self, platform: str) -> str:
        """Returns the pinned checksum for a platform; empty where none is pinned."""
        return self.sha256 if isinstance(self.sha256, str) else self.sha256.get(platform, "")


class Pins(_Pin):
    """The whole file."""

    schema_number: int = Field(alias="schema")
    kubernetes: str
    images: dict[str, ImagePin]
    tools: dict[str, DownloadPin]
    manifests: dict[str, DownloadPin]
    addons: dict[str, ImagePin] = Field(default_factory=dict)
    """Images that no bundle holds; taken when a cluster needs them."""

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        missing = [role for role in ROLES if role not in self.images]
        missing += [name for name in TOOLS if name not in self.tools]
        missing += [] if "argocd" in self.manifests else ["manifests.argocd"]
        missing += [pin.on for pin in self.images.values() if pin.on and pin.on not in self.images]
        if missing:
            message = f"nothing is pinned for {', '.join(missing)}"
            raise ValueError(message)
        return self


def read_pins(path: Path) -> Pins:
    """Returns the pins of a file.

    Raises:
        BundleError: It cannot be read, has another schema, or a value is missing or wrong.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        if data.get("schema") != SCHEMA:
            raise _unusable(path, f"its schema is {data.get('schema')!r}, not {SCHEMA}")
        return Pins.model_validate(data)
    except ValidationError as error:
        details = [f"{'.'.join(str(p) for p in d['loc'])}: {d['msg']}" for d in error.errors()[:3]]
        raise _unusable(path, "; ".join(details)) from error
    except (OSError, ValueError) as error:
        raise _unusable(path, str(error)) from error


def mirrored_image(reference: str, mirror: str) -> str:
    """Returns the name under which a mirror serves an image; without a mirror, the name itself."""
    return f"{mirror.rstrip('/')}/{reference}" if mirror else reference


def mirrored_url(url: str, mirror: str) -> str:
    """Returns where a mirror serves a download; without a mirror, the address itself."""
    return f"{mirror.rstrip('/')}/{url.partition('://')[2]}" if mirror else url


def _filled(url: str, platform: str) -> str:
    system, _, machine = platform.partition("/")
    return url.replace("{os}", system).replace("{arch}", machine)


def _unusable(path: Path, seen: str) -> BundleError:
    return BundleError(
        attempted="Reading the upstream pins",
        subject=str(path),
        seen=seen,
        expected="a file like harness/bundle/upstream.toml",
        next_step="correct it, or leave out --pins",
    )
