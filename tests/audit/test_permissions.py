"""Role bindings of accounts and roles that do not exist."""

from __future__ import annotations

import pytest

from harness.audit.checks.permissions import missing_roles, missing_subjects
from harness.audit.finding import Severity
from harness.audit.source import Tree
from harness.model.refs import ObjectRef
from tests.audit.pods import together
from tests.audit.scopes import faults, objects

RBAC = "rbac.authorization.k8s.io"
ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: order}"
OTHER = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}"


def binding(
    subject: str = "kind: ServiceAccount, name: order, namespace: shop",
    kind: str = "RoleBinding",
    role: str = "kind: ClusterRole, name: view",
) -> str:
    return (
        f"apiVersion: {RBAC}/v1\nkind: {kind}\nmetadata: {{name: b}}\n"
        f"subjects: [{{{subject}}}]\nroleRef: {{apiGroup: {RBAC}, {role}}}"
    )


def test_a_subject_that_nobody_declares_is_found() -> None:
    [found] = faults(missing_subjects, together(binding(), OTHER))

    assert found.object == ObjectRef("ServiceAccount", "shop", "order")
    assert (found.rule, found.severity) == ("rolebinding-subject-missing", None)
    assert found.field == "subjects[order].name"


def test_a_subject_without_namespace_is_of_the_bindings_own() -> None:
    text = binding("kind: ServiceAccount, name: order")

    assert len(faults(missing_subjects, together(text, OTHER))) == 1
    assert faults(missing_subjects, together(text, ACCOUNT)) == []


def test_a_cluster_role_binding_must_say_the_namespace() -> None:
    text = binding("kind: ServiceAccount, name: order", "ClusterRoleBinding")

    [found] = faults(missing_subjects, together(text, ACCOUNT))

    assert (found.severity, found.cause) == (Severity.DEFECT, "A13")
    assert found.expected == "namespace: shop"


def test_an_account_of_the_same_root_in_another_namespace_is_meant() -> None:
    text = together(binding("kind: ServiceAccount, name: order, namespace: default2"), ACCOUNT)

    [found] = faults(missing_subjects, text)

    assert found.severity is Severity.DEFECT
    assert (found.field, found.value) == ("subjects[order].namespace", "default2")
    assert found.fix.endswith("to shop")


@pytest.mark.parametrize(
    "subject",
    [
        "kind: ServiceAccount, name: default, namespace: shop",
        "kind: ServiceAccount, name: order, namespace: elsewhere",
        "kind: ServiceAccount, name: '${NAME}', namespace: shop",
        "kind: User, name: order",
        "kind: ServiceAccount, name: builder-x, namespace: kube-system",
    ],
)
def test_subjects_that_exist_or_are_not_the_repositorys_are_fine(subject: str) -> None:
    assert faults(missing_subjects, together(binding(subject), OTHER)) == []


def test_a_declared_subject_is_fine() -> None:
    assert faults(missing_subjects, together(binding(), ACCOUNT)) == []


def test_an_account_that_another_environment_deploys_is_no_slip() -> None:
    tree = Tree(documents={"base/account.yaml": objects(ACCOUNT)})

    assert faults(missing_subjects, together(binding(), OTHER), tree=tree) == []


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("kind: Role, name: own", 1),
        ("kind: ClusterRole, name: own", 1),
        ("kind: ClusterRole, name: cluster-admin", 0),
        ("kind: ClusterRole, name: system:auth-delegator", 0),
        ("kind: ClusterRole, name: '{{ role }}'", 0),
        ("kind: Other, name: own", 0),
    ],
)
def test_a_role_that_nobody_declares_is_found(role: str, expected: int) -> None:
    found = faults(missing_roles, binding(role=role))

    assert [f.rule for f in found] == ["rolebinding-role-missing"] * expected
    assert all(f.field == "roleRef.name" for f in found)


@pytest.mark.parametrize("kind", ["Role", "ClusterRole"])
def test_a_declared_role_is_fine(kind: str) -> None:
    role = f"apiVersion: {RBAC}/v1\nkind: {kind}\nmetadata: {{name: own}}"

    assert faults(missing_roles, together(role, binding(role=f"kind: {kind}, name: own"))) == []


def test_a_cluster_role_binding_with_a_namespace_is_judged_like_any() -> None:
    text = binding(kind="ClusterRoleBinding")

    [found] = faults(missing_subjects, together(text, OTHER))

    assert found.object == ObjectRef("ServiceAccount", "shop", "order")
    assert faults(missing_subjects, together(text, ACCOUNT)) == []


def test_bindings_alone_do_not_make_a_namespace_the_repositorys_own() -> None:
    assert faults(missing_subjects, binding()) == []


def test_another_account_of_the_root_is_not_the_one_that_is_meant() -> None:
    other = ACCOUNT.replace("name: order", "name: cart")
    text = binding("kind: ServiceAccount, name: order", "ClusterRoleBinding")

    [found] = faults(missing_subjects, together(text, other))

    assert found.expected == "the namespace of the account"
    assert found.fix.endswith("ClusterRoleBinding shop/b")


def test_a_placeholder_as_namespace_is_not_judged() -> None:
    text = binding("kind: ServiceAccount, name: order, namespace: '${NAMESPACE}'")

    assert faults(missing_subjects, together(text, OTHER)) == []


def test_a_role_is_looked_up_in_the_bindings_namespace_a_cluster_role_in_none() -> None:
    role = faults(missing_roles, binding(role="kind: Role, name: own"))
    wide = faults(missing_roles, binding(role="kind: ClusterRole, name: own"))

    assert role[0].object == ObjectRef("Role", "shop", "own")
    assert wide[0].object == ObjectRef("ClusterRole", "", "own")
