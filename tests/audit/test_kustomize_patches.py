"""Tests of patches and replacements whose target selects nothing."""

from __future__ import annotations

import pytest

from harness.audit.checks.kustomize_patches import unmatched_targets
from harness.audit.finding import Fault, Severity
from harness.audit.source import RenderFailure, Source
from tests.audit.scopes import objects
from tests.audit.trees import survey, surveyed, tree

WEB = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"


def patch(target: str, text: str = "[]") -> str:
    return f"patches:\n- patch: '{text}'\n  target: {target}\n"


def found(overlay: str, rendered: str = WEB, base: str = "", **more: object) -> list[Fault]:
    files = {
        "overlays/dev/kustomization.yaml": f"resources: [../../base]\n{overlay}",
        "base/kustomization.yaml": f"resources: [web.yaml]\n{base}",
        "base/web.yaml": WEB,
    }
    root = Source(path="overlays/dev", objects=objects(rendered))
    return surveyed(unmatched_targets, survey(tree(files), root, **more))


def test_a_target_with_a_misspelt_name_is_a_defect() -> None:
    (fault,) = found(patch("{kind: Deployment, name: wep}"))
    assert (fault.rule, fault.cause, fault.severity) == (
        "patch-target-matches-nothing",
        "R07",
        Severity.DEFECT,
    )
    assert (fault.file, fault.line) == ("overlays/dev/kustomization.yaml", 4)
    assert "Deployment web" in fault.expected


def test_a_target_of_another_kind_names_the_kind_that_exists() -> None:
    (fault,) = found(patch("{kind: StatefulSet, name: web}"))
    assert "Deployment web" in fault.expected


@pytest.mark.parametrize(
    "target",
    [
        "{kind: Deployment, name: web}",
        "{kind: Deployment}",
        "{name: w.b}",
        "{kind: Deployment|StatefulSet}",
        "{kind: Deployment, name: .*}",
        "{group: apps, version: v1, kind: Deployment}",
        "{kind: Deployment, labelSelector: app=other}",
        "{kind: Deployment, name: web, namespace: other}",
    ],
)
def test_a_target_that_selects_something_is_silent(target: str) -> None:
    assert not found(patch(target))


@pytest.mark.parametrize("target", ["{kind: Deployment, version: v1beta1}", "{kind: Ingress}"])
def test_a_target_without_name_that_selects_nothing_is_a_note(target: str) -> None:
    (fault,) = found(patch(target))
    assert fault.severity is Severity.NOTE


@pytest.mark.parametrize(
    "target", ["{group: batch, kind: Deployment, name: web}", "{kind: Deploy, name: web}"]
)
def test_group_and_kind_count(target: str) -> None:
    assert found(patch(target))


def test_a_name_is_matched_as_a_whole() -> None:
    assert found(patch("{kind: Deployment, name: we}"))


def test_prefixes_and_hashes_are_allowed_for() -> None:
    rendered = WEB.replace("name: web", "name: dev-web-v1")
    overlay = patch("{kind: Deployment, name: web-v1}")
    assert found(overlay, rendered)
    assert not found(overlay, rendered, base="namePrefix: dev-\n")
    generated = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: env-7k2m9}\n"
    assert not found(patch("{kind: ConfigMap, name: env}"), generated)
    assert found(patch("{kind: ConfigMap, name: other}"), generated)
    assert found(overlay.replace("web-v1", "other"), rendered, base="namePrefix: dev-\n")


def test_an_object_that_another_patch_deletes_counts() -> None:
    rendered = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
    assert not found(patch("{kind: Deployment, name: web}", "$patch: delete"), rendered)


def test_a_root_that_renders_nothing_has_no_targets_to_judge() -> None:
    assert not found(patch("{kind: Deployment, name: wep}"), rendered="")


def test_a_deletion_from_a_remote_base_is_silent() -> None:
    deletion = patch("{kind: Deployment, name: far}", "$patch: delete")
    assert found(deletion)
    assert found(patch("{kind: Deployment, name: far}"), base="helmCharts: [{name: far}]\n")
    remote = "bases: []\ncomponents: ['https://github.com/x/y?ref=v1']\n"
    assert found(deletion, base=remote)
    files = {
        "a/kustomization.yaml": f"resources: ['https://github.com/x/y?ref=v1']\n{deletion}",
    }
    root = Source(path="a", objects=objects(WEB))
    assert not surveyed(unmatched_targets, survey(tree(files), root))
    assert not found(deletion, base="bases: []\nhelmCharts: [{name: far}]\n")


def test_a_generated_object_counts() -> None:
    base = "configMapGenerator:\n- name: settings\n"
    assert not found(patch("{kind: ConfigMap, name: settings}"), base=base)


def test_a_replacement_whose_target_selects_nothing_is_a_defect() -> None:
    text = "replacements:\n- source: {}\n  targets:\n  - select: {kind: Service, name: web}\n"
    (fault,) = found(text)
    assert "replacement for Service web" in fault.message
    assert fault.line == 5


def test_a_component_is_a_fault_only_when_no_root_has_the_object() -> None:
    files = {
        "a/kustomization.yaml": "components: [../c]\n",
        "b/kustomization.yaml": "components: [../c]\n",
        "c/kustomization.yaml": "kind: Component\n" + patch("{kind: Deployment, name: web}"),
    }
    with_it = Source(path="a", objects=objects(WEB))
    without = Source(path="b", objects=objects(WEB.replace("web", "other")))
    assert not surveyed(unmatched_targets, survey(tree(files), with_it, without))
    (fault,) = surveyed(unmatched_targets, survey(tree(files), without))
    assert fault.file == "c/kustomization.yaml"
    generic = patch("{kind: Deployment}").replace("Deployment", "Ingress")
    files["c/kustomization.yaml"] = f"kind: Component\n{generic}"
    assert not surveyed(unmatched_targets, survey(tree(files), without))


@pytest.mark.parametrize(
    "target",
    [
        "{}",
        "{kind: '${KIND}', name: x}",
        "{kind: Deployment, name: '(a+)+$'}",
        "{kind: Deployment, name: 'a*b*c*d*e'}",
        "{kind: Deployment, name: '['}",
        "null",
        "[]",
        "{labelSelector: app=x}",
        "{group: batch}",
        "{kind: Deployment, name: $(NAME)}",
        "{kind: Deployment, name: 'a b'}",
    ],
)
def test_targets_that_cannot_be_compared_are_silent(target: str) -> None:
    assert not found(patch(target))


@pytest.mark.parametrize("text", ["patches: x\n", "patches: [1]\n", "replacements: {a: b}\n"])
def test_odd_input_is_silent(text: str) -> None:
    assert not found(text)


def test_a_root_that_does_not_render_silences_its_patches() -> None:
    failure = RenderFailure(path="overlays/dev", text="x")
    assert not found(patch("{kind: Deployment, name: wep}"), failures=(failure,))
