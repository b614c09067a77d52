"""The place in a policy that has to change, and the edit."""

from __future__ import annotations

from typing import Any

from harness.connectivity.dependencies import dependencies
from harness.connectivity.reach import Blocked, blocked
from harness.connectivity.repairs import place, repair
from harness.model.refs import ObjectRef

Object = dict[str, Any]
POLICY = ObjectRef("NetworkPolicy", "shop", "out")


def workload(name: str, **env: str) -> Object:
    variables = [{"name": key, "value": value} for key, value in env.items()]
    ports = [{"name": "pg", "containerPort": 5432}]
    pod = {"containers": [{"name": name, "env": variables, "ports": ports}]}
    template = {"metadata": {"labels": {"app": name}}, "spec": pod}
    meta = {"name": name, "namespace": "shop"}
    return {"kind": "Deployment", "metadata": meta, "spec": {"template": template}}


def judged(*rules: Object, port: int = 5432) -> Blocked:
    service = {"selector": {"app": "db"}, "ports": [{"port": port, "targetPort": 5432}]}
    meta = {"name": "out", "namespace": "shop"}
    spec = {"podSelector": {"matchLabels": {"app": "order"}}, "policyTypes": ["Egress"]}
    objects = [
        workload("order", DB_URL=f"postgres://db:{port}/shop"),
        workload("db"),
        {"kind": "Service", "metadata": {"name": "db", "namespace": "shop"}, "spec": service},
        {"kind": "NetworkPolicy", "metadata": meta, "spec": {**spec, "egress": list(rules)}},
    ]
    return next(b for b in blocked(dependencies(objects), objects, {}) if b.dependency)


def edit(found: Blocked) -> str:
    return repair(found, POLICY, "all pods", "app=db")


def test_a_rule_that_is_missing_is_added_as_a_policy_of_its_own() -> None:
    found = judged()

    assert place(found) == "spec.egress"
    assert edit(found).startswith("add a policy for all pods: egress: [{to: ")


def test_a_rule_with_another_port_gets_the_port() -> None:
    found = judged(
        {"to": [{"podSelector": {"matchLabels": {"app": "db"}}}], "ports": [{"port": 1}]}
    )

    assert place(found) == "spec.egress[0].ports"
    assert edit(found) == (
        "add {protocol: TCP, port: 5432} to spec.egress[0].ports of NetworkPolicy shop/out"
    )


def test_a_rule_with_the_services_port_gets_the_pods() -> None:
    rule = {"to": [{"podSelector": {"matchLabels": {"app": "db"}}}], "ports": [{"port": 80}]}

    assert edit(judged(rule, port=80)).startswith("set the port in spec.egress[0].ports")


def test_a_namespace_is_named_by_the_label_that_all_have() -> None:
    rule = {"to": [{"namespaceSelector": {"matchLabels": {"name": "shop"}}, "podSelector": {
        "matchLabels": {"app": "db"}}}]}  # fmt: skip
    found = judged(rule)

    assert place(found) == "spec.egress[0].to"
    assert edit(found).startswith(
        "write kubernetes.io/metadata.name: shop as the namespaceSelector"
    )


def test_labels_of_nobody_are_replaced() -> None:
    found = judged({"to": [{"podSelector": {"matchLabels": {"app": "dbx"}}}]})

    assert edit(found) == "let spec.egress[0].to of NetworkPolicy shop/out select app=db"
