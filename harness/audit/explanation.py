"""Says in words what a rule of the catalogue means, and what one finding says. Pure.

Causes (`S01`) are explained by the catalogue of the diagnosis, not here.
"""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Iterable, Mapping, Sequence

from harness.audit.catalogue import Rule
from harness.audit.finding import AuditFinding, Severity
from harness.diagnosis.catalogue import catalogue
from harness.model.refs import ObjectRef

WIDTH = 100
USERS = 3
"""So many users of a root are named."""

MEANINGS = {
    Severity.DEFECT: "the repository contradicts itself, and no cluster can make it right",
    Severity.MISMATCH: "right elsewhere, wrong on the target cluster",
    Severity.PRECONDITION: "the cluster is expected to hold it, and nothing here declares it",
    Severity.NOTE: "works, and deserves a look",
}


def rule_text(rule: Rule) -> str:
    """Returns everything the catalogue says about a rule."""
    parts = [
        f"{rule.name}  {rule.title}",
        f"Severity: {rule.severity}; {MEANINGS[rule.severity]}",
        "",
        _wrapped(rule.why),
        "",
        _wrapped(f"Mend: {rule.mend}"),
    ]
    if rule.silent:
        parts.append(_wrapped(f"Silent: {rule.silent}"))
    if rule.causes:
        parts.append(_wrapped(f"On a cluster: {'; '.join(map(_cause, rule.causes))}"))
    if rule.source:
        parts.append(_wrapped(f"Source: {rule.source}"))
    return "\n".join(parts) + "\n"


def rules_list(rules: Mapping[str, Rule]) -> str:
    """Returns one line per rule: name, severity, title; the severest first."""
    order = tuple(Severity)
    known = sorted(rules.values(), key=lambda rule: (order.index(rule.severity), rule.name))
    name = max((len(rule.name) for rule in known), default=0)
    severity = max(map(len, order))
    return "".join(f"{r.name:<{name}}  {r.severity:<{severity}}  {r.title}\n" for r in known)


def nearest(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """Returns the known words that resemble one, the nearest first; at most three."""
    names = tuple(known)
    close = difflib.get_close_matches(word.lower(), names, n=3, cutoff=0.7)
    return tuple(close or [name for name in names if word and word.lower() in name][:3])


def paragraph(found: AuditFinding) -> str:
    """Returns a finding in one paragraph: what was seen, what is right, what to do, who suffers."""
    parts = [_sentence(found.message)]
    if found.expected:
        parts.append(_sentence(f"Expected: {found.expected}"))
    parts.append(_sentence(f"Fix: {found.fix}"))
    if found.users:
        parts.append(_sentence(users_text(found.users)))
    return " ".join(" ".join(part.split()) for part in parts)


def users_text(users: Sequence[ObjectRef], limit: int = USERS) -> str:
    """Returns those who suffer: `user: a`, or `5 users: a, b, c and 2 more`."""
    head = "user" if len(users) == 1 else f"{len(users)} users"
    return f"{head}: {some_of(tuple(map(str, users)), limit)}"


def some_of(names: Sequence[str], limit: int) -> str:
    """Returns the first few names, and how many more there are."""
    named, more = ", ".join(names[:limit]), len(names) - limit
    return f"{named} and {more} more" if more > 0 else named


def _cause(identifier: str) -> str:
    known = catalogue().get(identifier)
    return f"{identifier} {known.title}" if known else identifier


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _wrapped(text: str) -> str:
    return textwrap.fill(
        " ".join(text.split()), WIDTH, break_long_words=False, break_on_hyphens=False
    )
