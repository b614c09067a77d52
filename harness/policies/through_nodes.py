"""Probes from a running pod's own network namespace, entered from its node; nothing is changed.

For clusters whose nodes are containers of this machine (kind): `docker exec NODE`, and `nsenter`
into the network namespace that has the pod's address. One command per node carries the scripts of
all its pods. A container outside the cluster runs its script itself.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from harness.model.errors import RunnerError
from harness.policies.probes import Answer, Goal, Probe, Stand, not_probed
from harness.policies.script import read_output, script

LONGEST = 90_000
"""Characters of one command; the kernel takes 128 KiB for one argument."""
MOST_GOALS = 400
"""Attempts of one stand at once."""
AT_ONCE = 4
NETWORKS = """declare -A network
for file in /var/run/netns/*; do
  for address in $(nsenter --net="$file" hostname -I 2>/dev/null); do network[$address]=$file; done
done"""
"""Bash: the network namespace of each address on the node, as the container runtime keeps them."""
Batch = list[tuple[Stand, list[Goal]]]


class Execute(Protocol):
    """Runs a command in a container of this machine."""

    def __call__(self, name: str, command: tuple[str, ...], /) -> tuple[int, str]:
        """Returns its exit code and everything it printed."""


class ThroughNodes:
    """A prober for clusters whose nodes are containers of this machine."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute

    def __call__(self, probes: Sequence[Probe]) -> Mapping[Probe, Answer]:
        """Returns an answer to every probe."""
        found = not_probed(probes, "no node was asked")
        jobs = [(place, batch) for place, own in _places(probes).items() for batch in batches(own)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for answers in pool.map(lambda job: self._run(*job), jobs):
                found |= answers
        return found

    def _run(self, place: str, batch: Batch) -> dict[Probe, Answer]:
        by = dict(enumerate(batch))
        try:
            _, output = self._execute(place, ("bash", "-c", command(batch)))
        except (RunnerError, OSError, RuntimeError) as error:
            every = [Probe(stand=stand, goal=goal) for stand, goals in batch for goal in goals]
            return not_probed(every, f"{place} cannot be entered: {error}")
        return read_output(output, by)


def _places(probes: Sequence[Probe]) -> dict[str, dict[Stand, list[Goal]]]:
    """Returns the goals by container and stand, each goal once."""
    found: dict[str, dict[Stand, dict[Goal, None]]] = {}
    for probe in probes:
        place = probe.stand.node if probe.stand.pod else probe.stand.name
        found.setdefault(place, {}).setdefault(probe.stand, {})[probe.goal] = None
    return {
        place: {stand: list(goals) for stand, goals in own.items()} for place, own in found.items()
    }


def batches(own: Mapping[Stand, Sequence[Goal]]) -> Iterator[Batch]:
    """Yields the stands of one container in groups whose command is not too long."""
    batch: Batch = []
    length = 0
    for stand, goals in _parts(own):
        size = len(shlex.quote(script(goals))) + 200
        if batch and length + size > LONGEST:
            yield batch
            batch, length = [], 0
        batch.append((stand, goals))
        length += size
    if batch:
        yield batch


def _parts(own: Mapping[Stand, Sequence[Goal]]) -> Iterator[tuple[Stand, list[Goal]]]:
    for stand, goals in own.items():
        for start in range(0, len(goals), MOST_GOALS):
            yield stand, list(goals[start : start + MOST_GOALS])


def command(batch: Batch) -> str:
    """Returns the script that a node or a container runs for some stands."""
    inside = any(stand.pod for stand, _ in batch)
    lines = ["exec 2>&1", NETWORKS] if inside else ["exec 2>&1"]
    lines += [_enter(number, stand, goals) for number, (stand, goals) in enumerate(batch)]
    return "\n".join([*lines, "wait"])


def _enter(number: int, stand: Stand, goals: Sequence[Goal]) -> str:
    run = f"bash -c {shlex.quote(script(goals))} s{number}"
    if stand.pod is None:
        return f"{run} &"
    file = f"${{network[{stand.address}]}}"
    return f'if [ -n "{file}" ]; then nsenter --net="{file}" {run} & else echo "s{number} gone"; fi'
