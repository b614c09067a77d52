"""Brokers that are ready and of no use to their clients: K06 and K11.

A client asks the bootstrap address first and then goes to the names that the brokers advertise; a
wrong name shows in the client's log alone. A replication factor above the number of brokers makes
internal topics impossible, and consumers wait for a coordinator for ever. Both happen for a moment
while a cluster comes up, so all brokers have to be ready first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.connectivity.environment import variables
from harness.connectivity.resolution import Meaning, resolve
from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import ContainerFact, PodFact
from harness.diagnosis.rules.data.kafka_texts import is_kafka
from harness.diagnosis.rules.network.network_ways import inventory
from harness.diagnosis.rules.start.endings import Ending, endings, field_of
from harness.diagnosis.rules.start.log_lines import log_lines
from harness.diagnosis.signal import Signal, t1
from harness.model.refs import ObjectRef
from harness.model.wording import cut

SETTLED_SECONDS = 20.0
_TO_NODE = re.compile(
    r"Connection to node \d+ \((?P<host>[\w.-]+)/\S*\) could not be established"
    r"|\]: (?P<name>[\w.-]+):\d+/\d+: (?:Connect to \S+ failed|Failed to resolve)"
    r"|node_id=\d+ host=(?P<peer>[\w.-]+):\d+ .*(?:error|failed|timed out)",
    re.IGNORECASE,
)
_FACTOR = re.compile(
    r"replication factor: \d+ larger than available brokers: \d+"
    r"|replication factor of \d+ cannot be reached because only \d+"
    r"|INVALID_REPLICATION_FACTOR|InvalidReplicationFactor",
    re.IGNORECASE,
)
_NO_COORDINATOR = re.compile(
    r"COORDINATOR_NOT_AVAILABLE|CoordinatorNotAvailable|coordinator is not available", re.IGNORECASE
)
_OFFSETS = ("KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR", "KAFKA_CFG_OFFSETS_TOPIC_REPLICATION_FACTOR")
DEFAULT_FACTOR = 3
"""Of `offsets.topic.replication.factor`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A container that is not ready although the brokers it needs are."""

    container: ContainerFact
    kafka: ObjectRef
    since: float
    """Epoch seconds since which both hold."""
    last: float
    lines: tuple[str, ...]


def advertised_name_is_wrong(facts: Facts) -> Iterator[Signal]:
    """Finds clients that a broker sends to a name that leads nowhere (K06)."""
    for client in _clients(facts):
        found = [m for line in client.lines if (m := _TO_NODE.search(line))]
        wrong = [m for m in found if _is_wrong(facts, client, m)]
        if wrong:
            yield _wrong_name(facts, client, wrong)


def _is_wrong(facts: Facts, client: Client, found: re.Match[str]) -> bool:
    host = _host(found)
    workload = client.container.workload
    given = [str(e.get("value")) for e in client.container.spec.get("env") or []]
    if host in {d.host for d in facts.graph.needs(workload)} or any(host in v for v in given):
        return False
    return resolve(host, workload.namespace, inventory(facts)).meaning is not Meaning.SERVICE


def _host(found: re.Match[str]) -> str:
    return str(found["host"] or found["name"] or found["peer"]).lower()


def _wrong_name(facts: Facts, client: Client, wrong: list[re.Match[str]]) -> Signal:
    broker = _broker(facts, client.kafka)
    host = _host(wrong[-1])
    told = _value(facts, client.kafka, "KAFKA_ADVERTISED_LISTENERS")
    is_told = f" (KAFKA_ADVERTISED_LISTENERS is {told})" if told else ""
    return Signal(
        cause="K06",
        at=client.container.workload,
        root=client.kafka,
        field=field_of(broker, "env[KAFKA_ADVERTISED_LISTENERS]") if broker else "",
        seen=f"{client.kafka} sends {client.container.workload} to {host}{is_told}, which cannot "
        f"be reached from there: {cut(wrong[-1].string)}",
        expected="in advertised.listeners the name by which clients reach each broker, "
        "<pod>.<headless service>.<namespace>.svc",
        fix=f"advertise a name that every client resolves in {client.kafka}",
        need=t1(5, 60),
        count=len(wrong),
        since=client.since,
        last=client.last,
        by_text=True,
        rank=15,
    )


def replication_factor_is_too_high(facts: Facts) -> Iterator[Signal]:
    """Finds topics that need more brokers than there are (K11)."""
    for client in _clients(facts):
        wanted, brokers = _wanted(facts, client.kafka), _brokers(facts, client.kafka)
        told = [line for line in client.lines if _FACTOR.search(line)]
        if not told and wanted > brokers:
            told = [line for line in client.lines if _NO_COORDINATOR.search(line)]
        if told:
            root = client.kafka if wanted > brokers else client.container.workload
            yield _too_high(facts, client, told, root)


def _too_high(facts: Facts, client: Client, told: list[str], root: ObjectRef) -> Signal:
    brokers, broker = _brokers(facts, client.kafka), _broker(facts, client.kafka)
    own = root == client.kafka
    name = _OFFSETS[0] if own else "its topics' replication factor"
    return Signal(
        cause="K11",
        at=client.container.workload,
        root=root,
        field=field_of(broker, f"env[{name}]") if own and broker else field_of(client.container),
        seen=f"{client.kafka} has {brokers} broker(s), all ready, and a topic needs more: "
        f"{cut(told[-1])}",
        expected=f"a replication factor of at most {brokers}"
        + (f"; {name} is {_wanted(facts, client.kafka)}" if own else ""),
        fix=f"set {name} to {brokers} in {root} for this overlay",
        need=t1(4, 90),
        count=len(told),
        since=client.since,
        last=client.last,
        by_text=True,
        rank=15,
    )


def _clients(facts: Facts) -> Iterator[Client]:
    own = {e.container.pod: e for e in endings(facts)}
    for pod in facts.troubled_pods:
        kafka = _kafka_of(facts, pod.workload)
        if kafka is None or facts.is_ok(pod.workload):
            continue
        ready = facts.ready_since(kafka)
        if not facts.is_ok(kafka) or not ready or facts.now - ready < SETTLED_SECONDS:
            continue
        for container in pod.containers:
            yield _client(facts, container, kafka, ready, own.get(pod.ref))


def _client(
    facts: Facts, container: ContainerFact, kafka: ObjectRef, ready: float, ending: Ending | None
) -> Client:
    begun = ending.since if ending else container.running_since or facts.now
    return Client(
        container=container,
        kafka=kafka,
        since=max(begun, ready),
        last=ending.last if ending else facts.now,
        lines=log_lines(facts.any_log(container)),
    )


def _kafka_of(facts: Facts, client: ObjectRef) -> ObjectRef | None:
    """The one Kafka that a workload needs."""
    servers = [d.server for d in facts.graph.needs(client)]
    needed = {s for s in servers if s is not None and s != client}
    found = [ref for ref in needed if _broker(facts, ref) is not None]
    return found[0] if len(found) == 1 else None


def _broker(facts: Facts, kafka: ObjectRef) -> ContainerFact | None:
    pods: list[PodFact] = facts.pods_of(kafka)
    return next((c for pod in pods for c in pod.containers if is_kafka(c)), None)


def _brokers(facts: Facts, kafka: ObjectRef) -> int:
    return len(facts.pods_of(kafka))


def _wanted(facts: Facts, kafka: ObjectRef) -> int:
    """The replication factor of the topic in which consumers keep their offsets."""
    values = [_value(facts, kafka, name) for name in _OFFSETS]
    return next((int(v) for v in values if v.isdigit()), DEFAULT_FACTOR)


def _value(facts: Facts, kafka: ObjectRef, name: str) -> str:
    stock, broker = inventory(facts), _broker(facts, kafka)
    workload = stock.workload(kafka)
    if broker is None or workload is None:
        return ""
    found = variables(broker.spec, broker.field, workload, stock).get(name)
    return found.value if found is not None and found.may_be_shown else ""
