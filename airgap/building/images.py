"""Builds the images of the bundle from their recipes.

A recipe is a folder with a Dockerfile; a build context is that folder with files of other parts
beside it. The result is an archive and the facts that the bundle repeats.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from airgap.bench import Bench
from airgap.building.docker import (
    build,
    load_missing,
    package_versions,
    reference_of,
    save,
    take_out,
)
from airgap.keys import digest_of_file


def build_image(bench: Bench) -> Mapping[str, object]:
    """Builds an image of a recipe and writes ``image.tar``."""
    arguments = {**_base(bench), **bench.table("arguments")}
    context = make_context(bench)
    reference = reference_of(bench)
    found = build(bench, context, reference, arguments=arguments)
    shutil.rmtree(context)
    archive = bench.folder / "image.tar"
    save(bench, [reference], archive)
    return {
        "reference": reference,
        "image_id": found,
        "sha256": digest_of_file(archive),
        "bytes": archive.stat().st_size,
        "packages": package_versions(bench, reference, bench.texts("packages")),
    }


def _base(bench: Bench) -> Mapping[str, str]:
    part = bench.text("base")
    if not part:
        return {}
    return {bench.text("base_argument"): load_missing(bench, bench.inputs[part])}


def build_kafka_jars(bench: Bench) -> Mapping[str, object]:
    """Fetches Kafka's jars inside an image that has Maven, and takes them out of it."""
    base = load_missing(bench, bench.inputs[bench.text("base")])
    reference = reference_of(bench)
    context = make_context(bench)
    build(bench, context, reference, arguments={"BASE": base})
    shutil.rmtree(context)
    take_out(bench, reference, "/jars", bench.folder / "jars")
    return {"jars": len(list((bench.folder / "jars").iterdir()))}


def make_context(bench: Bench) -> Path:
    """Lays out the recipe and the inputs in a folder for Docker; large files are linked."""
    context = bench.folder / ".context"
    shutil.copytree(bench.sources[0], context, symlinks=True)
    for name, origin in bench.table("inputs").items():
        part, _, path = origin.partition("/")
        place(bench.inputs[part].folder / path, context / name)
    return context


def place(source: Path, target: Path) -> None:
    """Makes a file or folder appear elsewhere without copying its bytes where that is possible."""
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, copy_function=_link)
    else:
        _link(str(source), str(target))


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target
