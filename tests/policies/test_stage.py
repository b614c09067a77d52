"""The stage: a difference fails the run, with its rule; a missing proof is no pass either."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.model.errors import ProofError
from harness.model.policies import Control, Enforcement, PolicyMatrix
from harness.model.repository import Declaration
from harness.stages.policies import declared_subnets
from harness.stages.policy_verdict import fail_on_difference, one_sentence
from tests.connectivity.objects import without
from tests.policies.shop import Cluster, live_policies, matrix_of


def declaration(*subnets: str) -> Declaration:
    return Declaration(
        root=Path(), environment="dev", bootstrap=(), generated_bootstrap=False, applications=(),
        repo_urls=(), images=(), secrets=(), ingresses=(), load_balancer_subnets=subnets,
    )  # fmt: skip


def test_a_matrix_as_declared_is_said_in_one_line() -> None:
    matrix = matrix_of(Cluster(live_policies()))

    fail_on_difference(matrix)
    assert one_sentence(matrix) == "23 of 23 connections are as 7 policies declare"


def test_what_could_not_be_tested_is_not_called_proven() -> None:
    matrix = matrix_of(Cluster(live_policies()), control=Control(detail="no right to create pods"))

    assert one_sentence(matrix) == "policies not judged: no right to create pods"


def test_a_difference_fails_with_the_rule_that_decided() -> None:
    live = without(live_policies(), "NetworkPolicy", "web-to-api-ingress")

    with pytest.raises(ProofError) as raised:
        fail_on_difference(matrix_of(Cluster(live)))

    text = raised.value.paragraph()
    assert "web -> api TCP 8080 (and 1 more)" in text
    assert "NetworkPolicy shop/web-to-api-ingress network/web-to-api-ingress.yaml:15" in text
    assert "does not exist" in text
    assert "sync its Application" in raised.value.next_step


def test_a_cluster_that_does_not_enforce_fails_the_run() -> None:
    control = Control(state=Enforcement.NOT_ENFORCED, detail="it still answered")

    with pytest.raises(ProofError, match="it still answered"):
        fail_on_difference(PolicyMatrix(control=control))


def test_a_stand_in_for_the_load_balancer_stays_in_the_declared_subnets() -> None:
    assert declared_subnets(declaration()) == ()
    found = declared_subnets(declaration("10.20.0.0/20"))
    assert found
    assert all(subnet.startswith("10.20.") for subnet in found)
