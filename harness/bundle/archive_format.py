"""The layout of a bundle in one file: a tar whose first entry says what the others must be.

    index.json   schema, key, every member's name, size, SHA-256 and mode, and its own checksum
    bundle.json  as in the cache, with the paths of the members below
    tools/... manifests/... images/...

Any tar program can list and unpack it. Reading is stricter than tar: each header is compared with
the one the index demands, byte for byte, so that no damage, addition or path gets past. Writing and
reading whole files is done in `archive.py`.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.bundle.manifest import RelativePath, Sha256
from harness.model.errors import BundleError

FORMAT = "gitops-harness-bundle"
SCHEMA = 1
INDEX = "index.json"
BLOCK = 512
CHUNK = 1 << 20
MAX_INDEX_BYTES = 4 << 20
GZIP_MAGIC = b"\x1f\x8b"
MAX_NAME = 99
"""Longer names would need a second header in a tar."""


class Member(BaseModel):
    """One file in the archive."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[RelativePath, Field(max_length=MAX_NAME, pattern=r"^[A-Za-z0-9/._-]+$")]
    bytes: int = Field(ge=0)
    sha256: Sha256
    executable: bool = False


class Index(BaseModel):
    """The first entry of an archive."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: str
    schema_number: int = Field(alias="schema", serialization_alias="schema")
    key: str
    origin: str
    recipe: str
    """Which state of the recipes made the bundle; empty where it is not known."""
    platform: str
    """Where its tools run, e.g. linux/x86_64."""
    created: str
    members: tuple[Member, ...]

    @property
    def id(self) -> str:
        """A name for exactly this content, 16 characters."""
        return checksum(self.model_dump(mode="json", by_alias=True))[:16]

    @property
    def content_bytes(self) -> int:
        """How much the members take on disk."""
        return sum(member.bytes for member in self.members)

    @property
    def bytes_after_index(self) -> int:
        """Length of everything that follows the index entry in an uncompressed archive."""
        blocks = sum(BLOCK + padded(member.bytes) for member in self.members)
        return blocks + 2 * BLOCK


def checksum(content: Mapping[str, object]) -> str:
    """Returns the SHA-256 of an index without its checksum, as sorted JSON without spaces.

    Every schema keeps this rule, so that "newer" and "damaged" can be told apart.
    """
    rest = {key: value for key, value in content.items() if key != "sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def index_entry(index: Index) -> bytes:
    """Returns the whole first entry: header, content, padding."""
    data = index.model_dump(mode="json", by_alias=True)
    content = json.dumps({**data, "sha256": checksum(data)}, indent=1, sort_keys=True).encode()
    return header(INDEX, len(content)) + content + padding(len(content))


def header(name: str, size: int, *, executable: bool = False) -> bytes:
    """Returns the tar header of a member; always the same for the same arguments."""
    info = tarfile.TarInfo(name)
    info.size = size
    info.mode = 0o755 if executable else 0o644
    return info.tobuf(tarfile.GNU_FORMAT)


def padded(size: int) -> int:
    """Returns `size` rounded up to whole blocks."""
    return (size + BLOCK - 1) // BLOCK * BLOCK


def padding(size: int) -> bytes:
    """Returns the zeros that follow `size` bytes of content."""
    return bytes(padded(size) - size)


class Source:
    """An archive opened for reading from its beginning, compressed or not."""

    def __init__(self, path: Path, raw: IO[bytes], *, compressed: bool) -> None:
        self.path = path
        self.compressed = compressed
        self.position = 0
        """In the uncompressed archive, in bytes."""
        self._raw = raw
        self._stream: IO[bytes] | gzip.GzipFile = gzip.GzipFile(fileobj=raw) if compressed else raw

    @classmethod
    def open(cls, path: Path) -> Source:
        """Opens a file and finds out whether it is compressed.

        Raises:
            BundleError: There is no such file, or it cannot be read.
        """
        try:
            raw = path.open("rb")
            compressed = raw.read(2) == GZIP_MAGIC
            raw.seek(0)
        except OSError as error:
            seen = error.strerror or str(error)
            raise refused(path, seen, next_step="check the path and its permissions") from error
        return cls(path, raw, compressed=compressed)

    def close(self) -> None:
        """Closes the file."""
        self._stream.close()
        self._raw.close()

    def read(self, size: int, what: str) -> bytes:
        """Returns the next `size` bytes.

        Raises:
            BundleError: The file ends before, or cannot be decompressed; says in which member.
        """
        data = self._read(size, what)
        self.position += len(data)
        if len(data) < size:
            raise self.truncated(what, f"{size - len(data)} more bytes expected")
        return data

    def at_end(self) -> bool:
        """Tells whether nothing follows."""
        return not self._read(1, "its end")

    def _read(self, size: int, what: str) -> bytes:
        try:
            return self._stream.read(size)
        except EOFError as error:
            raise self.truncated(what) from error
        except (OSError, zlib.error) as error:
            seen = f"{what} cannot be read at byte {self.position}: {error}"
            raise refused(self.path, seen) from error

    def truncated(self, what: str, detail: str = "") -> BundleError:
        """Returns the error for a file that ends in the middle of `what`."""
        more = f", {detail}" if detail else ""
        return refused(
            self.path, f"it is truncated: it ends in {what}, after {self.position} bytes{more}"
        )


def read_index(source: Source) -> Index:
    """Reads and checks the first entry.

    Raises:
        BundleError: No archive of ours, one of a newer schema, truncated, or a damaged index.
    """
    first = source.read(BLOCK, "its first header")
    size = _index_size(source.path, first)
    content = source.read(size, INDEX)
    if source.read(padded(size) - size, INDEX).strip(b"\0"):
        raise refused(source.path, f"the padding after {INDEX} is damaged")
    return _parse_index(source.path, content)


def check_length(source: Source, index: Index) -> None:
    """Checks the length of an uncompressed file before anything of it is read.

    Raises:
        BundleError: Bytes are missing at the end, or there are too many.
    """
    if source.compressed:
        return
    expected = source.position + index.bytes_after_index
    found = source.path.stat().st_size
    if found < expected:
        raise refused(
            source.path,
            f"it is truncated: {found} bytes, the last being in "
            f"{_member_at(index, found - source.position)}",
            f"{expected} bytes",
        )
    if found > expected:
        raise refused(source.path, f"{found - expected} bytes follow its end", f"{expected} bytes")


def refused(
    path: Path,
    seen: str,
    expected: str = "",
    next_step: str = "copy the file again, or write it again with harness bundle save",
) -> BundleError:
    """Returns the error for a file that is not loaded; nothing of it was kept."""
    return BundleError(
        attempted="Loading the bundle file",
        subject=str(path),
        seen=seen,
        expected=expected or "an undamaged file written by harness bundle save",
        next_step=next_step,
    )


def _index_size(path: Path, first: bytes) -> int:
    try:
        info = tarfile.TarInfo.frombuf(first, "utf-8", "surrogateescape")
    except tarfile.HeaderError as error:
        raise refused(path, f"it is no bundle file ({error})") from error
    if info.name != INDEX:
        raise refused(path, f"it is no bundle file: its first entry is {info.name[:80]!r}")
    if not 0 < info.size <= MAX_INDEX_BYTES or first != header(INDEX, info.size):
        raise refused(path, f"the header of {INDEX} is damaged")
    return info.size


def _parse_index(path: Path, content: bytes) -> Index:
    try:
        data = json.loads(content)
    except ValueError as error:
        raise refused(path, f"{INDEX} is damaged ({error})") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise refused(path, f"{INDEX} does not say that it is a bundle file, or is damaged")
    stated = data.pop("sha256", None)
    if checksum(data) != stated:
        raise refused(
            path, f"{INDEX} is damaged: its SHA-256 is {checksum(data)}", f"SHA-256 {stated}"
        )
    if data.get("schema") != SCHEMA:
        raise _other_schema(path, data.get("schema"))
    try:
        index = Index.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise refused(path, f"{INDEX} is not valid ({where}: {first['msg']})") from error
    names = [member.name for member in index.members]
    if len(set(names)) != len(names) or INDEX in names:
        raise refused(path, f"{INDEX} names a member twice")
    return index


def _other_schema(path: Path, schema: object) -> BundleError:
    return BundleError(
        attempted="Loading the bundle file",
        subject=str(path),
        seen=f"its schema is {schema!r}",
        expected=f"schema {SCHEMA}, which this version of the harness reads",
        next_step="update the harness, or save the bundle with the version used here",
    )


def _member_at(index: Index, offset: int) -> str:
    """Names the member that holds a byte, counted from the end of the index entry."""
    for member in index.members:
        offset -= BLOCK + padded(member.bytes)
        if offset < 0:
            return member.name
    return "the end mark"
