"""The rule that almost allows a blocked connection, and the one thing it lacks. Pure.

A person who reads "blocked" wants to know which line to change. Rules are tried from the most
telling lack to the least: the Service's port in place of the pod's, another port for the same pods,
a namespaceSelector that no namespace fulfils, a podSelector without namespaceSelector for pods
elsewhere, a policy that selects no pod, pods with other labels. The last may be a rule for
somebody else, so it is called strong only when it speaks of no pod at all or of several workloads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from harness.connectivity.addresses import Match
from harness.connectivity.peers import (
    Connection,
    Direction,
    Endpoint,
    Namespaces,
    Peer,
    admits_port,
    in_namespace,
    match_peer,
    match_peers,
    peers,
    ports_in_words,
    rules,
)
from harness.connectivity.population import Population
from harness.connectivity.selectors import in_words, requirements, unmet
from harness.manifests.pods import Object
from harness.model.refs import ObjectRef


class Lack(StrEnum):
    """What the closest rule lacks, the most telling first."""

    SERVICE_PORT = "service-port"
    PORT = "port"
    NAMESPACE = "namespace"
    """Its namespaceSelector is fulfilled by no namespace."""
    OWN_NAMESPACE = "own-namespace"
    """Its podSelector means the policy's own namespace, the pod is in another."""
    SUBJECT = "subject"
    """The policy selects no pod."""
    LABELS = "labels"
    NOTHING = ""
    """No rule is near."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """The closest rule and what it lacks."""

    lack: Lack
    text: str = ""
    policy: ObjectRef | None = None
    rule: int = 0
    is_strong: bool = False
    """Whether the policy is the one to change; else it may be meant for others."""


NOTHING_NEAR = Near(lack=Lack.NOTHING)
_ORDER = tuple(Lack)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A blocked connection in one direction, with what is known around it."""

    direction: Direction
    wanted: Connection
    namespaces: Namespaces
    pods: Population

    @property
    def other(self) -> Endpoint:
        """The end that the rules speak of."""
        return self.wanted.other(self.direction)


def closest(setting: Setting, policies: Sequence[Object], isolating: Sequence[Object]) -> Near:
    """Returns the rule that lacks least, among `policies` that count for the direction."""
    subject = setting.wanted.subject(setting.direction)
    found = [near for policy in isolating for near in _of_policy(setting, policy)]
    for policy in policies:
        if ObjectRef.of(policy).namespace == subject.namespace:
            found.extend(_selecting_nobody(setting, policy))
    return min(found, key=_rank, default=NOTHING_NEAR)


def _rank(near: Near) -> tuple[int, bool, str, int]:
    name = near.policy.name if near.policy else ""
    return _ORDER.index(near.lack), not near.is_strong, name, near.rule


def _of_policy(setting: Setting, policy: Object) -> Iterator[Near]:
    ref = ObjectRef.of(policy)
    for index, rule in enumerate(rules(policy, setting.direction)):
        found = _of_rule(setting, ref, rule)
        if found is not None:
            lack, text, strong = found
            yield Near(lack=lack, text=text, policy=ref, rule=index, is_strong=strong)


def _of_rule(
    setting: Setting, ref: ObjectRef, rule: Mapping[str, Any]
) -> tuple[Lack, str, bool] | None:
    if admits_port(rule, setting.wanted):
        return _of_peers(setting, ref, rule)
    speaks = any(_means(setting, peer, ref) for peer in peers(rule, setting.direction))
    return _of_ports(setting, ref, rule, is_specific=speaks)


def _means(setting: Setting, peer: Peer, ref: ObjectRef) -> bool:
    """Whether a peer is the other end by a condition on its labels, not by selecting everything."""
    match = match_peer(peer, setting.other, ref.namespace, setting.namespaces)
    return match is Match.YES and bool(requirements(peer.get("podSelector")))


def _of_ports(
    setting: Setting, ref: ObjectRef, rule: Mapping[str, Any], *, is_specific: bool
) -> tuple[Lack, str, bool] | None:
    wanted = setting.wanted
    entries = [entry or {} for entry in rule.get("ports") or []]
    numbers = [entry.get("port") for entry in entries]
    match = match_peers(rule, setting.direction, setting.other, ref.namespace, setting.namespaces)
    if wanted.service_port not in {0, wanted.port} and wanted.service_port in numbers and match:
        text = f"{ref.name} names Service port {wanted.service_port}"
        return Lack.SERVICE_PORT, f"{text}, the pod listens on {wanted.port}", True
    if not is_specific:
        return None
    unknown = [n for n in numbers if isinstance(n, str) and n not in wanted.server.named_ports]
    if unknown:
        return Lack.PORT, f"{ref.name} names port {unknown[0]}, which the pod does not have", True
    text = f"{ref.name} allows {ports_in_words(rule)}, not {wanted.protocol} {wanted.port}"
    return Lack.PORT, text, True


def _of_peers(
    setting: Setting, ref: ObjectRef, rule: Mapping[str, Any]
) -> tuple[Lack, str, bool] | None:
    if setting.other.is_outside:
        return None
    found = [
        lack
        for peer in peers(rule, setting.direction)
        if not peer.get("ipBlock") and (lack := _of_peer(setting, ref, peer)) is not None
    ]
    return min(found, key=lambda each: (_ORDER.index(each[0]), not each[2]), default=None)


def _of_peer(setting: Setting, ref: ObjectRef, peer: Peer) -> tuple[Lack, str, bool] | None:
    lacking = ", ".join(map(str, unmet(peer.get("podSelector"), setting.other.labels)))
    if not in_namespace(peer, setting.other, ref.namespace, setting.namespaces):
        return None if lacking else _elsewhere(setting, ref, peer)
    text = f"{ref.name} allows the port only {_preposition(setting)} pods with {lacking}"
    if not setting.pods:
        return Lack.LABELS, text, False
    meant = setting.pods.meant_by(peer, ref.namespace)
    return Lack.LABELS, text if meant else f"{text}, which no pod has", meant != 1


def _preposition(setting: Setting) -> str:
    return "for" if setting.direction is Direction.EGRESS else "from"


def _elsewhere(setting: Setting, ref: ObjectRef, peer: Peer) -> tuple[Lack, str, bool] | None:
    spaces, other = peer.get("namespaceSelector"), setting.other
    if spaces is None:
        if not requirements(peer.get("podSelector")):
            return None
        place = f"namespace {ref.namespace}, the pod is in {other.namespace}"
        return Lack.OWN_NAMESPACE, f"{ref.name} has a podSelector alone: it means {place}", True
    if not _is_meant(peer, other) or setting.pods.is_namespace(spaces):
        return None
    text = f"the namespaceSelector {in_words(spaces)} of {ref.name} matches no namespace"
    return Lack.NAMESPACE, text, True


def _is_meant(peer: Peer, other: Endpoint) -> bool:
    """Whether a peer speaks of the other end, were it not for the labels of the namespace."""
    named = requirements(peer.get("namespaceSelector"))
    return bool(requirements(peer.get("podSelector"))) or any(
        other.namespace in requirement.values for requirement in named
    )


def _selecting_nobody(setting: Setting, policy: Object) -> Iterator[Near]:
    ref, selector = ObjectRef.of(policy), (policy.get("spec") or {}).get("podSelector")
    if not setting.pods.selects_nobody(selector or {}, ref.namespace):
        return
    for index, rule in enumerate(rules(policy, setting.direction)):
        match = match_peers(
            rule, setting.direction, setting.other, ref.namespace, setting.namespaces
        )
        if match is Match.YES and admits_port(rule, setting.wanted):
            text = f"{ref.name} would allow it, but its podSelector {in_words(selector)}"
            yield Near(
                lack=Lack.SUBJECT,
                text=f"{text} selects no pod",
                policy=ref,
                rule=index,
                is_strong=True,
            )
