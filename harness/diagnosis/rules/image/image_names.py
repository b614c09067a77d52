"""What an image reference probably should be: known tags, names, hosts. Pure.

Known is what a node reports to have and what a container has already started from; images that
only stand in manifests are not known to exist. The spelling is in `harness.manifests.image_text`.
"""

from __future__ import annotations

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.image.pulls import images_on_nodes, parsed
from harness.model.refs import DOCKER_HUB, ImageReference
from harness.model.wording import nearest

PUBLIC_HOSTS = (
    DOCKER_HUB, "ghcr.io", "quay.io", "gcr.io", "registry.k8s.io", "mcr.microsoft.com",
    "public.ecr.aws", "registry.gitlab.com",
)  # fmt: skip
OFFICIAL = "library/"


def known_images(facts: Facts) -> frozenset[ImageReference]:
    """Returns the images that exist for certain."""
    found: frozenset[ImageReference] = facts.memo("known images", lambda: _known_images(facts))
    return found


def _known_images(facts: Facts) -> frozenset[ImageReference]:
    started = (
        parsed(c.image)
        for pod in facts.all_pods
        for c in pod.containers
        if c.running_since or c.exits or c.ready
    )
    return images_on_nodes(facts) | {image for image in started if image is not None}


def is_official(image: ImageReference) -> bool:
    """Tells whether it is one of Docker Hub's official images, which are all public."""
    return image.host == DOCKER_HUB and image.repository.startswith(OFFICIAL)


def nearest_tag(facts: Facts, image: ImageReference) -> str:
    """Returns a known image of the same repository, the tag most like the image's; else nothing."""
    tags = {i.tag for i in known_images(facts) if i.name == image.name and i.tag != image.tag}
    tag = nearest(image.tag, tags, cutoff=0.0)
    return f"{image.name}:{tag}" if tag else ""


def nearest_repository(facts: Facts, image: ImageReference) -> str:
    """Returns a known repository beside the image's that is spelled much like it; else nothing."""
    place, _, name = image.name.rpartition("/")
    known = {i.name.rpartition("/")[2] for i in known_images(facts) if _place(i) == place}
    near = nearest(name, known - {name}, cutoff=0.85)
    return f"{place}/{near}" if near else ""


def _place(image: ImageReference) -> str:
    return image.name.rpartition("/")[0]


def nearest_host(facts: Facts, host: str) -> str:
    """Returns a registry that `host` is probably misspelt for; nothing where it is one itself."""
    hosts = {*PUBLIC_HOSTS, *(i.host for i in known_images(facts))}
    return "" if host in hosts else nearest(host, hosts, cutoff=0.6)
