"""Reads `bundle.json` and checks that what it lists is really on disk.

One model (`BundleDocument`) is the shape of the file; `read_bundle` turns it into the value the
rest of the harness works with. Quick checks look at presence and size, thorough ones at SHA-256.
Who made the bundle is of no concern here; `choose.py` decides which bundle is taken.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from harness.bundle.cache import file_sha256
from harness.model.bundle import Bundle, BundledImage, BundledTool
from harness.model.errors import BundleError

SCHEMA = 1
FILE_NAME = "bundle.json"
ROLES = (
    "node",
    "argocd",
    "redis",
    "registry",
    "gate",
    "loadbalancer",
    "python",
    "postgres",
    "kafka",
)
TOOLS = ("kind", "kubectl", "kustomize")
MEND = "harness bundle build, harness bundle pull or harness bundle load FILE"


def _inside(path: str) -> str:
    parts = PurePosixPath(path)
    if not path or parts.is_absolute() or ".." in parts.parts or "\\" in path or "\0" in path:
        message = f"{path!r} is not a relative path inside the cache"
        raise ValueError(message)
    return path


RelativePath = Annotated[str, AfterValidator(_inside)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Word = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class FileEntry(_Part):
    """A file of the bundle; `bytes` is absent where its maker did not write it down."""

    path: RelativePath
    sha256: Sha256
    bytes: int | None = Field(default=None, ge=0)


class VersionedEntry(FileEntry):
    """A tool or a manifest: a file with a version."""

    version: str

    @property
    def file(self) -> FileEntry:
        """The file itself, as for images."""
        return self


class ImageEntry(_Part):
    """An image: its archive, its name in Docker, and what it stands for."""

    role: Word
    reference: str = Field(pattern=r"^gitops-harness/")
    image_id: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")
    archive: FileEntry
    declared: tuple[str, ...] = ()
    built_from: str = ""

    @property
    def file(self) -> FileEntry:
        """The file that holds the image."""
        return self.archive


class Provenance(_Part):
    """Which recipes made a bundle that came here as a file, and when it was loaded (UTC)."""

    origin: str = ""
    recipe: str = ""
    at: str = ""


class BundleDocument(_Part):
    """The whole of `bundle.json`, schema 1."""

    schema_number: int = Field(alias="schema")
    origin: str = Field(pattern=r"^(build|pull|load)$")
    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
    created: str = ""
    kubernetes: str
    tools: dict[Word, VersionedEntry]
    manifests: dict[Word, VersionedEntry]
    images: tuple[ImageEntry, ...]
    seconds: dict[str, float] = Field(default_factory=dict)
    loaded: Provenance | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFile:
    """One file a bundle consists of."""

    label: str
    """What a person calls it: `image node`, `tool kind`."""
    relative: str
    path: Path
    sha256: str
    bytes: int | None
    executable: bool = False


def cache_of(path: Path) -> Path:
    """Returns the cache folder a `bundle.json` belongs to (`CACHE/bundles/KEY/bundle.json`)."""
    return path.absolute().parent.parent.parent


def read_document(path: Path) -> BundleDocument:
    """Returns the content of a `bundle.json`, validated.

    Raises:
        BundleError: It cannot be read, is no JSON, has another schema or lacks something.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _unreadable(path, str(error)) from error
    return parse_document(data, str(path))


def parse_document(data: object, subject: str) -> BundleDocument:
    """Returns the validated document for decoded JSON.

    Raises:
        BundleError: Another schema, or a value is missing or of the wrong form.
    """
    number = data.get("schema") if isinstance(data, dict) else None
    if number != SCHEMA:
        raise BundleError(
            attempted="Reading the bundle",
            subject=subject,
            seen=f"its schema is {number!r}",
            expected=f"schema {SCHEMA}, which this version of the harness reads",
            next_step=f"update the harness, or make the bundle again: {MEND}",
        )
    try:
        document = BundleDocument.model_validate(data)
    except ValidationError as error:
        details = "; ".join(
            f"{'.'.join(str(p) for p in d['loc'])}: {d['msg'].lower()}" for d in error.errors()[:4]
        )
        raise _unreadable(subject, details) from error
    _check_complete(document, subject)
    return document


def read_bundle(path: Path) -> Bundle:
    """Returns the bundle a `bundle.json` describes, with absolute paths; looks at no other file.

    Raises:
        BundleError: As `read_document`.
    """
    path = path.absolute()
    document = read_document(path)
    cache = cache_of(path)
    argocd = document.manifests["argocd"]
    return Bundle(
        path=path,
        origin=document.origin,
        key=document.key,
        kubernetes=document.kubernetes,
        tools={
            name: BundledTool(
                name=name, path=cache / tool.path, version=tool.version, sha256=tool.sha256
            )
            for name, tool in document.tools.items()
        },
        images=tuple(bundled_image(cache, entry) for entry in document.images),
        argocd_manifest=cache / argocd.path,
        argocd_version=argocd.version,
        seconds=dict(document.seconds),
    )


def listed_files(document: BundleDocument, cache: Path) -> Iterator[ListedFile]:
    """Yields every file of a bundle: tools, manifests, then images."""
    for name, tool in document.tools.items():
        yield _listed(f"tool {name}", tool, cache, executable=True)
    for name, manifest in document.manifests.items():
        yield _listed(f"manifest {name}", manifest, cache)
    for image in document.images:
        yield _listed(f"image {image.role}", image.archive, cache)


def verify(bundle: Bundle, *, thorough: bool) -> None:
    """Checks that every file of a bundle is there with its size, and its SHA-256 if `thorough`.

    Raises:
        BundleError: Names the first file that is missing or different, and what was expected.
    """
    for listed in listed_files(read_document(bundle.path), cache_of(bundle.path)):
        _check_file(listed, bundle.path)
        if thorough:
            _check_content(listed, bundle.path)


def _check_file(listed: ListedFile, manifest: Path) -> None:
    if not listed.path.is_file():
        raise _damaged(manifest, f"{listed.label} is missing ({listed.path})", "the file to exist")
    size = listed.path.stat().st_size
    if (size != listed.bytes) if listed.bytes is not None else size == 0:
        expected = "some content" if listed.bytes is None else f"{listed.bytes} bytes"
        raise _damaged(manifest, f"{listed.label} has {size} bytes ({listed.path})", expected)
    if listed.executable and not os.access(listed.path, os.X_OK):
        raise _damaged(
            manifest, f"{listed.label} is not executable ({listed.path})", "an executable file"
        )


def _check_content(listed: ListedFile, manifest: Path) -> None:
    found = file_sha256(listed.path)
    if found != listed.sha256:
        raise _damaged(
            manifest,
            f"{listed.label} has SHA-256 {found} ({listed.path})",
            f"SHA-256 {listed.sha256}",
        )


def _check_complete(document: BundleDocument, subject: str) -> None:
    roles = {image.role for image in document.images}
    missing = [f"image {role}" for role in ROLES if role not in roles]
    missing += [f"tool {name}" for name in TOOLS if name not in document.tools]
    missing += ["manifest argocd"] if "argocd" not in document.manifests else []
    if missing:
        raise _unreadable(subject, f"it lacks {', '.join(missing)}")


def bundled_image(cache: Path, entry: ImageEntry) -> BundledImage:
    """Returns the image of an entry, with the absolute path of its archive."""
    return BundledImage(
        role=entry.role,
        reference=entry.reference,
        image_id=entry.image_id,
        archive=cache / entry.archive.path,
        sha256=entry.archive.sha256,
        bytes=entry.archive.bytes or 0,
        declared=entry.declared,
        built_from=entry.built_from,
    )


def _listed(label: str, entry: FileEntry, cache: Path, *, executable: bool = False) -> ListedFile:
    return ListedFile(
        label=label,
        relative=entry.path,
        path=cache / entry.path,
        sha256=entry.sha256,
        bytes=entry.bytes,
        executable=executable,
    )


def _unreadable(path: Path | str, seen: str) -> BundleError:
    return BundleError(
        attempted="Reading the bundle",
        subject=str(path),
        seen=seen,
        expected="a complete bundle.json as written by the harness",
        next_step=MEND,
    )


def _damaged(manifest: Path, seen: str, expected: str) -> BundleError:
    return BundleError(
        attempted="Checking the bundle",
        subject=str(manifest),
        seen=seen,
        expected=expected,
        next_step=MEND,
    )
