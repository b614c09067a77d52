from __future__ import annotations

from pathlib import Path

import pytest

from harness.config import ImageSettings
from harness.images.plan import Origin, PlanInput, plan_images
from harness.model.bundle import Bundle, BundledImage
from harness.model.errors import ImageError
from harness.model.refs import ImageReference, ObjectRef
from harness.model.repository import ImageUse

POSTGRES = BundledImage(
    role="postgres", reference="gitops-harness/postgres:k", image_id="sha256:1", archive=Path("a"),
    sha256="s", bytes=1, declared=("docker.io/library/postgres:17",), built_from="Debian",
)  # fmt: skip
BUNDLE = Bundle(
    path=Path("b"), origin="build", key="k", kubernetes="v1", tools={}, images=(POSTGRES,),
    argocd_manifest=Path("m"), argocd_version="v3",
)  # fmt: skip


def _use(declared: str, *pulls: tuple[str, str]) -> ImageUse:
    return ImageUse(
        reference=ImageReference.parse(declared),
        declared=declared,
        users=(ObjectRef("Deployment", "dev", "web"),),
        pull_secrets=pulls,
    )


def _input(
    root: Path, *folders: str, settings: dict[str, ImageSettings] | None = None,
    reachable: bool = False,
) -> PlanInput:  # fmt: skip
    for folder in folders:
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    return PlanInput(
        root=root, folders=folders, settings=settings or {}, bundle=BUNDLE,
        registries_reachable=reachable,
    )  # fmt: skip


def test_a_folder_named_like_the_image_is_its_build_context(tmp_path: Path) -> None:
    facts = _input(tmp_path, "services/order", "services/shop-order/sub")

    (planned,) = plan_images([_use("ghcr.io/acme/shop-order:1", ("dev", "pull"))], facts)

    assert planned.origin is Origin.BUILT
    assert planned.context == tmp_path / "services/order"
    assert planned.private


def test_two_folders_of_that_name_are_asked_about(tmp_path: Path) -> None:
    facts = _input(tmp_path, "a/order", "b/order")

    with pytest.raises(ImageError) as caught:
        plan_images([_use("ghcr.io/acme/order:1")], facts)

    assert "a/order, b/order" in caught.value.seen
    assert '[images."ghcr.io/acme/order"]' in caught.value.next_step


def test_the_bundle_answers_for_its_declared_names(tmp_path: Path) -> None:
    (planned,) = plan_images([_use("postgres:17")], _input(tmp_path))

    assert planned.origin is Origin.SUBSTITUTED
    assert planned.bundled == POSTGRES
    assert planned.note == ""


def test_another_tag_of_the_same_major_version_is_answered_and_noted(tmp_path: Path) -> None:
    (planned,) = plan_images([_use("postgres:17.2-alpine")], _input(tmp_path))

    assert planned.bundled == POSTGRES
    assert "answered by the bundle's 17" in planned.note


def test_another_major_version_is_not_answered(tmp_path: Path) -> None:
    with pytest.raises(ImageError) as caught:
        plan_images([_use("postgres:16"), _use("ghcr.io/acme/gone:1")], _input(tmp_path))

    assert "postgres:16" in caught.value.seen
    assert "ghcr.io/acme/gone:1 (used by Deployment dev/web)" in caught.value.seen
    assert caught.value.exit_code == 7


def test_where_registries_answer_the_rest_is_pulled(tmp_path: Path) -> None:
    (planned,) = plan_images([_use("postgres:16")], _input(tmp_path, reachable=True))

    assert planned.origin is Origin.PULLED


def test_a_configured_dockerfile_must_lie_in_its_context(tmp_path: Path) -> None:
    settings = {"ghcr.io/acme/x": ImageSettings(context="svc", dockerfile="other/Dockerfile")}
    facts = _input(tmp_path, "other", "svc", settings=settings)

    with pytest.raises(ImageError) as caught:
        plan_images([_use("ghcr.io/acme/x:1")], facts)

    assert "is not a file inside" in caught.value.seen
