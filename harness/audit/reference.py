"""The catalogue of audit rules as a page of the documentation; a test keeps the page equal."""

from __future__ import annotations

from collections.abc import Iterable

from harness.audit.catalogue import Rule, rules
from harness.audit.finding import Severity
from harness.diagnosis.catalogue import catalogue

HEAD = """# Audit rules

Everything that `harness audit` can say. The name of a rule is stable: it never changes its meaning
and is never used again. `harness audit --explain RULE` prints one entry. The severity is the usual
one; a finding gets a lower one where less is known.

Regenerate this page with `make rules`.
"""

HEADINGS = {
    Severity.DEFECT: (
        "Defects",
        "The repository contradicts itself; no cluster can make it right.",
    ),
    Severity.MISMATCH: ("Cluster mismatches", "Right elsewhere, wrong on the target (`--target`)."),
    Severity.PRECONDITION: (
        "External preconditions",
        "The cluster is expected to hold something that the repository does not declare.",
    ),
    Severity.NOTE: ("Notes", "Works, and deserves a look."),
}


def rules_markdown() -> str:
    """Returns the page: a list of all rules, then one section for each, by severity."""
    known = sorted(rules().values(), key=lambda rule: rule.name)
    parts = [HEAD, _overview(known)]
    for severity, (title, meaning) in HEADINGS.items():
        found = [rule for rule in known if rule.severity is severity]
        if found:
            parts += [f"## {title}\n\n{meaning}\n", *map(_section, found)]
    return "\n".join(parts)


def _overview(known: Iterable[Rule]) -> str:
    rows = ["| Rule | Severity | What it says |", "|---|---|---|"]
    rows += [f"| [{r.name}](#{r.name}) | {r.severity} | {_cell(r.title)} |" for r in known]
    return "\n".join(rows) + "\n"


def _section(rule: Rule) -> str:
    paragraphs = [
        f"### {rule.name}",
        f"{_ended(rule.title)} {_text(rule.why)}",
        f"**Mend:** {_text(rule.mend)}",
    ]
    if rule.silent:
        paragraphs.append(f"**Silent:** {_text(rule.silent)}")
    if rule.causes:
        shown = ", ".join(_cause(identifier) for identifier in rule.causes)
        paragraphs.append(f"**On a cluster:** {shown} ([causes](causes.md))")
    if rule.source:
        paragraphs.append(f"**Source:** {_text(rule.source)}")
    return "\n\n".join(paragraphs) + "\n"


def _cause(identifier: str) -> str:
    known = catalogue().get(identifier)
    return f"{identifier} {_text(known.title)}" if known else identifier


def _ended(text: str) -> str:
    text = _text(text)
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _text(text: str) -> str:
    """Returns text on one line; what looks like HTML is escaped, but not inside code."""
    pieces = " ".join(text.split()).split("`")
    return "`".join(p if n % 2 else p.replace("<", "&lt;") for n, p in enumerate(pieces))


def _cell(text: str) -> str:
    return _text(text).replace("|", "\\|")
