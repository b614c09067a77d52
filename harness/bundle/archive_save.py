"""Saves a bundle into one file.

Every file is checked against its SHA-256 while it is copied, so a bundle that is damaged in the
cache is not passed on. The way back is `archive_load.py`; the layout is in `archive_format.py`.
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
from harness.bundle.archive_format import CHUNK, Index, Member
from harness.bundle.cache import recipe_code_of, require_space, unwritable
from harness.bundle.manifest import (
    FILE_NAME,
    ListedFile,
    cache_of,
    listed_files,
    read_document,
    verify,
)
from harness.bundle.progress import Report
from harness.bundle.transfer import Meter, relocated
from harness.model.bundle import Bundle
from harness.model.errors import BundleError


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


def _inputs(bundle: Bundle) -> list[_Input]:
    document = read_document(bundle.path)
    files = [(_member_of(f), f) for f in listed_files(document, cache_of(bundle.path))]
    places = {listed.relative: member.name for member, listed in files}
    content = json.dumps(relocated(document, places), indent=1).encode()
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
    meter = Meter(item.label, member.bytes, report)
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
