"""The file of a recorded timeline: JSON Lines, compressed when the name ends in `.gz`.

The first line is the header, every other line one entry (`harness.evidence.cassette_lines`). A file
of another format version or with a damaged line is refused; one that merely ends too early gives
what could be read, and a note. An evidence folder without such a file gives the one moment in which
it was written (`harness.evidence.snapshot`).
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from harness.evidence.cassette_lines import LineReader, LineWriter, header_line, header_of
from harness.evidence.snapshot import snapshot
from harness.model.errors import UsageError
from harness.model.timeline import FORMAT_VERSION, Cassette, Entry, Header, Object

FORMAT_NAME = "gitops-harness timeline"
FILE_NAME = "timeline.jsonl.gz"
"""Where an evidence folder holds the timeline of its run."""
GZIP_MAGIC = b"\x1f\x8b"


def _silent(_: str) -> None:
    """Stands for a reader of notes where nobody reads them."""


def write_cassette(cassette: Cassette, path: Path) -> None:
    """Writes a cassette; a file that was there before is replaced only by a whole new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as plain:
            if path.name.endswith(".gz"):
                with gzip.GzipFile("", "wb", fileobj=plain, mtime=0) as packed:
                    _write(cassette, packed)
            else:
                _write(cassette, plain)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _write(cassette: Cassette, stream: IO[bytes] | gzip.GzipFile) -> None:
    writer = LineWriter()
    stream.write(_dumped({"format": FORMAT_NAME, **header_line(cassette.header)}))
    for entry in cassette.entries:
        stream.write(_dumped(writer.line(entry)))


def _dumped(line: Object) -> bytes:
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def read_cassette(path: Path, *, note: Callable[[str], None] = _silent) -> Cassette:
    """Reads a cassette; `note` is told when the file ends too early.

    Raises:
        UsageError: The file cannot be read, is damaged, or has another format version.
    """
    try:
        lines = _lines(path)
        header = _header(path, next(lines, b""))
        entries, whole = _entries(path, lines)
    except (OSError, zlib.error) as error:
        seen = getattr(error, "strerror", None) or f"it is damaged ({error})"
        raise _refused(path, seen) from error
    if not whole:
        note(f"{path} ends too early: {len(entries)} entries could be read")
    return Cassette(header=header, entries=tuple(entries))


def cassette_from_evidence(folder: Path, *, note: Callable[[str], None] = _silent) -> Cassette:
    """Reads the timeline in an evidence folder, or makes one moment of the folder's files.

    Raises:
        UsageError: There is neither, or a file cannot be read.
    """
    recorded = folder / FILE_NAME
    if recorded.is_file():
        return read_cassette(recorded, note=note)
    try:
        found = snapshot(folder)
    except (OSError, ValueError) as error:
        raise _refused(folder, str(error)) from error
    if found is None:
        raise _refused(
            folder,
            "no timeline and no object of a cluster is there",
            expected=f"{FILE_NAME}, or files such as dev/Pod.json",
            next_step="name the folder evidence/ of a run",
        )
    return found


def _lines(path: Path) -> Iterator[bytes]:
    """Yields the lines; a last one without its newline tells that the file was cut."""
    with path.open("rb") as plain:
        packed = plain.read(2) == GZIP_MAGIC
        plain.seek(0)
        if not packed:
            yield from plain
            return
        try:
            with gzip.GzipFile(fileobj=plain) as unpacked:
                yield from unpacked
        except EOFError:
            yield b"{"  # the rest of the line is lost; it must not pass for a whole one


def _entries(path: Path, lines: Iterator[bytes]) -> tuple[list[Entry], bool]:
    reader = LineReader()
    entries: list[Entry] = []
    for number, line in enumerate(lines, start=2):
        try:
            entries.append(reader.entry(_mapping(line)))
        except ValueError as error:
            if not line.endswith(b"\n"):
                return entries, False
            raise _refused(path, f"line {number} is damaged ({error})") from error
    return entries, True


def _header(path: Path, line: bytes) -> Header:
    try:
        found = _mapping(line)
    except ValueError as error:
        raise _refused(path, "its first line is not the header of a timeline") from error
    if found.get("format") != FORMAT_NAME:
        raise _refused(path, "its first line is not the header of a timeline")
    if found.get("version") != FORMAT_VERSION:
        raise _refused(
            path,
            f"it has format version {found.get('version')!r}",
            expected=f"format version {FORMAT_VERSION}",
            next_step="diagnose it with the harness that recorded it, or record the run again",
        )
    try:
        return header_of(found)
    except ValueError as error:
        raise _refused(path, f"its header is damaged ({error})") from error


def _mapping(line: bytes) -> Object:
    found = json.loads(line)
    if not isinstance(found, dict):
        message = "not a mapping"
        raise ValueError(message)  # noqa: TRY004 -- told like any other damage
    return found


def _refused(path: Path, seen: str, *, expected: str = "", next_step: str = "") -> UsageError:
    return UsageError(
        attempted="Reading the timeline",
        subject=str(path),
        seen=seen,
        expected=expected or "a whole file as the harness writes it",
        next_step=next_step or "copy it from the run's evidence folder again",
    )
