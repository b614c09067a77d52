"""Replaces pods that run another content of an image than the one that is served under its name.

The node's copy goes first: a pod that is made while it is there would start from it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from harness.images.running import pods_to_replace
from harness.model.kinds import collection, object_path
from harness.model.refs import ObjectRef
from harness.stages.context import Context

REMOVE = ("crictl", "rmi")


def wanted_digests(context: Context) -> dict[str, str]:
    """Returns declared reference -> digest of what a round delivered or carried over."""
    declared = {use.declared for use in context.declaration.get().images}
    return {i.declared: i.digest for i in context.run.images if i.digest and i.declared in declared}


def forget_on_nodes(context: Context, images: Iterable[str]) -> None:
    """Removes images from the nodes; containers that run them go on."""
    wanted = sorted(set(images))
    for node in context.nodes if wanted else ():
        context.docker.get().execute(node, (*REMOVE, *wanted))


def roll(context: Context, delivered: Iterable[str]) -> int:
    """Makes pods with an older content start again; returns how many there were.

    Args:
        context: Of the round.
        delivered: References of the images that it delivered.

    Raises:
        KubeError: The API server does not answer.
    """
    pods = _pods(context)
    outdated = pods_to_replace(pods, wanted_digests(context))
    stale = {image for _, images in outdated for image in images}
    used = {c.get("image") for pod in pods for c in _containers(pod)}
    forget_on_nodes(context, stale | (set(delivered) & used))
    for pod, _ in outdated:
        context.kube.get().delete(object_path(ObjectRef.of({**pod, "kind": "Pod"})))
    return len(outdated)


def _pods(context: Context) -> list[dict[str, Any]]:
    kube, namespaces = context.kube.get(), context.declaration.get().namespaces
    return [pod for ns in namespaces for pod in kube.items(collection("Pod", ns))]


def _containers(pod: Mapping[str, Any]) -> list[dict[str, Any]]:
    spec = pod.get("spec") or {}
    return [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
