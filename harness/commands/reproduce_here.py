"""What this machine would reproduce a run with: its bundle, its tools, its Docker.

The very bundle of the archive is taken where the cache holds it; else the one that a run would take
without asking a registry, and that it differs is said.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path

from harness import __version__
from harness.bundle.choose import usable
from harness.bundle.effects import site_from
from harness.bundle.ensure import find_candidates
from harness.bundle.manifest import read_bundle, verify
from harness.commands.reproduce_run import Here
from harness.doctor.reading import Machine, read_docker, read_facts
from harness.io.process import Runner
from harness.model.bundle import Bundle
from harness.model.errors import BundleError
from harness.model.host import HostFacts
from harness.reproduction.manifest import Manifest, Versions
from harness.stages.archive import host_from, versions_from


def look_around(
    manifest: Manifest, *, runner: Runner, environ: Mapping[str, str], cache: Path
) -> Here:
    """Returns what a run here would be made with; asks Docker, and no registry."""
    machine = Machine(runner=runner, environ=environ, cache=cache)
    facts = read_facts(machine, read_docker(machine))
    found = the_same(manifest.versions, cache)
    chosen = found or _likely(facts, environ, cache)
    return Here(
        versions=versions_from(chosen) if chosen else Versions(harness=__version__),
        host=host_from(facts),
        bundle=str(found.path) if found else "auto",
    )


def the_same(wanted: Versions, cache: Path) -> Bundle | None:
    """Returns the bundle of the archive where the cache holds it: same key, same node image."""
    for path in sorted((cache / "bundles").glob("*/bundle.json")):
        try:
            bundle = read_bundle(path)
            verify(bundle, thorough=False)
        except BundleError:
            continue
        node = wanted.images.get("node")
        if bundle.key == wanted.bundle and node and bundle.image("node").image_id == node.image_id:
            return bundle
    return None


def _likely(facts: HostFacts, environ: Mapping[str, str], cache: Path) -> Bundle | None:
    site = site_from(
        environ,
        cache=cache,
        ca_files=facts.extra_ca_files,
        system=platform.system(),
        machine=platform.machine(),
    )
    found = usable(find_candidates(site)[0])
    return read_bundle(found.path) if found else None
