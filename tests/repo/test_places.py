"""Findings point to the file and line that must change."""

from __future__ import annotations

from pathlib import Path

from harness.model.finding import Diagnosis, Finding, Outcome, Phase
from harness.model.refs import ObjectRef
from harness.model.repository import Declaration, ExpectedApplication, RenderedApplication
from harness.repo.places import Places, paths_to
from harness.repo.yaml_files import parse_objects

WEB = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  template:
    spec:
      imagePullSecrets:
        - name: ghcr-secret
      containers:
        - name: web
          image: ghcr.io/shop/web:1
"""
DEPLOYMENT = ObjectRef("Deployment", "shop", "web")


def declaration(root: Path) -> Declaration:
    (root / "app").mkdir()
    (root / "app" / "web.yaml").write_text(WEB, encoding="utf-8")
    application = ExpectedApplication(
        name="shop", path="app", namespace="shop", repo_url="", revision="", origin=""
    )
    rendered = RenderedApplication(
        application=application, objects=tuple(parse_objects(WEB, "web.yaml"))
    )
    return Declaration(
        root=root, environment="dev", bootstrap=(), generated_bootstrap=False,
        applications=(rendered,), repo_urls=(), images=(), secrets=(), ingresses=(),
        load_balancer_subnets=(),
    )  # fmt: skip


def placed(root: Path, ref: ObjectRef, field: str = "", *victims: ObjectRef) -> str:
    finding = Finding(
        cause="S01", phase=Phase.SECRET, object=ref, field=field, seen="", expected="", fix="",
        victims=victims,
    )  # fmt: skip
    given = Diagnosis(outcome=Outcome.FAILED, findings=(finding,))
    found = Places(declaration(root)).filled(given).findings[0]
    return f"{found.file}:{found.line}"


def test_a_declared_object_points_to_its_field(tmp_path: Path) -> None:
    field = "spec.template.spec.containers[web].image"

    assert placed(tmp_path, DEPLOYMENT, field) == "app/web.yaml:13"


def test_an_object_that_nobody_declares_points_to_the_line_that_names_it(tmp_path: Path) -> None:
    secret = ObjectRef("Secret", "shop", "ghcr-secret")

    assert placed(tmp_path, secret, "", DEPLOYMENT) == "app/web.yaml:10"


def test_an_object_that_no_victim_names_points_to_the_victim(tmp_path: Path) -> None:
    assert placed(tmp_path, ObjectRef("Node", "", "n"), "", DEPLOYMENT) == "app/web.yaml:1"


def test_what_the_repository_does_not_hold_has_no_place(tmp_path: Path) -> None:
    assert placed(tmp_path, ObjectRef("Node", "", "n")) == ":0"


def test_paths_name_list_items() -> None:
    value = {"a": [{"name": "x", "v": "goal"}, {"v": "goal"}], "b": "other"}

    assert list(paths_to(value, "goal", "spec")) == ["spec.a[x].v", "spec.a[1].v"]
