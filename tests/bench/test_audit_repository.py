"""The generated repository: its size, its faults, and that kustomize would find every file."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bench.audit_repository import BROKEN_EVERY, Estate, is_broken, write_estate


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("estate")
    write_estate(folder, Estate(overlays=23, bases=3))
    return folder


def test_an_overlay_has_ten_files(estate: Path) -> None:
    overlays = list((estate / "overlays").glob("*/*"))
    assert len(overlays) == 23
    assert {len(list(folder.iterdir())) for folder in overlays} == {10}


def test_five_hundred_overlays_are_about_five_thousand_files() -> None:
    whole = Estate(overlays=500)
    assert whole.bases == 10
    assert whole.broken == 500 // BROKEN_EVERY


def test_every_file_that_a_kustomization_names_is_there(estate: Path) -> None:
    for path in estate.rglob("kustomization.yaml"):
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        patches = [patch["path"] for patch in found.get("patches", [])]
        generated = [
            name
            for entry in found.get("configMapGenerator", [])
            for name in (*entry.get("envs", []), *entry.get("files", []))
        ]
        for name in (*found["resources"], *patches, *generated):
            assert (path.parent / name).exists(), f"{path}: {name}"


def test_every_base_is_used(estate: Path) -> None:
    kustomizations = (estate / "overlays").rglob("kustomization.yaml")
    found = {yaml.safe_load(path.read_text())["resources"][0] for path in kustomizations}
    assert found == {f"../../../bases/shop-{number}" for number in range(3)}


def test_every_environment_that_has_overlays_is_deployed(estate: Path) -> None:
    environments = {path.name for path in (estate / "overlays").iterdir()}
    assert {path.name for path in (estate / "bootstrap").iterdir()} == environments


def test_a_fault_is_an_ingress_to_a_service_that_is_not_there(tmp_path: Path) -> None:
    folders = write_estate(tmp_path, Estate(overlays=BROKEN_EVERY, bases=1))
    text = [(folder / "ingress.yaml").read_text(encoding="utf-8") for folder in folders]
    assert [number for number, one in enumerate(text) if "name: shop" in one] == [BROKEN_EVERY - 1]
    assert is_broken(BROKEN_EVERY - 1)
