"""`harness bundle build|pull|save|load|show`: the images and tools of the cluster, by hand.

A run makes its bundle by itself; these commands make one beforehand, carry it to another machine,
or show what there is. Progress goes to standard error, the result to standard output.
"""

from __future__ import annotations

import json
import os
import platform
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer
from platformdirs import user_cache_path
from rich.console import Console

from harness.bundle.archive_save import save_bundle
from harness.bundle.board import duration
from harness.bundle.choose import Way, usable
from harness.bundle.effects import Effects, Site, site_from
from harness.bundle.ensure import find_candidates, load_file, make_bundle, open_bundle
from harness.bundle.manifest import MEND, read_bundle, verify
from harness.bundle.progress import Report
from harness.bundle.screen import choose_screen
from harness.doctor.reading import Machine, read_machine
from harness.io.clock import SystemClock
from harness.io.docker_pull import PullingDaemon
from harness.io.download import HttpDownloader
from harness.io.process import ProcessRunner
from harness.io.stream import ProcessStreamer
from harness.model.bundle import Bundle
from harness.model.errors import BundleError, UsageError

Cache = Annotated[
    Path | None, typer.Option("--cache", help="Cache folder (default: the user's cache).")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the bundle as JSON.")]
Certificates = Annotated[
    list[Path] | None,
    typer.Option(
        "--ca",
        help="CA certificate the base images shall trust (default: those added to this host).",
    ),
]


def register(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    group = typer.Typer(help="The images and tools that run in the cluster.", no_args_is_help=True)
    for command in (build, pull, save, load, show):
        group.command(command.__name__)(command)
    app.add_typer(group, name="bundle")


def build(*, cache: Cache = None, ca: Certificates = None, as_json: AsJson = False) -> None:
    """Build the bundle from package registries alone; what is cached is not built again."""
    _make(Way.BUILD, cache, ca, as_json=as_json)


def pull(
    *,
    cache: Cache = None,
    ca: Certificates = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Ask again for the digests of unpinned tags.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Pull upstream images by digest and tools by checksum; what is cached is not pulled again.

    HARNESS_UPSTREAM_MIRROR=HOST[:PORT][/PATH] pulls docker.io/library/x as
    HOST/PATH/docker.io/library/x; HARNESS_DOWNLOAD_MIRROR=URL fetches https://github.com/x as
    URL/github.com/x; HARNESS_UPSTREAM_PINS=FILE replaces the pins of the harness.
    """
    _make(Way.PULL, cache, ca, as_json=as_json, refresh=refresh)


def save(
    file: Annotated[Path, typer.Argument(help="The file to write.")],
    *,
    bundle: Annotated[
        Path | None, typer.Option("--bundle", help="Which one (default: the current one).")
    ] = None,
    compress: Annotated[
        bool, typer.Option("--compress", help="gzip the file: smaller, slower.")
    ] = False,
    cache: Cache = None,
    ca: Certificates = None,
    as_json: AsJson = False,
) -> None:
    """Write a bundle into one file with checksums, for another machine."""
    site = _site(cache, ca)
    chosen = read_bundle(bundle) if bundle else _current(site)
    with _progress() as report:
        index = save_bundle(chosen, file, platform=site.platform, report=report, compress=compress)
    size = file.stat().st_size
    said = f"saved {chosen.key} ({size / 2**20:.0f} MiB, content {index.id}) as {file}"
    _answer({"file": str(file), "bytes": size, "content": index.id}, said, as_json=as_json)


def load(
    file: Annotated[Path, typer.Argument(help="A file written by `harness bundle save`.")],
    *,
    cache: Cache = None,
    as_json: AsJson = False,
) -> None:
    """Load a bundle file into the cache; a damaged or truncated one is refused with the reason."""
    site = _site(cache, [])
    with _progress() as report:
        bundle = load_file(file, site, _effects(site, report))
    _answer(describe(bundle), f"loaded {bundle.key} as {bundle.path}", as_json=as_json)


def show(
    path: Annotated[
        Path | None, typer.Argument(help="A bundle.json, its folder, or a saved file.")
    ] = None,
    *,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Check the SHA-256 of every file.")
    ] = False,
    cache: Cache = None,
    ca: Certificates = None,
    as_json: AsJson = False,
) -> None:
    """Show the current bundle, or another one: what it consists of and whether it is whole."""
    site = _site(cache, ca)
    if path is None:
        bundle = _current(site)
    else:
        with _progress() as report:
            bundle = open_bundle(path, site, _effects(site, report))
    verify(bundle, thorough=thorough)
    if as_json:
        typer.echo(json.dumps(describe(bundle), indent=1))
        return
    for line in _lines(bundle):
        typer.echo(line)
    depth = "sizes and SHA-256" if thorough else "sizes"
    typer.echo(f"every file is there ({depth} checked)")


def describe(bundle: Bundle) -> dict[str, Any]:
    """Returns a bundle as plain values for JSON."""
    return {
        "path": str(bundle.path),
        "origin": bundle.origin,
        "key": bundle.key,
        "kubernetes": bundle.kubernetes,
        "argocd": bundle.argocd_version,
        "tools": {
            t.name: {"version": t.version, "path": str(t.path)} for t in bundle.tools.values()
        },
        "images": [
            {
                "role": image.role,
                "reference": image.reference,
                "image_id": image.image_id,
                "bytes": image.bytes,
                "declared": list(image.declared),
                "built_from": image.built_from,
            }
            for image in bundle.images
        ],
        "seconds": bundle.seconds,
    }


def _make(
    way: Way, cache: Path | None, ca: list[Path] | None, *, as_json: bool, refresh: bool = False
) -> None:
    site, clock = _site(cache, ca), SystemClock()
    began = clock.monotonic()
    with _progress() as report:
        bundle = make_bundle(way, site, _effects(site, report), refresh=refresh)
    seconds = clock.monotonic() - began
    said = f"bundle {bundle.key} after {duration(seconds)}: {bundle.path}"
    _answer(describe(bundle), said, as_json=as_json)


def _site(cache: Path | None, ca: list[Path] | None) -> Site:
    place = cache or user_cache_path("gitops-harness")
    trusted = ca
    if trusted is None:
        machine = Machine(runner=ProcessRunner(), environ=os.environ, cache=place)
        trusted = list(read_machine(machine, ()).facts.extra_ca_files)
    for path in trusted:
        if not path.is_file():
            raise _no_certificate(path)
    return site_from(
        os.environ,
        cache=place,
        ca_files=trusted,
        system=platform.system(),
        machine=platform.machine(),
    )


def _effects(site: Site, report: Report) -> Effects:
    return Effects(
        stream=ProcessStreamer(),
        docker=PullingDaemon.connect,
        download=HttpDownloader(ca_files=site.ca_files),
        clock=SystemClock(),
        report=report,
    )


@contextmanager
def _progress() -> Iterator[Report]:
    """Shows what goes on; SIGTERM ends the body as Ctrl-C does, so that it cleans up."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with choose_screen(Console(stderr=True), SystemClock()) as screen:
            yield screen.report
    finally:
        signal.signal(signal.SIGTERM, before)


def _current(site: Site) -> Bundle:
    """Returns the bundle a run would find in the cache."""
    candidates, problems = find_candidates(site)
    found = usable(candidates)
    if found is None:
        raise BundleError(
            attempted="Looking for a bundle in",
            subject=str(site.cache),
            seen="; ".join(problems) or "there is none made from the current recipes and pins",
            expected="one that was built, pulled or loaded",
            next_step=MEND,
        )
    return read_bundle(found.path)


def _lines(bundle: Bundle) -> Iterator[str]:
    yield str(bundle.path)
    yield (
        f"{bundle.origin} {bundle.key}, Kubernetes {bundle.kubernetes}, "
        f"Argo CD {bundle.argocd_version}"
    )
    yield "tools: " + ", ".join(f"{tool.name} {tool.version}" for tool in bundle.tools.values())
    for image in bundle.images:
        names = ", ".join(image.declared) or "the harness's own use"
        size = f"{image.bytes / 2**20:.0f} MiB"
        yield f"image {image.role:13}{size:>9}  {image.reference}"
        yield f"      stands for {names}; made from {image.built_from}"
    slowest = sorted(bundle.seconds.items(), key=lambda item: -item[1])
    if slowest:
        yield "seconds: " + ", ".join(f"{part} {took:.1f}" for part, took in slowest)


def _answer(data: dict[str, Any], said: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(data, indent=1) if as_json else said)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _no_certificate(path: Path) -> UsageError:
    return UsageError(
        attempted="Reading the CA certificate",
        subject=str(path),
        seen="there is no such file",
        expected="a PEM file",
        next_step="correct --ca",
    )
