"""Probes that cannot pass, pinned by a text or by the manifest (B02, B05, B06). Pure.

Nothing is said before a probe's budget is over, nor of a readiness probe before its container has
started. Containers that a probe kills are the start family's, unless the text pins the probe. What
only says "not yet" is judged in `probe_symptoms`, gates in `probe_gates`. That `pg_isready` on a
socket passes too early (B07) is no failure: nothing is said about ready pods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.network.network_schemes import is_asked_wrongly
from harness.diagnosis.rules.probe import probe_gates
from harness.diagnosis.rules.probe.probe_failures import Failing, Fault, failing
from harness.diagnosis.rules.probe.probe_logs import answered_paths, nearest_path
from harness.diagnosis.rules.probe.probe_signals import Mend, pinned, told
from harness.diagnosis.rules.probe.probe_specs import Handler, ProbeKind, named_ports, probes
from harness.diagnosis.rules.probe.probe_symptoms import refused, symptom_of
from harness.diagnosis.signal import T0, Signal, t1

QUIET_SECONDS = 20.0
"""An application that writes new kinds of log lines may still be deploying what is asked for."""
LEAST_SECONDS = 45.0
BUSY_SECONDS = 90.0


def wrong_probes(facts: Facts) -> Iterator[Signal]:
    """Yields what keeps containers unready, at most one signal for each container."""
    for each in failing(facts):
        signal = _pinned(facts, each)
        if signal is None and each.probe.kind is not ProbeKind.STARTUP:
            signal = _not_pinned(facts, each)
        if signal is not None:
            yield signal


def _pinned(facts: Facts, each: Failing) -> Signal | None:
    unknown = _unknown_port(each)
    if unknown is not None:
        return unknown
    match each.fault:
        case Fault.NO_COMMAND:
            return _missing_command(each)
        case Fault.ANSWER_4XX:
            return _wrong_path(facts, each)
        case _:
            return None


def _not_pinned(facts: Facts, each: Failing) -> Signal | None:
    if not each.is_beyond_budget:
        return None
    return refused(facts, each) if each.fault is Fault.REFUSED else symptom_of(facts, each)


def _unknown_port(each: Failing) -> Signal | None:
    """B06: the probe names a port that its container does not have."""
    asked = each.probe
    if asked.handler not in {Handler.HTTP, Handler.TCP} or asked.port is not None:
        return None
    known = ", ".join(named_ports(asked.container.spec)) or "none has a name"
    field = asked.action_field("port")
    mend = Mend(
        field=field,
        expected=f"a containerPort called {asked.port_text}; the container's port names: {known}",
        fix=f"name the containerPort {asked.port_text}, or set {field} to its number",
    )
    seen = f"{each.pod.ref.name} runs, and its {asked} asks a port that no containerPort has"
    return pinned(each, "B06", T0, mend, seen=seen)


def _missing_command(each: Failing) -> Signal:
    """B05: the image lacks the command; a script at a path may be written by the entrypoint."""
    asked = each.probe
    program = asked.command[0] if asked.command else ""
    by_entrypoint = program.startswith(("/", "./")) and not _is_shell(program)
    patient = t1(4, max(asked.budget_seconds, LEAST_SECONDS))
    mend = Mend(
        field=asked.action_field("command") if asked.command else asked.field(),
        expected=f"a command that image {each.container.image} has",
        fix="probe with a program of the image, or with httpGet or tcpSocket",
    )
    return pinned(each, "B05", patient if by_entrypoint else T0, mend)


def _is_shell(program: str) -> bool:
    return program.rpartition("/")[2] in {"sh", "bash", "ash", "dash"}


def _wrong_path(facts: Facts, each: Failing) -> Signal | None:
    """B02: an answer that waiting does not change; a busy log gets more time."""
    if not each.is_beyond_budget or is_asked_wrongly(facts, each):
        return None
    quiet = facts.now - facts.progress(each.container.workload) >= QUIET_SECONDS
    seconds = max(each.probe.budget_seconds, LEAST_SECONDS) + (0.0 if quiet else BUSY_SECONDS)
    need = t1(6 if each.probe.period_seconds <= 15 else 4, seconds)
    seen = f"{told(each)}; asked is {each.probe.path}"
    return pinned(each, "B02", need, _right_path(facts, each), seen=seen)


def _right_path(facts: Facts, each: Failing) -> Mend:
    asked, field = each.probe, each.probe.action_field("path")
    if any(code in each.text for code in (": 401", ": 403")):
        expected = "a path that answers without credentials"
        fix = f"point {field} to a path without authentication, or exempt {asked.path} from it"
    elif ": 400" in each.text:
        field = asked.action_field("httpHeaders")
        expected = "a Host header that the application accepts (the kubelet asks by IP)"
        fix = f"set {field} to the application's host name, or allow any host for {asked.path}"
    else:
        best, source = _nearest(facts, each)
        expected = "a path that answers 200-399" + (f"; {source} {best}" if best else "")
        fix = f"set {field} to {best or 'the path on which the application reports its health'}"
    return Mend(field=field, expected=expected, fix=fix)


def _nearest(facts: Facts, each: Failing) -> tuple[str, str]:
    """The path that was probably meant, and how it is known."""
    wrong, known = each.probe.path, answered_paths(facts.log(each.container))
    answered = nearest_path(wrong, known)
    if answered:
        return answered, "its log shows that it answers"
    return nearest_path(wrong, _paths_of_other_probes(each)), "its other probe asks"


def _paths_of_other_probes(each: Failing) -> list[str]:
    """Those of the same port, which pass as far as is known."""
    found = [p for p in probes(each.container) if p.kind is not each.probe.kind]
    return [p.path for p in found if p.handler is Handler.HTTP and p.port == each.probe.port]


RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (wrong_probes, *probe_gates.RULES)
