"""Image references that cannot be pulled as they stand, or only on nodes that hold the image. Pure.

A reference that is none ends as InvalidImageName (cause I04). A name without registry and without
slash is one of Docker Hub's official images, or was built on somebody's machine (I05, I06); a
registry on localhost or under `.local` is reached from some machines only. Placeholders are for
somebody else to fill in. Whether an image exists is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.audit.checks.official_images import OFFICIAL
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.pods import containers
from harness.audit.reading import at, is_placeholder, mapping, text
from harness.audit.scope import Scope
from harness.audit.world import PodTemplate, world
from harness.manifests.image_text import corrected, is_host_by_capitals, is_reference
from harness.model.refs import DOCKER_HUB, ImageReference

if TYPE_CHECKING:  # all_checks imports this module
    from harness.audit.checks.all_checks import ScopeCheck

_TO_FILL_IN = re.compile(
    r"(?:^|[/:_-])(?:place-?holder|replace[-_]?(?:me|with|this)|change-?me|change-?this|to-?do|fix-?me"
    r"|dummy|your|my-?registry|image[-_](?:name|tag|uri|url|path|placeholder))(?:$|[/:_.-])",
    re.IGNORECASE,
)
_CAPITAL_WORD = re.compile(
    r"(?:^|/)(?:[A-Z0-9]+_[A-Z0-9_]+|ACCOUNT|IMAGE|NAMESPACE|ORG|OWNER|PROJECT|REGION|REGISTRY|REPO"
    r"|REPOSITORY|TAG|USER|USERNAME|VERSION|XXX+)(?:$|[/:])"
)
_LOCAL_HOST = re.compile(
    r"localhost|127(?:\.\d+){3}|\[::1\]|host\.docker\.internal|host\.minikube\.internal"
    r"|[\w-]+|.+\.(?:local|localhost|localdomain)"
)
_FILLED_BY_INJECTION = frozenset({"auto"})
"""What Istio's gateway injection replaces."""
_OPENSHIFT_TRIGGER = "image.openshift.io/triggers"
_OPENSHIFT_REGISTRY = "image-registry.openshift-image-registry."


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One container's image."""

    template: PodTemplate
    place: str
    """Path of the container below the pod specification."""
    image: str
    policy: str
    """`imagePullPolicy` as written."""

    @property
    def field(self) -> str:
        """Path of the image in the declared object."""
        return f"{self.template.prefix}.{self.place}.image"

    def __str__(self) -> str:
        return f"{self.place} of {self.template.ref}"


def uses(scope: Scope) -> Iterator[Use]:
    """Yields the images of all containers, without those that OpenShift or a mesh fills in."""
    for template in world(scope).templates:
        if _is_triggered(template.declared.object):
            continue
        for place, container in containers(template.spec):
            image = text(container.get("image"))
            if image and image not in _FILLED_BY_INJECTION and not is_placeholder(image):
                policy = text(container.get("imagePullPolicy"))
                yield Use(template=template, place=place, image=image, policy=policy)


def _is_triggered(obj: Mapping[str, Any]) -> bool:
    triggers = str(at(obj, "spec", "triggers") or "")
    return (
        _OPENSHIFT_TRIGGER in mapping(at(obj, "metadata", "annotations"))
        or "ImageChange" in triggers
    )


def images_are_references(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the images that are no references, as far as nobody is to fill them in."""
    for use in uses(scope):
        if is_reference(use.image) or use.image.startswith("ko://"):
            continue
        if _TO_FILL_IN.search(use.image) or _CAPITAL_WORD.search(use.image):
            reason = f"{use.image} has a placeholder that somebody else fills in"
            yield NotJudged(subject=f"the image of {use}", reason=reason)
        else:
            yield _invalid(use)


def _invalid(use: Use) -> Fault:
    right = corrected(use.image)
    host = use.image.partition("/")[0]
    why = (
        f", in which {host} is taken for a registry because of its capital letters"
        if is_host_by_capitals(use.image)
        else ", which is no image reference"
    )
    return Fault(
        rule="image-invalid",
        object=use.template.ref,
        cause="I04",
        message=f"{use} has the image {use.image!r}{why}",
        expected=right or "a lower-case name without scheme or spaces, and a tag or digest",
        fix=f"write {right} as {use.field}" if right else f"correct {use.field}",
        field=use.field,
        value=use.image,
        source=use.template.declared.source.path,
    )


def images_can_be_pulled(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the images that only some nodes hold, or only some machines can ask for."""
    for use in uses(scope):
        if not is_reference(use.image) or _TO_FILL_IN.search(use.image):
            continue
        try:
            image = ImageReference.parse(use.image)
        except ValueError:
            continue
        if image.host != DOCKER_HUB:
            if _is_local_registry(image.host):
                must_pull = scope.profile.is_known and _is_always(use, image)
                yield _local_registry(use, image, is_wrong=must_pull)
            elif use.policy == "Never":
                yield _never_pulled(use)
        elif use.policy == "Never":
            yield _never_pulled(use)
        elif _is_built_locally(image):
            yield _local_only(use, image)


def _is_built_locally(image: ImageReference) -> bool:
    first, _, name = image.repository.partition("/")
    return first == "library" and name not in OFFICIAL and not image.digest


def _is_local_registry(host: str) -> bool:
    name = host.rpartition(":")[0] if re.search(r":\d+$", host) else host
    if name.startswith(_OPENSHIFT_REGISTRY):
        return False
    return bool(_LOCAL_HOST.fullmatch(name)) or name.endswith(".svc")


def _is_always(use: Use, image: ImageReference) -> bool:
    """Whether the kubelet asks the registry at every start."""
    return use.policy == "Always" or (not use.policy and image.tag == "latest")


def _never_pulled(use: Use) -> Fault:
    return Fault(
        rule="image-local-only",
        object=use.template.ref,
        cause="I05",
        message=f"{use} never pulls its image {use.image}",
        expected="the image on every node before the pod starts",
        fix=f"load {use.image} into the nodes (kind load docker-image), or set imagePullPolicy: "
        "IfNotPresent",
        field=f"{use.template.prefix}.{use.place}.imagePullPolicy",
        value="Never",
        source=use.template.declared.source.path,
    )


def _local_only(use: Use, image: ImageReference) -> Fault:
    is_always = _is_always(use, image)
    always = (
        "; the kubelet pulls it at every start, even where a node holds it" if is_always else ""
    )
    return Fault(
        rule="image-local-only",
        object=use.template.ref,
        cause="I06" if is_always else "I01",
        message=f"{use} has the image {use.image}, which names no registry and is no official "
        f"image of Docker Hub{always}",
        expected="a registry and path, e.g. ghcr.io/<owner>/<name>:<tag>, or an image that every "
        "node holds",
        fix=f"push the image and name its registry in {use.field}, or load it into the nodes"
        + (" under a fixed tag with imagePullPolicy: IfNotPresent" if is_always else ""),
        field=use.field,
        value=use.image,
        source=use.template.declared.source.path,
    )


def _local_registry(use: Use, image: ImageReference, *, is_wrong: bool) -> Fault:
    return Fault(
        rule="image-local-registry",
        object=use.template.ref,
        severity=Severity.MISMATCH if is_wrong else None,
        cause="I08",
        message=f"{use} has the image {use.image}, whose registry {image.host} is known to some "
        "machines only; on a node localhost is the node itself",
        expected="a registry that the nodes can reach by this name",
        fix=f"name a registry that every node reaches in {use.field}, or configure the nodes' "
        f"containerd for {image.host}",
        field=use.field,
        value=use.image,
        source=use.template.declared.source.path,
    )


CHECKS: tuple[ScopeCheck, ...] = (images_are_references, images_can_be_pulled)
