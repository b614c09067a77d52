"""The pulls that fail at this moment: which container, which image, why, how often, since when.

A pull counts as failed while its container waits in one of the kubelet's pull states and no newer
attempt is on its way. The reason is the waiting message (from Kubernetes 1.32 also while backing
off), else the newest `Failed` event of that image. Attempts are counted by the event's own count
and by the changes to `ErrImagePull` that were seen, whichever knows more. What follows from the
reason is decided in `image` and `pull_secret`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.diagnosis.events import EventFact
from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import ContainerFact, PodFact
from harness.diagnosis.rules.image.image_texts import PullError, decisive, pull_error, reason_of
from harness.manifests.pods import field_prefix
from harness.model.refs import ImageReference, ObjectRef

WAITING_FOR_IMAGE = {
    "ErrImagePull": None,
    "ImagePullBackOff": None,
    "RegistryUnavailable": PullError.SERVER,
    "SignatureValidationFailed": PullError.SIGNATURE,
    "ImageInspectError": PullError.INSPECTION,
}
IMAGE_STATES = frozenset({*WAITING_FOR_IMAGE, "InvalidImageName", "ErrImageNeverPull"})
PULL_ALLOWANCE_SECONDS = 300.0
"""A pull may be on its way for this long without a word."""
_SAME_MOMENT_SECONDS = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedPull:
    """A container that waits because its image could not be pulled."""

    pod: PodFact
    container: ContainerFact
    image: ImageReference
    error: PullError
    text: str
    """The decisive part of the error's text."""
    count: int
    """Attempts that ended this way."""
    since: float
    last: float
    """Epoch seconds of the newest attempt known."""

    @property
    def workload(self) -> ObjectRef:
        """The workload whose pod it is."""
        return self.pod.workload

    @property
    def field(self) -> str:
        """The path of the container's image in the workload."""
        return f"{field_prefix(self.workload.kind)}.{self.container.field}.image"

    @property
    def what(self) -> str:
        """The image and its container, in words."""
        return f"image {self.container.image} of container {self.container.name}"


def failed_pulls(facts: Facts) -> tuple[FailedPull, ...]:
    """Returns every failed pull of the pods that count."""
    found: tuple[FailedPull, ...] = facts.memo("failed pulls", lambda: tuple(_all(facts)))
    return found


def _all(facts: Facts) -> Iterator[FailedPull]:
    for pod in facts.troubled_pods:
        for container in pod.containers:
            if container.waiting in WAITING_FOR_IMAGE:
                image = parsed(container.image)
                pull = _pull(facts, pod, container, image) if image else None
                if pull is not None:
                    yield pull


def _pull(
    facts: Facts, pod: PodFact, container: ContainerFact, image: ImageReference
) -> FailedPull | None:
    failures = [e for e in image_events(facts, container, "Failed") if reason_of(e.message)]
    newest = _newest(facts, container, failures)
    if _is_in_flight(facts, container, newest):
        return None
    text = container.waiting_message
    if not reason_of(text) and failures:
        text = failures[-1].message
    error = WAITING_FOR_IMAGE[container.waiting] or pull_error(text)
    count, since = _repetition(facts, container, failures, error)
    return FailedPull(
        pod=pod,
        container=container,
        image=image,
        error=error,
        text=decisive(text),
        count=count,
        since=since,
        last=newest or since,
    )


def _newest(facts: Facts, container: ContainerFact, failures: list[EventFact]) -> float:
    """Returns when a pull last failed; a state found at the start of watching tells no time."""
    begun = facts.header.started + _SAME_MOMENT_SECONDS
    changes = (facts.sighting(container, reason).last for reason in WAITING_FOR_IMAGE)
    return max([e.last for e in failures] + [t for t in changes if t > begun], default=0.0)


def _is_in_flight(facts: Facts, container: ContainerFact, failed: float) -> bool:
    tries = image_events(facts, container, "Pulling")
    begun = tries[-1].last if tries else 0.0
    return begun > failed + _SAME_MOMENT_SECONDS and facts.now - begun < PULL_ALLOWANCE_SECONDS


def _repetition(
    facts: Facts, container: ContainerFact, failures: list[EventFact], error: PullError
) -> tuple[int, float]:
    """Counts attempts with this error; states do not tell errors apart, so events win if mixed."""
    same = [e for e in failures if pull_error(e.message) is error]
    told = sum(e.count for e in same)
    if same and len(same) < len(failures):
        return told, min(e.first for e in same)
    seen = {r: s for r in WAITING_FOR_IMAGE if (s := facts.sighting(container, r)).count}
    tried = sum(s.count for r, s in seen.items() if r != "ImagePullBackOff")
    # Who is seen backing off before any try was seen has tried before.
    first = min(seen, key=lambda r: seen[r].first, default="")
    times = [e.first for e in same] + [s.first for s in seen.values()]
    count = max(told, tried + (first == "ImagePullBackOff"), 1)
    return count, min(times, default=facts.now)


def image_events(facts: Facts, container: ContainerFact, *reasons: str) -> list[EventFact]:
    """Returns the events of these reasons that name the container's image, oldest first."""
    quoted = f'image "{container.image}"'
    return [e for e in facts.container_events(container, *reasons) if quoted in e.message]


def place_of_image(facts: Facts, container: ContainerFact) -> dict[str, Any]:
    """Returns root, field and group for an image that several workloads may lack: the first one."""
    namespace = container.workload.namespace
    same = [
        c
        for pod in facts.troubled_pods
        for c in pod.containers
        if (c.image, c.waiting in IMAGE_STATES) == (container.image, True)
        if c.workload.namespace == namespace
    ]
    first = min(same, key=lambda c: (str(c.workload), c.field), default=container)
    return {
        "root": first.workload,
        "field": f"{field_prefix(first.workload.kind)}.{first.field}.image",
        "group": f"{namespace} {container.image}",
    }


def parsed(text: str) -> ImageReference | None:
    """Returns an image reference, or None where the text is none."""
    try:
        return ImageReference.parse(text)
    except ValueError:
        return None


def images_on_nodes(facts: Facts, node: str = "") -> frozenset[ImageReference]:
    """Returns the tagged images that a node (or any) reports to have."""
    found: frozenset[ImageReference] = facts.memo(
        f"images on {node}", lambda: frozenset(_images_on_nodes(facts, node))
    )
    return found


def _images_on_nodes(facts: Facts, node: str) -> Iterator[ImageReference]:
    for obj in facts.all("Node"):
        if node and obj["metadata"].get("name") != node:
            continue
        for entry in (obj.get("status") or {}).get("images") or []:
            yield from (i for i in map(parsed, entry.get("names") or []) if i is not None)


def is_on_its_node(facts: Facts, pull: FailedPull) -> bool:
    """Tells whether the pod's node reports to have the image."""
    return pull.image in images_on_nodes(facts, pull.pod.node)
