from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.config import EnvironmentSettings, Settings
from harness.model.errors import RepositoryError, UsageError
from harness.repo.declaration import Tools, declare, load_balancer_subnets
from harness.repo.discovery import find_environment

SET = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: shop, namespace: argocd}
spec:
  generators: [{git: {directories: [{path: "deploy/overlays/dev/*"}]}}]
  template:
    metadata: {name: "dev-{{path.basename}}"}
    spec:
      project: default
      source: {repoURL: "https://github.com/acme/shop.git", path: "{{path}}"}
      destination: {namespace: shop}
"""
WEB = "kind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: []}}}\n"


def _write(root: Path, name: str, text: str = "resources: []\n") -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _tools(kustomize: Any) -> Tools:
    return Tools(kustomize=Path("kustomize"), runner=kustomize)


def test_an_application_set_anywhere_in_the_tree_is_found(tmp_path: Path, kustomize: Any) -> None:
    _write(tmp_path, "argocd/dev.yaml", SET)
    _write(tmp_path, "argocd/prod.yaml", SET.replace("dev", "prod"))
    _write(tmp_path, "deploy/overlays/dev/web/kustomization.yaml")
    kustomize.answers["deploy/overlays/dev/web"] = (0, WEB)

    found = declare(tmp_path, "dev", Settings(), _tools(kustomize))

    assert [a.application.name for a in found.applications] == ["dev-web"]
    assert found.applications[0].objects[0]["metadata"]["namespace"] == "shop"
    assert found.namespaces == ("shop",)
    assert not found.generated_bootstrap


def test_a_repository_without_argo_cd_gets_an_application_per_overlay(
    tmp_path: Path, kustomize: Any
) -> None:
    _write(tmp_path, "web/base/kustomization.yaml")
    _write(tmp_path, "web/overlays/dev/kustomization.yaml")
    kustomize.answers["web/overlays/dev"] = (0, WEB)

    found = declare(tmp_path, "dev", Settings(), _tools(kustomize))

    assert found.generated_bootstrap
    assert [o["kind"] for o in found.bootstrap] == ["ApplicationSet"]
    assert [(a.application.name, a.application.path) for a in found.applications] == [
        ("web-overlays-dev", "web/overlays/dev")
    ]


def test_an_unknown_environment_names_the_nearest(tmp_path: Path) -> None:
    _write(tmp_path, "overlays/staging/kustomization.yaml")
    _write(tmp_path, "overlays/prod/kustomization.yaml")

    with pytest.raises(UsageError) as caught:
        find_environment(tmp_path, "stagin", Settings())

    assert "did you mean 'staging'? this repository has: prod, staging" in caught.value.seen


def test_a_tree_without_any_overlay_is_no_gitops_repository(tmp_path: Path) -> None:
    _write(tmp_path, "README.md", "hello")

    with pytest.raises(RepositoryError) as caught:
        find_environment(tmp_path, "dev", Settings())

    assert "--repo" in caught.value.next_step


def test_configured_folders_win_over_conventions(tmp_path: Path) -> None:
    _write(tmp_path, "overlays/dev/kustomization.yaml")
    _write(tmp_path, "elsewhere/a/kustomization.yaml")
    settings = Settings(
        environments={"dev": EnvironmentSettings(overlays="elsewhere", bootstrap="boot")}
    )

    found = find_environment(tmp_path, "dev", settings)

    assert found.overlays == ("elsewhere/a",)
    assert found.bootstrap == "boot"


def test_a_generator_that_matches_nothing_is_a_failure(tmp_path: Path, kustomize: Any) -> None:
    _write(tmp_path, "argocd/dev.yaml", SET)
    _write(tmp_path, "overlays/dev/kustomization.yaml")

    with pytest.raises(RepositoryError) as caught:
        declare(tmp_path, "dev", Settings(), _tools(kustomize))

    assert "nothing in this tree matches deploy/overlays/dev/*" in caught.value.seen


def test_the_load_balancers_subnets_are_the_private_ones_policies_admit() -> None:
    def policy(*cidrs: str) -> dict[str, Any]:
        peers = [{"ipBlock": {"cidr": c}} for c in cidrs]
        return {"kind": "NetworkPolicy", "spec": {"ingress": [{"from": peers}]}}

    found = load_balancer_subnets([
        policy("10.20.0.0/20", "0.0.0.0/0"), policy("10.20.16.0/20", "10.20.0.0/20"),
        policy("8.8.8.0/24"), {"kind": "Service"},
    ])  # fmt: skip

    assert found == ("10.20.0.0/20", "10.20.16.0/20")
