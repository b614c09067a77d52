"""Aligns the dependencies of the Go programs after a pin was changed; for maintainers.

``python -m airgap.align`` raises every module that several programs use to the highest version that
one of them asks for. Go compiles a package once per set of versions below it, so programs that
agree share most of their compile. It changes ``go.mod`` and ``go.sum`` and needs a Go on the path.
"""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
)
"""crictl is left out because it asks for newer modules than Kubernetes does itself; kind and
kustomize, because what they print is seen by users."""

_FORMAT = "{{with .Module}}{{.Path}} {{.Version}} {{with .Replace}}{{.Version}}{{end}}{{end}}"
_VERSION = re.compile(r"v(\d+)\.(\d+)\.(\d+)(?:-([^+]*))?(?:\+.*)?$")
_DEADLINE_SECONDS = 1800.0
_ROUNDS = 3
"""One raised module can raise others; it settles after two rounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A module of a program."""

    path: str
    required: str
    """The version that go.mod asks for."""
    compiled: str
    """The same, or the version that go.mod replaces it by."""


def order_of(version: str) -> tuple[tuple[int, ...], bool, str]:
    """What versions of one module are compared by; a release comes after its own previews."""
    found = _VERSION.match(version)
    if found is None:
        msg = f"{version} is no version of a Go module"
        raise ValueError(msg)
    return tuple(int(number) for number in found.groups()[:3]), found[4] is None, found[4] or ""


def highest(used: Iterable[Iterable[Module]]) -> dict[str, str]:
    """For each module the highest version that any program compiles."""
    found: dict[str, str] = {}
    for module in itertools.chain.from_iterable(used):
        best = found.get(module.path)
        if best is None or order_of(module.compiled) > order_of(best):
            found[module.path] = module.compiled
    return found


def raises(modules: Iterable[Module], wanted: Mapping[str, str]) -> list[str]:
    """What `go get` has to raise in one program.

    The version that go.mod requires counts, even where a replacement is compiled: with -trimpath it
    is in the paths of the sources, and so in what Go's cache asks for.
    """
    return [
        f"{module.path}@{wanted[module.path]}"
        for module in modules
        if order_of(wanted[module.path]) > order_of(module.required)
    ]


def main() -> int:
    """Aligns all programs and says what was raised."""
    programs = read_pins().go["programs"]
    folders = {HOME / "go" / name: list(programs[name]["packages"].values()) for name in SHARING}
    for folder in folders:
        _go(folder, "mod", "tidy")
    for _ in range(_ROUNDS):
        used = {folder: _used(folder, packages) for folder, packages in folders.items()}
        wanted = highest(used.values())
        for folder, modules in used.items():
            if raised := raises(modules, wanted):
                sys.stdout.write(f"{folder.name}: {' '.join(raised)}\n")
                _go(folder, "get", *raised)
                _go(folder, "mod", "tidy")
    return 0


def _used(folder: Path, packages: list[str]) -> list[Module]:
    """The modules whose packages are compiled in."""
    lines = _go(folder, "list", "-deps", "-f", _FORMAT, *packages).splitlines()
    found = [line.split() for line in sorted(set(lines))]
    return [
        Module(path=words[0], required=words[1], compiled=words[-1])
        for words in found
        if len(words) > 1
    ]


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
