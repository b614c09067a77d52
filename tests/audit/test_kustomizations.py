"""Tests of kustomizations that do nothing, forget a file, or use what kustomize gives up."""

from __future__ import annotations

import pytest

from harness.audit.checks.kustomizations import (
    changing_selectors,
    deprecated_fields,
    empty_roots,
    orphans,
)
from harness.audit.finding import Fault, Severity
from harness.audit.source import RenderFailure, Source, SourceKind, Unjudged
from harness.model.refs import ObjectRef
from tests.audit.scopes import objects, scope
from tests.audit.trees import survey, surveyed, tree

APP = ObjectRef("Application", "argocd", "shop")
POD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"


def empty(text: str, **more: object) -> list[Fault]:
    files = {"overlays/dev/kustomization.yaml": text}
    found = Source(path="overlays/dev", deployer=APP, **more)  # type: ignore[arg-type]
    return list(empty_roots(scope(found, tree=tree(files))))


def test_a_deployed_root_that_renders_nothing_is_a_defect() -> None:
    (fault,) = empty("namespace: shop\n")
    assert (fault.rule, fault.cause) == ("kustomization-empty", "A20")
    assert fault.severity is Severity.DEFECT
    assert (fault.file, fault.line) == ("overlays/dev/kustomization.yaml", 1)


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("resources: []\n", {}),
        ("namespace: x\n", {"syncPolicy": {"automated": {"allowEmpty": True}}}),
    ],
)
def test_an_empty_root_on_purpose_is_a_note(text: str, spec: dict[str, object]) -> None:
    (fault,) = empty(text, spec=spec)
    assert fault.severity is Severity.NOTE


def test_a_folder_that_flux_bootstrap_fills_is_silent() -> None:
    assert not empty("resources: [gotk-components.yaml, gotk-sync.yaml]\n")


@pytest.mark.parametrize("deployer", [None, ObjectRef("Kustomization", "flux-system", "shop")])
def test_an_empty_root_that_argo_cd_does_not_deploy_is_a_note(deployer: ObjectRef | None) -> None:
    files = {"overlays/dev/kustomization.yaml": "namespace: shop\n"}
    found = Source(path="overlays/dev", deployer=deployer)
    (fault,) = empty_roots(scope(found, tree=tree(files)))
    assert (fault.severity, fault.cause) == (Severity.NOTE, "R13")


def test_a_root_that_renders_something_is_no_fault() -> None:
    found = Source(path="overlays/dev", deployer=APP, objects=objects(POD % "a"))
    assert not list(empty_roots(scope(found)))


def folder(files: dict[str, str], spec: dict[str, object]) -> list[Fault]:
    found = Source(
        path="apps", kind=SourceKind.PLAIN, deployer=APP, spec={"source": {"path": "apps", **spec}}
    )
    return list(empty_roots(scope(found, tree=tree(files))))


def test_a_folder_of_subfolders_without_kustomization_is_a_defect() -> None:
    (fault,) = folder({"apps/web/pod.yaml": POD % "a"}, {})
    assert (fault.rule, fault.cause, fault.severity) == (
        "argocd-path-empty",
        "R02",
        Severity.DEFECT,
    )
    assert "apps/web/pod.yaml" in fault.message


def test_a_folder_that_is_read_with_its_subfolders_is_only_a_note() -> None:
    (fault,) = folder({"apps/web/pod.yaml": POD % "a"}, {"directory": {"recurse": True}})
    assert fault.severity is Severity.NOTE


def test_a_folder_with_nothing_below_is_a_note() -> None:
    (fault,) = folder({"apps/readme.md": ""}, {})
    assert (fault.severity, fault.cause) == (Severity.NOTE, "A20")
    assert fault.fix == "add the manifests to apps"


def test_a_plain_folder_is_no_defect_for_flux_and_nothing_without_an_engine() -> None:
    files = {"apps/web/pod.yaml": POD % "a"}
    flux = ObjectRef("Kustomization", "flux-system", "apps")
    found = Source(path="apps", kind=SourceKind.PLAIN, deployer=flux)
    (fault,) = empty_roots(scope(found, tree=tree(files)))
    assert fault.severity is Severity.NOTE
    alone = Source(path="apps", kind=SourceKind.PLAIN)
    assert not list(empty_roots(scope(alone, tree=tree(files))))


def test_jsonnet_of_another_folder_does_not_count() -> None:
    assert folder({"apps/web/pod.yaml": POD % "a", "other/main.jsonnet": ""}, {})


@pytest.mark.parametrize(
    ("files", "spec"),
    [
        ({"apps/web/pod.yaml": POD % "a"}, {"directory": {"exclude": "*.json"}}),
        ({"apps/main.jsonnet": "{}"}, {}),
        ({"apps/web/pod.yaml": POD % "a"}, {"directory": {"include": "*.json"}}),
    ],
)
def test_a_folder_of_jsonnet_or_with_patterns_is_silent(
    files: dict[str, str], spec: dict[str, object]
) -> None:
    assert not folder(files, spec)


LISTED = {
    "base/kustomization.yaml": "resources:\n- web.yaml\n",
    "base/web.yaml": POD % "web",
    "base/order.yaml": POD % "order",
}
ROOT = Source(path="base", objects=objects(POD % "web"))


def orphaned(files: dict[str, str], *sources: Source, **more: object) -> list[str]:
    found = survey(tree(files), *(sources or (ROOT,)), **more)
    return [fault.expected.rpartition(" ")[2] for fault in surveyed(orphans, found)]


def test_a_manifest_beside_listed_ones_that_nobody_lists_is_noted() -> None:
    found = survey(tree(LISTED), ROOT)
    (fault,) = surveyed(orphans, found)
    assert (fault.rule, fault.file) == ("orphan-manifest", "base/kustomization.yaml")
    assert fault.object == ObjectRef("Kustomization", "", "base")
    assert "ConfigMap order" in fault.message
    assert "add order.yaml" in fault.fix
    assert fault.line == 1


def test_all_forgotten_manifests_of_a_kustomization_are_one_note() -> None:
    files = {**LISTED, "base/cart.yaml": POD % "cart"}
    (fault,) = surveyed(orphans, survey(tree(files), ROOT))
    assert "cart.yaml, order.yaml" in fault.message


def test_a_file_below_the_folder_is_noted_too_where_neighbours_are_listed() -> None:
    files = {
        "base/kustomization.yaml": "resources:\n- deep/web.yaml\n",
        "base/deep/web.yaml": POD % "web",
        "base/deep/order.yaml": POD % "order",
    }
    assert orphaned(files) == ["deep/order.yaml"]


@pytest.mark.parametrize(
    "name",
    [
        "secrets.example.yaml",
        "order.yaml.disabled/x.yaml",
        "examples/x.yaml",
        "docs/x.yaml",
        "tests/x.yaml",
        "crds/x.yaml",
        "values-dev.yaml",
        "templates/x.yaml",
        "order-old.yaml",
    ],
)
def test_a_file_left_out_on_purpose_is_silent(name: str) -> None:
    files = {
        "base/kustomization.yaml": "resources:\n- web.yaml\n",
        "base/web.yaml": POD % "web",
        f"base/{name}": POD % "order",
    }
    neighbour = f"base/{name.rpartition('/')[0] or '.'}/near.yaml"
    listed = {**files, neighbour.replace("/./", "/"): POD % "near"}
    entry = neighbour.removeprefix("base/").removeprefix("./")
    listed["base/kustomization.yaml"] += f"- {entry}\n"
    assert not orphaned(listed)


@pytest.mark.parametrize(
    "content",
    [
        "apiVersion: v1\nkind: Secret\nmetadata: {name: order}\n",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: order}\n",
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nmetadata: {name: x}\n",
        "apiVersion: kind.x-k8s.io/v1alpha4\nkind: Cluster\n",
        "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImagePolicy\nmetadata: {name: x}\n",
    ],
)
def test_what_is_applied_by_hand_or_read_by_tools_is_silent(content: str) -> None:
    assert not orphaned({**LISTED, "base/order.yaml": content})


def test_a_file_whose_name_is_commented_out_is_silent() -> None:
    text = "resources:\n- web.yaml\n# - order.yaml  (not yet)\n"
    assert not orphaned({**LISTED, "base/kustomization.yaml": text})


def test_its_own_comment_and_files_elsewhere_do_not_name_a_file() -> None:
    own = "# order.yaml\n" + POD % "order"
    assert orphaned({**LISTED, "base/order.yaml": own, "ci/all.yaml": "run: order.yaml"})


def test_a_file_that_a_root_reads_without_naming_it_is_silent() -> None:
    read = frozenset({"base/order.yaml", "base/web.yaml", "base"})
    assert not orphaned(LISTED, visited=read)


def test_a_patch_that_is_named_is_silent() -> None:
    text = "resources: [web.yaml]\npatches: [{path: order.yaml}]\n"
    assert not orphaned({**LISTED, "base/kustomization.yaml": text})


def test_a_folder_without_listed_neighbours_is_silent() -> None:
    files = {**LISTED, "base/kustomization.yaml": "resources: [../other]\n"}
    assert not orphaned(files)


def test_nothing_is_said_where_an_unjudged_or_broken_root_may_read_the_file() -> None:
    failure = RenderFailure(path="base", text="x")
    assert not orphaned(LISTED, failures=(failure,))
    files = {**LISTED, "overlay/kustomization.yaml": "resources: [../base]\n"}
    opaque = Unjudged(subject="overlay", reason="a remote base")
    found = survey(tree(files), scopes=(scope(ROOT, unjudged=(opaque,)),))
    assert not surveyed(orphans, found)


def test_nothing_is_said_of_a_file_that_a_plain_root_reads() -> None:
    plain = Source(path=".", kind=SourceKind.PLAIN)
    assert not orphaned(LISTED, ROOT, plain)
    assert orphaned(LISTED, ROOT, Source(path="elsewhere", kind=SourceKind.PLAIN))


def test_a_base_that_nobody_deploys_is_silent() -> None:
    assert not orphaned(LISTED, Source(path="elsewhere"))


def test_deprecated_fields_are_one_note_for_the_repository() -> None:
    files = {
        "a/kustomization.yaml": "resources: []\nbases:\n- ../b\n",
        "b/kustomization.yaml": "commonLabels: {app: x}\nbases: [../c]\n",
        "c/kustomization.yaml": "resources: [x.yaml]\nlabels: []\n",
    }
    (fault,) = surveyed(deprecated_fields, survey(tree(files)))
    assert (fault.file, fault.line) == ("a/kustomization.yaml", 2)
    assert "bases in a/kustomization.yaml, b/kustomization.yaml" in fault.message
    assert "c/" not in fault.message
    assert "labels instead of commonLabels" in fault.expected


def test_a_repository_without_deprecated_fields_has_no_note() -> None:
    assert not surveyed(deprecated_fields, survey(tree(LISTED)))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("commonLabels:\n  app: web\n  app.kubernetes.io/version: v1\n", 3),
        ("labels:\n- includeSelectors: true\n  pairs:\n    version: v1\n", 4),
    ],
)
def test_a_version_in_selectors_is_noted(text: str, line: int) -> None:
    files = {**LISTED, "base/kustomization.yaml": text}
    (fault,) = surveyed(changing_selectors, survey(tree(files), ROOT))
    assert (fault.rule, fault.cause, fault.line) == ("kustomize-label-in-selector", "R16", line)


@pytest.mark.parametrize(
    "text",
    [
        "commonLabels: {app: web, env: dev}\n",
        "labels:\n- pairs: {version: v1}\n",
        "labels:\n- includeSelectors: false\n  pairs: {version: v1}\n",
        "commonLabels: [version]\nlabels: {a: b}\n",
    ],
)
def test_labels_that_stay_or_are_in_no_selector_are_silent(text: str) -> None:
    files = {**LISTED, "base/kustomization.yaml": text}
    assert not surveyed(changing_selectors, survey(tree(files), ROOT))
