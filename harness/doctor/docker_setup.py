"""Carries out a Docker plan: packages, files, the daemon. Every step may be repeated.

Two doctors at once take turns by a lock file. What is done is decided in `docker_plan.py`; whether
it helped is seen by reading the machine again.
"""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import assert_never

from harness.doctor.docker_plan import (
    CONTAINERD_PID,
    DAEMON_CONFIG,
    DAEMON_LOG,
    DAEMON_PID,
    MARKER,
    DockerPlan,
    InstallPackages,
    StartDaemon,
    Step,
    StopDaemon,
    WriteFile,
)
from harness.io.clock import Clock
from harness.io.process import Runner
from harness.model.errors import RunnerError

APT_DEADLINE_SECONDS = 600
START_DEADLINE_SECONDS = 60
STOP_DEADLINE_SECONDS = 30
SYSTEM_ROOT = Path("/")


class DockerSetup:
    """Does the steps of a plan on the machine whose files lie below `root`."""

    def __init__(
        self,
        *,
        runner: Runner,
        clock: Clock,
        say: Callable[[str], None],
        root: Path = SYSTEM_ROOT,
    ) -> None:
        self._runner = runner
        self._clock = clock
        self._say = say
        self._root = root

    def carry_out(self, plan: DockerPlan) -> list[str]:
        """Does the steps in order and returns what was changed, one clause each, if anything.

        Raises:
            RunnerError: A package could not be installed, or the daemon did not answer in time.
        """
        with self._turn():
            return [change for step in plan.steps if (change := self._do(step))]

    def _do(self, step: Step) -> str:
        """Returns what one step changed; empty where all was as it should be."""
        match step:
            case InstallPackages():
                return self.install(step.names)
            case WriteFile():
                return self._write(step)
            case StopDaemon():
                return self._stop(step.process)
            case StartDaemon():
                return self._start(step)
            case _:
                assert_never(step)

    def install(self, names: tuple[str, ...]) -> str:
        """Installs packages with apt-get, waiting up to two minutes for another apt to finish.

        Raises:
            RunnerError: apt-get failed.
        """
        self._say(f"installing {' '.join(names)} with apt-get")
        wait = ("-o", "DPkg::Lock::Timeout=120")
        for argv in (
            ("apt-get", "update", "-qq"),
            ("apt-get", "install", "-y", "-qq", "--no-install-recommends", *wait, *names),
        ):
            done = self._runner.run(
                argv,
                deadline_seconds=APT_DEADLINE_SECONDS,
                env={"DEBIAN_FRONTEND": "noninteractive"},
            )
            if not done.ok:
                raise RunnerError(
                    attempted="Installing packages with",
                    subject=f"`{' '.join(argv)}`",
                    seen=done.explain(),
                    expected="the packages of the distribution",
                    next_step="run that command by hand and mend what it names",
                )
        return f"installed {' '.join(names)}"

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        lock = self._at(MARKER).with_name("doctor.lock")
        lock.parent.mkdir(parents=True, exist_ok=True)
        with lock.open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _at(self, path: Path) -> Path:
        return self._root / path.relative_to("/")

    def _write(self, step: WriteFile) -> str:
        path = self._at(step.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            if path.read_text("utf-8") == step.text:
                return ""
            self._keep_original(step.path)
        part = path.with_name(f"{path.name}.part")
        part.write_text(step.text, "utf-8")
        part.chmod(step.mode)
        part.replace(path)
        return f"wrote {step.path}"

    def _keep_original(self, path: Path) -> None:
        original = self._at(path.with_name(f"{path.name}.before-gitops-harness"))
        if path == DAEMON_CONFIG and not original.exists():
            original.write_bytes(self._at(path).read_bytes())

    def _is_process(self, process: int, name: str) -> bool:
        try:
            return (self._root / f"proc/{process}/comm").read_text("utf-8").strip() == name
        except OSError:
            return False

    def _stop(self, process: int) -> str:
        if not self._is_process(process, "dockerd"):
            return ""
        self._say(f"stopping dockerd (process {process}), which an earlier doctor started")
        self._runner.run(("kill", "-TERM", str(process)), deadline_seconds=5)
        end = self._clock.monotonic() + STOP_DEADLINE_SECONDS
        while self._is_process(process, "dockerd"):
            if self._clock.monotonic() > end:
                raise RunnerError(
                    attempted="Stopping",
                    subject=f"dockerd (process {process})",
                    seen=f"it still runs after {STOP_DEADLINE_SECONDS} s",
                    next_step=f"read {DAEMON_LOG}, end the process, run the doctor again",
                )
            self._clock.sleep(0.2)
        return f"stopped dockerd (process {process})"

    def _start(self, step: StartDaemon) -> str:
        if self._answers():
            return ""
        self._say("starting dockerd")
        began = self._clock.monotonic()
        log = "journalctl -u docker" if step.systemd else str(DAEMON_LOG)
        trouble = self._start_by_systemd() if step.systemd else self._start_by_hand()
        if trouble or not self._wait():
            raise RunnerError(
                attempted="Starting",
                subject="dockerd",
                seen=trouble or f"no answer within {START_DEADLINE_SECONDS} s{self._last_words()}",
                expected="`docker version` names a server",
                next_step=f"read {log}",
            )
        seconds = self._clock.monotonic() - began
        if step.systemd:
            return f"started dockerd in {seconds:.1f} s with systemctl; not enabled at boot"
        self._at(MARKER).write_text(self._at(DAEMON_PID).read_text("utf-8"), "utf-8")
        return f"started dockerd in {seconds:.1f} s, detached until the next boot, log {log}"

    def _start_by_systemd(self) -> str:
        done = self._runner.run(
            ("systemctl", "start", "docker"), deadline_seconds=START_DEADLINE_SECONDS
        )
        return "" if done.ok else done.explain()

    def _start_by_hand(self) -> str:
        self._remove_stale(DAEMON_PID, "dockerd")
        self._remove_stale(CONTAINERD_PID, "containerd")
        command = 'exec setsid --fork dockerd </dev/null >>"$1" 2>&1'
        done = self._runner.run(
            ("sh", "-c", command, "sh", str(self._at(DAEMON_LOG))),
            deadline_seconds=10,
            cwd=SYSTEM_ROOT,
        )
        return "" if done.ok else done.explain()

    def _remove_stale(self, path: Path, name: str) -> None:
        """After a crash dockerd takes any living process with the recorded id for itself."""
        try:
            process = int(self._at(path).read_text("utf-8").strip())
        except (OSError, ValueError):
            return
        if not self._is_process(process, name):
            self._at(path).unlink(missing_ok=True)

    def _answers(self) -> bool:
        asked = self._runner.run(
            ("docker", "version", "--format", "{{.Server.Version}}"), deadline_seconds=10
        )
        return asked.ok and bool(asked.stdout.strip())

    def _wait(self) -> bool:
        end = self._clock.monotonic() + START_DEADLINE_SECONDS
        while self._clock.monotonic() < end:
            if self._answers():
                return True
            self._clock.sleep(0.2)
        return False

    def _last_words(self) -> str:
        try:
            lines = self._at(DAEMON_LOG).read_text("utf-8", errors="replace").splitlines()
        except OSError:
            return ""
        return f"; last line of its log: {lines[-1][:300]}" if lines else ""
