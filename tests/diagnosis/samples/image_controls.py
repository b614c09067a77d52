# ruff: noqa: E501 - texts of other programs are quoted as they are
"""Timelines of pulls that are slow or come to a good end: nothing may be called failed."""

from __future__ import annotations

from tests.diagnosis.sample import sample
from tests.diagnosis.samples.image_world import (
    LONG,
    NEVER_PULL,
    on_the_node,
    one,
    waits,
)
from tests.diagnosis.samples.pull_world import (
    NOT_FOUND,
    TIMED_OUT,
    failing_pull,
)
from tests.diagnosis.world import (
    Object,
    World,
    container,
    running,
)


@sample(within=290)
def a_pull_that_takes_four_minutes() -> World:
    world = one("ghcr.io/shop/app:1")
    world.pod("app", 2)
    world.event(
        "Pod", "app-h1-abcde", "Pulling", 'Pulling image "ghcr.io/shop/app:1"', 3, type="Normal"
    )
    world.event(
        "Pod",
        "app-h1-abcde",
        "Pulled",
        'Successfully pulled image "ghcr.io/shop/app:1" in 4m10.2s (4m10.2s including waiting). Image size: 612345678 bytes.',
        253,
        type="Normal",
    )
    world.pod("app", 255, state=running(254))
    world.ready("app", 262)
    return world


@sample(within=400)
def a_pull_that_takes_longer_than_anybody_would_think() -> World:
    world = one("ghcr.io/shop/app:1")
    world.pod("app", 2)
    world.event(
        "Pod", "app-h1-abcde", "Pulling", 'Pulling image "ghcr.io/shop/app:1"', 3, type="Normal"
    )
    return world


@sample(within=60)
def an_image_that_is_pushed_while_the_pod_waits() -> World:
    world = one("ghcr.io/shop/app:1")
    failing_pull(world, "app", NOT_FOUND, tries=(3,))
    world.event(
        "Pod",
        "app-h1-abcde",
        "Pulled",
        'Successfully pulled image "ghcr.io/shop/app:1" in 2.1s (2.1s including waiting). Image size: 1234567 bytes.',
        16,
        type="Normal",
    )
    world.pod("app", 17, state=running(17))
    world.ready("app", 25)
    return world


@sample(within=150)
def a_registry_that_comes_back_and_sends_slowly() -> World:
    world = one("ghcr.io/shop/app:1")
    failing_pull(world, "app", TIMED_OUT, tries=LONG[:4])
    world.event(
        "Pod", "app-h1-abcde", "Pulling", 'Pulling image "ghcr.io/shop/app:1"', 88, count=5,
        type="Normal", key="app-Pulling-",
    )  # fmt: skip
    world.pod("app", 148, state=running(148))
    return world


@sample(within=120)
def a_throttled_kubelet() -> World:
    world = World()
    for number in range(6):
        world.workload(f"app-{number}", container("app", f"ghcr.io/shop/app-{number}:1"))
        failing_pull(world, f"app-{number}", "pull QPS exceeded", tries=(3, 14))
        world.pod(f"app-{number}", 30, state=running(30))
        world.ready(f"app-{number}", 40)
    return world


@sample(within=200)
def a_rate_limit_that_passes() -> World:
    world = one("redis:7.4")
    failing_pull(
        world,
        "app",
        "toomanyrequests: You have reached your unauthenticated pull rate limit.",
        tries=LONG[:4],
    )
    world.pod("app", 170, state=running(170))
    world.ready("app", 172)
    return world


@sample(within=200)
def old_pods_with_a_wrong_image_are_not_asked() -> World:
    world = one("ghcr.io/shop/app:2")
    failing_pull(world, "app", NOT_FOUND, pod="app-h0-zzzzz", tries=(3,))
    old: Object = world.live("Pod", "app-h0-zzzzz")
    labels = {**old["metadata"]["labels"], "pod-template-hash": "h0"}
    world.put({**old, "metadata": {**old["metadata"], "labels": labels}}, 3)
    world.pod("app", 20, state=running(20))
    world.ready("app", 30)
    return world


@sample(within=29)
def an_image_that_is_being_loaded() -> World:
    world = one("shop/app:dev", imagePullPolicy="Never")
    waits(world, "ErrImageNeverPull", NEVER_PULL.format("shop/app:dev"), 3, 14, 26)
    on_the_node(world, "docker.io/shop/app:dev", at=28)
    return world
