"""Runs every check over a survey and says each root once. Pure.

A fault of a source that belongs to all environments counts only where all of them show it: what
one environment lacks another may bring on purpose. What is deployed beside an environment and
belongs to another one is judged there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from harness.audit.checks.all_checks import scope_checks, survey_checks
from harness.audit.finding import AuditResult, Fault, NotJudged
from harness.audit.grouping import Locate, findings
from harness.audit.scope import Scope
from harness.audit.source import Source
from harness.audit.survey import Survey

Said = Fault | NotJudged


def judge(survey: Survey, locate: Locate) -> AuditResult:
    """Returns what all checks find; `seconds` are the caller's to fill in."""
    said = [*_of_scopes(survey.scopes), *_of_survey(survey)]
    sources = _sources(survey)
    notes = [*survey.not_judged, *_unjudged(survey)]
    notes += [note for note in said if isinstance(note, NotJudged)]
    return AuditResult(
        findings=findings((f for f in said if isinstance(f, Fault)), locate),
        not_judged=tuple(dict.fromkeys(notes)),
        rendered=len(sources),
        objects=sum(len(source.objects) for source in sources),
        roots=tuple(dict.fromkeys(source.path for source in sources)),
    )


def _sources(survey: Survey) -> tuple[Source, ...]:
    found = {id(source): source for scope in survey.scopes for source in scope.sources}
    return tuple(found.values())


def _of_survey(survey: Survey) -> Iterator[Said]:
    for check in survey_checks():
        yield from check(survey)


def _of_scopes(scopes: tuple[Scope, ...]) -> Iterator[Said]:
    of_each = [tuple(dict.fromkeys(_of_scope(scope))) for scope in scopes]
    seen = Counter(fault for said in of_each for fault in said)
    for scope, said in zip(scopes, of_each, strict=True):
        shared = {source.path for source in scope.sources if not source.group}
        own = {source.path for source in scope.sources if source.group in ("", scope.name)}
        guests = {source.path for source in scope.sources} - own
        for each in said:
            root = each.source if isinstance(each, Fault) else ""
            if root not in guests and (root not in shared or seen[each] == len(scopes)):
                yield each


def _of_scope(scope: Scope) -> Iterator[Said]:
    for check in scope_checks():
        yield from check(scope)


def _unjudged(survey: Survey) -> Iterator[NotJudged]:
    for scope in survey.scopes:
        for each in scope.unjudged:
            yield NotJudged(subject=each.subject, reason=each.reason)
