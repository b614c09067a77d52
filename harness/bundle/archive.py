"""Saves a bundle into one file and loads such a file into a cache.

Every member is checked against its SHA-256 while it is copied, in both directions. A file that is
refused leaves nothing behind; a loaded bundle becomes visible in one step, so that several loads at
once are safe. The layout of the file is in `archive_format.py`.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from harness.bundle import archive_format as fmt
from harness.bundle.archive_format import CHUNK, Index, Member, Source, refused
from harness.bundle.cache import (
    publish,
    recipe_code_of,
    require_space,
    staging,
    unwritable,
    write_atomically,
)
from harness.bundle.manifest import (
    FILE_NAME,
    BundleDocument,
    ListedFile,
    Provenance,
    cache_of,
    listed_files,
    parse_document,
    read_bundle,
    read_document,
    verify,
)
from harness.bundle.progress import PartProgress, PartState, Report
from harness.model.bundle import Bundle
from harness.model.errors import BundleError

LOADED_PREFIX = "load-"
REPORT_EVERY_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Input:
    """A member and where its content comes from."""

    member: Member
    content: Path | bytes
    label: str


def save_bundle(
    bundle: Bundle, target: Path, *, platform: str, report: Report, compress: bool = False
) -> Index:
    """Writes a bundle into one file, which appears only when it is complete.

    Args:
        bundle: A bundle in a cache.
        target: The file; an existing one is replaced.
        platform: Where the tools of the bundle run, e.g. linux/x86_64.
        report: Gets the progress per member.
        compress: gzip the file; slower, and it can then not be checked for length beforehand.

    Raises:
        BundleError: A file of the bundle is missing or damaged, or the target cannot be written.
    """
    verify(bundle, thorough=False)
    inputs = _inputs(bundle)
    index = _index(bundle, inputs, platform)
    require_space(target.parent, 0 if compress else index.content_bytes)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.unfinished")
    try:
        with unfinished.open("wb") as raw, _maybe_compressed(raw, compress=compress) as out:
            out.write(fmt.index_entry(index))
            for item in inputs:
                _write_member(out, item, bundle, report)
            out.write(bytes(2 * fmt.BLOCK))
        unfinished.replace(target)
    except OSError as error:
        raise unwritable(target, error) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return index


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


def _inputs(bundle: Bundle) -> list[_Input]:
    document = read_document(bundle.path)
    files = [(_member_of(f), f) for f in listed_files(document, cache_of(bundle.path))]
    places = {listed.relative: member.name for member, listed in files}
    content = json.dumps(_moved(document, places), indent=1).encode()
    first = Member(name=FILE_NAME, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    return [
        _Input(member=first, content=content, label=FILE_NAME),
        *(_Input(member=m, content=f.path, label=f.label) for m, f in files),
    ]


def _member_of(listed: ListedFile) -> Member:
    kind, _, name = listed.label.partition(" ")
    suffix = {"image": ".tar", "manifest": ".yaml"}.get(kind, "")
    return Member(
        name=f"{kind}s/{name}{suffix}",
        bytes=listed.path.stat().st_size,
        sha256=listed.sha256,
        executable=listed.executable,
    )


def _moved(document: BundleDocument, places: dict[str, str]) -> dict[str, object]:
    """Returns the content of a `bundle.json` whose files lie elsewhere."""

    def moved(entry: dict[str, object]) -> dict[str, object]:
        return {**entry, "path": places[str(entry["path"])]}

    data = document.model_dump(mode="json", by_alias=True, exclude_none=True)
    data["tools"] = {name: moved(tool) for name, tool in data["tools"].items()}
    data["manifests"] = {name: moved(entry) for name, entry in data["manifests"].items()}
    data["images"] = [{**i, "archive": moved(i["archive"])} for i in data["images"]]
    return data


def _index(bundle: Bundle, inputs: list[_Input], platform: str) -> Index:
    document = read_document(bundle.path)
    loaded = document.loaded
    return Index(
        format=fmt.FORMAT,
        schema=fmt.SCHEMA,
        key=bundle.key,
        origin=loaded.origin if loaded else bundle.origin,
        recipe=loaded.recipe if loaded else recipe_code_of(cache_of(bundle.path), bundle.path),
        platform=platform,
        created=document.created,
        members=tuple(item.member for item in inputs),
    )


@contextlib.contextmanager
def _maybe_compressed(raw: IO[bytes], *, compress: bool) -> Iterator[IO[bytes]]:
    if not compress:
        yield raw
        return
    # Level 1: images are mostly programs; higher levels take many times longer for a few percent.
    with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=1, mtime=0, filename="") as packed:
        yield packed  # type: ignore[misc] # writes like IO


def _write_member(out: IO[bytes], item: _Input, bundle: Bundle, report: Report) -> None:
    member = item.member
    out.write(fmt.header(member.name, member.bytes, executable=member.executable))
    digest = hashlib.sha256()
    meter = _Meter(item.label, member.bytes, report)
    for chunk in _chunks(item.content):
        digest.update(chunk)
        out.write(chunk)
        meter.add(len(chunk))
    if digest.hexdigest() != member.sha256 or meter.done != member.bytes:
        raise BundleError(
            attempted="Saving the bundle",
            subject=str(bundle.path),
            seen=f"{item.label} is damaged: SHA-256 {digest.hexdigest()}, {meter.done} bytes",
            expected=f"SHA-256 {member.sha256}, {member.bytes} bytes",
            next_step="harness bundle show --thorough",
        )
    out.write(fmt.padding(member.bytes))
    meter.finish()


def _chunks(content: Path | bytes) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def _read_member(source: Source, member: Member, folder: Path, report: Report) -> None:
    wanted = fmt.header(member.name, member.bytes, executable=member.executable)
    start = source.position
    if source.read(fmt.BLOCK, f"the header of {member.name}") != wanted:
        raise refused(source.path, f"the header of {member.name} at byte {start} is damaged")
    target = folder / member.name
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    meter = _Meter(member.name, member.bytes, report)
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
    data = {**_moved(document, places), "origin": "load", "loaded": loaded.model_dump()}
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


class _Meter:
    """Reports how far one member is, at its start, now and then, and at its end."""

    def __init__(self, part: str, total: int, report: Report) -> None:
        self.done = 0
        self._part = part
        self._total = total
        self._report = report
        self._next = REPORT_EVERY_BYTES
        self._send(PartState.RUNNING)

    def add(self, size: int) -> None:
        """Counts bytes."""
        self.done += size
        if self.done >= self._next:
            self._next = self.done + REPORT_EVERY_BYTES
            self._send(PartState.RUNNING)

    def finish(self) -> None:
        """Reports the end."""
        self._send(PartState.DONE)

    def _send(self, state: PartState) -> None:
        detail = f"{self._total / 2**20:.0f} MiB"
        self._report(
            PartProgress(
                part=self._part, state=state, detail=detail, done=self.done, total=self._total
            )
        )
