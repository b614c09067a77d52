"""Keeps the parts of a pulled bundle: `CACHE/parts/pull-NAME/KEY/part.json` beside their files.

A part is named by what it was made from, so that a changed pin makes another one and nothing else.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from harness.bundle.cache import write_atomically
from harness.bundle.manifest import ImageEntry, VersionedEntry

FILE_NAME = "part.json"

Entry = TypeVar("Entry", VersionedEntry, ImageEntry)


def content_key(*parts: str) -> str:
    """Returns a name for exactly these texts, 16 characters."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def part_folder(cache: Path, name: str, key: str) -> Path:
    """Returns where a part of that name and key lies."""
    return cache / "parts" / f"pull-{name}" / key


def kept_part(cache: Path, folder: Path, kind: type[Entry]) -> Entry | None:
    """Returns the entry of a part that is there with its file, else None."""
    try:
        entry = kind.model_validate_json((folder / FILE_NAME).read_bytes())
        listed = entry.file
        size = (cache / listed.path).stat().st_size
    except (OSError, ValidationError):
        return None
    return entry if size == listed.bytes else None


def write_part(folder: Path, entry: VersionedEntry | ImageEntry, seconds: float) -> None:
    """Writes down what a part is and how long it took."""
    content = {**entry.model_dump(mode="json"), "seconds": round(seconds, 2)}
    write_atomically(folder / FILE_NAME, json.dumps(content, indent=1) + "\n")


def part_seconds(cache: Path, entry: VersionedEntry | ImageEntry) -> float:
    """Returns how long it took to make a part that is kept."""
    content = json.loads((cache / entry.file.path).with_name(FILE_NAME).read_bytes())
    return float(content["seconds"])
