"""A container that ends and is started again, with the kubelet's pauses, for recorded timelines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.diagnosis.facts import Facts
from harness.diagnosis.fold import Fold, in_order
from harness.diagnosis.rules.data import kafka, postgres
from harness.diagnosis.rules.start import start
from harness.diagnosis.signal import Signal
from tests.diagnosis.world import START, World, stamp

Object = dict[str, Any]
PAUSES = (1, 10, 20, 40, 80, 160, 300)
BACK_OFF = "back-off {}s restarting failed container={} pod={}_shop(uid)"


@dataclass(kw_only=True)
class Crash:
    """How a container ends, each time it is started."""

    log: str = ""
    code: int = 1
    reason: str = "Error"
    message: str = ""
    begin: int = 2
    seconds: int = 2
    times: int = 4
    container: str = ""
    init: bool = False
    pod: str = ""
    others: Mapping[str, Object] = field(default_factory=dict)
    """States of the other containers, by name."""
    logs: Mapping[int, str] = field(default_factory=dict)
    """Other last words, by the number of the ending."""
    init_states: Mapping[str, Object] = field(default_factory=dict)


def crash_loop(world: World, workload: str, crash: Crash) -> int:
    """Lets a container of the workload end `times` times; returns the moment of the last ending."""
    made = world.pod(workload, crash.begin - 1, name=crash.pod, **_states(crash, None))
    pod = made["metadata"]["name"]
    name = (
        crash.container or made["spec"]["initContainers" if crash.init else "containers"][0]["name"]
    )
    crash.container = name
    at = crash.begin
    last: Object = {}
    for number in range(crash.times):
        running: Object = {"state": {"running": {"startedAt": stamp(at)}}, "restartCount": number}
        _put(world, workload, crash, at, {**running, "started": True, **last})
        ended = _ended(crash, at)
        at += crash.seconds
        last = {"lastState": {"terminated": ended}}
        down = {"state": {"terminated": ended}, "restartCount": number}
        _put(world, workload, crash, at, down)
        log = crash.logs.get(number, crash.log)
        if log:
            world.log(pod, name, log, at + 0.5, previous=True, restarts=number)
        if number:
            _back_off(world, workload, crash, at, number, pod)
        if number + 1 < crash.times:
            at += PAUSES[min(number, len(PAUSES) - 1)]
    return at


def _back_off(world: World, workload: str, crash: Crash, at: int, number: int, pod: str) -> None:
    ended = _ended(crash, at - crash.seconds)
    pause = PAUSES[min(number, len(PAUSES) - 1)]
    text = BACK_OFF.format(pause, crash.container, pod)
    state = {"state": {"waiting": {"reason": "CrashLoopBackOff", "message": text}}}
    past = {"lastState": {"terminated": ended}, "restartCount": number}
    _put(world, workload, crash, at + 1, {**state, **past})
    said = f"Back-off restarting failed container {crash.container} in pod {pod}"
    world.event("Pod", pod, "BackOff", said, at + 1, count=number)


def _ended(crash: Crash, started: int) -> Object:
    return {
        "exitCode": crash.code,
        "reason": crash.reason,
        "message": crash.message,
        "startedAt": stamp(started),
        "finishedAt": stamp(started + crash.seconds),
        "containerID": f"containerd://{started}",
    }


def _put(world: World, workload: str, crash: Crash, at: float, status: Object) -> None:
    world.pod(workload, at, name=crash.pod, **_states(crash, status))


def _states(crash: Crash, status: Object | None) -> Object:
    own = {crash.container: status} if status is not None else {}
    if crash.init:
        return {"init": {**crash.init_states, **own}, "phase": "Pending"}
    phase = "Running" if status is not None else "Pending"
    return {"state": {**crash.others, **own}, "init": crash.init_states, "phase": phase}


def facts_at(world: World, at: float) -> Facts:
    """Returns the facts of everything seen until `at`."""
    fold = Fold(world.header())
    for entry in in_order(world.entries):
        if entry.at <= START + at:
            fold.take(entry)
    return fold.facts(START + at)


def signals_at(world: World, at: float) -> list[Signal]:
    """Returns what the rules about starting say at `at`."""
    facts = facts_at(world, at)
    return [s for rule in (*start.RULES, *postgres.RULES, *kafka.RULES) for s in rule(facts)]
