"""`serviceaccount-missing`, `priorityclass-missing` and `runtimeclass-missing`."""

from __future__ import annotations

import pytest

from harness.audit.checks.accounts import accounts_of_tokens, missing_accounts
from harness.audit.checks.pod_classes import missing_classes
from harness.model.refs import ObjectRef
from tests.audit.pods import together, workload
from tests.audit.scopes import faults, rules_found

USER = workload("serviceAccountName: order\ncontainers: [{name: order}]")
ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: order}"


def test_an_account_that_nobody_declares_is_found() -> None:
    [found] = faults(missing_accounts, USER)

    assert found.object == ObjectRef("ServiceAccount", "shop", "order")
    assert found.field == "spec.template.spec.serviceAccountName"
    assert (found.rule, found.cause) == ("serviceaccount-missing", "H06")


def test_the_old_field_counts_where_the_new_one_is_absent() -> None:
    old = USER.replace("serviceAccountName", "serviceAccount")

    [found] = faults(missing_accounts, old)

    assert found.field.endswith(".serviceAccount")


@pytest.mark.parametrize("name", ["default", "'${ACCOUNT}'", "''"])
def test_the_default_account_and_placeholders_are_fine(name: str) -> None:
    text = workload(f"serviceAccountName: {name}\ncontainers: [{{name: order}}]")

    assert faults(missing_accounts, text) == []


def test_a_declared_account_is_fine() -> None:
    assert faults(missing_accounts, together(ACCOUNT, USER)) == []


def test_an_account_of_an_operators_custom_resource_may_come() -> None:
    cluster = "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: order}"

    assert faults(missing_accounts, together(cluster, USER)) == []


TOKEN = (
    "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/service-account-token\n"
    "metadata: {name: t, annotations: {kubernetes.io/service-account.name: order}}"
)


def test_a_token_secret_needs_its_account() -> None:
    [found] = faults(accounts_of_tokens, TOKEN)

    assert found.user == ObjectRef("Secret", "shop", "t")
    assert faults(accounts_of_tokens, together(TOKEN, ACCOUNT)) == []


def test_a_secret_of_another_type_needs_no_account() -> None:
    assert faults(accounts_of_tokens, TOKEN.replace("service-account-token", "tls")) == []


CLASSES = workload("priorityClassName: high\nruntimeClassName: gvisor\ncontainers: [{name: a}]")


def test_classes_of_pods_that_nobody_declares_are_found() -> None:
    assert rules_found(faults(missing_classes, CLASSES)) == [
        "priorityclass-missing",
        "runtimeclass-missing",
    ]


def test_declared_classes_are_fine() -> None:
    high = "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: high}"
    gvisor = "apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: gvisor}"

    assert faults(missing_classes, together(CLASSES, high, gvisor)) == []


@pytest.mark.parametrize("name", ["system-cluster-critical", "system-node-critical"])
def test_priority_classes_that_every_cluster_has_are_fine(name: str) -> None:
    assert faults(missing_classes, workload(f"priorityClassName: {name}")) == []
