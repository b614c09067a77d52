"""Archives as runs write them, and as nobody should."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from pathlib import Path
from typing import Any

from harness.model.secret import Secret
from harness.reproduction.manifest import (
    MANIFEST,
    RUN,
    Host,
    Manifest,
    Member,
    Options,
    Tree,
    TreeMode,
    Versions,
)
from harness.reproduction.masking import Masker
from harness.reproduction.trimming import Part
from harness.reproduction.write import Written, write_archive


def manifest(**changes: Any) -> Manifest:
    values: dict[str, Any] = {
        "created": "2026-11-22T12:00:04+00:00",
        "run_id": "0a1b2c3d",
        "verdict": "failed",
        "headline": "Root cause after 1 min: S01 on Secret shop-dev/shop-pull.",
        "exit_code": 12,
        "options": Options(environment="dev", up_to="drift"),
        "versions": Versions(harness="0.1.0"),
        "host": Host(),
        "tree": Tree(mode=TreeMode.INCLUDE),
        **changes,
    }
    return Manifest(**values)


def part(name: str, text: str = "", **more: Any) -> Part:
    return Part(name=name, data=text.encode(), **more)


def written(
    folder: Path, parts: list[Part], *secrets: str, largest: int = 50_000_000, **changes: Any
) -> Written:
    masker = Masker(Secret(value) for value in secrets)
    target = folder / "evidence.tar.gz"
    return write_archive(target, manifest(**changes), parts, masker, largest=largest)


def hostile(path: Path, *entries: tuple[tarfile.TarInfo, bytes], **changes: Any) -> Path:
    """Writes an archive whose manifest lists exactly what is in it, whatever that is."""
    members = tuple(changes.pop("members", [_listed(info, data) for info, data in entries]))
    first = manifest(**changes).model_copy(update={"members": members}).text().encode()
    with (
        path.open("wb") as raw,
        gzip.GzipFile(fileobj=raw, mode="wb") as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for info, data in ((entry(MANIFEST, first), first), *entries):
            tar.addfile(info, io.BytesIO(data))
    return path


def _listed(info: tarfile.TarInfo, data: bytes) -> Member:
    return Member.model_construct(
        name=info.name,
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        executable=False,
        link=info.linkname,
    )


def entry(name: str, data: bytes = b"", link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    if link:
        info.type, info.linkname = tarfile.SYMTYPE, link
    return info


RUN_PART = part(RUN, "{}\n")
