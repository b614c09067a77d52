"""The promise of the distribution: installed away from the checkout, all of it works.

Wheel and source distribution are built and installed into an environment of their own, as pipx
would; nothing of the checkout is on its path. The bundle that the checkout has made must be the
one that the installed harness finds: so every recipe, pin and Go file came along unchanged.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness import __version__
from scenarios.conftest import EXAMPLE, ROOT

DATA = (
    "airgap/go/kubernetes/go.sum",
    "airgap/pins/images.toml",
    "airgap/recipes/node/Dockerfile",
    "harness/audit/schema.json",
    "harness/bundle/upstream.toml",
    "harness/cluster/kind-config.yaml",
    "harness/doctor/oci_runtime_wrapper.sh",
    "harness/py.typed",
    "harness/report/run.schema.json",
)
"""One file of each kind that is no Python."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """The harness in an environment of its own."""

    folder: Path
    wheel: Path
    source: Path

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Runs its `harness` away from the checkout."""
        return called(
            [str(self.folder / "venv" / "bin" / "harness"), *arguments], self.folder, **more
        )


def called(command: list[str], folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs a program without the variables by which Python finds a checkout."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL"))}
    return subprocess.run(
        command,
        cwd=folder,
        env={**environment, "UV_SYSTEM_CERTS": "1", "NO_COLOR": "1", **more},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def uv(*arguments: str, folder: Path) -> None:
    """Runs uv and fails with its words."""
    done = called([sys.executable, "-m", "uv", *arguments], folder)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Wheel and source distribution, the wheel installed with what it depends on."""
    folder = tmp_path_factory.mktemp("distribution")
    out = ("--quiet", "--no-build-isolation", "--out-dir", str(folder / "dist"))
    uv("build", *out, str(ROOT), folder=ROOT)
    (wheel,) = (folder / "dist").glob("*.whl")
    (source,) = (folder / "dist").glob("*.tar.gz")
    uv("venv", "--quiet", "--python", sys.executable, str(folder / "venv"), folder=folder)
    python = str(folder / "venv" / "bin" / "python")
    uv("pip", "install", "--quiet", "--python", python, str(wheel), folder=folder)
    return Installed(folder=folder, wheel=wheel, source=source)


def test_every_file_of_the_packages_is_in_the_wheel(installed: Installed) -> None:
    listed = set(zipfile.ZipFile(installed.wheel).namelist())

    assert set(DATA) <= listed
    known = called(["git", "ls-files", "harness", "airgap"], ROOT).stdout.split()
    assert {name for name in known if (ROOT / name).is_file()} <= listed
    assert not [name for name in listed if name.startswith(("tests/", "scenarios/", "docs/"))]


def test_the_source_distribution_makes_the_same_wheel(installed: Installed) -> None:
    folder = installed.folder / "again"
    out = ("--quiet", "--no-build-isolation", "--wheel", "--out-dir", str(folder))
    with tarfile.open(installed.source) as archive:
        archive.extractall(installed.folder / "source", filter="data")
    (tree,) = (installed.folder / "source").iterdir()

    uv("build", *out, str(tree), folder=ROOT)

    (wheel,) = folder.glob("*.whl")
    names = [sorted(zipfile.ZipFile(path).namelist()) for path in (wheel, installed.wheel)]
    assert names[0] == names[1]


def test_it_says_what_it_works_with(installed: Installed) -> None:
    said = json.loads(installed.run("--version", "--json").stdout)

    assert said["harness"] == __version__
    assert said["bundle"]["kubernetes"].startswith("v")


def test_it_audits_a_repository(installed: Installed) -> None:
    ended = installed.run("audit", str(EXAMPLE), "--json")

    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["findings"]


def test_it_examines_the_machine(installed: Installed) -> None:
    ended = installed.run("doctor", "--json")

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert json.loads(ended.stdout)["checks"]


def test_it_finds_the_bundle_that_the_checkout_has_made(installed: Installed) -> None:
    checkout = called([sys.executable, "-m", "harness", "bundle", "build"], ROOT)
    ended = installed.run("bundle", "build")

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert bundle_path(ended.stdout) == bundle_path(checkout.stdout)


def bundle_path(text: str) -> str:
    return next(word for word in reversed(text.split()) if "bundles/" in word)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_its_commands_and_options(installed: Installed, shell: str) -> None:
    given = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}  # the shell is not this process
    said = installed.run("--show-completion", shell, **given)
    assert "_HARNESS_COMPLETE" in said.stdout

    words = {"COMP_WORDS": "harness audit --fail", "COMP_CWORD": "2"}
    typed = {"_TYPER_COMPLETE_ARGS": "harness audit --fail"}
    typed["_TYPER_COMPLETE_FISH_ACTION"] = "get-args"
    told = installed.run(_HARNESS_COMPLETE=f"complete_{shell}", **words, **typed)
    assert "--fail-on" in told.stdout


def test_pytest_finds_the_plugin(installed: Installed) -> None:
    python = str(installed.folder / "venv" / "bin" / "python")

    said = called([python, "-m", "pytest", "--help"], installed.folder).stdout

    assert "--gitops-workloads" in said
