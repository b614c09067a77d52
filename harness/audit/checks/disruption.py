"""PodDisruptionBudgets that protect nobody, or let nobody go. Pure.

policy/v1: a budget counts the healthy pods that its selector selects against the replicas of their
workloads; percentages are rounded up (Kubernetes, "Specifying a Disruption Budget for your
Application"). A budget without any allowed disruption makes a node drain wait for ever; it is a
note, since somebody may want to be asked. Where an autoscaler sets the replicas, its least counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Any

from harness.audit.checks.scalers import scaler_of
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.reading import at, text, whole
from harness.audit.scope import Declared, Scope
from harness.audit.selection import Outcome, edit, has_instead, selection
from harness.audit.world import PodTemplate, World, world
from harness.connectivity.selectors import in_words

if TYPE_CHECKING:  # all_checks imports this module
    from harness.audit.checks.all_checks import ScopeCheck

REPLICATED = frozenset({
    "CloneSet", "Deployment", "DeploymentConfig", "ReplicaSet", "ReplicationController", "Rollout",
    "StatefulSet",
})  # fmt: skip
_PERCENT = re.compile(r"(\d{1,6})%")


def budgets_select_pods(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the budgets whose selector no declared pod fulfils."""
    here = world(scope)
    for budget in here.of_kind("PodDisruptionBudget"):
        selector = at(budget.object, "spec", "selector")
        if budget.ref in here.torn:
            continue
        found = selection(here, budget.ref.namespace, selector, budget.ref.name)
        if found.outcome is not Outcome.NOTHING:
            continue
        near = f"{found.near.ref}, whose pods have {has_instead(found)}" if found.near else ""
        yield Fault(
            rule="pdb-selects-nothing",
            object=budget.ref,
            severity=None if near else Severity.NOTE,
            message=f"{budget.ref} is for pods with {in_words(selector)}, and no rendered pod has "
            "these labels",
            expected=f"the labels of {near}" if near else "the labels of the pods to protect",
            fix=f"set {edit(found)} in spec.selector of {budget.ref}"
            if near
            else f"correct spec.selector of {budget.ref}, or remove it",
            field="spec.selector",
            source=budget.source.path,
        )


def budgets_allow_evictions(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the budgets that never allow the eviction of a pod."""
    here = world(scope)
    for budget in here.of_kind("PodDisruptionBudget"):
        selector = at(budget.object, "spec", "selector")
        if not isinstance(selector, dict) or here.pods.reason(budget.ref.namespace):
            continue
        behind = here.matching(budget.ref.namespace, selector)
        expected = _expected(here, behind)
        if expected:
            yield from _blocking(budget, behind, expected)


def _expected(here: World, behind: tuple[PodTemplate, ...]) -> int | None:
    """Returns how many pods the workloads want at least; None where one does not say."""
    found = 0
    for template in behind:
        scaler = scaler_of(here, template)
        least = scaler.least if scaler else here.replicas(template)
        if template.ref.kind not in REPLICATED or least is None:
            return None
        found += least
    return found


def _blocking(budget: Declared, behind: tuple[PodTemplate, ...], expected: int) -> Iterator[Fault]:
    names = ", ".join(dict.fromkeys(str(each.ref) for each in behind))
    minimum = at(budget.object, "spec", "minAvailable")
    maximum = at(budget.object, "spec", "maxUnavailable")
    wanted, allowed = _amount(minimum, expected), _amount(maximum, expected)
    if wanted is not None and wanted >= expected:
        right = f"minAvailable below {expected}" if expected > 1 else "more replicas than 1"
        yield _fault(budget, "minAvailable", text(minimum), f"{names} has {expected}", right)
    elif allowed == 0:
        right = "maxUnavailable of at least 1"
        yield _fault(budget, "maxUnavailable", text(maximum), f"{names} has {expected}", right)


def _amount(value: Any, expected: int) -> int | None:
    """Returns a number of pods, or a share of them rounded up; None for anything else."""
    number = whole(value)
    percent = _PERCENT.fullmatch(text(value))
    if number is not None:
        return number
    return ceil(Fraction(int(percent[1]) * expected, 100)) if percent else None


def _fault(budget: Declared, field: str, value: str, has: str, right: str) -> Fault:
    return Fault(
        rule="pdb-blocks-all-evictions",
        object=budget.ref,
        message=f"{budget.ref} has {field}: {value}, and {has} replicas: none may ever be evicted",
        expected=right,
        fix=f"change spec.{field} of {budget.ref}, or the number of replicas",
        field=f"spec.{field}",
        value=value,
        source=budget.source.path,
    )


CHECKS: tuple[ScopeCheck, ...] = (budgets_select_pods, budgets_allow_evictions)
