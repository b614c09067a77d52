"""What an image reference probably should be: known tags, names, hosts, a valid spelling. Pure.

Known is what a node reports to have and what a container has already started from; images that
only stand in manifests are not known to exist. The grammar is that of distribution/reference:
lower-case repository, no scheme, no spaces, a tag of word characters, dots and dashes.
"""

from __future__ import annotations

import re

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.pulls import images_on_nodes, parsed
from harness.diagnosis.rules.quotes import nearest
from harness.model.refs import DOCKER_HUB, ImageReference

PUBLIC_HOSTS = (
    DOCKER_HUB, "ghcr.io", "quay.io", "gcr.io", "registry.k8s.io", "mcr.microsoft.com",
    "public.ecr.aws", "registry.gitlab.com",
)  # fmt: skip
OFFICIAL = "library/"
_VALID = re.compile(
    r"(?:[a-z0-9.-]+(?::\d+)?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::\w[\w.-]{0,127})?"
    r"(?:@[a-z0-9]+:[0-9a-f]{32,})?"
)


def known_images(facts: Facts) -> set[ImageReference]:
    """Returns the images that exist for certain."""
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


def nearest_image(facts: Facts, image: ImageReference) -> str:
    """Returns a known image of the same repository, else of the same host; else nothing."""
    known = known_images(facts) - {image}
    tags = {i.tag for i in known if i.name == image.name and i.tag}
    tag = nearest(image.tag, tags, cutoff=0.0)
    if tag:
        return f"{image.name}:{tag}"
    names = {i.name: i for i in known if i.host == image.host and i.name != image.name and i.tag}
    name = nearest(image.name, names, cutoff=0.8)
    return str(names[name]) if name else ""


def nearest_host(facts: Facts, host: str) -> str:
    """Returns a registry host that is spelled much like `host`; else nothing."""
    return nearest(host, {*PUBLIC_HOSTS, *(i.host for i in known_images(facts))}, cutoff=0.6)


def corrected(text: str) -> str:
    """Returns the valid reference that was probably meant, or nothing."""
    bare = re.sub(r"^\w+://", "", "".join(text.split()))
    bare = re.sub(r"/{2,}", "/", re.sub(r":{2,}", ":", bare)).strip("/:")
    rest, at, digest = bare.partition("@")
    head, colon, tag = rest.rpartition(":")
    if colon and "/" not in tag:
        rest = f"{head.lower()}:{tag}"
    else:
        rest = rest.lower()
    found = f"{rest}{at}{digest}"
    return found if found != text and _VALID.fullmatch(found) else ""
