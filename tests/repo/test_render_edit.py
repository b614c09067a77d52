"""The expected values were compared with `kustomize edit` 5.8.1 and with Flux's generator."""

from __future__ import annotations

from typing import Any

import pytest

from harness.repo.render_edit import EditError, edited, overrides
from harness.repo.render_images import merged_images, set_images, split_name
from harness.repo.render_request import Engine

DIGEST = f"sha256:{'a' * 64}"


def _argocd(before: dict[str, Any], **block: Any) -> dict[str, Any]:
    return edited(before, Engine.ARGOCD, {"kustomize": block}, lambda name: name == "here")


def _flux(before: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return edited(before, Engine.FLUX, spec, lambda name: name == "here")


def test_argocds_prefix_suffix_and_namespace_replace_those_of_the_kustomization() -> None:
    before = {"namePrefix": "dev-", "namespace": "shop"}

    assert _argocd(before, namePrefix="pr-1-", nameSuffix="-x", namespace="other") == {
        "namePrefix": "pr-1-",
        "nameSuffix": "-x",
        "namespace": "other",
    }
    assert before == {"namePrefix": "dev-", "namespace": "shop"}


def test_an_image_replaces_the_entry_of_its_name() -> None:
    before = [{"name": "web", "newName": "ghcr.io/x/web", "newTag": "1"}, {"name": "a"}]

    assert set_images(before, ["web:8", f"b=quay.io:5000/b@{DIGEST}", "nonsense"]) == [
        {"name": "a"},
        {"name": "b", "newName": "quay.io:5000/b", "digest": DIGEST},
        {"name": "web", "newTag": "8"},
    ]


def test_an_asterisk_keeps_a_part_of_the_entry() -> None:
    before = [{"name": "web", "newName": "ghcr.io/x/web", "newTag": "1"}]

    assert set_images(before, ["web=*:7", "new=*:2"]) == [
        {"name": "new", "newTag": "2"},
        {"name": "web", "newName": "ghcr.io/x/web", "newTag": "7"},
    ]


def test_the_port_of_a_registry_is_no_tag() -> None:
    assert split_name(f"quay.io:5000/x/y:1@{DIGEST}") == ("quay.io:5000/x/y", "1", DIGEST)
    assert split_name("quay.io:5000/x/y") == ("quay.io:5000/x/y", "", "")


def test_flux_merges_images_and_a_tag_takes_the_digest_away() -> None:
    before = [{"name": "web", "newName": "ghcr.io/x/web", "digest": DIGEST}]

    assert merged_images(
        before, [{"name": "web", "newTag": "9"}, {"name": "b", "newTag": 1.5}]
    ) == [
        {"name": "web", "newName": "ghcr.io/x/web", "newTag": "9"},
        {"name": "b", "newTag": "1.5"},
    ]


def test_old_image_tags_count_as_images() -> None:
    made = _argocd({"imageTags": [{"name": "a", "newTag": "1"}]}, images=["b:2"])

    assert made == {"images": [{"name": "a", "newTag": "1"}, {"name": "b", "newTag": "2"}]}


def test_a_label_that_is_there_already_is_refused_unless_forced() -> None:
    before = {"commonLabels": {"app": "a"}}

    with pytest.raises(EditError, match="label app already in kustomization file"):
        _argocd(before, commonLabels={"app": "b"})

    forced = _argocd(before, commonLabels={"app": "b"}, forceCommonLabels=True)
    assert forced == {"commonLabels": {"app": "b"}}


def test_labels_without_selector_join_the_entry_of_their_kind() -> None:
    before = {"labels": [{"pairs": {"x": "1"}, "includeSelectors": True}, {"pairs": {"y": "1"}}]}

    made = _argocd(before, commonLabels={"a": 5}, labelWithoutSelector=True)

    assert made["labels"][1] == {"pairs": {"y": "1", "a": "5"}}


def test_replicas_annotations_patches_and_components_are_added() -> None:
    before = {"replicas": [{"name": "web", "count": 1}], "patches": [{"path": "a.yaml"}]}

    made = _argocd(
        before,
        replicas=[{"name": "web", "count": "3"}],
        commonAnnotations={"a": True},
        patches=[{"patch": "x"}],
        components=["here", "gone"],
        ignoreMissingComponents=True,
    )

    assert made["replicas"] == [{"name": "web", "count": 3}]
    assert made["patches"] == [{"path": "a.yaml"}, {"patch": "x"}]
    assert made["components"] == ["here"]
    assert set(made["commonAnnotations"]) == {"a"}


def test_flux_writes_its_own_fields() -> None:
    made = _flux(
        {"resources": ["a.yaml"], "namespace": "x"},
        targetNamespace="y",
        namePrefix="p-",
        patchesStrategicMerge=[{"kind": "A"}],
        patchesJson6902=[{"target": {"kind": "B"}, "patch": [{"op": "remove"}]}],
        components=["gone"],
        interval="5m",
    )

    assert made == {
        "resources": ["a.yaml"],
        "namespace": "y",
        "namePrefix": "p-",
        "patchesStrategicMerge": ['{"kind": "A"}'],
        "patchesJson6902": [{"target": {"kind": "B"}, "patch": '[{"op": "remove"}]'}],
        "components": ["gone"],
    }


def test_nothing_to_build_is_no_error_for_flux() -> None:
    assert _flux({"kind": "Kustomization"})["buildMetadata"] == ["originAnnotations"]


def test_only_an_engines_own_fields_change_anything() -> None:
    assert overrides(Engine.NONE, {"namePrefix": "x"}) == {}
    assert overrides(Engine.ARGOCD, {"path": "x", "kustomize": {"version": "v5"}}) == {}
    assert overrides(Engine.FLUX, {"path": "x", "prune": True, "images": []}) == {}


@pytest.mark.parametrize(
    "block",
    [
        {"images": {"a": "b"}, "patches": "x", "components": 5, "commonLabels": ["a"]},
        {"images": [None, {"a": 1}], "replicas": "x", "commonAnnotations": {"a": None}},
        {"commonLabels": {"a": "b"}, "labelWithoutSelector": True},
    ],
)
def test_odd_types_do_not_stop_the_edit(block: dict[str, Any]) -> None:
    before = {"labels": ["x", None], "images": "y", "patches": {}, "replicas": 3}

    assert isinstance(_argocd(before, **block), dict)
    assert isinstance(_flux(before, **block), dict)
