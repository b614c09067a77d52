"""The baseline: findings that are accepted, each with a reason. Applies it, and writes its text.

An entry that has become useless, and a reason that nobody has written yet, are notes among the
findings. Text is read in `harness.audit.baseline_reader`; files are read and written by
`harness.commands.audit`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase

from harness.audit.explanation import nearest, some_of
from harness.audit.finding import AuditFinding, AuditResult, Severity
from harness.model.refs import ObjectRef

FILE_NAME = ".harness-audit.toml"
TODO = "TODO: say why"
UNUSED, UNREASONED = "baseline-unused", "baseline-reason-missing"
OWN_RULES = (UNUSED, UNREASONED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """One entry: what is accepted, and why."""

    rule: str
    object: str
    """As findings name it, e.g. `Secret shop/ghcr-secret`; `*`, `?` and `[...]` match."""
    reason: str
    expires: date | None = None
    """The last day on which it is valid."""
    line: int = 0
    """Of the entry in its file; 0 where it is not known."""

    def accepts(self, found: AuditFinding) -> bool:
        """Tells whether the entry means this finding."""
        return self.rule == found.rule and fnmatchcase(str(found.object), self.object)


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The entries of one file."""

    name: str = FILE_NAME
    """How people know the file."""
    place: str = ""
    """Its path relative to the repository; empty for a file outside."""
    entries: tuple[Acceptance, ...] = ()


def applied(result: AuditResult, baseline: Baseline, *, whole: bool = True) -> AuditResult:
    """Returns the audit with accepted findings marked, and notes about the baseline itself.

    Args:
        result: What was found.
        baseline: What is accepted.
        whole: The audit looked at everything; only then is an entry without a finding useless.
    """
    findings = tuple(_accepted(found, baseline.entries) for found in result.findings)
    notes = list(_unreasoned(baseline))
    if whole:
        notes += _unused(baseline, result.findings)
    return replace(result, findings=(*findings, *notes))


def entries_text(findings: Iterable[AuditFinding]) -> str:
    """Returns entries that accept findings, one per rule and object, for a person to edit."""
    first: dict[tuple[str, str], AuditFinding] = {}
    for found in findings:
        first.setdefault((found.rule, pattern(found)), found)
    return "".join(f"\n{_entry_text(found)}" for found in first.values())


def pattern(found: AuditFinding) -> str:
    """Returns what matches the object of a finding, and nothing else.

    Where the same user suffers in several namespaces, the finding stands for all of them, and is
    named after the first one that was audited; then any namespace matches.
    """
    places: dict[tuple[str, str], set[str]] = {}
    for user in found.users:
        places.setdefault((user.kind, user.name), set()).add(user.namespace)
    if found.object.namespace and any(len(namespaces) > 1 for namespaces in places.values()):
        return f"{_literal(found.object.kind)} */{_literal(found.object.name)}"
    return _literal(str(found.object))


def new_text(text: str, findings: Iterable[AuditFinding]) -> str:
    """Returns the text of a baseline file with entries for findings added at its end."""
    before = text or HEAD
    return before + ("" if before.endswith("\n") else "\n") + entries_text(findings)


HEAD = f"""\
# Findings of `harness audit` that are accepted. Each entry needs a reason:
#
#   [[accept]]
#   rule = "secret-missing"
#   object = "Secret shop/*"          # as the audit names it; *, ? and [...] match
#   reason = "made by Vault"          # not {TODO!r}
#   expires = 2030-12-31              # optional: the last day on which it is valid
"""


def _accepted(found: AuditFinding, entries: Iterable[Acceptance]) -> AuditFinding:
    reason = next((entry.reason for entry in entries if entry.accepts(found)), "")
    return replace(found, accepted=reason) if reason else found


def _unused(baseline: Baseline, findings: tuple[AuditFinding, ...]) -> list[AuditFinding]:
    useless = (e for e in baseline.entries if not any(e.accepts(f) for f in findings))
    return [
        _note(
            UNUSED,
            baseline,
            entry.line,
            f"the entry for {entry.rule} on {entry.object} matches no finding",
            _better_object(entry, findings),
        )
        for entry in useless
    ]


def _better_object(entry: Acceptance, findings: tuple[AuditFinding, ...]) -> str:
    named = [str(found.object) for found in findings if found.rule == entry.rule]
    near = nearest(entry.object, named)
    return f'remove it, or write object = "{near[0]}"' if near else "remove the entry"


def _unreasoned(baseline: Baseline) -> list[AuditFinding]:
    bare = [entry for entry in baseline.entries if entry.reason.upper().startswith("TODO")]
    if not bare:
        return []
    which = some_of(tuple(f"{e.rule} on {e.object}" for e in bare), 3)
    number = "1 entry has" if len(bare) == 1 else f"{len(bare)} entries have"
    message = f"{number} no reason yet: {which}"
    return [_note(UNREASONED, baseline, bare[0].line, message, "say why in place of TODO")]


def _note(rule: str, baseline: Baseline, line: int, message: str, fix: str) -> AuditFinding:
    return AuditFinding(
        rule=rule,
        severity=Severity.NOTE,
        object=ObjectRef("Baseline", "", baseline.name),
        message=message,
        fix=fix,
        file=baseline.place,
        line=line if baseline.place else 0,
    )


def _entry_text(found: AuditFinding) -> str:
    place = f" ({found.file}:{found.line})" if found.line else ""
    said = " ".join(f"{found.severity}: {found.message}{place}".split())
    return (
        f"# {_printable(said)}\n"
        "[[accept]]\n"
        f"rule = {_quoted(found.rule)}\n"
        f"object = {_quoted(pattern(found))}\n"
        f"reason = {_quoted(TODO)}\n"
    )


def _literal(text: str) -> str:
    """Returns the pattern that matches a text and nothing else."""
    return re.sub(r"([*?[])", r"[\1]", text)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04X}" for c in escaped) + '"'


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
