"""Probes that say no more than "not yet": refused, 5xx, no answer, no reason (B01, B03, B04, B11).

They are symptoms as long as something that the workload needs is not ready, and count from when it
was; a cause in the network that is known for the workload goes before them. A refusal is more when
the application's log names another address on which it listens. Pure.
"""

from __future__ import annotations

from dataclasses import replace

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.network.network import explained_clients
from harness.diagnosis.rules.probe.probe_failures import Failing, Fault
from harness.diagnosis.rules.probe.probe_logs import Listening, last_line, listening
from harness.diagnosis.rules.probe.probe_signals import Mend, pinned, told
from harness.diagnosis.rules.probe.probe_specs import Probe, declared_ports
from harness.diagnosis.signal import Need, Signal, t1, t2
from harness.manifests.pods import field_prefix
from harness.model.refs import ObjectRef

PATIENCE_SECONDS = 60.0
AFTER_END_SECONDS = 180.0
QUIET_SECONDS = 180.0
"""The least time without progress after which nothing is taken to move any more."""
UNTOLD_SECONDS = 300.0


def refused(facts: Facts, each: Failing) -> Signal | None:
    """Returns B01: nothing listens on the probe's port; the log may tell where instead."""
    elsewhere = _listens_elsewhere(facts, each)
    if elsewhere is not None and is_settled(facts, each.container.workload):
        return _elsewhere(each, elsewhere)
    ports = ", ".join(map(str, declared_ports(each.container.spec))) or "none"
    field = each.probe.action_field("port")
    mend = Mend(
        field=field,
        expected=f"the application listens on {each.probe.port_text}; declared ports: {ports}",
        fix=f"compare {field} with the port that the application listens on",
    )
    # One that has ended before may end again, for a reason that its end will tell.
    patience = AFTER_END_SECONDS if each.container.restarts else PATIENCE_SECONDS
    return _stalled(facts, each, "B01", _patient(each, patience), mend)


def _listens_elsewhere(facts: Facts, each: Failing) -> Listening | None:
    said, port = listening(facts.log(each.container)), each.probe.port
    right = [address for address in said if address.port == port]
    if right:
        return right[0] if all(address.is_loopback for address in right) else None
    ports = declared_ports(each.container.spec)
    # A port that is declared beside the right one has a purpose of its own.
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
    mend = Mend(field=field, expected=expected, fix=fix)
    seen = f'{told(each)}, while its log says "{said.line}"'
    return replace(pinned(each, "B01", t1(3, 15), mend, seen=seen), rank=20)


def _port_field(asked: Probe) -> str:
    """The place of the number: in the probe, or at the containerPort that the probe names."""
    if asked.port_text.isdigit():
        return asked.action_field("port")
    prefix = field_prefix(asked.container.workload.kind)
    return f"{prefix}.{asked.container.field}.ports[{asked.port_text}].containerPort"


def symptom_of(facts: Facts, each: Failing) -> Signal | None:
    """Returns B03, B04 or B11 for a probe that is answered badly, late, or nobody knows how."""
    match each.fault:
        case Fault.ANSWER_5XX:
            return _stalled(facts, each, "B03", _patient(each, 60), _server_error(each))
        case Fault.TIMEOUT:
            return _stalled(facts, each, "B04", _patient(each, 120), _too_late(each))
        case Fault.OTHER:
            return _stalled(
                facts, each, "B11", _patient(each, 120, UNTOLD_SECONDS), _not_told(each)
            )
        case _:
            return None


def _patient(each: Failing, more: float, least: float = QUIET_SECONDS) -> Need:
    """A database that seeds itself for minutes refuses connections all the while."""
    return t2(max(least, each.budget_seconds + more))


def _server_error(each: Failing) -> Mend:
    return Mend(
        field=each.probe.field(),
        expected="an answer of 200-399, once the application has what it needs",
        fix=f"read the log of container {each.container.name}: it says what is missing",
    )


def _too_late(each: Failing) -> Mend:
    field = each.probe.field("timeoutSeconds")
    return Mend(
        field=field,
        expected=f"an answer within {float(each.probe.spec.get('timeoutSeconds') or 1):.0f} s",
        fix=f"set {field} to 3 or more, or make the answer cheaper",
    )


def _not_told(each: Failing) -> Mend:
    return Mend(
        field=each.probe.field(),
        expected=f"the probe passes within its budget of {each.budget_seconds:.0f} s",
        fix=f"try the {each.probe} inside {each.pod.ref.name} by hand",
    )


def _stalled(facts: Facts, each: Failing, cause: str, need: Need, mend: Mend) -> Signal | None:
    """A symptom: it counts from when everything that the workload needs was ready."""
    workload = each.container.workload
    if workload in explained_clients(facts):
        return None
    found = pinned(each, cause, need, mend, seen=_in_words(facts, each))
    since = max(each.since, needs_ready_since(facts, workload))
    return replace(found, since=since, symptom=True, by_text=False, rank=90)


def _in_words(facts: Facts, each: Failing) -> str:
    runs = f"container {each.container.name} runs for {each.running_seconds:.0f} s"
    unknown = f"{each.pod.ref.name}: {runs} and is not ready, and no event tells why"
    words = f"{told(each)}; {runs}" if each.text else unknown
    line = last_line(facts.log(each.container))
    return f'{words}; its log ends with "{line}"' if line else words


def needs_ready_since(facts: Facts, workload: ObjectRef) -> float:
    """Returns since when everything is ready that a workload needs; 0 when it needs nothing."""
    return max(map(facts.ready_since, facts.graph.transitive(workload)), default=0.0)


def is_settled(facts: Facts, workload: ObjectRef) -> bool:
    """Tells whether everything that a workload needs is ready."""
    return all(map(facts.is_ok, facts.graph.transitive(workload)))
