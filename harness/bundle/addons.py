"""Images of add-ons, which no bundle holds: built or pulled when a cluster needs one, then cached.

An add-on comes the way the bundle came, so that one machine does not need two kinds of registry:
with a pulled bundle it is pulled by digest, with a built one it is built by `airgap`. With a bundle
that was loaded from a file, it comes from whatever is in reach.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.bundle.build import build_addon
from harness.bundle.cache import exclusive
from harness.bundle.effects import Effects, Site
from harness.bundle.manifest import ImageEntry, bundled_image
from harness.bundle.parts import Part, Teller, run_parts
from harness.bundle.pull_images import DigestBook, image_work, take_image
from harness.bundle.upstream import DEFAULT_PINS, ImagePin, read_pins
from harness.model.bundle import BundledImage
from harness.model.errors import BundleError
from harness.model.refs import ImageReference

SCHEMA = 1
WAIT_SECONDS = 0.2


class _Addon(BaseModel):
    """What `airgap` writes of an add-on, schema 1; unknown fields are left for later versions."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_number: int = Field(alias="schema")
    image: ImageEntry


def addon_reference(name: str, pins: Path = DEFAULT_PINS) -> ImageReference:
    """Returns the name under which a cluster asks for the image of an add-on.

    Raises:
        BundleError: No add-on of that name is pinned.
    """
    return ImageReference.parse(_pin(name, pins).reference)


def ensure_addon(
    name: str, *, origin: str, registries_reachable: bool, site: Site, effects: Effects
) -> BundledImage:
    """Returns the image of an add-on, built or pulled where it is not in the cache.

    Args:
        name: The add-on, e.g. `metrics-server`.
        origin: Of the bundle: `build`, `pull` or `load`.
        registries_reachable: Whether image registries answer; counts where the bundle was loaded.
        site: Where and from what.
        effects: Handles.

    Raises:
        BundleError: It can neither be built nor pulled.
    """
    is_pulled = origin == "pull" or (origin == "load" and registries_reachable)
    entry = _pulled(name, site, effects) if is_pulled else _built(name, site, effects)
    return bundled_image(site.cache, entry)


def _built(name: str, site: Site, effects: Effects) -> ImageEntry:
    path = build_addon(name, site, effects)
    try:
        found = _Addon.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError) as error:
        raise _unusable(name, " ".join(str(error).split())) from error
    if found.schema_number != SCHEMA:
        raise _unusable(name, f"the schema of its description is {found.schema_number}")
    return found.image


def _pulled(name: str, site: Site, effects: Effects) -> ImageEntry:
    pin = _pin(name, site.upstream.pins)
    book = DigestBook(site.cache / "upstream-digests.json")
    lock = site.cache / "locks" / "pull.lock"
    with exclusive(lock, on_wait=lambda: effects.clock.sleep(WAIT_SECONDS)):
        part: Part[ImageEntry] = Part(
            name=name, work=partial(_take, name, pin, site, effects, book)
        )
        finished = run_parts(
            [part],
            workers=1,
            clock=effects.clock,
            report=effects.report,
            cancelled=effects.cancelled,
        )
    return finished[name].result


def _take(
    name: str,
    pin: ImagePin,
    site: Site,
    effects: Effects,
    book: DigestBook,
    teller: Teller,
    _: Mapping[str, ImageEntry],
) -> ImageEntry:
    docker = effects.docker()
    digest = book.digest(pin, docker, teller, site.upstream.image_mirror)
    work = image_work(name, pin, None, digest, site)
    return take_image(work, site, effects.clock, docker, teller)


def _pin(name: str, pins: Path) -> ImagePin:
    found = read_pins(pins).addons.get(name)
    if found is None:
        raise _unusable(name, f"{pins} pins no add-on of that name")
    return found


def _unusable(name: str, seen: str) -> BundleError:
    return BundleError(
        attempted="Preparing the add-on",
        subject=name,
        seen=seen,
        expected="its image, pinned and cached",
        next_step="harness bundle build, then try again",
    )
