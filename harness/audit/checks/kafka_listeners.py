"""Listeners of Kafka: addresses that mean nothing to clients, names that do not fit. Pure.

`advertised.listeners` is what clients are sent to (K06); 0.0.0.0 is refused there, and in 3.9.0 for
the controller's listener too (K05, KAFKA-18281). Every name must be among the listeners and in the
protocol map where one is given (`SocketServerConfigs`, `KafkaConfig.validateValues`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from harness.audit.checks.kafka_brokers import Broker, Family, Listener, brokers
from harness.audit.checks.kafka_fault import fault
from harness.audit.finding import Fault, NotJudged
from harness.audit.scope import Presence, Scope
from harness.audit.world import World, separate
from harness.connectivity.resolution import Meaning, nearest, resolve
from harness.model.refs import ObjectRef

if TYPE_CHECKING:  # all_checks imports this module
    from harness.audit.checks.all_checks import ScopeCheck

ANY = "0.0.0.0"  # noqa: S104 - the value that is looked for
LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})
STRICT_CONTROLLER = {Family.APACHE: (3, 9, 0), Family.CONFLUENT: (7, 9, 0)}
"""Versions that refuse 0.0.0.0 for the controller's listener as well."""


def addresses_are_routable(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields listeners that advertise an address which is none (K05)."""
    for here in separate(scope):
        for broker in brokers(here):
            advertised, own = broker.advertised, broker.listeners
            controllers = _names(broker, "controller.listener.names")
            if any(listener.host == ANY for listener in advertised):
                yield _meta_address(broker, "advertised.listeners", "advertises 0.0.0.0")
            elif _is_broker(broker) and broker.lacks("advertised.listeners"):
                public = [li for li in own if li.name not in controllers]
                if any(listener.host == ANY for listener in public):
                    seen = (
                        "listens on 0.0.0.0 and advertises nothing, so that 0.0.0.0 is advertised"
                    )
                    yield _meta_address(broker, "listeners", seen)
            elif broker.version == STRICT_CONTROLLER.get(broker.family) and any(
                listener.host == ANY and listener.name in controllers for listener in own
            ):
                seen = "has 0.0.0.0 in the controller's listener, which this version refuses"
                yield _meta_address(broker, "listeners", seen)


def _is_broker(broker: Broker) -> bool:
    return "broker" in broker.roles


def _names(broker: Broker, property_name: str) -> frozenset[str]:
    return frozenset(n.strip().upper() for n in broker.get(property_name).split(",") if n.strip())


def _meta_address(broker: Broker, name: str, seen: str) -> Fault:
    variable = broker.variable(name)
    return fault(
        broker,
        cause="K05",
        seen=f"{seen} ({variable})",
        expected="an address that clients can reach; an empty host (PLAINTEXT://:9092) where all "
        "addresses are meant in listeners",
        fix=f"take 0.0.0.0 out of {variable}"
        if name == "listeners"
        else f"write the name by which clients reach the broker into {variable}",
        field=f"env[{variable}]",
        value=ANY,
    )


def names_fit(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields names of listeners that are not among the listeners, or have no protocol."""
    for here in separate(scope):
        for broker in brokers(here):
            own = {listener.name for listener in broker.listeners}
            alien = [li.name for li in broker.advertised if li.name not in own]
            if own and alien:
                yield _alien(broker, alien, own)
            mapped = {e.partition(":")[0].strip().upper() for e in _protocols(broker)}
            unmapped = sorted((own | _names(broker, "controller.listener.names")) - mapped)
            if mapped and unmapped:
                yield _unmapped(broker, unmapped)


def _protocols(broker: Broker) -> list[str]:
    return [e for e in broker.get("listener.security.protocol.map").split(",") if ":" in e]


def _alien(broker: Broker, alien: list[str], own: set[str]) -> Fault:
    variable = broker.variable("advertised.listeners")
    return fault(
        broker,
        cause="",
        seen=f"advertises {', '.join(alien)}, and listens as {', '.join(sorted(own))}",
        expected=f"advertised names among those of {broker.variable('listeners')}",
        fix=f"use the same names in {variable} and {broker.variable('listeners')}",
        field=f"env[{variable}]",
        value=alien[0],
    )


def _unmapped(broker: Broker, unmapped: list[str]) -> Fault:
    variable = broker.variable("listener.security.protocol.map")
    return fault(
        broker,
        cause="",
        seen=f"has no security protocol for the listener {', '.join(unmapped)}",
        expected=f"every listener in {variable}",
        fix=f"add {unmapped[0]}:PLAINTEXT (or its protocol) to {variable}",
        field=f"env[{variable}]",
        value=unmapped[0],
    )


def clients_are_sent_to_brokers(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields brokers that send their clients to nobody, or all to the same name (K06)."""
    for here in separate(scope):
        for broker in brokers(here):
            for listener in broker.advertised:
                yield from _of_listener(scope, here, broker, listener)
            is_shared = (broker.replicas or 1) > 1 and broker.advertised and not broker.is_per_pod
            if is_shared and _is_written(broker):
                yield _shared(broker)


def _of_listener(scope: Scope, here: World, broker: Broker, listener: Listener) -> Iterator[Fault]:
    if listener.host in LOCAL:
        clients = _clients(here, broker, listener)
        if clients:
            yield _local(broker, listener, clients)
        return
    found = resolve(listener.host, broker.server.template.ref.namespace, here.inventory)
    if found.meaning is Meaning.MISSING and "$" not in listener.host:
        names = listener.host.split(".")[:2]
        refs = [ObjectRef("Service", found.namespace, name) for name in names]
        if all(scope.presence(ref) is Presence.ABSENT for ref in refs):
            near = nearest(found.wanted, found.namespace, here.inventory)
            yield from _unknown(here, broker, listener, near)


def _clients(here: World, broker: Broker, listener: Listener) -> list[str]:
    """Returns the workloads that come in by the port of a listener."""
    own = ObjectRef.of(broker.server.template.object)
    ports = {each.port for each in broker.listeners if each.name == listener.name}
    return sorted(
        {
            str(here.real(need.client))
            for need in here.graph.needed_by(own)
            if need.client != own and need.certain and need.pod_port in ports
        }
    )


def _local(broker: Broker, listener: Listener, clients: list[str]) -> Fault:
    variable = broker.variable("advertised.listeners")
    return fault(
        broker,
        cause="K06",
        seen=f"sends clients of the listener {listener.name} to {listener.host}, which is the "
        f"client's own pod: {', '.join(clients[:3])}",
        expected="the name of the Service, or of the pod below its headless Service",
        fix=f"write {listener.name}://<name of the Service>:{listener.port} in {variable}",
        field=f"env[{variable}]",
        value=listener.host,
    )


def _unknown(here: World, broker: Broker, listener: Listener, near: str) -> Iterator[Fault]:
    variable = broker.variable("advertised.listeners")
    if here.pods.reason(broker.server.template.ref.namespace):
        return
    yield fault(
        broker,
        cause="K06",
        seen=f"sends clients of the listener {listener.name} to {listener.host}, and no Service "
        "has this name",
        expected=f"the host {near}" if near else "the name of a declared Service",
        fix=f"write {near or 'the name of the Service'} in place of {listener.host} in {variable}",
        field=f"env[{variable}]",
        value=listener.host,
    )


def _is_written(broker: Broker) -> bool:
    """Whether the advertised addresses are those of the manifest, not of a script."""
    return not broker.server.words and not broker.has_own_configuration


def _shared(broker: Broker) -> Fault:
    variable = broker.variable("advertised.listeners")
    return fault(
        broker,
        cause="K06",
        seen=f"has {broker.replicas} pods that all advertise {broker.advertised[0].host}: clients "
        "cannot reach the leader of a partition",
        expected="a name of its own for each pod, e.g. $(POD_NAME).<headless Service>",
        fix=f"take the pod's name into {variable}, or run one replica",
        field=f"env[{variable}]",
    )


CHECKS: tuple[ScopeCheck, ...] = (addresses_are_routable, names_fit, clients_are_sent_to_brokers)
