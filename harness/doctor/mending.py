"""Mends what may be mended: packages, Docker and inotify limits, for root on Debian or Ubuntu.

Everywhere else it changes nothing; the checks themselves say what to run. Examine again after
mending: nothing here claims that a check passes now.
"""

from __future__ import annotations

from collections.abc import Callable

from harness.doctor.checks import inotify_settings
from harness.doctor.docker_plan import may_mend, plan_docker
from harness.doctor.docker_setup import DockerSetup
from harness.doctor.examination import Examination
from harness.io.clock import Clock
from harness.io.process import Runner


def mend(
    examination: Examination, *, runner: Runner, clock: Clock, say: Callable[[str], None]
) -> list[str]:
    """Mends what was found wanting and returns what was changed; empty where nothing was.

    Raises:
        RunnerError: A step failed; what was done before it stays.
    """
    facts = examination.facts
    if not may_mend(distribution=facts.distribution, is_root=facts.is_root):
        return []
    changed = []
    setup = DockerSetup(runner=runner, clock=clock, say=say)
    if not examination.readings.git_version:
        changed.append(setup.install(("git",)))
    plan = plan_docker(examination.readings)
    changed += setup.carry_out(plan) if plan.steps else []
    changed += _raise_inotify(examination, runner, say)
    return changed


def _raise_inotify(
    examination: Examination, runner: Runner, say: Callable[[str], None]
) -> list[str]:
    """Raises the limits of the running kernel only; a limit we may not raise stays a warning."""
    settings = inotify_settings(examination.readings)
    if not settings:
        return []
    done = runner.run(("sysctl", "-q", "-w", *settings), deadline_seconds=10)
    if not done.ok:
        say(f"inotify limits stay as they are: {done.explain()}")
        return []
    return [f"set {' '.join(settings)} until the next boot"]
