"""What a run shows and leaves: the screen while it goes on, and files when it has ended.

`harness.report.screen` shows, `harness.report.write` writes, `harness.report.json_report` reads a
run back. This room judges nothing about a cluster: it tells what a `RunRecord` holds.
"""

from __future__ import annotations

from harness.report.json_report import run_from_json
from harness.report.screen import Screen, choose_screen
from harness.report.write import write_reports

__all__ = ["Screen", "choose_screen", "run_from_json", "write_reports"]
