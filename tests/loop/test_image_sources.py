from __future__ import annotations

from pathlib import Path

import pytest

from harness.images.plan import Origin, PlannedImage
from harness.loop.image_sources import image_print, outdated, prints
from harness.model.refs import ImageReference
from harness.model.repository import ImageUse


def planned(name: str, services: Path) -> PlannedImage:
    declared = f"ghcr.io/corp/{name}:1"
    use = ImageUse(
        reference=ImageReference.parse(declared), declared=declared, users=(), pull_secrets=()
    )
    return PlannedImage(
        use=use,
        origin=Origin.BUILT,
        context=services,
        dockerfile=f"{name}/Dockerfile",
        build_args={},
    )


@pytest.fixture
def services(tmp_path: Path) -> Path:
    for name in ("order", "catalog"):
        (tmp_path / name / "tests").mkdir(parents=True)
        (tmp_path / name / "Dockerfile").write_text(f"FROM x\nCOPY {name} shared /app/\n")
        (tmp_path / name / "app.py").write_text("print(1)\n")
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "web.py").write_text("print(2)\n")
    (tmp_path / ".dockerignore").write_text("# tests never reach an image\n**/tests\n")
    return tmp_path


def changed(services: Path, file: str) -> list[str]:
    plan = [planned("order", services), planned("catalog", services)]
    before = prints(plan)
    (services / file).write_text("print(30)\n")
    return [p.short_name for p in outdated(plan, prints(plan), before)]


def test_a_change_of_one_service_is_one_image_of_a_shared_context(services: Path) -> None:
    assert changed(services, "order/app.py") == ["order"]


def test_a_change_of_shared_code_is_every_image(services: Path) -> None:
    assert changed(services, "shared/web.py") == ["order", "catalog"]


def test_what_dockerignore_leaves_out_changes_no_image(services: Path) -> None:
    assert changed(services, "order/tests/test_app.py") == []


def test_a_new_file_changes_the_image(services: Path) -> None:
    assert changed(services, "order/new.py") == ["order"]


def test_an_image_that_was_never_delivered_is_due(services: Path) -> None:
    plan = [planned("order", services)]
    assert outdated(plan, prints(plan), {}) == plan


def test_another_tag_is_another_print(services: Path) -> None:
    first = planned("order", services)
    use = ImageUse(
        reference=ImageReference.parse("ghcr.io/corp/order:2"),
        declared="ghcr.io/corp/order:2",
        users=(),
        pull_secrets=(),
    )
    second = PlannedImage(
        use=use, origin=Origin.BUILT, context=services, dockerfile="order/Dockerfile", build_args={}
    )
    assert image_print(first) != image_print(second)
