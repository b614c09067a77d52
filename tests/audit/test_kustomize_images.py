"""Tests of `images:` entries that change nothing."""

from __future__ import annotations

import pytest

from harness.audit.checks.kustomize_images import ignored_images, without_version
from harness.audit.finding import Fault, Severity
from harness.audit.source import RenderFailure, Source
from harness.model.refs import ObjectRef
from tests.audit.scopes import objects, source
from tests.audit.trees import survey, surveyed, tree


def deployment(*images: str) -> str:
    found = "\n".join(
        f"        - {{name: c{number}, image: '{image}'}}" for number, image in enumerate(images)
    )
    return (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"
        f"spec:\n  template:\n    spec:\n      containers:\n{found}\n"
    )


def found(overlay: str, *images: str, base: str = "", **more: object) -> list[Fault]:
    files = {
        "overlays/dev/kustomization.yaml": f"resources: [../../base]\n{overlay}",
        "base/kustomization.yaml": f"resources: [d.yaml]\n{base}",
    }
    return surveyed(ignored_images, survey(tree(files), source(deployment(*images)), **more))


TAG = "images:\n- name: order\n  newTag: v2\n"


def test_an_entry_without_the_registry_host_is_a_defect() -> None:
    (fault,) = found(TAG, "ghcr.io/acme/order:v1")
    assert (fault.rule, fault.cause, fault.severity) == (
        "kustomize-image-ignored",
        "R09",
        None,
    )
    assert fault.fix == "set images[].name to ghcr.io/acme/order"
    assert (fault.file, fault.line) == ("overlays/dev/kustomization.yaml", 3)
    assert fault.object == ObjectRef("Kustomization", "", "overlays/dev")
    assert "newTag v2" in fault.message


def test_an_entry_that_is_like_no_image_is_a_note() -> None:
    (fault,) = found(TAG, "ghcr.io/acme/catalog:v1")
    assert fault.severity is Severity.NOTE
    assert "ghcr.io/acme/catalog" in fault.expected


def test_an_entry_with_a_digest_is_said_with_it() -> None:
    text = "images:\n- name: order\n  digest: sha256:abc\n"
    (fault,) = found(text, "ghcr.io/acme/order:v1")
    assert "newTag sha256:abc" in fault.message


def test_a_name_that_is_nearly_right_is_meant_unless_two_are() -> None:
    text = "images:\n- name: ghcr.io/acme/catalogue\n  newTag: v2\n"
    (fault,) = found(text, "ghcr.io/acme/catalogues:v1")
    assert fault.severity is None
    (fault,) = found(text, "ghcr.io/acme/catalogues:v1", "ghcr.io/acme/cataloguer:v1")
    assert fault.severity is Severity.NOTE


def test_all_entries_that_are_left_over_are_one_note() -> None:
    text = TAG + "- name: cart\n  newTag: v2\n"
    (fault,) = found(text, "ghcr.io/acme/catalog:v1")
    assert "order, cart" in fault.message


@pytest.mark.parametrize("image", ["order:v2", "order", "order@sha256:abc", "order:v2@sha256:abc"])
def test_an_entry_that_is_used_is_silent(image: str) -> None:
    assert not found(TAG, image)


def test_an_entry_that_renames_is_used_when_the_new_name_is_there() -> None:
    text = "images:\n- name: order\n  newName: ghcr.io/acme/order\n"
    assert not found(text, "ghcr.io/acme/order:v1")


def test_an_entry_of_the_base_is_used_when_the_overlay_renames_its_result() -> None:
    overlay = "images:\n- name: ghcr.io/acme/order\n  newName: local/order\n"
    base = "images:\n- name: order\n  newName: ghcr.io/acme/order\n"
    assert not found(overlay, "local/order:v1", base=base)


def test_an_entry_for_a_name_that_the_base_has_renamed_is_a_defect() -> None:
    overlay = "images:\n- name: order\n  newTag: v2\n"
    base = "images:\n- name: order\n  newName: ghcr.io/acme/order\n"
    (fault,) = found(overlay, "ghcr.io/acme/order:v1", base=base)
    assert fault.severity is None
    assert fault.file == "overlays/dev/kustomization.yaml"


def test_a_leftover_beside_the_entry_that_is_used_is_only_a_note() -> None:
    text = TAG + "- name: ghcr.io/acme/order\n  newTag: v2\n"
    (fault,) = found(text, "ghcr.io/acme/order:v2")
    assert fault.severity is Severity.NOTE


def test_an_image_outside_of_containers_counts_as_used() -> None:
    custom = "apiVersion: x.io/v1\nkind: Job\nmetadata: {name: a}\nspec: {runner: 'order:v2'}\n"
    files = {"overlays/dev/kustomization.yaml": f"resources: [a.yaml]\n{TAG}"}
    assert not surveyed(ignored_images, survey(tree(files), source(custom)))


def test_the_overrides_of_the_application_are_followed() -> None:
    text = "images:\n- name: order\n  newName: ghcr.io/acme/order\n"
    files = {"overlays/dev/kustomization.yaml": f"resources: [a.yaml]\n{text}"}
    spec = {
        "source": {
            "path": "overlays/dev",
            "kustomize": {"images": ["ghcr.io/acme/order=mirror/order:v3"]},
        }
    }
    root = source(deployment("mirror/order:v3"), spec=spec)
    assert not surveyed(ignored_images, survey(tree(files), root))


def test_a_shared_component_is_a_fault_only_when_no_root_uses_its_entry() -> None:
    files = {
        "overlays/dev/kustomization.yaml": "components: [../../component]\n",
        "overlays/prod/kustomization.yaml": "components: [../../component]\n",
        "component/kustomization.yaml": f"kind: Component\n{TAG}",
    }
    used = Source(path="overlays/prod", objects=objects(deployment("order:v2")))
    unused = Source(path="overlays/dev", objects=objects(deployment("web:v2")))
    assert not surveyed(ignored_images, survey(tree(files), used, unused))
    (fault,) = surveyed(ignored_images, survey(tree(files), unused))
    assert fault.file == "component/kustomization.yaml"


@pytest.mark.parametrize(
    "name", ["${IMAGE}", "<image>", "order:v1", "'{{ image }}'", "'*'", "null", "[a]"]
)
def test_names_that_cannot_be_compared_are_silent(name: str) -> None:
    assert not found(f"images:\n- name: {name}\n  newTag: v2\n", "web:v1")


@pytest.mark.parametrize("text", ["images: null\n", "images: x\n", "images: [1, null]\n"])
def test_odd_input_is_silent(text: str) -> None:
    assert not found(text, "web:v1")


def test_a_root_that_does_not_render_silences_its_kustomizations() -> None:
    failure = RenderFailure(path="overlays/dev", text="x")
    assert not found(TAG, "web:v1", failures=(failure,))


def test_a_kustomization_that_no_root_includes_is_silent() -> None:
    files = {"elsewhere/kustomization.yaml": TAG}
    assert not surveyed(ignored_images, survey(tree(files), source(deployment("web:v1"))))


def test_the_port_of_a_registry_is_no_tag() -> None:
    assert without_version("localhost:5000/order") == "localhost:5000/order"
    assert without_version("localhost:5000/order:v1") == "localhost:5000/order"
