"""Aligns the dependencies of the Go programs after a pin was changed; for maintainers.

``python -m airgap.align`` raises every module that several programs use to the highest version that
one of them asks for. Go compiles a package once per set of versions below it, so programs that
agree share most of their compile. It changes ``go.mod`` and ``go.sum``, needs a Go on the path, and
leaves alone what a ``go.mod`` replaces.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from airgap.pins import HOME, read_pins

SHARING = (
    "kubernetes",
    "argocd",
    "containerd",
    "etcd",
    "coredns",
    "policy-agent",
    "local-path-provisioner",
    "crictl",
)
"""kind and kustomize stay as upstream releases them: what they print is seen by users."""

_FORMAT = "{{with .Module}}{{.Path}} {{.Version}}{{if .Replace}} replaced{{end}}{{end}}"
_VERSION = re.compile(r"v(\d+)\.(\d+)\.(\d+)(?:-([^+]*))?(?:\+.*)?$")
_DEADLINE_SECONDS = 1800.0
_ROUNDS = 3
"""One raised module can raise others; it settles after two rounds."""

Versions = Mapping[str, str]


def order_of(version: str) -> tuple[tuple[int, ...], bool, str]:
    """What versions of one module are compared by; a release comes after its own previews."""
    found = _VERSION.match(version)
    if found is None:
        msg = f"{version} is no version of a Go module"
        raise ValueError(msg)
    return tuple(int(number) for number in found.groups()[:3]), found[4] is None, found[4] or ""


def highest(used: Iterable[Versions]) -> dict[str, str]:
    """For each module the highest version that any program uses."""
    found: dict[str, str] = {}
    for versions in used:
        for module, version in versions.items():
            if module not in found or order_of(version) > order_of(found[module]):
                found[module] = version
    return found


def raises(versions: Versions, wanted: Versions) -> list[str]:
    """What `go get` has to raise in one program."""
    return [
        f"{module}@{wanted[module]}"
        for module, version in versions.items()
        if order_of(wanted[module]) > order_of(version)
    ]


def main() -> int:
    """Aligns all programs and says what was raised."""
    programs = read_pins().go["programs"]
    folders = {HOME / "go" / name: list(programs[name]["packages"].values()) for name in SHARING}
    for _ in range(_ROUNDS):
        used = {folder: _used(folder, packages) for folder, packages in folders.items()}
        wanted = highest(used.values())
        for folder, versions in used.items():
            if raised := raises(versions, wanted):
                sys.stdout.write(f"{folder.name}: {' '.join(raised)}\n")
                _go(folder, "get", *raised)
                _go(folder, "mod", "tidy")
    return 0


def _used(folder: Path, packages: list[str]) -> dict[str, str]:
    """The modules whose packages are compiled in; replaced ones are aligned by go.mod itself."""
    lines = _go(folder, "list", "-deps", "-f", _FORMAT, *packages).splitlines()
    pairs = {tuple(line.split()) for line in lines if line and not line.endswith("replaced")}
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def _go(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["go", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=_DEADLINE_SECONDS,
    )
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
