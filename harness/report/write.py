"""Writes the reports of a run into a folder; nothing else in this room writes a file.

Masks and cleans the run once, then renders each format from that copy. A file appears whole or not
at all: it is written beside its place and moved there. `run.json` comes first, because every other
format can be made from it again with `harness report`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from harness.model.errors import RunnerError
from harness.model.run import RunRecord
from harness.model.secret import Secret
from harness.report.html import html_report
from harness.report.json_report import run_to_json
from harness.report.junit import junit_xml
from harness.report.redaction import presentable
from harness.report.summary import summary_markdown

RENDERERS: dict[str, Callable[[RunRecord], str]] = {
    "run.json": run_to_json,
    "junit.xml": junit_xml,
    "summary.md": summary_markdown,
    "report.html": html_report,
}


def write_reports(run: RunRecord, folder: Path, secrets: Iterable[Secret] = ()) -> list[Path]:
    """Writes all formats and returns their paths; existing files of these names are replaced.

    Args:
        run: What to report; it is not changed.
        folder: Made if it does not exist.
        secrets: Masked in every file, in every spelling known to `harness.report.redaction`.

    Raises:
        RunnerError: The folder cannot be made or written to.
    """
    shown = presentable(run, secrets)
    paths: list[Path] = []
    for name, render in RENDERERS.items():
        path = folder / name
        text = render(shown)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _replace_file(path, text)
        except OSError as error:
            raise RunnerError(
                attempted="Writing the report",
                subject=str(path),
                seen=error.strerror or str(error),
                expected="a folder that can be written to, on a disk with room",
                next_step="choose another folder, or make room on the disk",
            ) from error
        paths.append(path)
    return paths


def _replace_file(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
