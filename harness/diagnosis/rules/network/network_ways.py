"""A way from a client to something, and what proves that the client suffers from its being cut.

Used by all network causes: the static reason (a policy, a selector, a name) says which way is cut,
and this module whether a symptom of the client agrees. A log that speaks of another host, or of
another kind of failure, is no proof: then something else is wrong. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from harness.connectivity.dependencies import Dependency
from harness.connectivity.inventory import Inventory
from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.network.connection_texts import ConnectionTrouble, TroubleKind
from harness.diagnosis.rules.network.network_evidence import (
    WAITING_SECONDS,
    Shown,
    Symptom,
    lasting_since,
    names_it,
    names_of,
    quote,
    symptoms,
)
from harness.diagnosis.rules.probe.probe_logs import listening
from harness.diagnosis.signal import T0, Need, t1
from harness.manifests.pods import containers
from harness.model.refs import ObjectRef


class Strength(IntEnum):
    """How well a symptom fits a cut way."""

    VAGUE = 1
    """The client suffers; why is not told."""
    SPOKEN = 2
    """It waits for the server, or speaks of a connection."""
    TEXT = 3
    """Its log has the text that such a cut makes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """From a client to a host: how the client knows it and how a log may name it."""

    client: ObjectRef
    host: str
    service: ObjectRef | None = None
    server: ObjectRef | None = None
    ports: frozenset[int] = frozenset()
    waits: tuple[str, ...] = ()
    """The places by which init containers wait for it."""

    @classmethod
    def of(cls, facts: Facts, needed: Dependency) -> Way:
        """Returns the way of a dependency."""
        same = [d for d in facts.graph.needs(needed.client) if d.server == needed.server]
        return cls(
            client=needed.client,
            host=needed.host,
            service=needed.service,
            server=needed.server,
            ports=frozenset({needed.port, needed.pod_port} - {0}),
            waits=tuple(d.source for d in same if d.waits and d.service == needed.service),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A symptom that agrees with a cut."""

    client: ObjectRef
    symptom: Symptom
    strength: Strength
    trouble: ConnectionTrouble | None = None
    since: float
    """Epoch seconds since which client and server were both as they had to be."""

    @property
    def by_text(self) -> bool:
        """Whether it pins the cause, together with the static reason."""
        return self.strength >= Strength.SPOKEN

    def in_words(self) -> str:
        """Returns what was seen of the client."""
        if self.trouble is None:
            return self.symptom.in_words()
        return f"{self.symptom.pod.ref.name} logs {quote(self.trouble)}"

    def need(self, *, is_closed: bool) -> Need:
        """Returns how soon the cause counts; `is_closed` when nothing can still mend it."""
        if self.strength is Strength.TEXT and is_closed and self.symptom.shown is not Shown.UNREADY:
            return T0
        crashes = self.symptom.shown is Shown.CRASHES and self.strength is not Strength.TEXT
        return t1(2 if crashes else 1, WAITING_SECONDS)


def proofs(
    facts: Facts, way: Way, kinds: tuple[TroubleKind, ...], *, ready: float = 0.0
) -> Iterator[Proof]:
    """Yields what proves that a way is cut, if what failed before `ready` is not looked at."""
    for symptom in symptoms(facts, way.client):
        if symptom.shown is Shown.CRASHES and symptom.last <= ready:
            continue
        found = _proof(facts, way, symptom, kinds, ready)
        if found is not None:
            yield found


def _proof(
    facts: Facts, way: Way, symptom: Symptom, kinds: tuple[TroubleKind, ...], ready: float
) -> Proof | None:
    since = lasting_since(facts, way.client, symptom, ready)
    if symptom.troubles:
        trouble = next((t for t in symptom.troubles if _fits(facts, way, t, kinds)), None)
        if trouble is None:
            return None
        strength, since = Strength.TEXT, max(symptom.overdue_since, ready)
        return Proof(
            client=way.client, symptom=symptom, strength=strength, trouble=trouble, since=since
        )
    if symptom.shown is Shown.WAITS:
        if not waits_for(facts, way, symptom):
            return None
        strength = Strength.SPOKEN
    else:
        strength = Strength.SPOKEN if symptom.speaks else Strength.VAGUE
    return Proof(client=way.client, symptom=symptom, strength=strength, since=since)


def _fits(
    facts: Facts, way: Way, trouble: ConnectionTrouble, kinds: tuple[TroubleKind, ...]
) -> bool:
    if trouble.kind not in kinds:
        return False
    if trouble.host and names_it(trouble, names_of(way.host, way.service)):
        return True
    known = addresses(facts, way.server, way.service)
    if trouble.address and known:
        return trouble.address in known
    is_nameless = not trouble.host or trouble.host == trouble.address
    return is_nameless and (not trouble.port or trouble.port in way.ports)


def addresses(facts: Facts, server: ObjectRef | None, service: ObjectRef | None) -> frozenset[str]:
    """Returns the addresses by which a log may name a server."""
    pods = facts.pods_of(server) if server else []
    own = {str((p.object.get("status") or {}).get("podIP") or "") for p in pods}
    live = (facts.find(service) if service else None) or {}
    own.add(str((live.get("spec") or {}).get("clusterIP") or ""))
    return frozenset(own - {"", "None"})


def offered_ports(facts: Facts, server: ObjectRef) -> frozenset[int]:
    """Returns the ports that a server declares or says to listen on; empty when it tells none."""
    declared = {
        int(port.get("containerPort") or 0)
        for container in containers(facts.template(server))
        for port in container.get("ports") or []
    }
    said = {
        address.port
        for pod in facts.pods_of(server)
        for container in pod.containers
        for address in listening(facts.log(container))
    }
    return frozenset((declared | said) - {0})


def waits_for(facts: Facts, way: Way, symptom: Symptom) -> bool:
    """Whether the init container that runs is one that waits for the way's host."""
    place = f"initContainers[{symptom.container.name}]"
    if any(source.startswith(place) for source in way.waits):
        return True
    # A ConfigMap does not tell which container reads it: nothing else may be waited for.
    waited = [d.server for d in facts.graph.needs(way.client) if d.waits]
    others = [server for server in waited if server and server != way.server]
    from_map = any(not source.startswith("initContainers[") for source in way.waits)
    return from_map and all(facts.is_ok(server) for server in others)


def inventory(facts: Facts) -> Inventory:
    """Returns everything that matters for connections, ready to be looked up."""
    found: Inventory = facts.memo(
        "network.inventory", lambda: Inventory.of(dict(o) for o in facts.manifests)
    )
    return found


def holder(client: ObjectRef, source: str, prefix: str) -> tuple[ObjectRef, str]:
    """Returns the object that holds a host name, and the field in it.

    `source` is a dependency's: `ConfigMap ns/name data[K]`, or a path below the pod specification
    whose own path is `prefix`.
    """
    kind, _, rest = source.partition(" ")
    if kind not in {"ConfigMap", "Secret"} or " data[" not in rest:
        return client, f"{prefix}.{source}" if source else prefix
    place, _, key = rest.partition(" data[")
    namespace, _, name = place.partition("/")
    key = key.removesuffix("]")
    field = f"data[{key}]" if "." in key else f"data.{key}"
    return ObjectRef(kind, namespace, name), field
