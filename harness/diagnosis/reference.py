"""The catalogue of causes as a page of the documentation; a test keeps the page equal."""

from __future__ import annotations

from collections.abc import Iterable

from harness.diagnosis.catalogue import Cause, catalogue
from harness.model.finding import Phase

HEAD = """# Causes

Every root cause that the harness can name. The id is stable: it never changes its meaning and is
never used again. `harness diagnose --explain ID` prints one entry.

The class says when a cause may end a run. **T0**: at first sight. **T0c**: at first sight, once the
object is absent from the cluster, from every rendered Application, from what the harness provides,
and nothing would produce it. **T1(n,s)**: after n observations, the first at least s seconds ago.
**T2(s)**: after s seconds without any progress. **N**: never by itself; it is a symptom or a
passing state, and is only kept as evidence.

Regenerate this page with `make causes`.
"""


def causes_markdown() -> str:
    """Returns the page."""
    parts = [HEAD]
    for phase in Phase:
        found = [c for c in catalogue().values() if c.phase is phase]
        if found:
            parts.append(f"## {phase.capitalize()}\n\n{_table(found)}")
    return "\n".join(parts)


def _table(causes: Iterable[Cause]) -> str:
    rows = ["| Id | Cause | Class | How it comes about | Remedy |", "|---|---|---|---|---|"]
    rows += [
        f"| {c.id} | {_cell(c.title)} | {_cell(c.kind)}{' (static)' if c.static else ''} "
        f"| {_cell(c.why)} | {_cell(c.mend)} |"
        for c in sorted(causes, key=lambda c: c.id)
    ]
    return "\n".join(rows) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
