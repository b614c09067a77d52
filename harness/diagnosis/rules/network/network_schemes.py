"""HTTP spoken to a TLS port or TLS to an HTTP port (N17), by a client or by a probe. Pure.

The texts are those of OpenSSL, Go, Node, Java and curl. A Go server prints the complaint into its
own log too; that it is the kubelet who asked shows in its probe, which gets 400.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from harness.connectivity.dependencies import Dependency
from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.network.endpoints_in_text import endpoint
from harness.diagnosis.rules.network.network_evidence import Shown, Symptom, names_of, symptoms
from harness.diagnosis.rules.network.network_ways import holder
from harness.diagnosis.rules.probe.probe_failures import Failing, Fault, failing
from harness.diagnosis.rules.probe.probe_specs import Handler
from harness.diagnosis.signal import Signal, t1
from harness.manifests.pods import field_prefix
from harness.model.refs import ObjectRef

_PLAIN_TO_TLS = re.compile(r"sent an HTTP request to an HTTPS server", re.IGNORECASE)
_TLS_TO_PLAIN = re.compile(
    r"wrong[ _]version[ _]number|server gave HTTP response to HTTPS client"
    r"|first record does not look like a TLS handshake|packet length too long"
    r"|Unsupported or unrecognized SSL message|record layer failure",
    re.IGNORECASE,
)
_OF_SERVER = re.compile(r"TLS handshake error from", re.IGNORECASE)


def wrong_schemes(facts: Facts) -> Iterator[Signal]:
    """Yields N17 for clients that crash or stay unready over it, and for probes."""
    for client in facts.workloads:
        for symptom in symptoms(facts, client):
            line = _line(symptom.log)
            if line and not _OF_SERVER.search(line):
                yield _of_client(facts, client, symptom, line)
    for each in failing(facts):
        if is_asked_wrongly(facts, each):
            yield _of_probe(each)


def _line(log: str) -> str:
    lines = [line for line in log.splitlines()[-25:] if _wrong(line)]
    return lines[-1].strip() if lines else ""


def _wrong(text: str) -> bool:
    return bool(_PLAIN_TO_TLS.search(text) or _TLS_TO_PLAIN.search(text))


def _of_client(facts: Facts, client: ObjectRef, symptom: Symptom, line: str) -> Signal:
    right = "https" if _PLAIN_TO_TLS.search(line) else "http"
    needed = _named(facts, client, line)
    root, field = client, field_prefix(client.kind)
    if needed is not None:
        root, field = holder(client, needed.source, field)
    server = f" to {needed.host}" if needed else ""
    crashes = symptom.shown is Shown.CRASHES
    return Signal(
        cause="N17",
        at=client,
        root=root,
        field=field,
        seen=f'{symptom.pod.ref.name} logs "{line[:200]}"',
        expected=f"the scheme {right}{server}, or the port that speaks the other one",
        fix=f"write {right}:// or the other port in {field} of {root}",
        need=t1(2, 20),
        count=symptom.count if crashes else 2,
        since=symptom.overdue_since,
        last=facts.now,
        by_text=True,
        # An answer proves that the way is open: this goes before what cuts it.
        rank=20,
    )


def _named(facts: Facts, client: ObjectRef, line: str) -> Dependency | None:
    """The need that the line is about: the one it names, or the only one with a scheme."""
    place = endpoint(line)
    host = place.host if place else ""
    needs = facts.graph.needs(client)
    by_name = [d for d in needs if host and host in names_of(d.host, d.service)]
    return by_name[0] if by_name else None


def is_asked_wrongly(facts: Facts, each: Failing) -> bool:
    """Whether a probe speaks HTTP to a TLS port, or the other way round."""
    if each.probe.handler is not Handler.HTTP:
        return False
    if each.fault is Fault.SCHEME:
        return True
    is_bad_request = each.fault is Fault.ANSWER_4XX and ": 400" in each.text
    return is_bad_request and bool(_PLAIN_TO_TLS.search(facts.log(each.container)))


def _of_probe(each: Failing) -> Signal:
    written = str(each.probe.action.get("scheme") or "HTTP")
    right = "HTTP" if written == "HTTPS" else "HTTPS"
    workload, field = each.container.workload, each.probe.action_field("scheme")
    return Signal(
        cause="N17",
        at=workload,
        root=workload,
        field=field,
        seen=f'{each.pod.ref.name}: "{each.text[:200]}"; the probe speaks {written}',
        expected=f"scheme {right}, which the application speaks on port {each.probe.port_text}",
        fix=f"set {field} to {right}",
        need=t1(2, 20),
        count=each.count,
        since=each.since,
        last=each.now,
        by_text=True,
        rank=20,
    )


RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (wrong_schemes,)
