"""Applications that were expected and that nobody makes: A23 and E05.

Argo CD raises no error when a generator matches nothing. It is a failure where the repository was
expanded here and the Applications it must bring about do not exist, after the ApplicationSet has
said that all its Applications are up to date. A set that makes some of them and not all is E05. Of
several sets each missing Application is laid to one only. A few seconds are given, because the set
and its Applications are watched apart from each other.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.argocd.application_facts import applications
from harness.diagnosis.rules.argocd.application_set_facts import (
    SetFact,
    SetReport,
    application_sets,
    missing_applications,
)
from harness.diagnosis.signal import NEVER, Need, Signal, t1, t2
from harness.model.refs import ObjectRef
from harness.model.wording import listed

_PLACEHOLDERS = re.compile(r"\{\{.*?\}\}")
_BRANCHES = re.compile(r"\{\{-?\s*(?:if|range|with|define|block)\b")
JUST_MADE = t1(1, 5)
STALE = t1(2, 30)
INCOMPLETE_SECONDS = 240.0
"""Longer than the three minutes after which an ApplicationSet looks again: it may make one anew."""


def empty_sets(facts: Facts) -> Iterator[Signal]:
    """Yields ApplicationSets that have made none, or not all, of the expected Applications."""
    if not facts.knows("Application", facts.header.engine_namespace):
        return
    missing = _missing_by_set(facts)
    for found in (s for s in application_sets(facts) if s.done_since):
        theirs = tuple(missing.get(found.ref, ()))
        if _makes_any(facts, found):
            yield from _incomplete(facts, found, theirs)
        elif theirs or _is_unresolved(facts):
            yield _empty(facts, found, theirs)


def _is_unresolved(facts: Facts) -> bool:
    """Tells whether a run expects Applications whose names only Argo CD can work out."""
    return bool(facts.header.revision) and not any(facts.header.expected_applications)


def _missing_by_set(facts: Facts) -> dict[ObjectRef, list[ObjectRef]]:
    """Returns each missing Application once, under the set that should have made it."""
    found: dict[ObjectRef, list[ObjectRef]] = defaultdict(list)
    for ref in missing_applications(facts):
        makers = [s for s in application_sets(facts) if _may_name(s, ref.name)]
        if makers and not _comes_otherwise(facts, ref):
            maker = min(makers, key=lambda s: _unlikeliness(facts, s))
            found[maker.ref].append(ref)
    return found


def _letters(found: SetFact) -> list[str]:
    """What stands fixed in the names that a set's template gives: between its placeholders."""
    name = str(((found.spec.get("template") or {}).get("metadata") or {}).get("name") or "{{}}")
    parts = _PLACEHOLDERS.split(name)
    return [parts[0], ""] if _BRANCHES.search(name) else parts


def _may_name(found: SetFact, name: str) -> bool:
    """Tells whether a set's template may give an Application this name."""
    return re.fullmatch(".*".join(map(re.escape, _letters(found))), name) is not None


def _unlikeliness(facts: Facts, found: SetFact) -> tuple[int, int, ObjectRef]:
    """Orders sets that may have been meant: one that makes nothing, one at work, the others.

    Of equal ones the template with more letters of its own fits better.
    """
    at_work = 1 if not found.done_since else 2 * _makes_any(facts, found)
    return at_work, -sum(map(len, _letters(found))), found.ref


def _makes_any(facts: Facts, found: SetFact) -> bool:
    listed_there = (found.object.get("status") or {}).get("resources") or []
    return bool(listed_there) or any(found.owns(a) for a in applications(facts))


def _empty(facts: Facts, found: SetFact, missing: tuple[ObjectRef, ...]) -> Signal:
    report = SetReport(facts=facts, found=found, seen_since=found.done_since)
    names = listed((m.name for m in missing), 5)
    return report.signal(
        "A23",
        field=_field(found),
        seen=f"its generator matches nothing: {_words(found)}; Argo CD reports no error",
        expected=f"{len(missing)} Applications: {names}" if missing else "at least one Application",
        fix=_fix(found),
        need=_need(facts, found),
    )


def _need(facts: Facts, found: SetFact) -> Need:
    if not facts.has_declaration or _is_unresolved(facts):
        return t2(200)
    fresh = bool(facts.header.revision) and found.done_since >= facts.header.started
    return JUST_MADE if fresh else STALE


def _incomplete(facts: Facts, found: SetFact, missing: tuple[ObjectRef, ...]) -> Iterator[Signal]:
    for ref in missing:
        since = max(found.done_since, facts.seen_at(found.ref))
        report = SetReport(facts=facts, found=found, seen_since=since)
        yield report.signal(
            "E05",
            field=_field(found),
            seen=f"the Application {ref.name} was expected and nobody has made it: {_words(found)}",
            expected=f"an Application {ref.name}",
            fix=_fix(found),
            need=t2(INCOMPLETE_SECONDS) if facts.header.revision else NEVER,
        )


def _comes_otherwise(facts: Facts, ref: ObjectRef) -> bool:
    """Tells whether an Application is declared by itself, and not by a template."""
    return any((r.kind, r.name) == (ref.kind, ref.name) for r in facts.declared)


def _generators(found: SetFact) -> list[Mapping[str, Any]]:
    return [g for g in found.spec.get("generators") or [] if isinstance(g, Mapping)]


def _paths(found: SetFact) -> list[str]:
    return [
        str(entry.get("path") or "")
        for generator in _generators(found)
        for kind in ("directories", "files")
        for entry in (generator.get("git") or {}).get(kind) or []
        if not entry.get("exclude")
    ]


def _field(found: SetFact) -> str:
    first = next(iter(_generators(found)), {})
    git = first.get("git") or {}
    kind = next((f"git.{k}" for k in ("directories", "files") if git.get(k)), next(iter(first), ""))
    return f"spec.generators[0].{kind}" if kind else "spec.generators"


def _words(found: SetFact) -> str:
    paths = _paths(found)
    if paths:
        git = next(g["git"] for g in _generators(found) if g.get("git"))
        return f"path {listed(paths, 4)} at revision {git.get('revision') or 'HEAD'}"
    kinds = [kind for g in _generators(found) for kind in g if kind not in {"template", "selector"}]
    return f"the generator is of kind {listed(kinds, 3)}" if kinds else "it has no generator"


def _fix(found: SetFact) -> str:
    for path in _paths(found):
        if path.startswith(("/", "./")):
            return f"write the path '{path}' without '{path[: path.index('/') + 1]}' in front"
        if path.endswith("/"):
            return f"write the path '{path}' without the '/' at its end"
        if "*" not in path:
            return f"correct the path '{path}', or end it with /* to match the folders in it"
    if _paths(found):
        return f"correct the path '{_paths(found)[0]}' or the revision of the generator"
    return "give the generator what it lists"


RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (empty_sets,)
