"""The baseline as a file: opened before an audit, applied to its result, extended, written.

What an entry means is decided in `harness.audit.baseline`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Self

from harness.audit.baseline import FILE_NAME, OWN_RULES, Baseline, applied, new_text
from harness.audit.baseline_reader import can_be_extended, read_baseline
from harness.audit.catalogue import rules
from harness.audit.finding import AuditFinding, AuditResult
from harness.model.errors import UsageError
from harness.report.audit_files import read_text, write_text


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineFile:
    """A file of accepted findings with its text."""

    path: Path
    text: str
    today: date
    baseline: Baseline

    @classmethod
    def opened(
        cls, path: Path | None, repository: Path, *, to_extend: bool, today: date
    ) -> BaselineFile:
        """Returns the file of that name, or the repository's own; empty where there is none.

        Args:
            path: The file that was asked for; None for the repository's own.
            repository: The folder that is audited.
            to_extend: Entries will be added; then the file need not exist.
            today: Entries that expired before are refused.

        Raises:
            UsageError: The file is missing, cannot be read, or an entry cannot be meant.
        """
        file = path or repository / FILE_NAME
        needed = path is not None and not to_extend
        text = read_text(file, "the baseline") if needed or file.exists() else ""
        empty = Baseline(name=_name(file, repository), place=_place(file, repository))
        opened = cls(path=file, text="", today=today, baseline=empty)._with(text)
        if to_extend and not can_be_extended(text):
            raise _closed(opened)
        return opened

    def applied(self, result: AuditResult, *, whole: bool) -> AuditResult:
        """Returns the audit with what is accepted marked; see `harness.audit.baseline`."""
        return applied(result, self.baseline, whole=whole)

    def new(self, result: AuditResult) -> tuple[AuditFinding, ...]:
        """Returns the findings that an entry could be added for."""
        marked = self.applied(result, whole=False)
        return tuple(found for found in marked.counted() if found.rule not in OWN_RULES)

    def extended(self, result: AuditResult) -> Self:
        """Returns the file with entries for everything that it does not accept yet."""
        new = self.new(result)
        return self._with(new_text(self.text, new)) if new else self

    def write(self) -> None:
        """Writes the text to its place."""
        write_text(self.path, self.text, "--baseline")

    def _with(self, text: str) -> Self:
        name, place = self.baseline.name, self.baseline.place
        read = read_baseline(text, name=name, place=place, known=rules(), today=self.today)
        return replace(self, text=text, baseline=read)


def _place(file: Path, repository: Path) -> str:
    resolved, root = file.resolve(), repository.resolve()
    return resolved.relative_to(root).as_posix() if resolved.is_relative_to(root) else ""


def _name(file: Path, repository: Path) -> str:
    return _place(file, repository) or str(file)


def _closed(opened: BaselineFile) -> UsageError:
    return UsageError(
        attempted="Adding entries to the baseline",
        subject=opened.baseline.name,
        seen="its entries are not written as [[accept]] tables",
        expected="one [[accept]] per entry",
        next_step="rewrite them so, or choose another file with --baseline",
    )
