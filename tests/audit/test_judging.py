"""Which faults of an environment count, where roots belong to all or to another one."""

from __future__ import annotations

from harness.audit.judging import judge
from harness.audit.scope import Scope
from harness.audit.source import Source, Tree
from harness.audit.survey import Survey
from harness.model.refs import ObjectRef
from tests.audit.scopes import source

USER = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: operator}
spec:
  template:
    spec:
      containers: [{name: operator, image: ghcr.io/acme/operator:v1, envFrom: [%s]}]
"""
SETTINGS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: b}\n"
OPERATOR = source(
    USER % "{configMapRef: {name: settings}}",
    "infrastructure/operator",
    deployer=ObjectRef("Application", "argocd", "operator"),
    group="dev",
)


def found(*of_prod: Source) -> list[str]:
    dev = Scope(name="dev", sources=(OPERATOR, source(SETTINGS, "dev", group="dev")))
    prod = Scope(name="prod", sources=(OPERATOR, *of_prod))
    result = judge(Survey(tree=Tree(), scopes=(dev, prod)), lambda _: ("", 0))
    return [finding.rule for finding in result.findings]


def test_what_serves_an_environment_and_belongs_to_another_is_judged_there() -> None:
    assert "configmap-missing" not in found()


def test_what_belongs_to_the_environment_itself_is_judged_in_it() -> None:
    own = source(USER % "{configMapRef: {name: settings}}", "prod", group="prod")
    assert "configmap-missing" in found(own)
