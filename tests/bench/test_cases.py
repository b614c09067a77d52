"""The tables of cases are what the README and the page say of them."""

from __future__ import annotations

import re

import pytest

from bench.case import Case
from bench.controls import CONTROLS
from bench.faults import FAULTS
from bench.manifests import deployment, stateful_set
from harness.diagnosis.catalogue import catalogue

ALL = (*FAULTS, *CONTROLS)


def name_of(case: Case) -> str:
    return case.name


def test_names_are_unique() -> None:
    assert len({c.name for c in ALL}) == len(ALL)


@pytest.mark.parametrize("case", FAULTS, ids=name_of)
def test_a_fault_has_known_roots_and_a_sight_and_telling_words(case: Case) -> None:
    assert {r.cause for r in case.roots} <= set(catalogue())
    assert case.roots
    assert case.telling
    assert all(re.compile(pattern) for pattern in case.sight)


@pytest.mark.parametrize("case", FAULTS, ids=name_of)
def test_the_telling_words_do_not_stand_in_the_name_of_the_namespace(case: Case) -> None:
    namespace = f"case-{case.name}-argo-0"
    assert not any(word.casefold() in namespace for word in case.telling)


@pytest.mark.parametrize("case", ALL, ids=name_of)
def test_every_workload_that_is_waited_for_is_delivered_at_once(case: Case) -> None:
    delivered = {f"{o['kind'].lower()}/{o['metadata']['name']}" for o in case.objects}
    assert set(case.workloads) <= delivered


@pytest.mark.parametrize("case", CONTROLS, ids=name_of)
def test_a_control_has_no_root(case: Case) -> None:
    assert case.control
    assert not case.telling


def test_at_least_three_faults_are_delivered_by_argo_cd() -> None:
    assert sum(c.engine for c in FAULTS) >= 3


def test_container_fields_replace_and_none_removes() -> None:
    made = deployment("web", variables={"A": "1"}, container={"readinessProbe": None})
    (container,) = made["spec"]["template"]["spec"]["containers"]
    assert "readinessProbe" not in container
    assert container["env"] == [{"name": "NAME", "value": "web"}, {"name": "A", "value": "1"}]


def test_a_stateful_set_names_a_class_only_when_told() -> None:
    def spec(made: dict[str, dict[str, list[dict[str, dict[str, str]]]]]) -> dict[str, str]:
        return made["spec"]["volumeClaimTemplates"][0]["spec"]

    assert "storageClassName" not in spec(stateful_set("store"))
    assert spec(stateful_set("store", storage_class="gp3"))["storageClassName"] == "gp3"
