"""Runs `harness policies`: finds the cluster, makes the matrix, prints it, gives the exit code.

On a kept cluster of ours the nodes are entered, and a container stands outside; on any other
cluster short-lived pods probe. What a matrix is was decided in `harness.policies`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

from platformdirs import user_cache_path, user_state_path

from harness.commands.diagnose import default_kubeconfig
from harness.comparison.question import DriftQuestion
from harness.model.errors import ExitCode, RunnerError
from harness.model.policies import MatrixVerdict, PolicyMatrix
from harness.policies.document import policies_json
from harness.report.audit_files import check_targets, write_text
from harness.report.junit import policies_junit
from harness.report.policies_text import WIDTH, policies_lines, policies_text

if TYPE_CHECKING:
    from harness.cluster.runs import RunFolder
    from harness.stages.policies import Surroundings

APPLICATION = "gitops-harness"
Say = Callable[[str], None]
CODES = {
    MatrixVerdict.AS_DECLARED: ExitCode.OK,
    MatrixVerdict.DIFFERENT: ExitCode.POLICIES,
    MatrixVerdict.NOT_ENFORCED: ExitCode.POLICIES_UNPROVEN,
    MatrixVerdict.NOT_JUDGED: ExitCode.POLICIES_UNPROVEN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be probed, and where the result goes."""

    question: DriftQuestion
    """Which repository, environment and cluster."""
    every_pod: bool = False
    most: int = 4000
    probe_image: str = ""
    as_json: bool = False
    junit: Path | None = None


class Probe(Protocol):
    """Makes a matrix."""

    def __call__(self, order: Order, say: Say) -> PolicyMatrix:
        """Returns the matrix; raises a HarnessError where nothing can be probed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a run of the command touches."""

    probe: Probe
    out: TextIO
    err: TextIO
    environ: Mapping[str, str]


def question(repo: Path, env: str, kubeconfig: Path | None, context: str) -> DriftQuestion:
    """Returns the question for the options."""
    return DriftQuestion(
        repository=repo.expanduser().resolve(),
        environment=env,
        kubeconfig=kubeconfig or (default_kubeconfig() if context else None),
        context=context,
        runs=user_state_path(APPLICATION) / "runs",
        cache=user_cache_path(APPLICATION),
    )


def run_policies(order: Order, world: World) -> ExitCode:
    """Makes the matrix, prints it, writes what was asked for, and returns how the process ends.

    Raises:
        UsageError: An option names nothing, or there is no cluster to look at.
        ProofError: The pods cannot be listed.
    """
    if order.junit is not None:
        check_targets({"--junit": order.junit})
    matrix = world.probe(order, _teller(order, world))
    show(matrix, order, world)
    if order.junit is not None:
        write_text(order.junit, policies_junit(matrix), "--junit")
    return CODES[matrix.verdict]


def _teller(order: Order, world: World) -> Say:
    """Returns what tells a person at a terminal how far it is; nobody else is told."""
    if order.as_json or not world.err.isatty():
        return lambda _text: None
    return lambda text: print(text, file=world.err, flush=True)


def probe_cluster(order: Order, say: Say) -> PolicyMatrix:
    """Returns the matrix of the kept cluster, or of the one that is named."""
    from harness.comparison.ask import declared  # noqa: PLC0415 -- after bad options
    from harness.comparison.place import find_place  # noqa: PLC0415
    from harness.io.clock import SystemClock  # noqa: PLC0415
    from harness.io.process import ProcessRunner  # noqa: PLC0415
    from harness.stages import policies  # noqa: PLC0415

    say("rendering the repository")
    declaration = declared(order.question, ProcessRunner())
    place = find_place(order.question)
    wanted = policies.Order(
        declaration=declaration,
        every_pod=order.every_pod,
        most=order.most,
        probe_image=order.probe_image,
    )
    around = surroundings(place.run, order.question.cache) if place.run else None
    return policies.make_matrix(wanted, place.kube, around, SystemClock(), say)


def surroundings(run: RunFolder, cache: Path) -> Surroundings | None:
    """Returns what Docker has around a kept cluster; None where no Docker answers."""
    from harness.io.docker import DockerDaemon  # noqa: PLC0415 -- seldom all of them needed
    from harness.prove.load_balancer import load_balancer_name  # noqa: PLC0415
    from harness.stages.policies import Surroundings, balancer_of  # noqa: PLC0415

    state = run.state
    try:
        docker = DockerDaemon.connect()
    except RunnerError:
        return None
    return Surroundings(
        docker=docker,
        network=state.network,
        run_id=state.run_id,
        image=outside_image(cache, docker.has_image),
        folder=run.path,
        balancer=balancer_of(docker, load_balancer_name(state.run_id)),
    )


def outside_image(cache: Path, is_there: Callable[[str], bool]) -> str:
    """Returns the newest load balancer image of the cached bundles that Docker has, else ""."""
    from harness.bundle.manifest import FILE_NAME, read_bundle  # noqa: PLC0415
    from harness.model.errors import BundleError  # noqa: PLC0415

    files = sorted(
        cache.glob(f"bundles/*/{FILE_NAME}"), key=lambda file: file.stat().st_mtime, reverse=True
    )
    for file in files:
        try:
            reference = read_bundle(file).image("loadbalancer").reference
        except (BundleError, KeyError):
            continue
        if is_there(reference):
            return reference
    return ""


def show(matrix: PolicyMatrix, order: Order, world: World) -> None:
    """Prints the matrix: as JSON, coloured on a terminal, else as plain text."""
    if order.as_json:
        world.out.write(policies_json(matrix))
    elif world.out.isatty():
        _show_styled(matrix, world)
    else:
        world.out.write(_spelled(policies_text(matrix), world.out))


def _show_styled(matrix: PolicyMatrix, world: World) -> None:
    from rich.console import Console  # noqa: PLC0415 -- only a terminal needs it
    from rich.text import Text  # noqa: PLC0415

    no_color = bool(world.environ.get("NO_COLOR"))
    console = Console(file=world.out, no_color=no_color, highlight=False, soft_wrap=True)
    for line in policies_lines(matrix, width=max(WIDTH, console.width)):
        console.print(Text(_spelled(line.text, world.out), style=line.style))


def _spelled(text: str, stream: TextIO) -> str:
    """Returns what a stream can spell; the rest is escaped."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
