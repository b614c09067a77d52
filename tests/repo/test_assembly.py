"""What is deployed together: the scopes of a repository's environments."""

from __future__ import annotations

from typing import Any

from harness.audit.cluster_profile import UNKNOWN
from harness.audit.scope import Scope
from harness.audit.source import RenderFailure, Source, Tree, Unjudged
from harness.model.refs import ObjectRef
from harness.repo.assembly import Pieces, scopes


def root(path: str, name: str, group: str, origin: str = "clusters/dev", **more: Any) -> Source:
    deployer = ObjectRef("Application", "argocd", name)
    return Source(path=path, deployer=deployer, group=group, origin=origin, **more)


APPS = (
    root("apps/shop/dev", "shop-dev", "dev"),
    root("apps/shop/prod", "shop-prod", "prod"),
)


def found(*sources: Source, **more: Any) -> dict[str, Scope]:
    pieces = Pieces(sources=sources, **more)
    return {scope.name: scope for scope in scopes(pieces, Tree(), UNKNOWN)}


def test_what_a_cluster_declares_beside_two_environments_serves_both() -> None:
    operators = root("infrastructure/operators", "operators", "dev")
    named = found(*APPS, operators)
    assert operators in named["prod"].sources
    assert APPS[0] not in named["prod"].sources


def test_what_names_its_environment_or_another_place_serves_its_own_alone() -> None:
    others = (
        root("infrastructure/operators", "operators-dev", "dev"),
        root("infrastructure/operators", "operators", "dev", origin="clusters/other"),
        root("infrastructure/operators", "operators", "dev", destination="https://other:6443"),
    )
    assert found(*APPS, *others)["prod"].sources == (APPS[1],)


def test_what_does_not_render_beside_an_environment_keeps_it_open() -> None:
    failures = (
        RenderFailure(path="infrastructure/policies", text="x", group="dev"),
        RenderFailure(path="apps/billing/dev", text="x", group="dev"),
    )
    prod = found(*APPS, failures=failures)["prod"]
    assert [each.subject for each in prod.unjudged] == ["infrastructure/policies"]


def test_an_environment_of_charts_alone_is_named_as_not_judged() -> None:
    chart = Unjudged(subject="Application argocd/shop", reason="a chart", group="eks-demo")
    named = found(root("apps", "apps", ""), unjudged=(chart,))
    assert named["eks-demo"].unjudged == (chart,)


def test_an_environment_that_does_not_render_at_all_is_a_scope() -> None:
    failure = RenderFailure(path="overlays/dev", text="x", group="dev")
    assert list(found(failures=(failure,))) == ["dev"]
