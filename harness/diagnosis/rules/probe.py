"""Probes that cannot pass: wrong port, path, scheme or command (B01-B06, B11).

Nothing is said before a probe's budget is over, nor of a readiness probe before its container has
started; a probe that pins its fault by a text (404, a missing command) is a root, one that only
says "not yet" (5xx, time-outs, refusals) is a symptom as long as something that it needs is not
ready. Containers that a probe kills are the start family's, unless the text pins the probe. That
`pg_isready` on a socket passes too early (B07) is no failure: nothing is said about ready pods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules import probe_gates
from harness.diagnosis.rules.probe_failures import Failing, Fault, failing
from harness.diagnosis.rules.probe_logs import (
    Listening,
    answered_paths,
    last_line,
    listening,
    nearest_path,
)
from harness.diagnosis.rules.probe_specs import (
    Handler,
    Probe,
    ProbeKind,
    declared_ports,
    named_ports,
    probes,
)
from harness.diagnosis.signal import T0, Need, Signal, t1, t2
from harness.manifests.pods import field_prefix
from harness.model.refs import ObjectRef

QUIET_SECONDS = 20.0
"""An application that writes new kinds of log lines may still be deploying what is asked for."""
LEAST_SECONDS = 45.0
BUSY_SECONDS = 90.0


def wrong_probes(facts: Facts) -> Iterator[Signal]:
    """Yields what keeps running containers unready, one signal for each container."""
    for each in failing(facts):
        signal = _unknown_port(facts, each) or _judged(facts, each)
        if signal is not None:
            yield signal


def _judged(facts: Facts, each: Failing) -> Signal | None:
    rule = _BY_FAULT.get(each.fault)
    if rule is None or (each.probe.kind is ProbeKind.STARTUP and rule not in _OF_STARTUP):
        return None
    return rule(facts, each)


def _signal(each: Failing, cause: str, need: Need, **fields: Any) -> Signal:
    workload = each.container.workload
    given = {"at": workload, "root": workload, "since": each.since, **fields}
    # The pod is unready now, whenever the kubelet's newest event that was not lost is from.
    return Signal(cause=cause, need=need, last=each.now, count=each.count, **given)


def _seen(each: Failing) -> str:
    times = f"{each.count} times in {each.now - each.since:.0f} s" if each.count > 1 else "once"
    return f'{each.pod.ref.name}: "{each.text[:200]}", {times}'


# Texts that pin their fault


def _unknown_port(_facts: Facts, each: Failing) -> Signal | None:
    """B06: the probe names a port that its container does not have."""
    asked = each.probe
    if asked.handler not in {Handler.HTTP, Handler.TCP} or asked.port is not None:
        return None
    known = ", ".join(named_ports(asked.container.spec)) or "none has a name"
    field = asked.action_field("port")
    return _signal(
        each,
        "B06",
        T0,
        by_text=True,
        field=field,
        seen=f"{each.pod.ref.name} runs, and its {asked} asks a port that no containerPort has",
        expected=f"a containerPort called {asked.port_text}; the container's port names: {known}",
        fix=f"name the containerPort {asked.port_text}, or set {field} to its number",
    )


def _missing_command(_facts: Facts, each: Failing) -> Signal:
    """B05: the image lacks the command; a script at a path may be written by the entrypoint."""
    asked = each.probe
    program = asked.command[0] if asked.command else ""
    by_entrypoint = program.startswith("/") and "not found in" not in each.text
    patient = t1(4, max(asked.budget_seconds, LEAST_SECONDS))
    return _signal(
        each,
        "B05",
        patient if by_entrypoint else T0,
        by_text=True,
        field=asked.action_field("command") if asked.command else asked.field(),
        seen=_seen(each),
        expected=f"a command that image {each.container.image} has",
        fix="probe with a program of the image, or with httpGet or tcpSocket",
    )


def _wrong_path(facts: Facts, each: Failing) -> Signal | None:
    """B02: an answer that waiting does not change; a busy log gets more time."""
    if not each.is_beyond_budget:
        return None
    quiet = facts.now - facts.progress(each.container.workload) >= QUIET_SECONDS
    seconds = max(each.probe.budget_seconds, LEAST_SECONDS) + (0.0 if quiet else BUSY_SECONDS)
    period = float(each.probe.spec.get("periodSeconds") or 10)
    field, expected, fix = _right_path(facts, each)
    return _signal(
        each,
        "B02",
        t1(6 if period <= 15 else 4, seconds),
        by_text=True,
        field=field,
        seen=f"{_seen(each)}; asked is {each.probe.path}",
        expected=expected,
        fix=fix,
    )


def _right_path(facts: Facts, each: Failing) -> tuple[str, str, str]:
    asked, field = each.probe, each.probe.action_field("path")
    if any(code in each.text for code in (": 401", ": 403")):
        fix = f"point {field} to a path without authentication, or exempt {asked.path} from it"
        return field, "a path that answers without credentials", fix
    if ": 400" in each.text:
        field = asked.action_field("httpHeaders")
        expected = "a Host header that the application accepts (the kubelet asks by IP)"
        fix = f"set {field} to the application's host name, or allow any host for {asked.path}"
        return field, expected, fix
    known = answered_paths(facts.log(each.container))
    others = [p.path for p in _sound_probes(each)]
    best = nearest_path(asked.path, known) or nearest_path(asked.path, others)
    if best:
        source = "its log shows that it answers" if best in known else "its other probe asks"
        return field, f"a path that answers 200-399; {source} {best}", f"set {field} to {best}"
    return field, "a path that answers 200-399", f"set {field} to the application's health path"


def _sound_probes(each: Failing) -> list[Probe]:
    """The other HTTP probes of the container, which pass as far as is known."""
    found = [p for p in probes(each.container) if p.kind is not each.probe.kind]
    return [p for p in found if p.handler is Handler.HTTP and p.port == each.probe.port]


# Texts that may come from something else


def _refused(facts: Facts, each: Failing) -> Signal | None:
    """B01: nothing listens on the probe's port; the log may tell where instead."""
    if not each.is_beyond_budget:
        return None
    elsewhere = _listens_elsewhere(facts, each)
    if elsewhere is not None and is_settled(facts, each.container.workload):
        return _elsewhere(each, elsewhere)
    if each.container.restarts:
        return None
    ports = ", ".join(map(str, declared_ports(each.container.spec))) or "none"
    field = each.probe.action_field("port")
    return _stalled(
        facts,
        each,
        "B01",
        t2(each.budget_seconds + 60),
        field=field,
        expected=f"the application listens on {each.probe.port_text}; declared ports: {ports}",
        fix=f"compare {field} with the port that the application listens on",
        rank=80,
    )


def _listens_elsewhere(facts: Facts, each: Failing) -> Listening | None:
    said, port = listening(facts.log(each.container)), each.probe.port
    right = [address for address in said if address.port == port]
    if right:
        return right[0] if all(address.is_loopback for address in right) else None
    ports = declared_ports(each.container.spec)
    declared_apart = set(ports) if port in ports else set()
    return next((a for a in said if a.port not in declared_apart), None)


def _elsewhere(each: Failing, said: Listening) -> Signal:
    asked = each.probe
    if said.port == asked.port:
        expected = f"a server on 0.0.0.0:{said.port}; on {said.host} only the pod reaches it"
        fix = f"let container {each.container.name} listen on 0.0.0.0 instead of {said.host}"
        prefix = field_prefix(each.container.workload.kind)
        field = f"{prefix}.{each.container.field}"
    else:
        expected = f"port {said.port}, on which the application listens"
        field = _port_field(asked)
        fix = f"set {field} to {said.port}"
    return _signal(
        each,
        "B01",
        t1(3, 15),
        by_text=True,
        rank=20,
        field=field,
        seen=f'{_seen(each)}, while its log says "{said.line}"',
        expected=expected,
        fix=fix,
    )


def _port_field(asked: Probe) -> str:
    """The place of the number: in the probe, or at the containerPort that the probe names."""
    if asked.port_text.isdigit():
        return asked.action_field("port")
    prefix = field_prefix(asked.container.workload.kind)
    return f"{prefix}.{asked.container.field}.ports[{asked.port_text}].containerPort"


def _server_error(facts: Facts, each: Failing) -> Signal | None:
    """B03: the application reports that it cannot work."""
    return _stalled(
        facts,
        each,
        "B03",
        t2(max(180.0, each.budget_seconds + 60)),
        field=each.probe.action_field("path") if each.probe.path else each.probe.field(),
        expected="an answer of 200-399, once the application has what it needs",
        fix=f"read the log of container {each.container.name}: it says what is missing",
        rank=85,
    )


def _timed_out(facts: Facts, each: Failing) -> Signal | None:
    """B04: no answer in time."""
    limit = float(each.probe.spec.get("timeoutSeconds") or 1)
    field = each.probe.field("timeoutSeconds")
    return _stalled(
        facts,
        each,
        "B04",
        t2(each.budget_seconds + 120),
        field=field,
        expected=f"an answer within {limit:.0f} s",
        fix=f"set {field} to 3 or more, or make the answer cheaper",
        rank=85,
    )


def _not_told(facts: Facts, each: Failing) -> Signal | None:
    """B11: unready for long, and the kubelet's reason is unknown or says nothing."""
    return _stalled(
        facts,
        each,
        "B11",
        t2(each.budget_seconds + 120),
        field=each.probe.field(),
        expected=f"the probe passes within its budget of {each.budget_seconds:.0f} s",
        fix=f"try the {each.probe} inside {each.pod.ref.name} by hand",
        rank=90,
    )


def _stalled(facts: Facts, each: Failing, cause: str, need: Need, **fields: Any) -> Signal | None:
    """A symptom: it counts from when everything that the workload needs was ready."""
    if not each.is_beyond_budget:
        return None
    since = max(each.since, needs_ready_since(facts, each.container.workload))
    return _signal(
        each, cause, need, symptom=True, since=since, seen=_stalled_words(facts, each), **fields
    )


def _stalled_words(facts: Facts, each: Failing) -> str:
    runs = f"container {each.container.name} runs for {each.running_seconds:.0f} s"
    words = f"{_seen(each)}; {runs}" if each.text else f"{each.pod.ref.name}: {runs}, not ready"
    line = last_line(facts.log(each.container))
    return f'{words}; its log ends with "{line}"' if line else words


def needs_ready_since(facts: Facts, workload: ObjectRef) -> float:
    """Returns since when everything is ready that a workload needs; 0 when it needs nothing."""
    needed = [n for n in facts.graph.transitive(workload) if n != workload]
    return max((facts.ready_since(n) for n in needed), default=0.0)


def is_settled(facts: Facts, workload: ObjectRef) -> bool:
    """Tells whether everything that a workload needs is ready."""
    return all(facts.is_ok(n) for n in facts.graph.transitive(workload) if n != workload)


Judge = Callable[[Facts, Failing], Signal | None]
_BY_FAULT: dict[Fault, Judge] = {
    Fault.NO_COMMAND: _missing_command,
    Fault.ANSWER_4XX: _wrong_path,
    Fault.REFUSED: _refused,
    Fault.ANSWER_5XX: _server_error,
    Fault.TIMEOUT: _timed_out,
    Fault.OTHER: _not_told,
}
_OF_STARTUP: tuple[Judge, ...] = (_missing_command, _wrong_path)

RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (wrong_probes, *probe_gates.RULES)
