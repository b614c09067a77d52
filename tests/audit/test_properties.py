"""What every check keeps to, whatever the repository holds: it never raises, and it is right."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import harness.audit.checks
from harness.audit.catalogue import rules
from harness.audit.finding import AuditFinding, Fault, NotJudged, Severity
from harness.audit.grouping import findings
from harness.audit.survey import Survey
from tests.audit.shops import (
    NAMESPACE,
    Objects,
    application,
    application_set,
    kustomizations,
    odd_objects,
    shops,
    spoiled,
    survey_of,
)

FEW = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),  # to make an example smaller takes minutes
    suppress_health_check=list(HealthCheck),
)
REMOVABLE = (
    ("Secret", "database"),
    ("Secret", "ghcr"),
    ("ConfigMap", "settings"),
    ("ServiceAccount", "service"),
    ("PersistentVolumeClaim", "exports"),
)


def _checks(listed: str) -> tuple[Any, ...]:
    """Returns every check of every module, each once."""
    found: dict[Any, None] = {}
    for module in pkgutil.iter_modules(harness.audit.checks.__path__):
        known = importlib.import_module(f"harness.audit.checks.{module.name}")
        found |= dict.fromkeys(getattr(known, listed, ()))
    return tuple(found)


SCOPE_CHECKS, SURVEY_CHECKS = _checks("CHECKS"), _checks("SURVEY_CHECKS")


def audited(survey: Survey) -> Iterator[Fault | NotJudged]:
    for check in SCOPE_CHECKS:
        for scope in survey.scopes:
            yield from check(scope)
    for check in SURVEY_CHECKS:
        yield from check(survey)


def is_sound(found: Iterable[Fault | NotJudged]) -> bool:
    for one in found:
        if isinstance(one, Fault):
            assert one.rule in rules(), one
            assert one.message, one
            assert one.fix, one
        else:
            assert isinstance(one, NotJudged)
            assert one.subject or one.reason
    return True


def grouped(survey: Survey) -> tuple[AuditFinding, ...]:
    faults = (f for f in audited(survey) if isinstance(f, Fault))
    return findings(faults, lambda _: ("", 0))


def serious(survey: Survey) -> list[AuditFinding]:
    return [f for f in grouped(survey) if f.severity is not Severity.NOTE]


def roots(survey: Survey) -> set[tuple[object, ...]]:
    return {(f.rule, f.severity, f.object, f.field) for f in grouped(survey)}


def test_there_are_checks() -> None:
    assert SCOPE_CHECKS
    assert SURVEY_CHECKS


@FEW
@given(st.lists(odd_objects(), max_size=6).map(tuple), st.booleans(), kustomizations)
def test_no_check_raises_on_odd_objects(objects: Objects, known: bool, content: Any) -> None:
    survey = survey_of(objects, engine=objects, known=known, content=content)
    assert is_sound(audited(survey))


@FEW
@given(shops().flatmap(spoiled), st.booleans())
def test_no_check_raises_on_a_spoiled_shop(objects: Objects, known: bool) -> None:
    assert is_sound(audited(survey_of(objects, engine=(application(),), known=known)))


@FEW
@given(spoiled((application(), application_set())))
def test_no_check_raises_on_spoiled_applications(engine: Objects) -> None:
    assert is_sound(audited(survey_of(engine, engine=engine)))


@FEW
@given(shops().flatmap(spoiled), st.randoms(use_true_random=False))
def test_the_same_repository_has_the_same_findings_in_any_order(
    objects: Objects, random: Any
) -> None:
    once, again = list(audited(survey_of(objects))), list(audited(survey_of(objects)))
    assert once == again
    shuffled = list(objects)
    random.shuffle(shuffled)
    assert roots(survey_of(tuple(shuffled))) == roots(survey_of(objects))


@FEW
@given(shops())
def test_a_healthy_shop_has_no_defect(objects: Objects) -> None:
    assert serious(survey_of(objects, engine=(application(),))) == []


@pytest.mark.parametrize(("kind", "name"), REMOVABLE)
@settings(FEW, max_examples=5)
@given(objects=shops())
def test_what_is_removed_is_the_root_of_one_finding(kind: str, name: str, objects: Objects) -> None:
    left = tuple(o for o in objects if (o["kind"], o["metadata"]["name"]) != (kind, name))
    (found,) = serious(survey_of(left))
    assert (found.object.kind, found.object.namespace, found.object.name) == (kind, NAMESPACE, name)


@settings(FEW, max_examples=5)
@given(shops())
def test_a_removed_service_is_the_root_of_all_its_findings(objects: Objects) -> None:
    removed = next(o for o in objects if o["kind"] == "Service")
    name = removed["metadata"]["name"]
    found = serious(survey_of(tuple(o for o in objects if o is not removed)))
    assert {(f.object.kind, f.object.name) for f in found} <= {("Service", name)}
    is_used = any(name in str(o["spec"]) for o in objects if o["kind"] == "Ingress")
    assert found or not is_used
