"""Events of a pod with several containers are those of the container that they name."""

from __future__ import annotations

from typing import Any

import pytest

from harness.diagnosis.events import event_fact
from harness.diagnosis.fold import folded
from harness.diagnosis.rules.image.pulls import failed_pulls
from harness.diagnosis.rules.probe.probe_failures import failing
from harness.diagnosis.rules.start.endings import endings
from harness.diagnosis.rules.start.killed import killing, start_hook_fails
from harness.model.refs import ObjectRef
from tests.diagnosis.crash_loops import facts_at
from tests.diagnosis.world import START, World, container, running, stamp, waiting

POD = "order-h1-abcde"
PROBE = {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 5, "failureThreshold": 3}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("spec.containers{order}", "order"),
        ("spec.initContainers{migrate}", "migrate"),
        ("spec.ephemeralContainers{debugger}", "debugger"),
        ("spec.containers", ""),
        ("", ""),
    ],
)
def test_the_container_stands_in_the_field_path(path: str, name: str) -> None:
    about = {"kind": "Pod", "name": POD, "namespace": "shop", "fieldPath": path}

    assert event_fact({"involvedObject": about, "metadata": {}}, 0).container == name


def two(**fields: Any) -> World:
    """A pod with the containers `order` and `proxy`, alike but for their names."""
    world = World()
    world.workload("order", container("order", **fields), container("proxy", **fields))
    return world


def test_of_two_containers_with_one_image_each_has_its_own_attempts() -> None:
    world = two()
    image = 'Failed to pull image "ghcr.io/shop/app:1.0": not found'
    state = waiting("ErrImagePull", "not found")
    world.pod("order", 2, state={"order": state, "proxy": state})
    world.event("Pod", POD, "Failed", image, 9, count=5, key="a", container="order")
    world.event("Pod", POD, "Failed", image, 9, count=1, key="b", container="proxy")

    found = {p.container.name: p.count for p in failed_pulls(facts_at(world, 10))}

    assert found == {"order": 5, "proxy": 1}


def test_a_probe_failure_is_that_of_the_container_that_the_kubelet_names() -> None:
    world = two(readinessProbe=PROBE)
    world.pod("order", 2, state=running(2), phase="Running")
    text = "Readiness probe failed: HTTP probe failed with statuscode: 404"
    world.event("Pod", POD, "Unhealthy", text, 30, count=6, container="proxy")

    found = {f.probe.container.name: f.failure for f in failing(facts_at(world, 40))}

    assert found["order"] is None
    assert found["proxy"] is not None
    assert found["proxy"].count == 6


def test_a_probe_failure_that_names_no_container_and_fits_two_is_nobodys() -> None:
    world = two(readinessProbe=PROBE)
    world.pod("order", 2, state=running(2), phase="Running")
    text = "Readiness probe failed: HTTP probe failed with statuscode: 404"
    world.event("Pod", POD, "Unhealthy", text, 30, count=6)

    assert [f.failure for f in failing(facts_at(world, 40))] == [None, None]


def test_what_another_container_misses_is_not_looked_for() -> None:
    env = [{"name": "K", "valueFrom": {"secretKeyRef": {"name": "login", "key": "k"}}}]
    world = World()
    world.workload("order", container("order", env=env), container("proxy"))
    state = {"order": waiting("CreateContainerConfigError"), "proxy": running(2)}
    world.pod("order", 2, state=state)
    texts = {"order": 'Error: secret "login" not found', "proxy": 'Error: secret "tls" not found'}
    for at, (name, text) in enumerate(texts.items(), 3):
        world.event("Pod", POD, "Failed", text, at, key=name, container=name)

    assert [str(f.object) for f in world.diagnose(10).findings] == ["Secret shop/login"]


def ended_by_signal(world: World) -> World:
    down = {
        "exitCode": 137,
        "reason": "Error",
        "startedAt": stamp(2),
        "finishedAt": stamp(200),
    }
    world.pod("order", 201, state=running(201, restarts=1, **down), phase="Running")
    return world


@pytest.mark.parametrize(("name", "blamed"), [("order", True), ("proxy", False)])
def test_the_liveness_probe_of_another_container_ended_nobody_here(
    name: str, *, blamed: bool
) -> None:
    world = World()
    world.workload("order", container("order", livenessProbe=PROBE), container("proxy"))
    ended_by_signal(world)
    text = "Liveness probe failed: HTTP probe failed with statuscode: 500"
    world.event("Pod", POD, "Unhealthy", text, 195, count=3, container=name)
    facts = facts_at(world, 205)

    [ending] = [e for e in endings(facts) if e.container.name == "order"]

    assert (killing(facts, ending) is not None) == blamed


def test_a_start_hook_that_fails_is_that_of_the_container_that_the_kubelet_names() -> None:
    hook = {"postStart": {"exec": {"command": ["/warm-up"]}}}
    world = two(lifecycle=hook)
    world.pod("order", 2, state=waiting("PodInitializing"))
    for at in (3, 20, 40):
        world.event("Pod", POD, "FailedPostStartHook", "PostStartHook failed", at, count=at,
                    container="proxy")  # fmt: skip

    found = start_hook_fails(facts_at(world, 45))

    assert ["proxy" in s.field for s in found] == [True]


def test_pulling_the_image_of_the_next_container_is_progress() -> None:
    world = two()
    world.pod("order", 1, state=waiting("ContainerCreating"))
    for at, name in ((2, "order"), (90, "proxy"), (150, "proxy")):
        world.event("Pod", POD, "Pulling", "Pulling image", at, key=f"{name}-{at}", container=name)
    facts = folded(world.cassette(), START + 200)

    assert facts.progress(ObjectRef("Deployment", "shop", "order")) == START + 90
