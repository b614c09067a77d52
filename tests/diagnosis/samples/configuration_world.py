# ruff: noqa: E501 - texts of other programs are quoted as they are
"""What the kubelet says when it cannot make up a container or mount a volume."""

from __future__ import annotations

from tests.diagnosis.world import Object, World, waiting


def config_error(
    world: World,
    workload: str,
    text: str,
    *times: float,
    init: bool = False,
    container_name: str = "",
) -> None:
    """The kubelet cannot make up a container's environment; it tries about every 12 s."""
    made = world.pod(workload, times[0] - 1)
    pod = made["metadata"]["name"]
    name = container_name or made["spec"]["containers"][0]["name"]
    state = {name: waiting("CreateContainerConfigError", text)}
    if init:
        world.pod(workload, times[0], init=state)
    else:
        world.pod(workload, times[0], state=state)
    for number, at in enumerate(times, 1):
        world.event("Pod", pod, "Failed", f"Error: {text}", at, count=number, key=f"config-{text}")
        world.event(
            "Pod",
            pod,
            "Pulled",
            f'Container image "{made["spec"]["containers"][0]["image"]}" already present on machine',
            at,
            count=number,
            type="Normal",
        )


def secret_env(name: str, secret: str, key: str, **fields: object) -> Object:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key, **fields}}}
