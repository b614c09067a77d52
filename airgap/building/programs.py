"""Compiles the Go programs, and takes files out of Go modules.

Every module is compiled with one toolchain, one set of flags and one compile cache, and the
modules' dependencies are aligned to the same versions: what Kubernetes has compiled, Argo CD,
containerd and CoreDNS do not compile again. See README.md, "The Go programs".
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from airgap.bench import Bench
from airgap.building.toolchain import goroot
from airgap.errors import BuildError

_COMPILE_DEADLINE_SECONDS = 3 * 3600.0
"""Ten times what two cores need for the largest program."""
_DOWNLOAD_DEADLINE_SECONDS = 1800.0


def build_program(bench: Bench) -> Mapping[str, object]:
    """Compiles the packages of one module into the folder, one binary each."""
    module = bench.sources[0]
    packages = bench.table("packages")
    for binary, package in packages.items():
        _compile(bench, module, binary, package)
    return {"version": bench.text("version")}


def take_kind_files(bench: Bench) -> Mapping[str, object]:
    """Takes kind's base files and its storage manifest out of its module."""
    module = _module_folder(bench)
    _copy_writable(module / "images" / "base" / "files", bench.folder / "files")
    source = (module / "pkg/build/nodeimage/const_storage.go").read_text(encoding="utf-8")
    constants = constants_of(source)
    manifest = constants["defaultStorageManifest"]
    (bench.folder / "default-storage.yaml").write_text(manifest, encoding="utf-8")
    return {
        "version": bench.text("version"),
        "provisioner": constants["storageProvisionerImage"],
        "helper": constants["storageHelperImage"],
    }


def take_argocd_files(bench: Bench) -> Mapping[str, object]:
    """Takes the manifest of the core installation and the scripts of the image."""
    module = _module_folder(bench)
    for name in bench.texts("files"):
        target = bench.folder / Path(name).name
        shutil.copyfile(module / name, target)
        target.chmod(0o644 if target.suffix == ".yaml" else 0o755)
    return {"version": bench.text("version")}


def _compile(bench: Bench, module: Path, binary: str, package: str) -> None:
    bench.say("downloading modules")
    listed = bench.run(
        *_go(bench),
        "list",
        "-deps",
        package,
        cwd=module,
        environment=_environment(bench),
        deadline_seconds=_DOWNLOAD_DEADLINE_SECONDS,
    )
    compiled = 0

    def count(line: str) -> None:
        nonlocal compiled
        compiled += 1
        bench.say(line.strip()[:120], min(compiled, len(listed)), len(listed))

    bench.run(
        *_go(bench),
        "build",
        "-v",
        "-ldflags",
        " ".join(bench.texts("ldflags")),
        "-o",
        str(bench.folder / binary),
        package,
        cwd=module,
        environment=_environment(bench),
        deadline_seconds=_COMPILE_DEADLINE_SECONDS,
        on_line=count,
    )


def _go(bench: Bench) -> tuple[str]:
    return (str(goroot(bench) / "bin" / "go"),)


def _environment(bench: Bench) -> Mapping[str, str]:
    """Go's own caches lie in ours; the user's proxy and checksum settings stay in force."""
    caches = bench.go_caches
    caches.mkdir(parents=True, exist_ok=True)
    return {
        "GOROOT": str(goroot(bench)),
        "GOCACHE": str(caches / "build"),
        "GOMODCACHE": str(caches / "mod"),
        "GOPATH": str(caches / "path"),
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "GOOS": "linux",
        "GOARCH": bench.text("architecture"),
        "GOFLAGS": " ".join(bench.texts("flags")),
        "GOGC": str(bench.settings["collector_percent"]),
        "CGO_ENABLED": "0",
    }


def _module_folder(bench: Bench) -> Path:
    bench.say(f"downloading {bench.text('module')} {bench.text('version')}")
    lines = bench.run(
        *_go(bench),
        "mod",
        "download",
        "-json",
        bench.text("module"),
        cwd=bench.sources[0].parent,
        environment=_environment(bench),
        deadline_seconds=_DOWNLOAD_DEADLINE_SECONDS,
    )
    text = "\n".join(lines)
    found = json.loads(text[text.index("{") :])
    return Path(found["Dir"])


def _copy_writable(source: Path, target: Path) -> None:
    """Copies a folder of the module cache, whose files are read-only."""
    shutil.copytree(source, target, symlinks=True)
    for path in [target, *target.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | 0o200)


def constants_of(source: str) -> Mapping[str, str]:
    """The text constants of a Go file: "..." or `...`, joined with others by +.

    Raises:
        BuildError: a constant is not built that way; upstream has changed its file.
    """
    found: dict[str, str] = {}
    for piece in source.split("\nconst ")[1:]:
        name, _, expression = piece.partition(" = ")
        found[name.strip()] = _evaluate(expression, found)
    return found


def _evaluate(expression: str, known: Mapping[str, str]) -> str:
    value = ""
    rest = expression.lstrip()
    while rest:
        if rest[0] in '"`':
            text, _, rest = rest[1:].partition(rest[0])
            value += text
        else:
            name = rest.split(None, 1)[0]
            if name not in known:
                msg = f"a constant of kind's storage manifest refers to {name}"
                raise BuildError(msg)
            value += known[name]
            rest = rest[len(name) :]
        rest = rest.lstrip(" \t")
        if not rest.startswith("+"):
            break
        rest = rest[1:].lstrip()
    return value
