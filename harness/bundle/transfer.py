"""What saving and loading a bundle file share: paths that move, and how far a member is.

The layout is in `archive_format.py`, the two directions in `archive_save.py` and `archive_load.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.bundle.manifest import BundleDocument
from harness.bundle.progress import PartProgress, PartState, Report

REPORT_EVERY_BYTES = 64 << 20


def relocated(document: BundleDocument, places: Mapping[str, str]) -> dict[str, Any]:
    """Returns the content of a `bundle.json` whose files lie elsewhere.

    Args:
        document: The bundle.
        places: Old path to new path, for every file.
    """

    def moved(entry: Mapping[str, Any]) -> dict[str, Any]:
        return {**entry, "path": places[entry["path"]]}

    data = document.model_dump(mode="json", by_alias=True, exclude_none=True)
    data["tools"] = {name: moved(tool) for name, tool in data["tools"].items()}
    data["manifests"] = {name: moved(entry) for name, entry in data["manifests"].items()}
    data["images"] = [{**i, "archive": moved(i["archive"])} for i in data["images"]]
    return data


class Meter:
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
