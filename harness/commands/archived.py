"""An evidence archive where a command takes a folder or a file: unpacked, used, removed."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from harness.reproduction.manifest import Manifest
from harness.reproduction.read import is_archive, unpack


@contextlib.contextmanager
def unpacked(path: Path) -> Iterator[tuple[Path, Manifest] | None]:
    """Gives the folder and the manifest of an archive; None for whatever is no archive.

    Raises:
        UsageError: It is an archive, and a damaged one.
    """
    if not (path.is_file() and is_archive(path)):
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="gitops-harness-") as place:
        folder = Path(place)
        yield folder, unpack(path, folder)


def report_folder(path: Path) -> Path:
    """Returns the folder beside an archive into which its reports are written."""
    return path.with_name(path.name.removesuffix(".gz").removesuffix(".tar") + "-report")
