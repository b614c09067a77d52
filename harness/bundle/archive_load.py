"""Loads a bundle file into a cache.

Every member is checked against its SHA-256 while it is copied. A file that is refused leaves
nothing behind; a loaded bundle becomes visible in one step, so that several loads at once are safe.
The layout of the file is in `archive_format.py`, its maker in `archive_save.py`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path

from harness.bundle import archive_format as fmt
from harness.bundle.archive_format import CHUNK, Index, Member, Source, refused
from harness.bundle.cache import publish, require_space, staging, unwritable, write_atomically
from harness.bundle.manifest import (
    FILE_NAME,
    Provenance,
    listed_files,
    parse_document,
    read_bundle,
    verify,
)
from harness.bundle.progress import Report
from harness.bundle.transfer import Meter, relocated
from harness.model.bundle import Bundle
from harness.model.errors import BundleError

LOADED_PREFIX = "load-"


def load_bundle(path: Path, cache: Path, *, platform: str, now: str, report: Report) -> Bundle:
    """Puts the bundle of a file into the cache and returns it.

    Args:
        path: A file written by `save_bundle`.
        cache: The cache folder.
        platform: Where tools must run here, e.g. linux/x86_64.
        now: The time that is remembered (UTC, ISO 8601).
        report: Gets the progress per member.

    Raises:
        BundleError: The file is damaged, truncated, foreign, of a newer schema or for another
            platform, or the cache cannot be written; nothing is left behind.
    """
    source = Source.open(path)
    with contextlib.closing(source):
        index = fmt.read_index(source)
        _check_platform(path, index, platform)
        fmt.check_length(source, index)
        require_space(cache, index.content_bytes)
        final = _place(cache, index)
        with staging(final.parent) as folder:
            try:
                for member in index.members:
                    _read_member(source, member, folder, report)
                _check_end(source)
                _adopt(path, folder, index, final, now)
                publish(folder, final, is_good=_is_good)
            except OSError as error:
                raise unwritable(cache, error) from error
    return read_bundle(final / FILE_NAME)


def loaded_bundle(path: Path, cache: Path) -> Bundle | None:
    """Returns the bundle of a file if exactly it was loaded before; reads its index only.

    Raises:
        BundleError: The file is no bundle file or its index is damaged.
    """
    source = Source.open(path)
    with contextlib.closing(source):
        final = _place(cache, fmt.read_index(source))
    return read_bundle(final / FILE_NAME) if _is_good(final) else None


def loaded_manifests(cache: Path) -> list[Path]:
    """Returns the `bundle.json` of every loaded bundle in a cache."""
    return sorted((cache / "bundles").glob(f"{LOADED_PREFIX}*/{FILE_NAME}"))


def _place(cache: Path, index: Index) -> Path:
    return cache.absolute() / "bundles" / f"{LOADED_PREFIX}{index.id}"


def _is_good(folder: Path) -> bool:
    try:
        verify(read_bundle(folder / FILE_NAME), thorough=False)
    except BundleError:
        return False
    return True


def _read_member(source: Source, member: Member, folder: Path, report: Report) -> None:
    wanted = fmt.header(member.name, member.bytes, executable=member.executable)
    start = source.position
    if source.read(fmt.BLOCK, f"the header of {member.name}") != wanted:
        raise refused(source.path, f"the header of {member.name} at byte {start} is damaged")
    target = folder / member.name
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    meter = Meter(member.name, member.bytes, report)
    with target.open("wb") as out:
        while meter.done < member.bytes:
            chunk = source.read(min(CHUNK, member.bytes - meter.done), member.name)
            digest.update(chunk)
            out.write(chunk)
            meter.add(len(chunk))
    if digest.hexdigest() != member.sha256:
        raise refused(
            source.path,
            f"{member.name} is damaged: SHA-256 {digest.hexdigest()}",
            f"SHA-256 {member.sha256}",
        )
    if source.read(len(fmt.padding(member.bytes)), f"the padding of {member.name}").strip(b"\0"):
        raise refused(source.path, f"the padding after {member.name} is damaged")
    target.chmod(0o755 if member.executable else 0o644)
    meter.finish()


def _check_end(source: Source) -> None:
    if source.read(2 * fmt.BLOCK, "its end mark").strip(b"\0"):
        raise refused(source.path, f"its end mark at byte {source.position} is damaged")
    if not source.at_end():
        raise refused(source.path, "something follows its end")


def _adopt(path: Path, folder: Path, index: Index, final: Path, now: str) -> None:
    """Rewrites `bundle.json` for its new place, after checking that it and the index agree."""
    content = json.loads((folder / FILE_NAME).read_bytes())
    document = parse_document(content, f"{path} ({FILE_NAME})")
    members = {m.name: m.sha256 for m in index.members}
    places = {}
    for listed in listed_files(document, folder):
        if members.get(listed.relative) != listed.sha256:
            raise refused(path, f"{FILE_NAME} and {fmt.INDEX} disagree about {listed.relative}")
        places[listed.relative] = f"bundles/{final.name}/{listed.relative}"
    loaded = Provenance(origin=index.origin, recipe=index.recipe, at=now)
    data = {**relocated(document, places), "origin": "load", "loaded": loaded.model_dump()}
    write_atomically(folder / FILE_NAME, json.dumps(data, indent=1) + "\n")


def _check_platform(path: Path, index: Index, platform: str) -> None:
    if index.platform != platform:
        raise BundleError(
            attempted="Loading the bundle file",
            subject=str(path),
            seen=f"its tools and images are for {index.platform}",
            expected=f"a bundle for {platform}",
            next_step=f"harness bundle save on a machine of the kind {platform}",
        )
