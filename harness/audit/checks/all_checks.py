"""Every check there is: those that look at one scope, and those that look at the repository."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from harness.audit.finding import Fault, NotJudged
from harness.audit.scope import Scope
from harness.audit.survey import Survey

ScopeCheck = Callable[[Scope], Iterable[Fault | NotJudged]]
SurveyCheck = Callable[[Survey], Iterable[Fault | NotJudged]]

SCOPE_CHECKS: tuple[ScopeCheck, ...] = ()
SURVEY_CHECKS: tuple[SurveyCheck, ...] = ()
