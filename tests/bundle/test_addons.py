"""An add-on comes the way the bundle came: pulled by digest, or built by the child program."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from airgap.pins import read_pins
from harness.bundle.addons import addon_reference, ensure_addon
from harness.bundle.effects import Site, Upstream
from harness.model.bundle import BundledImage
from harness.model.errors import BundleError
from tests.bundle.test_build import Outcome, calls, program
from tests.bundle.test_pull import PINS, World, digest

NAME = "metrics-server"
PINNED = """
[addons.metrics-server]
reference = "registry.k8s.io/metrics-server/metrics-server:v1"
"""
DESCRIBED = {
    "schema": 1,
    "name": NAME,
    "version": "v1",
    "image": {
        "role": NAME,
        "reference": f"gitops-harness/{NAME}:abc",
        "image_id": digest("id"),
        "archive": {"path": "parts/m/image.tar", "sha256": "0" * 64, "bytes": 1},
        "declared": ["registry.k8s.io/metrics-server/metrics-server:v1"],
        "built_from": "Go module v1",
    },
}
SAYS = """
say(event="addon", path="addons/m.json", seconds=1)
"""


def built(site: Site, described: object, says: str = SAYS) -> tuple[BundledImage, Outcome]:
    path = site.cache / "addons" / "m.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(described))
    program(site, says)
    outcome = Outcome()
    image = ensure_addon(
        NAME, origin="build", registries_reachable=True, site=site, effects=outcome.effects()
    )
    return image, outcome


def pulling(site: Site, tmp_path: Path) -> World:
    pins = tmp_path / "pins.toml"
    pins.write_text(PINS + PINNED)
    return World(site=replace(site, upstream=Upstream(pins=pins)))


def test_a_built_bundle_has_its_add_on_built_too(site: Site) -> None:
    image, _ = built(site, DESCRIBED)
    assert image.archive == site.cache / "parts/m/image.tar"
    assert image.declared == ("registry.k8s.io/metrics-server/metrics-server:v1",)
    (call,) = calls(site)
    assert call[0] == "build"
    assert call[call.index("--addon") + 1] == NAME


@pytest.mark.parametrize(
    ("described", "says"),
    [({**DESCRIBED, "schema": 2}, SAYS), ({"schema": 1}, SAYS), (DESCRIBED, "")],
    ids=["another schema", "no image", "not named"],
)
def test_a_description_that_cannot_be_used_is_said(
    site: Site, described: object, says: str
) -> None:
    with pytest.raises(BundleError):
        built(site, described, says)


@pytest.mark.parametrize("origin", ["pull", "load"])
def test_a_pulled_bundle_has_its_add_on_pulled_by_digest_and_once(
    site: Site, tmp_path: Path, origin: str
) -> None:
    world = pulling(site, tmp_path)
    for _ in range(2):
        image = ensure_addon(
            NAME, origin=origin, registries_reachable=True, site=world.site, effects=world.effects
        )
        assert image.declared == ("registry.k8s.io/metrics-server/metrics-server:v1",)
    reference = "registry.k8s.io/metrics-server/metrics-server"
    assert world.docker.pulled == [f"{reference}@{digest(f'{reference}:v1')}"]


def test_an_add_on_that_nobody_pins_is_refused_by_name(site: Site, tmp_path: Path) -> None:
    world = pulling(site, tmp_path)
    with pytest.raises(BundleError, match="pins no add-on"):
        ensure_addon(
            "dashboard", origin="pull", registries_reachable=True, site=world.site,
            effects=world.effects,
        )  # fmt: skip


def test_what_is_built_is_called_as_what_is_pulled() -> None:
    pins = read_pins()
    version = pins.module_version(NAME, "sigs.k8s.io/metrics-server")
    (declared,) = pins.images["addons"][NAME]["declared"]
    assert str(addon_reference(NAME)) == declared.format(version=version)
