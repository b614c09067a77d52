"""The two ends of a connection, and whether one rule of a NetworkPolicy admits them. Pure.

Semantics of networking.k8s.io/v1: a podSelector alone means the policy's own namespace, a
namespaceSelector alone every pod of the namespaces, both together both; an empty list of peers or
ports means all; ports are those of the pod (policies see traffic behind the Service), and a named
port is looked up on the destination pod. Which policies apply is decided in `policies`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from harness.connectivity.addresses import Match, match_block
from harness.connectivity.selectors import Labels, selects
from harness.manifests.pods import Object
from harness.model.refs import ObjectRef

NAMESPACE_NAME = "kubernetes.io/metadata.name"
Namespaces = Mapping[str, Labels]
Peer = Mapping[str, Any]


class Direction(StrEnum):
    """A direction as the policies' `policyTypes` see it, in the words of their fields."""

    EGRESS = "egress"
    INGRESS = "ingress"

    @property
    def peers_field(self) -> str:
        """The field of a rule that lists peers."""
        return "to" if self is Direction.EGRESS else "from"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One end of a connection: a pod, or an address outside the cluster (no namespace, no ref)."""

    namespace: str
    labels: Labels = field(default_factory=dict)
    namespace_labels: Labels = field(default_factory=dict)
    ip: str = ""
    """An address; a network in CIDR form when only the range is known; empty when unknown."""
    named_ports: Mapping[str, int] = field(default_factory=dict)
    ref: ObjectRef | None = None

    @property
    def is_outside(self) -> bool:
        """Whether it is not a pod of the cluster."""
        return not self.namespace and self.ref is None

    def labels_of_namespace(self, namespaces: Namespaces) -> dict[str, str]:
        """Returns its namespace's labels with the one that every namespace has."""
        known = {**namespaces.get(self.namespace, {}), **self.namespace_labels}
        return {**known, NAMESPACE_NAME: self.namespace}


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A wanted connection: who, to whom, to which port of the pod."""

    client: Endpoint
    server: Endpoint
    port: int
    protocol: str = "TCP"
    service_port: int = 0
    """The Service's port in front of `port`; 0 when there is none or it is not known."""

    def subject(self, direction: Direction) -> Endpoint:
        """Returns the end whose policies count in that direction."""
        return self.client if direction is Direction.EGRESS else self.server

    def other(self, direction: Direction) -> Endpoint:
        """Returns the end that the rules of that direction speak of."""
        return self.server if direction is Direction.EGRESS else self.client


def rules(policy: Object, direction: Direction) -> list[Mapping[str, Any]]:
    """Returns the rules of a policy for one direction."""
    return [rule or {} for rule in (policy.get("spec") or {}).get(direction) or []]


def peers(rule: Mapping[str, Any], direction: Direction) -> Sequence[Peer]:
    """Returns the peers that a rule lists; none means everybody."""
    return rule.get(direction.peers_field) or []


def match_peers(
    rule: Mapping[str, Any],
    direction: Direction,
    other: Endpoint,
    namespace: str,
    namespaces: Namespaces,
) -> Match:
    """Says whether a rule of a policy in `namespace` speaks of the other end."""
    listed = peers(rule, direction)
    if not listed:
        return Match.YES
    return max(match_peer(peer, other, namespace, namespaces) for peer in listed)


def match_peer(peer: Peer, other: Endpoint, namespace: str, namespaces: Namespaces) -> Match:
    """Says whether one peer of a rule is the other end."""
    block = peer.get("ipBlock")
    if block:
        return match_block(block, other.ip)
    pods, spaces = peer.get("podSelector"), peer.get("namespaceSelector")
    if other.is_outside or (pods is None and spaces is None):
        return Match.NO
    if not in_namespace(peer, other, namespace, namespaces):
        return Match.NO
    return Match.YES if pods is None or selects(pods, other.labels) else Match.NO


def in_namespace(peer: Peer, other: Endpoint, namespace: str, namespaces: Namespaces) -> bool:
    """Whether the other end is in a namespace that the peer means."""
    spaces = peer.get("namespaceSelector")
    if spaces is None:
        return other.namespace == namespace
    return selects(spaces, other.labels_of_namespace(namespaces))


def admits_port(rule: Mapping[str, Any], wanted: Connection) -> bool:
    """Whether a rule allows the port; a rule without ports allows all."""
    listed = rule.get("ports") or []
    return not listed or any(_is_port(entry or {}, wanted) for entry in listed)


def _is_port(entry: Mapping[str, Any], wanted: Connection) -> bool:
    if str(entry.get("protocol") or "TCP") != wanted.protocol:
        return False
    port = entry.get("port")
    if port is None:
        return True
    if isinstance(port, str):
        return wanted.server.named_ports.get(port) == wanted.port
    return bool(port <= wanted.port <= (entry.get("endPort") or port))


def ports_in_words(rule: Mapping[str, Any]) -> str:
    """Returns the ports of a rule, e.g. `TCP 9092, UDP 53` or `TCP 8000-8099`."""
    return ", ".join(_port_in_words(entry or {}) for entry in rule.get("ports") or []) or "all"


def _port_in_words(entry: Mapping[str, Any]) -> str:
    port, end = entry.get("port"), entry.get("endPort")
    last = f"-{end}" if end else ""
    return f"{entry.get('protocol') or 'TCP'} {'(all)' if port is None else port}{last}"
