"""Takes upstream images by digest, makes those that stand on them, and saves each into the cache.

An image is pulled as it is. Two kinds get a layer on top: the ones with a recipe of ours, and, on a
host with additional CA certificates, the bases that user images are built on. In Docker they are
called `gitops-harness/ROLE:TAG`; no official name is ever given or moved.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.bundle.cache import make_recipe, publish, staging, write_atomically
from harness.bundle.docker_images import ensure_image
from harness.bundle.effects import Site, UpstreamDocker
from harness.bundle.manifest import FileEntry, ImageEntry, bundled_image
from harness.bundle.part_store import content_key, kept_part, part_folder, write_part
from harness.bundle.parts import Teller
from harness.bundle.upstream import RECIPES, ImagePin, mirrored_image
from harness.io.clock import Clock
from harness.model.containers import LABEL

RESOLVE_SECONDS = 60.0
PULL_SECONDS = 3600.0
BUILD_SECONDS = 1800.0
CERTIFICATES = "host-additional.crt"


@dataclass(slots=True)
class DigestBook:
    """Remembers which digest a tag had when it was first pulled, so that it stays the same."""

    path: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def digest(self, pin: ImagePin, docker: UpstreamDocker, teller: Teller, mirror: str) -> str:
        """Returns the pinned digest, the remembered one, or asks the registry once."""
        if pin.digest:
            return pin.digest
        known = self._read().get(pin.reference)
        if known:
            return known
        name = mirrored_image(pin.reference, mirror)
        teller.tell("asking the registry for the digest")
        found = docker.resolve_digest(name, deadline_seconds=RESOLVE_SECONDS)
        with self._lock:
            text = json.dumps({**self._read(), pin.reference: found}, indent=1, sort_keys=True)
            write_atomically(self.path, text + "\n")
        return found

    def forget(self) -> None:
        """Forgets all, so that tags are asked for again."""
        self.path.unlink(missing_ok=True)

    def _read(self) -> dict[str, str]:
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageWork:
    """One image to take, and what is laid on top of it."""

    role: str
    pin: ImagePin
    on: ImageEntry | None
    """The image it is made on, where it is not pulled."""
    digest: str
    """Of the upstream image; empty where it is made on another one."""
    certificates: tuple[Path, ...]
    """What is added to the trust store."""

    @property
    def layers(self) -> tuple[str, ...]:
        """The recipes that are run on top, in this order."""
        recipes = [self.pin.recipe] if self.pin.recipe else []
        return (*recipes, *(["certificates"] if self.certificates else []))

    @property
    def origin(self) -> str:
        """What it is made from, for the report."""
        if self.on is not None:
            return self.on.built_from
        return f"{self.pin.reference}@{self.digest}"

    @property
    def built_from(self) -> str:
        """The origin and what was laid on top."""
        added = f"{len(self.certificates)} CA certificate(s) of this host"
        notes = [added if layer == "certificates" else f"recipe {layer}" for layer in self.layers]
        return " + ".join([self.origin, *notes])

    @property
    def key(self) -> str:
        """Names the image by everything it is made from."""
        sources = [RECIPES / layer for layer in self.layers]
        recipe = make_recipe(sources=sources, ca_files=self.certificates, platform="")
        base = self.on.image_id if self.on else self.origin
        return content_key(self.role, base, recipe.id, *self.pin.names)

    @property
    def reference(self) -> str:
        """Its name in Docker."""
        tag = self.key[:12] if self.layers else self.digest.removeprefix("sha256:")[:12]
        return f"gitops-harness/{self.role}:{tag}"

    @property
    def base_reference(self) -> str:
        """The name of what a layer is laid on, while that happens."""
        return f"gitops-harness/{self.role}-base:{self.key[:12]}"


def image_work(
    role: str, pin: ImagePin, on: ImageEntry | None, digest: str, site: Site
) -> ImageWork:
    """Returns the work for one role; bases get the host's additional CA certificates."""
    certificates = site.ca_files if pin.base else ()
    return ImageWork(role=role, pin=pin, on=on, digest=digest, certificates=certificates)


def take_image(
    work: ImageWork, site: Site, clock: Clock, docker: UpstreamDocker, teller: Teller
) -> ImageEntry:
    """Returns the entry of an image in the cache, pulling or making it where it is not there.

    Raises:
        BundleError: It cannot be pulled.
        ImageError: A layer on top of it does not build.
    """
    folder = part_folder(site.cache, work.role, work.key)
    kept = kept_part(site.cache, folder, ImageEntry)
    if kept is not None:
        teller.cached = True
        return kept
    began = clock.monotonic()
    image_id = _make(work, site, docker, teller)
    with staging(folder.parent) as staged:
        archive = _save(docker, work.reference, staged / "image.tar", teller)
        path = (folder / "image.tar").relative_to(site.cache)
        entry = ImageEntry(
            role=work.role,
            reference=work.reference,
            image_id=image_id,
            archive=archive.model_copy(update={"path": str(path)}),
            declared=work.pin.names,
            built_from=work.built_from,
        )
        write_part(staged, entry, clock.monotonic() - began)
        publish(staged, folder, is_good=lambda f: kept_part(site.cache, f, ImageEntry) is not None)
    teller.tell(work.origin)
    return entry


def _make(work: ImageWork, site: Site, docker: UpstreamDocker, teller: Teller) -> str:
    """Pulls or builds an image under its name of ours, and returns its id."""
    if work.on is not None:
        ensure_image(bundled_image(site.cache, work.on), docker)
        base, borrowed = work.on.reference, True
    else:
        name = mirrored_image(work.pin.reference.rpartition(":")[0], site.upstream.image_mirror)
        base = f"{name}@{work.digest}"
        borrowed = docker.has_image(base)
        docker.pull(base, on_progress=teller.tell, deadline_seconds=PULL_SECONDS)
    made = base
    for layer in work.layers:
        made = _lay(layer, made, work, site, docker, teller)
    image_id = docker.image_id(made)
    docker.tag(image_id, work.reference)
    docker.remove_image(work.base_reference)
    if not borrowed:
        docker.remove_image(base)
    return image_id


def _lay(
    layer: str, base: str, work: ImageWork, site: Site, docker: UpstreamDocker, teller: Teller
) -> str:
    """Runs one recipe on an image and returns the name of the result."""
    # The builder takes names, so a base that has only a digest gets one of ours for the while.
    docker.tag(docker.image_id(base), work.base_reference)
    user = docker.image_user(work.base_reference) or "root"
    arguments = {"BASE": work.base_reference, "RUN_AS": user}
    log = site.cache / "logs" / f"pull-{work.role}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as out:
        for line in docker.build(
            _context(RECIPES / layer, work.certificates),
            dockerfile="Dockerfile",
            tag=work.reference,
            labels={LABEL: "bundle"},
            build_args=arguments,
            deadline_seconds=BUILD_SECONDS,
        ):
            out.write(line + "\n")
            if line.strip():
                teller.tell(line.strip()[:100], log=log)
    return work.reference


def _context(recipe: Path, certificates: tuple[Path, ...]) -> io.BytesIO:
    """Returns a build context: the files of a recipe and the certificates in one file."""
    files = {path.name: path.read_bytes() for path in sorted(recipe.iterdir())}
    files[CERTIFICATES] = b"".join(path.read_bytes().rstrip() + b"\n" for path in certificates)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    buffer.seek(0)
    return buffer


def _save(docker: UpstreamDocker, reference: str, target: Path, teller: Teller) -> FileEntry:
    teller.tell("saving")
    digest, size = hashlib.sha256(), 0
    with target.open("wb") as out:
        for chunk in docker.save_images((reference,)):
            digest.update(chunk)
            out.write(chunk)
            size += len(chunk)
            teller.tell("saving", size)
    return FileEntry(path=target.name, sha256=digest.hexdigest(), bytes=size)


def declared_names(pins: Mapping[str, ImagePin]) -> Iterator[str]:
    """Yields every declared name the images of the pins answer to."""
    for pin in pins.values():
        yield from pin.names
