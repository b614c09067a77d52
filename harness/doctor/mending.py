"""Mends what may be mended: packages, Docker and inotify limits, for root on Debian or Ubuntu.

Everywhere else it changes nothing; the checks themselves say what to run. Examine again after
mending: nothing here claims that a check passes now.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.doctor.checks import inotify_settings
from harness.doctor.docker_plan import may_mend, plan_docker
from harness.doctor.docker_setup import SYSTEM_ROOT, DockerSetup
from harness.doctor.examination import Examination
from harness.io.clock import Clock
from harness.io.process import Runner


def mend(
    examination: Examination,
    *,
    runner: Runner,
    clock: Clock,
    say: Callable[[str], None],
    root: Path = SYSTEM_ROOT,
) -> list[str]:
    """Mends what was found wanting and returns what was changed; empty where nothing was.

    Args:
        examination: What was found; it is not up to date afterwards.
        runner: Runs apt-get, docker and systemctl.
        clock: Times the start of the daemon.
        say: Is told what takes a while.
        root: Where the files of the machine lie.

    Raises:
        RunnerError: A step failed; what was done before it stays.
    """
    facts = examination.facts
    if not may_mend(distribution=facts.distribution, is_root=facts.is_root):
        return []
    changed = []
    setup = DockerSetup(runner=runner, clock=clock, say=say, root=root)
    if not examination.readings.git_version:
        changed.append(setup.install(("git",)))
    plan = plan_docker(examination.readings)
    changed += setup.carry_out(plan) if plan.steps else []
    changed += _raise_inotify(examination, say, root)
    return changed


def _raise_inotify(examination: Examination, say: Callable[[str], None], root: Path) -> list[str]:
    """Raises the limits of the running kernel only; a limit we may not raise stays a warning."""
    changed = []
    for setting in inotify_settings(examination.readings):
        key, _, value = setting.partition("=")
        try:
            (root / "proc/sys" / key.replace(".", "/")).write_text(value, "utf-8")
        except OSError as error:
            say(f"{key} stays as it is: {error.strerror}")
        else:
            changed.append(f"set {setting} until the next boot")
    return changed
