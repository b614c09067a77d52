"""Writes an evidence archive: masked, within a size, searched again when it is done.

Every member is masked on its way in. When the packed file is too big, logs are cut first, then what
else can be missed; what was cut is in the manifest. The finished file is read back and searched for
every secret; one that still shows one is not kept. The file appears whole or not at all.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import os
import tarfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.model.errors import RunnerError
from harness.reproduction.manifest import MANIFEST, Manifest, Masked, Member
from harness.reproduction.masking import Masker, told
from harness.reproduction.read import members_of
from harness.reproduction.trimming import STEPS, Part

LARGEST_BYTES = 50 * 10**6
"""No archive is bigger; a chat or an issue takes that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An archive that was written."""

    path: Path
    bytes: int
    manifest: Manifest


def write_archive(
    target: Path,
    manifest: Manifest,
    parts: Sequence[Part],
    masker: Masker,
    *,
    largest: int = LARGEST_BYTES,
) -> Written:
    """Writes the archive and returns what is in it.

    Args:
        target: The file; an existing one is replaced.
        manifest: What is known of the run; members, masked and trimmed are filled in here.
        parts: The members, unmasked.
        masker: Knows the secrets of the run.
        largest: Size in bytes that the file must not exceed.

    Raises:
        RunnerError: The file cannot be written, is too big whatever is cut, or a secret shows.
    """
    masked, taken = _masked(parts, masker)
    manifest = manifest.model_copy(update={"masked": (*manifest.masked, *taken)})
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.unfinished")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        manifest = _within(unfinished, manifest, masked, masker, largest)
        _search(unfinished, masker)
        size = unfinished.stat().st_size
        unfinished.replace(target)
    except OSError as error:
        raise _failed(target, error.strerror or str(error)) from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
    return Written(path=target, bytes=size, manifest=manifest)


def _masked(parts: Sequence[Part], masker: Masker) -> tuple[list[Part], list[Masked]]:
    found: dict[str, Part] = {}
    taken: list[Masked] = []
    for part in parts:
        data, counts = masker.masked(part.data)
        link, in_link = masker.masked(os.fsencode(part.link))
        name, in_name = masker.masked(part.name.encode())
        clean = replace(part, name=name.decode(), data=data, link=os.fsdecode(link))
        found.setdefault(clean.name, clean)
        for what, times in told(counts + in_link + in_name):
            taken.append(Masked(member=clean.name, what=what, times=times))
    return list(found.values()), taken


def _within(
    path: Path, manifest: Manifest, parts: Sequence[Part], masker: Masker, largest: int
) -> Manifest:
    """Writes the file, cutting step by step until it is small enough."""
    size = _write(path, manifest, parts, masker)
    for step in STEPS:
        if size <= largest:
            break
        parts, said = step(parts)
        if said:
            manifest = manifest.model_copy(update={"trimmed": (*manifest.trimmed, said)})
            size = _write(path, manifest, parts, masker)
    if size > largest:
        raise _failed(
            path,
            f"it would be {size} bytes with everything cut that can be missed",
            expected=f"at most {largest} bytes",
            next_step="--archive-tree commit names the tree by its commit instead",
        )
    return manifest.model_copy(update={"members": _members(parts)})


def _members(parts: Sequence[Part]) -> tuple[Member, ...]:
    return tuple(
        Member(
            name=part.name,
            bytes=len(part.data),
            sha256=hashlib.sha256(part.data).hexdigest(),
            executable=part.executable,
            link=part.link,
        )
        for part in parts
    )


def _write(path: Path, manifest: Manifest, parts: Sequence[Part], masker: Masker) -> int:
    whole = manifest.model_copy(update={"members": _members(parts)})
    first = Part(name=MANIFEST, data=masker.masked(whole.text().encode())[0])
    with (
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=0, compresslevel=6) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for part in (first, *parts):
            tar.addfile(_header(part), io.BytesIO(part.data))
    return path.stat().st_size


def _header(part: Part) -> tarfile.TarInfo:
    info = tarfile.TarInfo(part.name)
    info.size = len(part.data)
    info.mode = 0o755 if part.executable else 0o644
    if part.link:
        info.type, info.linkname, info.size = tarfile.SYMTYPE, part.link, 0
    return info


def _search(path: Path, masker: Masker) -> None:
    """Reads the finished file and looks for every secret in every member and name."""
    shown: list[str] = []
    for member, data in members_of(path):
        counts: Counter[str] = masker.found(data) + masker.found(os.fsencode(member.name))
        shown += [f"{member.name} ({what})" for what, _ in told(counts)]
    if shown:
        raise _failed(
            path,
            f"a secret still shows in {', '.join(shown[:3])}",
            expected="no secret in any member",
            next_step="the evidence folder holds the same files; look there, and report this",
        )


def _failed(path: Path, seen: str, *, expected: str = "", next_step: str = "") -> RunnerError:
    return RunnerError(
        attempted="Writing the evidence archive",
        subject=str(path),
        seen=seen,
        expected=expected or "a folder that can be written to, on a disk with room",
        next_step=next_step or "make room on the disk, or name another --output",
    )
