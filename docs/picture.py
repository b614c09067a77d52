"""Makes the README's picture: `report.html` of a run, seen by a headless Chromium.

Renders the report anew from a run.json, photographs its upper part and writes the PNG. Needs
`chromium` on PATH (Debian: `apt-get install chromium`); `make test` needs none of this. The browser
gets a profile of its own that is thrown away, and opens nothing but that one file.

    python docs/picture.py report/run.json docs/images/run.png
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from harness.commands.report import read_run
from harness.model.errors import HarnessError, RunnerError
from harness.report.write import write_reports

QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
DEADLINE_SECONDS = 60


def photograph(page: Path, picture: Path, *, width: int, height: int, dark: bool) -> None:
    """Writes a PNG of the upper part of a page, twice as sharp as its size says.

    Raises:
        RunnerError: Chromium is not installed, or made no picture.
    """
    browser = shutil.which("chromium") or shutil.which("google-chrome") or "chromium"
    with tempfile.TemporaryDirectory() as profile:
        command = [
            browser,
            *QUIET,
            *(["--force-dark-mode"] if dark else []),
            f"--user-data-dir={profile}",
            f"--window-size={width},{height}",
            "--force-device-scale-factor=2",
            f"--screenshot={picture.resolve()}",
            page.resolve().as_uri(),
        ]
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.unlink(missing_ok=True)
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False
            )
            seen = (done.stderr.strip().splitlines() or ["no output"])[-1]
        except (OSError, subprocess.TimeoutExpired) as error:
            seen = str(error)
    if not picture.exists():
        raise RunnerError(
            attempted="Photographing",
            subject=str(page),
            seen=seen,
            expected="a PNG made by a headless Chromium",
            next_step="apt-get install chromium",
        )


def main() -> int:
    """Renders the run named on the command line and photographs it."""
    parser = argparse.ArgumentParser(description="Photograph the report of a run.")
    parser.add_argument("run_json", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--width", type=int, default=1280, help="width in CSS pixels")
    parser.add_argument("--height", type=int, default=1060, help="height in CSS pixels")
    parser.add_argument("--dark", action="store_true")
    chosen = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            write_reports(read_run(chosen.run_json), Path(folder))
            photograph(
                Path(folder) / "report.html",
                chosen.picture,
                width=chosen.width,
                height=chosen.height,
                dark=chosen.dark,
            )
    except HarnessError as error:
        print(error.paragraph(), file=sys.stderr)
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
