"""The doctor: can this machine run a kind cluster, and if not, what mends it?

`examine` reads and judges, `mend` repairs what we may repair, `raise_if_failed` stops a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.doctor.checks import judge
from harness.doctor.examination import Check, CheckState, Examination
from harness.doctor.mending import mend
from harness.doctor.reading import Machine, read_machine
from harness.doctor.registries import ask_over_https, ask_registries
from harness.io.clock import Clock
from harness.io.process import Runner
from harness.model.errors import RunnerError

__all__ = ["Check", "CheckState", "Examination", "examine", "mend", "raise_if_failed"]


def examine(
    *,
    runner: Runner,
    clock: Clock,
    environ: Mapping[str, str],
    cache: Path,
    before: Examination | None = None,
) -> Examination:
    """Reads this machine and judges it; takes three seconds at most where nothing hangs.

    Args:
        runner: Runs docker, dockerd and git, each with a deadline of ten seconds.
        clock: Times the registries.
        environ: Looked up for `DOCKER_HOST`.
        cache: Folder that holds bundles; it need not exist.
        before: An earlier examination of this run; its registries are not asked again.
    """
    asked = before.readings.registries if before else ()
    registries = asked or ask_registries(ask=ask_over_https, clock=clock)
    readings = read_machine(Machine(runner=runner, environ=environ, cache=cache), registries)
    return Examination(readings=readings, checks=judge(readings))


def raise_if_failed(examination: Examination) -> None:
    """Returns quietly when nothing failed.

    Raises:
        RunnerError: At least one check failed; the paragraph names all of them.
    """
    failed = examination.failed
    if not failed:
        return
    mends = dict.fromkeys(check.mend for check in failed if check.mend)
    raise RunnerError(
        attempted="Preparing",
        subject="this machine",
        seen="; ".join(f"{check.name}: {check.found}" for check in failed),
        expected="; ".join(f"{check.name}: {check.needed}" for check in failed),
        next_step="; then ".join(mends),
    )
