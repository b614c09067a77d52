"""Pulls the bundle: upstream images by digest, tools and Argo CD's manifests by checksum.

Knows which parts there are and what they need; how one part is taken is in `pull_files.py` and
`pull_images.py`. Parts are kept one by one, so an interrupted pull goes on where it was.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from harness.bundle.cache import exclusive, write_atomically
from harness.bundle.effects import Effects, Site
from harness.bundle.manifest import FILE_NAME, SCHEMA, ImageEntry, VersionedEntry, read_bundle
from harness.bundle.part_store import content_key, part_seconds
from harness.bundle.parts import Finished, Part, Teller, run_parts
from harness.bundle.progress import PartProgress, PartState, stoppable
from harness.bundle.pull_files import FileWork, fetch_file
from harness.bundle.pull_images import DigestBook, declared_names, image_work, take_image
from harness.bundle.upstream import Pins, read_pins
from harness.model.bundle import Bundle
from harness.model.errors import BundleError

WORKERS = 4
WAIT_SECONDS = 0.2
Entry = VersionedEntry | ImageEntry
IMAGE_LINE = re.compile(r"^\s*(?:- )?image:\s*[\"']?([^\s\"']+)", re.MULTILINE)


def pull_bundle(site: Site, effects: Effects, *, refresh: bool = False) -> Bundle:
    """Pulls what is not in the cache yet and returns the bundle.

    Args:
        site: Where and from what.
        effects: Handles.
        refresh: Ask again for the digests of tags that have none in the pins.

    Raises:
        BundleError: Something cannot be had, or is not what the pins say.
        ImageError: A layer on top of an upstream image does not build.
        StoppedError: The run was cancelled.
    """
    pins = read_pins(site.upstream.pins)
    queue = _Queue(effects)
    with exclusive(site.cache / "locks" / "pull.lock", on_wait=queue.wait):
        queue.leave()
        book = DigestBook(site.cache / "upstream-digests.json")
        if refresh:
            book.forget()
        finished = run_parts(
            [*_file_parts(pins, site, effects), *_image_parts(pins, site, effects, book)],
            workers=WORKERS,
            clock=effects.clock,
            report=effects.report,
            cancelled=effects.cancelled,
        )
        created = effects.clock.now().isoformat(timespec="seconds")
        return _write_bundle(pins, site, finished, created)


class _Queue:
    """Waits for another run that pulls into the same cache, and says so."""

    def __init__(self, effects: Effects) -> None:
        self._effects = effects
        self._waited = False

    def wait(self) -> None:
        self._waited = True
        self._tell(PartState.RUNNING)
        self._effects.clock.sleep(WAIT_SECONDS)

    def leave(self) -> None:
        if self._waited:
            self._tell(PartState.DONE)

    def _tell(self, state: PartState) -> None:
        report = stoppable(self._effects.report, self._effects.cancelled)
        report(PartProgress(part="waiting for another run that pulls", state=state))


def _file_parts(pins: Pins, site: Site, effects: Effects) -> list[Part[Entry]]:
    works = [FileWork(name=n, pin=pin, executable=True) for n, pin in pins.tools.items()]
    works += [
        FileWork(name=f"{n}-manifest", pin=pin, executable=False)
        for n, pin in pins.manifests.items()
    ]

    def fetch(work: FileWork, teller: Teller, _: Mapping[str, Entry]) -> Entry:
        entry = fetch_file(work, site, effects, teller)
        if not work.executable:
            _check_images_are_pinned(site.cache / entry.path, pins)
        return entry

    return [Part(name=work.name, work=partial(fetch, work)) for work in works]


def _image_parts(pins: Pins, site: Site, effects: Effects, book: DigestBook) -> list[Part[Entry]]:
    docker = effects.docker()

    def take(role: str, teller: Teller, results: Mapping[str, Entry]) -> Entry:
        pin = pins.images[role]
        on = results[pin.on] if pin.on else None
        mirror = site.upstream.image_mirror
        digest = "" if pin.on else book.digest(pin, docker, teller, mirror)
        work = image_work(role, pin, on if isinstance(on, ImageEntry) else None, digest, site)
        return take_image(work, site, effects.clock, docker, teller)

    return [
        Part(name=role, after=(pin.on,) if pin.on else (), work=partial(take, role))
        for role, pin in pins.images.items()
    ]


def _check_images_are_pinned(manifest: Path, pins: Pins) -> None:
    """Checks that every image Argo CD's manifest names is one the bundle brings."""
    named = set(IMAGE_LINE.findall(manifest.read_text(encoding="utf-8")))
    unknown = sorted(named.difference(declared_names(pins.images)))
    if unknown:
        raise BundleError(
            attempted="Matching the pins with",
            subject=str(manifest),
            seen=f"it names {', '.join(unknown)}, which no image pin has",
            expected="a pin for every image of the manifest",
            next_step="correct harness/bundle/upstream.toml",
        )


def _write_bundle(
    pins: Pins, site: Site, finished: Mapping[str, Finished[Entry]], created: str
) -> Bundle:
    entries = {name: finished[name].result for name in sorted(finished)}
    contents = [entry.file.sha256 for entry in entries.values()]
    key = content_key("pull", pins.kubernetes, *sorted(contents))
    data = {
        "schema": SCHEMA,
        "origin": "pull",
        "key": key,
        "created": created,
        "kubernetes": pins.kubernetes,
        "tools": {name: entries[name].model_dump() for name in pins.tools},
        "manifests": {n: entries[f"{n}-manifest"].model_dump() for n in pins.manifests},
        "images": [entries[role].model_dump() for role in pins.images],
        "seconds": {name: part_seconds(site.cache, entry) for name, entry in entries.items()},
    }
    path = site.cache / "bundles" / key / FILE_NAME
    write_atomically(path, json.dumps(data, indent=1) + "\n")
    return read_bundle(path)
