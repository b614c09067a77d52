"""Downloads tools and manifests by checksum, into parts of the cache.

A checksum pinned for the platform is demanded; where none is pinned, the one published beside the
download, and that is said. Images are taken by `pull_images.py`.
"""

from __future__ import annotations

import gzip
import io
import re
import shutil
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from harness.bundle.cache import file_sha256, publish, staging
from harness.bundle.effects import Effects, Site
from harness.bundle.manifest import VersionedEntry
from harness.bundle.part_store import content_key, kept_part, part_folder, write_part
from harness.bundle.parts import Teller
from harness.bundle.upstream import DownloadPin, mirrored_url
from harness.model.errors import BundleError

DEADLINE_SECONDS = 1800.0
CHECKSUM = re.compile(r"\b([0-9a-f]{64})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileWork:
    """One file to download."""

    name: str
    """`kind`, or `argocd`."""
    pin: DownloadPin
    executable: bool


def fetch_file(work: FileWork, site: Site, effects: Effects, teller: Teller) -> VersionedEntry:
    """Returns the entry of a file in the cache, downloading it where it is not there.

    Raises:
        BundleError: It cannot be had, or has another checksum than demanded.
    """
    pin = work.pin
    key = content_key(pin.at(site.platform), pin.checksum(site.platform), pin.unpack)
    folder = part_folder(site.cache, work.name, key)
    kept = kept_part(site.cache, folder, VersionedEntry)
    if kept is not None:
        teller.cached = True
        return kept
    began = effects.clock.monotonic()
    with staging(folder.parent) as staged:
        target = staged / (work.name if work.executable else f"{work.name}.yaml")
        note = _download(work, site, effects, teller, target)
        target.chmod(0o755 if work.executable else 0o644)
        entry = VersionedEntry(
            path=str((folder / target.name).relative_to(site.cache)),
            sha256=file_sha256(target),
            bytes=target.stat().st_size,
            version=pin.version,
        )
        write_part(staged, entry, effects.clock.monotonic() - began)
        publish(
            staged, folder, is_good=lambda f: kept_part(site.cache, f, VersionedEntry) is not None
        )
    teller.tell(note)
    return entry


def _download(work: FileWork, site: Site, effects: Effects, teller: Teller, target: Path) -> str:
    """Downloads and checks one file; returns how its checksum was known."""
    pin, url = work.pin, work.pin.at(site.platform)
    wanted, note = pin.checksum(site.platform), "checksum pinned"
    if not wanted:
        wanted = _published_checksum(work, site, effects, teller, target)
        note = f"checksum published beside it (none is pinned for {site.platform})"
    raw = target.with_name("download") if pin.unpack else target
    effects.download.download(
        mirrored_url(url, site.upstream.download_mirror),
        raw,
        on_bytes=lambda done, total: teller.tell("downloading", done, total),
        deadline_seconds=DEADLINE_SECONDS,
    )
    found = file_sha256(raw)
    if found != wanted:
        raise BundleError(
            attempted="Checking the download",
            subject=url,
            seen=f"SHA-256 {found}",
            expected=f"SHA-256 {wanted}, {note}",
            next_step="try again; if it stays, the release was replaced or a proxy changed it",
        )
    if pin.unpack:
        _unpack(raw, pin.unpack, target, url)
        raw.unlink()
    return note


def _published_checksum(
    work: FileWork, site: Site, effects: Effects, teller: Teller, target: Path
) -> str:
    url = work.pin.checksum_at(site.platform)
    text = ""
    if url:
        beside = target.with_name("checksum")
        effects.download.download(
            mirrored_url(url, site.upstream.download_mirror),
            beside,
            on_bytes=lambda done, total: teller.tell("reading the checksum", done, total),
            deadline_seconds=DEADLINE_SECONDS,
        )
        text = beside.read_text(encoding="utf-8", errors="replace")
        beside.unlink()
    match = CHECKSUM.search(text)
    if match is None:
        raise BundleError(
            attempted="Finding the checksum of",
            subject=work.pin.at(site.platform),
            seen=f"none is pinned for {site.platform}, none published at {url or 'any address'}",
            expected="a SHA-256 to hold the download against",
            next_step="pin it in harness/bundle/upstream.toml, or harness bundle build",
        )
    return match.group(1)


def _unpack(archive: Path, member: str, target: Path, url: str) -> None:
    try:
        with tarfile.open(archive, "r:gz") as packed:
            info = packed.getmember(member)
            # Only the content is taken: no path, link or mode of the archive has any effect.
            with packed.extractfile(info) or io.BytesIO() as stream, target.open("wb") as out:
                shutil.copyfileobj(stream, out)
    except (KeyError, tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise BundleError(
            attempted=f"Taking {member} out of",
            subject=url,
            seen=str(error),
            expected=f"a tar.gz that contains {member}",
            next_step="correct `unpack` in harness/bundle/upstream.toml",
        ) from error
