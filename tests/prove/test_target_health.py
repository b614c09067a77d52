"""What HAProxy's statistics say about targets, in words that name the check and the annotation."""

from __future__ import annotations

import pytest

from harness.model.refs import ObjectRef
from harness.prove.routing import Routing, Target
from harness.prove.target_health import (
    State,
    declared_at,
    is_complete,
    read_stats,
    target_health,
)
from tests.prove.ingresses import ingress, made, service

HEAD = "# pxname,svname,status,check_status,check_code,last_chk,check_desc,"


def routed(**annotations: str) -> Routing:
    return made(ingress(healthcheck_path="/healthz", **annotations))


def stats(status: str, check: str, code: str = "", said: str = "", desc: str = "") -> str:
    return f"{HEAD}\ndev_shop_web_http,10.244.0.7:8080,{status},{check},{code},{said},{desc},\n\n"


def states(found: Routing, text: str) -> list[State]:
    return [t.state for group in target_health(found, read_stats(text)) for t in group.targets]


@pytest.mark.parametrize(
    ("status", "check", "expected"),
    [
        ("UP", "L7OK", State.HEALTHY),
        ("UP", "* L7OK", State.HEALTHY),
        ("DOWN 1/2", "L7OK", State.INITIAL),
        ("UP", "INI", State.INITIAL),
        ("UP", "", State.INITIAL),
        ("DOWN", "L7STS", State.UNHEALTHY),
        ("UP 1/2", "L4CON", State.UNHEALTHY),
    ],
)
def test_a_target_is_healthy_when_its_check_passed_and_it_takes_traffic(
    status: str, check: str, expected: State
) -> None:
    assert states(routed(), stats(status, check)) == [expected]


def test_a_target_that_the_load_balancer_does_not_know_is_initial() -> None:
    (group,) = target_health(routed(), read_stats(HEAD))

    assert [t.state for t in group.targets] == [State.INITIAL]
    assert not group.settled
    assert str(group) == "route shop.example/*: 0 of 1 targets healthy: not registered yet"


def test_a_target_without_a_check_counts_as_taking_traffic() -> None:
    (group,) = target_health(made(ingress(of_class="nginx")), read_stats(stats("no check", "")))

    assert (group.targets[0].state, group.healthy, group.settled) == (State.UNCHECKED, 1, True)


@pytest.mark.parametrize(
    ("row", "reason", "blames"),
    [
        (
            stats("DOWN", "L7STS", "404"),
            "health check GET /healthz gives 404, declared success codes 200",
            "healthcheck-path",
        ),
        (
            stats("DOWN", "L4TOUT"),
            "health check gets no connection from 10.20.0.0/20 to port 8080 within 5 s",
            "",
        ),
        (
            stats("DOWN", "L4CON", said="Connection refused"),
            "health check cannot connect to port 8080: Connection refused",
            "healthcheck-port",
        ),
        (
            stats("DOWN", "L6RSP", desc="Layer6 invalid response"),
            "health check over TLS fails on port 8080: Layer6 invalid response",
            "healthcheck-protocol",
        ),
        (
            stats("DOWN", "L7TOUT"),
            "health check GET /healthz gets no answer within 5 s",
            "healthcheck-path",
        ),
        (
            stats("DOWN", "L7RSP", desc="Layer7 invalid response"),
            "health check GET /healthz fails: Layer7 invalid response (L7RSP)",
            "healthcheck-path",
        ),
    ],
)
def test_a_failing_check_is_told_with_what_was_declared(row: str, reason: str, blames: str) -> None:
    (group,) = target_health(routed(), read_stats(row), "10.20.0.0/20")

    assert [(t.reason, t.blames) for t in group.unhealthy] == [(reason, blames)]
    assert str(group) == f"route shop.example/*: 0 of 1 targets healthy: {reason}"


def test_the_port_of_the_check_is_named_where_it_is_another() -> None:
    (group,) = target_health(routed(healthcheck_port="9000"), read_stats(stats("DOWN", "L4CON")))

    assert "to port 9000" in str(group)


def test_a_port_of_its_own_is_to_blame_where_nothing_answers_there() -> None:
    row = read_stats(stats("DOWN", "L4TOUT"))

    (group,) = target_health(routed(healthcheck_port="9000"), row)

    assert [t.blames for t in group.unhealthy] == ["healthcheck-port"]


def test_the_annotation_to_correct_is_the_one_that_is_declared() -> None:
    declared = made(ingress(success_codes="204"), services=(service(healthcheck_path="/healthz"),))
    default = made(ingress())
    row = read_stats(stats("DOWN", "L7STS", "404"))

    prefix = "metadata.annotations[alb.ingress.kubernetes.io/"
    assert declared_at(target_health(declared, row)[0]) == (
        ObjectRef("Service", "dev", "web"),
        f"{prefix}healthcheck-path]",
    )
    assert declared_at(target_health(default, row)[0]) == (
        ObjectRef("Ingress", "dev", "shop"),
        "metadata.annotations",
    )
    assert "GET / (the default path) gives 404" in str(target_health(default, row)[0])


def test_the_targets_are_those_of_the_statistics() -> None:
    (group,) = target_health(routed(), read_stats(stats("UP", "L7OK")))

    assert [t.target for t in group.targets] == [Target("10.244.0.7", 8080)]
    assert group.routes == ("shop.example/*",)


def test_a_result_that_is_just_being_made_again_has_no_code() -> None:
    running, done = stats("DOWN", "* L7STS", "0"), stats("DOWN", "L7STS", "404")

    assert not is_complete(read_stats(running))
    assert is_complete(read_stats(done))
    assert is_complete(read_stats(stats("UP", "* L7OK", "0")))
    (group,) = target_health(routed(), read_stats(running))
    assert "gives another code, declared success codes 200" in str(group)
