"""What is declared of a pair: the same as the simulation of `harness.connectivity` says."""

from __future__ import annotations

from itertools import product

from harness.connectivity.inventory import Inventory
from harness.connectivity.peers import Endpoint
from harness.connectivity.policies import decide
from harness.connectivity.reach import World
from harness.policies.expectation import declared_rulebook
from tests.connectivity.objects import end, fresh_musiccorp, pods, policy, tcp

OUTSIDE = Endpoint(namespace="", ip="203.0.113.9")
BALANCER = Endpoint(namespace="", ip="10.20.0.2")


def test_of_musiccorp_it_says_what_the_simulation_says() -> None:
    objects = fresh_musiccorp()
    world = World.of(objects, {})
    book = declared_rulebook(objects, (), world.namespaces)
    ends = [*world.ends.values(), OUTSIDE, BALANCER]
    policies = Inventory.of(objects).policies
    seen = set()

    for client, server, port in product(ends, ends, (5432, 8080, 9092, 53)):
        if client == server or client.ip == server.ip != "":
            continue
        said = book.of(client, server, port, "TCP")
        wanted = decide(client, server, port, "TCP", policies, world.namespaces)
        assert (said.allowed, said.certain) == (wanted.allowed, wanted.certain)
        if said.allowed:
            told = tuple((rule.policy, rule.rule) for rule in said.rules)
            assert told == wanted.allowing or set(told) == set(wanted.allowing)
        else:
            way = wanted.direction
            assert {r.policy for r in said.rules if r.direction == way} == set(wanted.isolating)
        seen.add(said.allowed)

    assert seen == {True, False}


def test_a_policy_without_rules_is_named_first_for_a_denial() -> None:
    deny = policy("z-deny", policyTypes=["Ingress"])
    other = policy("a-other", ingress=[{"from": [pods(app="api")], "ports": tcp(1)}])
    book = declared_rulebook([other, deny], (), {})

    said = book.of(end("web"), end("db"), 5432, "TCP")

    assert [rule.policy.name for rule in said.rules] == ["z-deny", "a-other"]
    assert {rule.rule for rule in said.rules} == {None}


def test_both_ends_are_named_where_both_deny() -> None:
    book = declared_rulebook([policy("deny", policyTypes=["Ingress", "Egress"])], (), {})

    said = book.of(end("web"), end("db"), 5432, "TCP")

    assert [rule.direction for rule in said.rules] == ["egress", "ingress"]


def test_a_declared_policy_hides_the_live_ones_of_its_namespace_only() -> None:
    live = [policy("old", policyTypes=["Ingress"]), policy("far", "far", policyTypes=["Ingress"])]
    book = declared_rulebook([policy("new", ingress=[{}])], live, {})

    assert book.of(end("web"), end("db"), 5432, "TCP").allowed
    assert not book.of(end("web"), end("db", namespace="far"), 5432, "TCP").allowed
