"""Images that fail without a pull: invalid references, policy Never, pulls that say nothing.

`InvalidImageName` and `ErrImageNeverPull` are waiting states of their own; Argo CD calls neither
of them degraded. The image a node has loaded is read from its status, which the kubelet renews
within seconds of a change. Source: kubelet `image_manager.go`, KEP-2535 for images that another
pod pulled with its own secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import ContainerFact, PodFact
from harness.diagnosis.rules.image.image_names import nearest_tag
from harness.diagnosis.rules.image.image_texts import reason_of
from harness.diagnosis.rules.image.pulls import (
    PULL_ALLOWANCE_SECONDS,
    image_events,
    images_on_nodes,
    parsed,
    place_of_image,
)
from harness.diagnosis.rules.standing import observations
from harness.diagnosis.signal import NEVER, T0, Signal, t1
from harness.manifests.image_text import corrected
from harness.manifests.pods import field_prefix
from harness.model.refs import ObjectRef
from harness.model.wording import cut

_FOREIGN_CREDENTIAL = "does not have the proper"


def waiting_with(facts: Facts, *reasons: str) -> Iterator[tuple[PodFact, ContainerFact]]:
    """Yields the containers of troubled pods that wait for one of the reasons."""
    for pod in facts.troubled_pods:
        for container in pod.containers:
            if container.waiting in reasons:
                yield pod, container


def waits_since(facts: Facts, container: ContainerFact, *event_reasons: str) -> float:
    """Returns since when a container is known to wait for its present reason."""
    seen = facts.sighting(container, container.waiting)
    events = facts.container_events(container, *event_reasons) if event_reasons else ()
    told = [e.first for e in events]
    return min([*told, *([seen.first] if seen.count else [])], default=facts.now)


def image_field(pod: PodFact, container: ContainerFact) -> str:
    """Returns the path of a container's image in the workload."""
    return f"{field_prefix(pod.workload.kind)}.{container.field}.image"


def invalid_references(facts: Facts) -> Iterator[Signal]:
    """Yields image references that no registry could serve."""
    for pod, container in waiting_with(facts, "InvalidImageName"):
        right = corrected(container.image)
        yield Signal(
            cause="I04",
            at=pod.workload,
            seen=f"image {container.image!r} of container {container.name} is not a valid "
            f"reference: {cut(container.waiting_message)}",
            expected=right or "a reference like host/owner/name:tag, lower case and without scheme",
            fix=f"set the image to {right}" if right else "write the image as host/owner/name:tag",
            need=T0,
            since=waits_since(facts, container),
            last=facts.now,
            by_text=True,
            **place_of_image(facts, container),
        )


def never_pulled(facts: Facts) -> Iterator[Signal]:
    """Yields images that policy Never keeps from being pulled and that the node does not give."""
    for pod, container in waiting_with(facts, "ErrImageNeverPull"):
        node_has = parsed(container.image) in images_on_nodes(facts, pod.node)
        if node_has or _FOREIGN_CREDENTIAL in container.waiting_message:
            yield _not_accessible(facts, pod, container)
        else:
            yield _not_loaded(facts, pod, container)


def _not_loaded(facts: Facts, pod: PodFact, container: ContainerFact) -> Signal:
    image = parsed(container.image)
    near = nearest_tag(facts, image) if image else ""
    since = waits_since(facts, container, "ErrImageNeverPull")
    hint = f"; it has {near}" if near else ""
    return Signal(
        cause="I05",
        at=pod.workload,
        seen=f"image {container.image} of container {container.name} is not on node {pod.node} "
        "and its pull policy is Never",
        expected=f"the image loaded into node {pod.node} before the pod starts{hint}",
        fix=f"load {container.image} into the nodes (kind load docker-image {container.image})",
        need=t1(2, 30),
        count=observations(facts, since),
        since=since,
        last=facts.now,
        by_text=True,
        **place_of_image(facts, container),
    )


def _not_accessible(facts: Facts, pod: PodFact, container: ContainerFact) -> Signal:
    # The node's newest status may be newer than the failure: the image may have come just now.
    loaded = facts.seen_at(ObjectRef("Node", "", pod.node))
    since = max(waits_since(facts, container, "ErrImageNeverPull"), loaded)
    return Signal(
        cause="I15",
        at=pod.workload,
        root=pod.workload,
        field=f"{field_prefix(pod.workload.kind)}.imagePullSecrets",
        seen=f"node {pod.node} has image {container.image}, but container {container.name} may "
        f"not use it: {cut(reason_of(container.waiting_message))}",
        expected="the pull secret with which another pod pulled this image",
        fix=f"name that pull secret in imagePullSecrets of {pod.workload}",
        need=t1(2, 30),
        count=observations(facts, since),
        since=since,
        last=facts.now,
    )


def silent_pulls(facts: Facts) -> Iterator[Signal]:
    """Yields pulls that have said nothing for longer than the allowance; never failed by itself."""
    for pod, container in waiting_with(facts, "ContainerCreating", "PodInitializing"):
        begun = image_events(facts, container, "Pulling")
        ended = image_events(facts, container, "Pulled", "Failed")
        last = begun[-1].last if begun else facts.now
        others = [c for c in pod.containers if c is not container]
        silent = facts.now - last >= PULL_ALLOWANCE_SECONDS
        if silent and not any(e.last >= last for e in ended) and not any(c.exits for c in others):
            yield Signal(
                cause="I14",
                at=pod.workload,
                root=pod.workload,
                field=image_field(pod, container),
                seen=f"image {container.image} of container {container.name} is being pulled for "
                f"{facts.now - last:.0f} s",
                expected=f"a pull that ends within {PULL_ALLOWANCE_SECONDS:.0f} s",
                fix=f"load {container.image} into the nodes before the rollout",
                need=NEVER,
                since=last,
                last=facts.now,
                rank=95,
            )


STATE_RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (
    invalid_references,
    never_pulled,
    silent_pulls,
)
