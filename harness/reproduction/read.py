"""Reads an evidence archive that may come from anywhere; what does not fit is refused.

The first member is the manifest; every other must be the next one it lists, with its size and
SHA-256. Only plain files and, inside the tree, links that stay inside it are unpacked. Nothing is
read beyond fixed limits, so that a small file cannot fill a disk.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import os
import tarfile
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from harness.reproduction.manifest import (
    EVIDENCE,
    KIND_CONFIG,
    MANIFEST,
    RUN,
    TREE,
    Manifest,
    Member,
    parse_manifest,
    refused,
)
from harness.reproduction.tree import leads_out

LARGEST_MANIFEST = 32 << 20
LARGEST_MEMBER = 256 << 20
LARGEST_WHOLE = 1 << 30
MOST_MEMBERS = 200_000
BLOCK = 512
_PLAIN = (tarfile.REGTYPE, tarfile.AREGTYPE)


def is_archive(path: Path) -> bool:
    """Tells whether a file is an evidence archive, by its first member."""
    try:
        with path.open("rb") as raw, gzip.GzipFile(fileobj=raw) as packed:
            first = tarfile.TarInfo.frombuf(packed.read(BLOCK), "utf-8", "surrogateescape")
    except (OSError, EOFError, zlib.error, tarfile.HeaderError):
        return False
    return first.name == MANIFEST


def read_manifest(path: Path) -> Manifest:
    """Returns the manifest of an archive; nothing else of it is read.

    Raises:
        UsageError: There is no such file, or it is no evidence archive.
    """
    with contextlib.closing(_opened(path)) as found:
        return next(found).manifest


def unpack(path: Path, folder: Path) -> Manifest:
    """Writes the members into an empty folder of ours and returns the manifest.

    Raises:
        UsageError: The file is missing, damaged, or holds what no run writes; the folder may then
            hold a part of it.
    """
    with contextlib.closing(_opened(path)) as found:
        manifest = next(found).manifest
        _check_places(path, manifest)
        for piece in found:
            if piece.member is not None and not piece.member.link:
                _store(folder, piece.member, piece.data)
    _link(path, folder, manifest)
    return manifest


def members_of(path: Path) -> Iterator[tuple[Member, bytes]]:
    """Yields every member with its content, the manifest first.

    Raises:
        UsageError: The file is missing, damaged, or holds what no run writes.
    """
    with contextlib.closing(_opened(path)) as found:
        for piece in found:
            data = piece.data
            member = piece.member or Member(name=MANIFEST, bytes=len(data), sha256="0" * 64)
            yield member, os.fsencode(member.link) if member.link else data


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    manifest: Manifest
    member: Member | None
    """None for the manifest itself."""
    data: bytes


def _opened(path: Path) -> Generator[_Piece, None, None]:
    try:
        yield from _pieces(path)
    except (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError, ValueError) as error:
        raise refused(str(path), f"it is damaged ({error})") from error
    except OSError as error:
        raise refused(
            str(path), error.strerror or str(error), next_step="check the path and its permissions"
        ) from error


def _pieces(path: Path) -> Iterator[_Piece]:
    with path.open("rb") as raw, gzip.GzipFile(fileobj=raw) as packed:
        bounded = _Bounded(packed, path)
        with tarfile.open(fileobj=bounded, mode="r|") as tar:
            entries = iter(tar)
            data = _content(path, tar, next(entries, None), MANIFEST, LARGEST_MANIFEST)
            manifest = parse_manifest(data, str(path))
            yield _Piece(manifest=manifest, member=None, data=data)
            _check_amounts(path, manifest)
            for member in manifest.members:
                content = _member(path, tar, next(entries, None), member)
                yield _Piece(manifest=manifest, member=member, data=content)
            if next(entries, None) is not None:
                raise refused(str(path), f"it holds more than {MANIFEST} lists")


class _Bounded(io.RawIOBase):
    """Unpacked data, up to a limit: a few bytes can unpack to any number."""

    def __init__(self, stream: gzip.GzipFile, path: Path) -> None:
        super().__init__()
        self._stream, self._path, self._left = stream, path, LARGEST_WHOLE

    def read(self, size: int = -1) -> bytes:
        """Returns the next bytes."""
        if not 0 <= size <= LARGEST_MEMBER:
            raise refused(str(self._path), "a header asks for more than any member may hold")
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise refused(str(self._path), f"it unpacks to more than {LARGEST_WHOLE} bytes")
        return data


def _member(
    path: Path, tar: tarfile.TarFile, entry: tarfile.TarInfo | None, member: Member
) -> bytes:
    if member.link:
        fits = entry is not None and entry.type == tarfile.SYMTYPE and entry.name == member.name
        if not fits or entry is None or entry.linkname != member.link:
            raise refused(str(path), f"the link {member.name} is not what {MANIFEST} says")
        return b""
    data = _content(path, tar, entry, member.name, member.bytes)
    if len(data) != member.bytes or hashlib.sha256(data).hexdigest() != member.sha256:
        raise refused(str(path), f"{member.name} is damaged: its SHA-256 is another")
    return data


def _content(
    path: Path, tar: tarfile.TarFile, entry: tarfile.TarInfo | None, name: str, largest: int
) -> bytes:
    if entry is None:
        raise refused(str(path), f"it ends before {name}")
    plain = entry.type in _PLAIN and entry.sparse is None
    if entry.name != name or not plain:
        raise refused(str(path), f"{entry.name[:200]!r} stands where the file {name} should")
    if entry.size > largest:
        raise refused(str(path), f"{name} is {entry.size} bytes", expected=f"at most {largest}")
    stream: IO[bytes] | None = tar.extractfile(entry)
    return stream.read() if stream is not None else b""


def _check_amounts(path: Path, manifest: Manifest) -> None:
    members = manifest.members
    largest = max((m.bytes for m in members), default=0)
    if len(members) > MOST_MEMBERS or largest > LARGEST_MEMBER:
        raise refused(str(path), f"{len(members)} members, the largest of {largest} bytes")
    if sum(m.bytes for m in members) > LARGEST_WHOLE:
        raise refused(str(path), f"it unpacks to more than {LARGEST_WHOLE} bytes")


def _check_places(path: Path, manifest: Manifest) -> None:
    links = {m.name for m in manifest.members if m.link}
    files = {m.name for m in manifest.members} - links
    for member in manifest.members:
        top, _, rest = member.name.partition("/")
        known = member.name in {RUN, KIND_CONFIG} or (top in {EVIDENCE, TREE} and rest)
        if not known or ".git" in PurePosixPath(member.name.lower()).parts:
            raise refused(str(path), f"{member.name!r} has no place in an evidence archive")
        above = {str(parent) for parent in PurePosixPath(member.name).parents}
        if above & (links | files):
            raise refused(str(path), f"{member.name!r} lies below what is no folder")
        if member.link and (top != TREE or leads_out(rest, member.link)):
            raise refused(str(path), f"the link {member.name!r} leads out of the tree")


def _store(folder: Path, member: Member, data: bytes) -> None:
    target = folder / member.name
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as out:
        out.write(data)
    target.chmod(0o755 if member.executable else 0o644)


def _link(path: Path, folder: Path, manifest: Manifest) -> None:
    """Makes the links last, so that nothing is written through one."""
    links = [m for m in manifest.members if m.link]
    for member in links:
        target = folder / member.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(member.link)
    root = (folder / TREE).resolve()
    for member in links:
        if not _stays(folder / member.name, root):
            raise refused(str(path), f"the link {member.name!r} leads out of the tree")


def _stays(link: Path, root: Path) -> bool:
    try:
        return link.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # a circle of links leads nowhere
        return True
