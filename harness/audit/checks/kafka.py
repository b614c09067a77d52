"""Kafka in KRaft mode: what its variables decide about the start of the quorum. Pure.

Cluster id (K01, K03), node ids and voters (K02, K12), pods that do not find one another (K07),
replication factors (K11). Listeners are in `kafka_listeners`, folders in `kafka_storage`, policies
between the nodes (K08) in `policy_blocks`. Source: Kafka's `KafkaConfig`, `StorageTool`, and the
start scripts of the images of Apache, Confluent and Bitnami; nothing is said of other images.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from harness.audit.checks.kafka_brokers import Broker, Family, brokers
from harness.audit.checks.kafka_fault import fault
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.reading import at, entries, is_placeholder, mapping, text_at, texts, whole
from harness.audit.scope import Scope
from harness.audit.world import World, separate
from harness.connectivity.headless import unpublished_self_needs
from harness.model.refs import ObjectRef

if TYPE_CHECKING:  # all_checks imports this module
    from harness.audit.checks.all_checks import ScopeCheck

_CLUSTER_ID = re.compile(r"[A-Za-z0-9_-]{22}(?:==)?")
LENIENT = {Family.APACHE: (3, 9), Family.BITNAMI: (3, 9), Family.CONFLUENT: (7, 9)}
"""Versions from which `kafka-storage format` takes any text as the cluster's id."""
FACTORS = (
    "offsets.topic.replication.factor",
    "transaction.state.log.replication.factor",
    "default.replication.factor",
    "min.insync.replicas",
    "transaction.state.log.min.isr",
)
OFFSETS, OFFSETS_DEFAULT = FACTORS[0], 3


def cluster_ids_are_valid(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields cluster ids that are none, are missing, or differ between nodes of one quorum."""
    for here in separate(scope):
        by_quorum: dict[tuple[str, str], tuple[str, Broker]] = {}
        for broker in brokers(here):
            name, value = _cluster_id(broker)
            if value and not _CLUSTER_ID.fullmatch(value):
                yield _malformed(broker, name, value)
            elif not value and broker.family is Family.CONFLUENT and broker.roles:
                yield from _no_cluster_id(broker)
            voters = broker.get("controller.quorum.voters")
            key = (broker.server.template.ref.namespace, voters)
            first = by_quorum.setdefault(key, (value, broker)) if voters and value else None
            if first is not None and first[0] != value:
                yield fault(
                    broker,
                    cause="K01",
                    seen=f"has {name} {value}, and {first[1].server.template.ref}, which has the "
                    f"same voters, has {first[0]}",
                    expected="one cluster id for all nodes of a quorum",
                    fix=f"set {name} of both to the same id",
                    field=f"env[{name}]",
                    value=value,
                )


def _cluster_id(broker: Broker) -> tuple[str, str]:
    names = ["CLUSTER_ID"]
    if broker.family is Family.BITNAMI:
        names = ["KAFKA_KRAFT_CLUSTER_ID", "KAFKA_CLUSTER_ID"]
    found = ((name, broker.server.value(name)) for name in names)
    return next(((n, v) for n, v in found if v), (names[0], ""))


def _malformed(broker: Broker, name: str, value: str) -> Fault:
    is_strict = bool(broker.version) and broker.version[:2] < LENIENT[broker.family]
    return fault(
        broker,
        cause="K03",
        degree=None if is_strict else Severity.NOTE,
        seen=f"has {name} {value!r}, which is no id of 16 bytes",
        expected="22 characters: the base64 form (A-Z a-z 0-9 - _) of 16 bytes",
        fix=f"set {name} to the output of `kafka-storage.sh random-uuid`",
        field=f"env[{name}]",
        value=value,
    )


def _no_cluster_id(broker: Broker) -> Iterator[Fault]:
    server = broker.server
    if server.is_whole and "CLUSTER_ID" not in server.given and not server.words:
        yield fault(
            broker,
            cause="K03",
            seen="has process roles and no CLUSTER_ID, which Confluent's image demands",
            expected="a CLUSTER_ID of 22 characters",
            fix=f"set CLUSTER_ID in {server.field('env')} to the output of "
            "`kafka-storage random-uuid`",
            field="env",
        )


def node_ids_are_voters(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields node ids that the voters do not have, or that several pods share."""
    for here in separate(scope):
        for broker in brokers(here):
            ids, voters = broker.node_ids, {number for number, _, _ in broker.voters}
            if len(set(ids)) < len(ids):
                yield _same_ids(broker, ids)
            elif ids and voters and broker.roles:
                yield from _against_voters(broker, ids, voters)


def _same_ids(broker: Broker, ids: tuple[int, ...]) -> Fault:
    name = broker.variable("node.id")
    return fault(
        broker,
        cause="K02",
        seen=f"has {name} {ids[0]} in all of its {len(ids)} pods",
        expected="a node id of its own for each pod, from the label apps.kubernetes.io/pod-index",
        fix=f"take {name} from fieldRef metadata.labels['apps.kubernetes.io/pod-index'], or run "
        "one replica",
        field=f"env[{name}]",
        value=str(ids[0]),
    )


def _against_voters(broker: Broker, ids: tuple[int, ...], voters: set[int]) -> Iterator[Fault]:
    name = broker.variable("controller.quorum.voters")
    listed = ", ".join(map(str, sorted(voters)))
    is_controller = "controller" in broker.roles
    missing = [i for i in ids if i not in voters]
    if is_controller and missing:
        yield fault(
            broker,
            cause="K12",
            seen=f"runs controllers with the node ids {', '.join(map(str, ids))}, and {name} has "
            f"{listed}",
            expected="every controller among the voters",
            fix=f"add {', '.join(f'{i}@<host>:<port>' for i in missing)} to {name}, or change "
            "spec.replicas",
            field=f"env[{name}]",
        )
    elif not is_controller and set(ids) & voters:
        yield fault(
            broker,
            cause="K12",
            seen=f"runs a broker alone with a node id ({ids[0]}) that {name} gives to a controller",
            expected="node ids of brokers that are not among the voters",
            fix=f"change {broker.variable('node.id')}",
            field=f"env[{broker.variable('node.id')}]",
            value=str(ids[0]),
        )


def nodes_find_one_another(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields quorums whose pods become ready only after they found pods that are ready."""
    for here in separate(scope):
        needs = unpublished_self_needs(here.graph, here.objects)
        for broker in brokers(here):
            ref = ObjectRef.of(broker.server.template.object)
            hidden = [n for n in needs if n.client == ref and _waits(broker, n.pod_port or n.port)]
            service = hidden[0].service if hidden else None
            if service is not None:
                yield _unpublished(here, broker, service, hidden[0].host)
            elif _is_one_by_one(broker):
                yield _ordered(broker)


def _waits(broker: Broker, port: int) -> bool:
    """Whether a pod becomes ready only when something else than the quorum's own port answers."""
    probes = [mapping(broker.server.container.get(n)) for n in ("readinessProbe", "startupProbe")]
    asked = [probe for probe in probes if probe]
    ports = {whole(at(p, h, "port")) for p in asked for h in ("tcpSocket", "httpGet", "grpc")}
    names = {text_at(p, h, "port") for p in asked for h in ("tcpSocket", "httpGet")}
    declared = entries(broker.server.container.get("ports"))
    ports |= {whole(d.get("containerPort")) for d in declared if d.get("name") in names}
    words = " ".join(w for p in asked for w in texts(at(p, "exec", "command")))
    return bool(asked) and port not in ports and str(port) not in words


def _unpublished(here: World, broker: Broker, service: ObjectRef, host: str) -> Fault:
    declared = here.find(service)
    return Fault(
        rule="kafka-kraft-config",
        object=service,
        cause="K07",
        message=f"{broker.server.template.ref} looks for its own pods as {host}, and {service} has "
        "the names of ready pods only: none becomes ready before it found the others",
        expected="publishNotReadyAddresses: true, and podManagementPolicy: Parallel",
        fix=f"set spec.publishNotReadyAddresses: true in {service}",
        field="spec.publishNotReadyAddresses",
        source=declared.source.path if declared else "",
    )


def _is_one_by_one(broker: Broker) -> bool:
    template = broker.server.template
    policy = text_at(template.object, "spec", "podManagementPolicy") or "OrderedReady"
    own = [v for v in broker.voters if v[1].startswith(f"{template.ref.name}-")]
    is_quorum = len(own) > 2 and "controller" in broker.roles
    is_ordered = template.ref.kind == "StatefulSet" and policy == "OrderedReady"
    return is_quorum and is_ordered and _waits(broker, own[0][2])


def _ordered(broker: Broker) -> Fault:
    return Fault(
        rule="kafka-kraft-config",
        object=broker.server.template.ref,
        severity=Severity.NOTE,
        cause="K07",
        message=f"{broker.server.template.ref} starts its pods one by one, and the first is ready "
        "only if its probe does not need the quorum",
        expected="podManagementPolicy: Parallel",
        fix=f"set spec.podManagementPolicy: Parallel in {broker.server.template.ref}",
        field="spec.podManagementPolicy",
        source=broker.server.template.declared.source.path,
    )


def factors_fit_the_brokers(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields replication factors above the number of brokers of the namespace."""
    for here in separate(scope):
        found = [b for b in brokers(here) if not b.roles or "broker" in b.roles]
        for broker in found:
            space = broker.server.template.ref.namespace
            counts = [b.replicas for b in found if b.server.template.ref.namespace == space]
            if here.pods.reason(space) or any(count is None for count in counts):
                continue
            yield from _factors(broker, sum(count or 0 for count in counts))


def _factors(broker: Broker, count: int) -> Iterator[Fault]:
    for name in FACTORS:
        written = broker.get(name)
        number = whole(written)
        is_default = name == OFFSETS and number is None and _has_default(broker)
        wanted = OFFSETS_DEFAULT if is_default else number
        if wanted is None or wanted <= count or not count or is_placeholder(written):
            continue
        variable = broker.variable(name)
        says = f"has {variable} {wanted}" if not is_default else f"does not set {variable} (3)"
        yield fault(
            broker,
            cause="K11",
            seen=f"{says}, and the namespace has {count} broker{'s' if count > 1 else ''}",
            expected=f"at most {count} in this overlay",
            fix=f"set {variable} to {count} in {broker.server.field('env')}",
            field=f"env[{variable}]" if not is_default else "env",
            value="" if is_default else str(wanted),
        )


def _has_default(broker: Broker) -> bool:
    """Whether Kafka's own default counts: with any property set the images bring none."""
    is_configured = bool(broker.roles) and broker.family is not Family.BITNAMI
    return is_configured and broker.lacks(OFFSETS)


CHECKS: tuple[ScopeCheck, ...] = (
    cluster_ids_are_valid,
    node_ids_are_voters,
    nodes_find_one_another,
    factors_fit_the_brokers,
)
