"""The pins that come with the harness are complete, and wrong ones are refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.bundle.pull_images import declared_names
from harness.bundle.upstream import (
    DEFAULT_PINS,
    RECIPES,
    mirrored_image,
    mirrored_url,
    read_pins,
)
from harness.model.errors import BundleError
from harness.model.refs import ImageReference

AIRGAP_GATE = Path(__file__).parents[2] / "airgap" / "recipes" / "gate" / "requirements.txt"


def test_our_pins_are_complete_and_well_formed() -> None:
    pins = read_pins(DEFAULT_PINS)
    assert ImageReference.parse(pins.images["node"].reference).tag == pins.kubernetes
    assert pins.tools["kubectl"].version == pins.kubernetes
    assert "docker.io/library/postgres:17" in set(declared_names(pins.images))
    for pin in pins.tools.values():
        for platform in ("linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64"):
            assert re.fullmatch("[0-9a-f]{64}", pin.checksum(platform))
            assert "{" not in pin.at(platform)
            assert pin.version in pin.at(platform)
    assert pins.manifests["argocd"].version in pins.images["argocd"].reference


def test_every_recipe_of_the_pins_exists() -> None:
    pins = read_pins(DEFAULT_PINS)
    recipes = {pin.recipe for pin in pins.images.values() if pin.recipe}
    assert all((RECIPES / name / "Dockerfile").is_file() for name in recipes | {"certificates"})


def test_both_gates_have_the_same_libraries() -> None:
    assert (RECIPES / "gate" / "requirements.txt").read_text() == AIRGAP_GATE.read_text()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("schema = 1", "schema = 2", "its schema is 2"),
        ("schema = 1", "schema = ", "Invalid value"),
        ('digest = "sha256:099e', 'digest = "sha256:zz', "images.node.digest"),
        (
            'reference = "docker.io/library/postgres:17"',
            'reference = "postgres:17"',
            "images.postgres",
        ),
        ('reference = "docker.io/library/postgres:17"', "", "either a reference or the role"),
        ('on = "python"', 'on = "pithon"', "nothing is pinned for pithon"),
        ("[images.kafka]", "[images.cafka]", "nothing is pinned for kafka"),
        ("base = true", "bass = true", "bass"),
    ],
)
def test_wrong_pins_are_refused_with_the_place(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    text = DEFAULT_PINS.read_text()
    assert old in text
    path = tmp_path / "pins.toml"
    path.write_text(text.replace(old, new))
    with pytest.raises(BundleError) as caught:
        read_pins(path)
    assert reason in caught.value.seen


def test_missing_pins_are_one_paragraph(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="No such file"):
        read_pins(tmp_path / "pins.toml")


def test_mirrors_keep_the_original_name_below_them() -> None:
    name = "docker.io/library/postgres"
    assert mirrored_image(name, "") == name
    assert mirrored_image(name, "mirror:5000/proxy/") == f"mirror:5000/proxy/{name}"
    url = "https://github.com/x/y"
    assert mirrored_url(url, "") == url
    assert mirrored_url(url, "http://m:1/") == "http://m:1/github.com/x/y"
