"""The table of faults: expected and given roots, and how long it took."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scenarios.faults.fault import Fault
from scenarios.faults.shared_cluster import Given, named


class Table:
    """Collects one row per fault and writes `faults.json` and `faults.md`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: list[dict[str, Any]] = []

    def add(self, fault: Fault, given: Given) -> None:
        """Adds a fault and what the harness said."""
        times = [f["decided_at"] - f["first_seen"] for f in given.findings]
        self._rows.append(
            {
                "fault": fault.name,
                "expected": sorted(f"{c} {o}" for c, o in fault.roots),
                "given": sorted(f"{f['cause']} {named(f['object'])}" for f in given.findings),
                "hit": given.roots == set(fault.roots),
                "exit_code": given.outcome.code,
                "decision_seconds": round(max(times), 1) if times else None,
                "run_seconds": round(given.seconds, 1),
                "places": [f"{f['file']}:{f['line']}" for f in given.findings if f["file"]],
            }
        )
        self.write()

    def write(self) -> None:
        """Writes both files."""
        self._folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self._rows, indent=1) + "\n"
        (self._folder / "faults.json").write_text(text, encoding="utf-8")
        (self._folder / "faults.md").write_text(self._markdown(), encoding="utf-8")

    def _markdown(self) -> str:
        head = "| Fault | Expected | Given | Decision | Run | Place |\n|---|---|---|---|---|---|\n"
        return head + "".join(_row(row) for row in self._rows)


def _row(row: dict[str, Any]) -> str:
    mark = "✔" if row["hit"] else "✖"
    decision = "" if row["decision_seconds"] is None else f"{row['decision_seconds']} s"
    cells = (
        f"{mark} {row['fault']}",
        "<br>".join(row["expected"]) or "none",
        "<br>".join(row["given"]) or "none",
        decision,
        f"{row['run_seconds']} s",
        "<br>".join(row["places"]),
    )
    return f"| {' | '.join(cells)} |\n"
