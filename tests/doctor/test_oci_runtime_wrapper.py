"""The wrapper runs for real, in front of a stand-in for runc that writes down its arguments."""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from harness.doctor.docker_plan import drop_script
from harness.io.process import Completed, ProcessRunner

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="containers run on Linux")

MISSING = ("CAP_SYS_RESOURCE", "CAP_BPF")
SETS = ("bounding", "effective", "permitted")


class Wrapper:
    """The installed wrapper and a stand-in for runc."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "libexec dir" / "oci-runtime"
        self.program.parent.mkdir(parents=True)
        source = files("harness.doctor").joinpath("oci_runtime_wrapper.sh")
        self.program.write_text(source.read_text("utf-8"), "utf-8")
        self.program.with_name("missing-capabilities.sed").write_text(drop_script(MISSING), "utf-8")
        runc = folder / "bin" / "runc"
        runc.parent.mkdir()
        runc.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\nexit 7\n', "utf-8")
        for program in (self.program, runc):
            program.chmod(0o755)

    def run(self, *argv: str) -> Completed:
        return ProcessRunner().run(
            (str(self.program), *argv),
            deadline_seconds=10,
            cwd=self.folder,
            env={"PATH": f"{self.folder / 'bin'}:/usr/bin:/bin"},
        )


@pytest.fixture
def wrapper(tmp_path: Path) -> Wrapper:
    return Wrapper(tmp_path)


def process(*names: str, args: tuple[str, ...] = ("sh",)) -> dict[str, Any]:
    return {"args": list(args), "capabilities": {name: list(names) for name in SETS}, "cwd": "/"}


def bundle(wrapper: Wrapper, process: dict[str, Any], indent: int | None = None) -> Path:
    folder = wrapper.folder / "a bundle"
    folder.mkdir(exist_ok=True)
    separators = None if indent else (",", ":")
    config = {"ociVersion": "1.0.2", "process": process, "linux": {"x": "CAP_SYS_RESOURCE"}}
    text = json.dumps(config, indent=indent, separators=separators)
    (folder / "config.json").write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize("indent", [None, 4])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("CAP_CHOWN", "CAP_SYS_RESOURCE", "CAP_KILL"), ["CAP_CHOWN", "CAP_KILL"]),
        (("CAP_SYS_RESOURCE", "CAP_BPF", "CAP_KILL"), ["CAP_KILL"]),
        (("CAP_KILL", "CAP_SYS_RESOURCE", "CAP_BPF"), ["CAP_KILL"]),
        (("CAP_SYS_RESOURCE", "CAP_BPF"), []),
        (("CAP_SYS_RESOURCE",), []),
        (("CAP_CHOWN", "CAP_KILL"), ["CAP_CHOWN", "CAP_KILL"]),
        ((), []),
    ],
)
def test_create_drops_what_the_host_lacks_and_keeps_the_rest(
    wrapper: Wrapper, before: tuple[str, ...], after: list[str], indent: int | None
) -> None:
    folder = bundle(wrapper, process(*before), indent)
    wrapper.run("--root", "/run/x", "create", "--bundle", str(folder), "--pid-file", "p", "id")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    assert config["process"]["capabilities"] == dict.fromkeys(SETS, after)
    assert config["linux"] == {"x": "CAP_SYS_RESOURCE"}, "only capabilities are touched"


def test_arguments_that_look_like_capabilities_are_kept(wrapper: Wrapper) -> None:
    args = ("capsh", "CAP_SYS_RESOURCE", '"capabilities":{"bounding":["CAP_SYS_RESOURCE","x"')
    folder = bundle(wrapper, process("CAP_SYS_RESOURCE", args=args))
    wrapper.run("create", f"--bundle={folder}", "id")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    assert config["process"]["args"] == list(args)
    assert config["process"]["capabilities"] == {key: [] for key in SETS}


@pytest.mark.parametrize("option", [("--process", "{}"), ("--process={}",), ("-p", "{}")])
def test_exec_drops_from_the_process_file(wrapper: Wrapper, option: tuple[str, ...]) -> None:
    file = wrapper.folder / "the process"
    file.write_text(json.dumps(process("CAP_KILL", "CAP_BPF"), separators=(",", ":")), "utf-8")
    argv = [part.format(file) for part in option]
    wrapper.run("--log", "exec", "--log-format", "json", "exec", *argv, "--detach", "id")
    assert json.loads(file.read_text("utf-8")) == process("CAP_KILL")


def test_other_commands_read_no_file(wrapper: Wrapper) -> None:
    folder = bundle(wrapper, process("CAP_BPF"))
    before = (folder / "config.json").read_bytes()
    done = wrapper.run("delete", "--bundle", str(folder), "id")
    assert (folder / "config.json").read_bytes() == before
    assert done.returncode == 7


def test_runc_gets_every_argument_and_its_exit_code_comes_back(wrapper: Wrapper) -> None:
    done = wrapper.run("--systemd-cgroup", "state", "an id", "")
    assert done.stdout == "--systemd-cgroup\nstate\nan id\n\n"
    assert done.returncode == 7


def test_a_container_that_cannot_be_adapted_is_not_started(wrapper: Wrapper) -> None:
    folder = bundle(wrapper, process("CAP_BPF"))
    wrapper.program.with_name("missing-capabilities.sed").unlink()
    done = wrapper.run("create", "--bundle", str(folder), "id")
    assert done.returncode == 1
    assert done.stdout == ""
