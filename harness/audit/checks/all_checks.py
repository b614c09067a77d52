"""Every check there is: those that look at one scope, and those that look at the repository.

A module of this package takes part by its `CHECKS` or `SURVEY_CHECKS`, so that none is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

import harness.audit.checks
from harness.audit.finding import Fault, NotJudged
from harness.audit.scope import Scope
from harness.audit.survey import Survey

ScopeCheck = Callable[[Scope], Iterable[Fault | NotJudged]]
SurveyCheck = Callable[[Survey], Iterable[Fault | NotJudged]]


@cache
def scope_checks() -> tuple[ScopeCheck, ...]:
    """Returns the checks of a scope, in the order of their modules' names."""
    return tuple(dict.fromkeys(c for name in _modules() for c in _listed(name, "CHECKS")))


@cache
def survey_checks() -> tuple[SurveyCheck, ...]:
    """Returns the checks of the repository, in the order of their modules' names."""
    return tuple(dict.fromkeys(c for name in _modules() for c in _listed(name, "SURVEY_CHECKS")))


def _modules() -> list[str]:
    folder = harness.audit.checks
    found = sorted(m.name for m in iter_modules(folder.__path__) if m.name != "all_checks")
    return [f"{folder.__name__}.{name}" for name in found]


def _listed(module: str, name: str) -> tuple[Callable[..., Iterable[Fault | NotJudged]], ...]:
    return tuple(getattr(import_module(module), name, ()))
