# ruff: noqa: E501 - texts of other programs are quoted as they are
"""Timelines of containers that the kubelet ends or cannot prepare."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.sample import sample
from tests.diagnosis.samples.start import ORDER, POD, order
from tests.diagnosis.world import World, running, stamp, waiting

# P10, P11, P12


LIVENESS: dict[str, Any] = {
    "livenessProbe": {
        "httpGet": {"path": "/live", "port": 8080},
        "periodSeconds": 5,
        "failureThreshold": 3,
    }
}


def killed(
    kind: str, answer: str, fields: dict[str, Any], *, times: int, seconds: int = 20
) -> World:
    world = order(**fields)
    at = 2
    for number in range(times):
        begin = at
        at += seconds
        world.event(
            "Pod",
            POD if number else _pod(world),
            "Unhealthy",
            f"{kind} probe failed: {answer}",
            at - 6,
            count=3 * (number + 1),
            key=kind,
        )
        down: dict[str, Any] = {
            "exitCode": 137,
            "reason": "Error",
            "startedAt": stamp(begin),
            "finishedAt": stamp(at),
        }
        world.event(
            "Pod",
            POD,
            "Killing",
            f"Container order failed {kind.lower()} probe, will be restarted",
            at - 5,
            count=number + 1,
            type="Normal",
        )
        world.pod(
            "order", at + 1, state=running(at + 1, restarts=number + 1, **down), phase="Running"
        )
        at += 1
    return world


def _pod(world: World) -> str:
    world.pod("order", 2, state=running(2), phase="Running")
    return POD


@sample(("P10", ORDER), within=50, not_before=40)
def the_liveness_probe_asks_a_path_that_is_not_there() -> World:
    return killed("Liveness", "HTTP probe failed with statuscode: 404", LIVENESS, times=3)


@sample(("P10", ORDER), within=70, not_before=60)
def the_liveness_probe_asks_a_port_on_which_nobody_listens() -> World:
    refused = (
        'Get "http://10.244.0.5:8080/live": dial tcp 10.244.0.5:8080: connect: connection refused'
    )
    return killed("Liveness", refused, LIVENESS, times=4)


@sample(within=150)
def a_slow_first_start_is_killed_twice_and_then_succeeds() -> World:
    refused = (
        'Get "http://10.244.0.5:8080/live": dial tcp 10.244.0.5:8080: connect: connection refused'
    )
    world = killed("Liveness", refused, LIVENESS, times=2)
    world.ready("order", 60)
    return world


@sample(("P11", ORDER), within=130, not_before=60)
def the_startup_probe_never_succeeds() -> World:
    fields = {
        "startupProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 5, "failureThreshold": 6}
    }
    return killed(
        "Startup",
        "dial tcp 10.244.0.5:8080: connect: connection refused",
        fields,
        times=4,
        seconds=35,
    )


@sample(("P12", ORDER), within=40, not_before=20)
def the_post_start_hook_fails() -> World:
    world = order(lifecycle={"postStart": {"exec": {"command": ["/warm-up"]}}})
    for number, at in enumerate((3, 6, 20, 44)):
        text = "PostStartHook failed"
        world.pod(
            "order",
            at,
            state=waiting(
                "PostStartHookError",
                text,
                restarts=number,
                exitCode=137,
                reason="Error",
                startedAt=stamp(at - 1),
                finishedAt=stamp(at),
            ),
            phase="Running",
        )
        world.event("Pod", POD, "FailedPostStartHook", text, at, count=number + 1)
        world.event(
            "Pod", POD, "Killing", "FailedPostStartHook", at, count=number + 1, type="Normal"
        )
    return world


# P16


SANDBOX = (
    'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "4c2e": '
    'plugin type="ptp" failed (add): failed to list chains: running [/usr/sbin/iptables -t nat -S --wait]: exit status 3'
)


def without_sandbox(last: int) -> World:
    world = order()
    world.pod("order", 2)
    for count, at in enumerate(range(3, last, 13), 1):
        world.event("Pod", POD, "FailedCreatePodSandBox", SANDBOX, at, count=count)
    return world


@sample(("P16", "Node node-1"), within=220, not_before=180, variations=False)
def the_node_builds_no_sandbox() -> World:
    return without_sandbox(230)


@sample(within=300)
def the_node_builds_a_sandbox_after_a_minute() -> World:
    world = without_sandbox(60)
    world.pod("order", 70, state=running(69), phase="Running")
    return world
