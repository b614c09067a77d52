"""One Deployment whose image cannot be had, and what its node has."""

from __future__ import annotations

from tests.diagnosis.world import (
    World,
    container,
    waiting,
)

LONG = (3, 15, 38, 82, 168)
NEVER_PULL = 'Container image "{}" is not present with pull policy of Never'


def one(image: str, **fields: object) -> World:
    """A namespace with one Deployment of that image."""
    world = World()
    world.workload("app", container("app", image, **fields))
    return world


def on_the_node(world: World, *images: str, at: float = 0.5) -> None:
    world.node(at=at, images=[{"names": [image], "sizeBytes": 1000} for image in images])


def waits(world: World, reason: str, message: str, *times: float) -> None:
    """The pod stays in a waiting state, and the kubelet counts an event up."""
    world.pod("app", times[0] - 1)
    world.pod("app", times[0], state=waiting(reason, message))
    for number, at in enumerate(times, 1):
        world.event("Pod", "app-h1-abcde", reason, message, at, count=number)
