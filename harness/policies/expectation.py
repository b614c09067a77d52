"""What the declared policies say of one pair, and which of their rules say it. Pure.

Both ends must agree. In the namespaces of the declaration only declared policies count; in others,
such as that of the DNS, those that live there are taken as given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.connectivity.addresses import Match
from harness.connectivity.peers import (
    Connection,
    Direction,
    Endpoint,
    Namespaces,
    admits_port,
    match_peers,
    rules,
)
from harness.connectivity.policies import isolates
from harness.manifests.pods import Object
from harness.model.policies import DecidingRule
from harness.model.refs import ObjectRef
from harness.policies.snapshot import is_core_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What is declared for one pair."""

    allowed: bool
    certain: bool = True
    rules: tuple[DecidingRule, ...] = ()
    """Without file and line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the policies of one end say."""

    allowed: bool
    certain: bool
    rules: tuple[DecidingRule, ...]


class Rulebook:
    """Some policies and the labels of the namespaces that they speak of.

    Thousands of pairs are asked for, so that which policies isolate a pod is found only once.
    """

    def __init__(self, policies: Iterable[Object], namespaces: Namespaces) -> None:
        self.policies = tuple(policies)
        self._namespaces = namespaces
        self._isolating: dict[tuple[Direction, str, frozenset[tuple[str, str]]], list[Object]] = {}

    def of(self, client: Endpoint, server: Endpoint, port: int, protocol: str) -> Expectation:
        """Returns what the policies say of a connection; a pod always reaches itself."""
        if client.ip and client.ip == server.ip and client.ref == server.ref:
            return Expectation(allowed=True)
        wanted = Connection(client=client, server=server, port=port, protocol=protocol)
        both = [self._verdict(way, wanted) for way in Direction]
        allowed = all(verdict.allowed for verdict in both)
        telling = [verdict for verdict in both if verdict.allowed is allowed]
        return Expectation(
            allowed=allowed,
            certain=not allowed or all(verdict.certain for verdict in both),
            rules=tuple(rule for verdict in telling for rule in verdict.rules),
        )

    def _verdict(self, way: Direction, wanted: Connection) -> Verdict:
        isolating = self.isolating(way, wanted.subject(way))
        if not isolating:
            return Verdict(allowed=True, certain=True, rules=())
        matches = [found for p in isolating for found in self._matches(p, way, wanted)]
        best = max((match for _, match in matches), default=Match.NO)
        if best is Match.NO:
            closed = (DecidingRule(policy=ObjectRef.of(p), direction=way) for p in isolating)
            return Verdict(allowed=False, certain=True, rules=tuple(closed))
        return Verdict(
            allowed=True,
            certain=best is Match.YES,
            rules=tuple(rule for rule, match in matches if match is best),
        )

    def isolating(self, way: Direction, subject: Endpoint) -> list[Object]:
        """Returns the policies that isolate an end in a direction, those without rules first."""
        key = way, subject.namespace, frozenset(subject.labels.items())
        if key not in self._isolating:
            found = [p for p in self.policies if isolates(p, subject, way)]
            found.sort(key=lambda p: (len(rules(p, way)), ObjectRef.of(p)))
            self._isolating[key] = found
        return self._isolating[key]

    def _matches(
        self, policy: Object, way: Direction, wanted: Connection
    ) -> Iterator[tuple[DecidingRule, Match]]:
        ref, other = ObjectRef.of(policy), wanted.other(way)
        for index, rule in enumerate(rules(policy, way)):
            if admits_port(rule, wanted):
                match = match_peers(rule, way, other, ref.namespace, self._namespaces)
                yield DecidingRule(policy=ref, direction=way, rule=index), match


def declared_rulebook(
    declared: Iterable[Object], live: Iterable[Object], namespaces: Namespaces
) -> Rulebook:
    """Returns the declared policies, with the live ones of namespaces that are not declared."""
    objects = list(declared)
    own = {ObjectRef.of(obj).namespace for obj in objects} - {""}
    policies = {ObjectRef.of(p): p for p in objects if is_core_policy(p)}
    given = [p for p in live if ObjectRef.of(p).namespace not in own]
    known = {name: dict(labels) for name, labels in namespaces.items()}
    for obj in objects:
        if obj.get("kind") == "Namespace":
            labels = (obj.get("metadata") or {}).get("labels") or {}
            name = ObjectRef.of(obj).name
            known[name] = {**known.get(name, {}), **labels}
    return Rulebook((*policies.values(), *given), known)


def live_rulebook(live: Iterable[Object], namespaces: Namespaces) -> Rulebook:
    """Returns the policies that the cluster has."""
    return Rulebook(live, namespaces)
