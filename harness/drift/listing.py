"""Lists the objects of some namespaces, kind by kind; what may not be listed is named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from harness.drift.api_resources import THREADS, ApiResources, Resource
from harness.drift.observe import LiveApi
from harness.io.kube import KubeError

Object = dict[str, Any]
APPLICATIONS = "/apis/argoproj.io/v1alpha1/applications"
ENGINE_APPLICATIONS = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One live object with its group; its kind is set."""

    group: str
    object: Object


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Everything that could be listed."""

    objects: tuple[Listed, ...]
    """Each object once, although some kinds are served by two groups."""
    refused: tuple[str, ...] = ()
    """Kinds that may not be listed, as `kind in namespace`."""

    def of_kind(self, *kinds: str) -> tuple[Object, ...]:
        """Returns the live objects of some kinds."""
        return tuple(e.object for e in self.objects if e.object["kind"] in kinds)


def read_listing(kube: LiveApi, resources: ApiResources, namespaces: Iterable[str]) -> Listing:
    """Lists every kind that somebody may have made in some namespaces."""
    targets = [(r, space) for space in namespaces for r in resources.listable()]

    def ask(target: tuple[Resource, str]) -> list[Object] | None:
        try:
            return kube.items(target[0].collection(target[1]))
        except KubeError:
            return None

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(ask, targets))
    found = [
        Listed(group=r.group, object={**obj, "kind": r.kind})
        for (r, _), answer in zip(targets, answers, strict=True)
        for obj in answer or []
    ]
    refused = [
        f"{r.kind} in {space}"
        for (r, space), answer in zip(targets, answers, strict=True)
        if answer is None
    ]
    return Listing(objects=_each_once(found), refused=tuple(refused))


def _each_once(found: Sequence[Listed]) -> tuple[Listed, ...]:
    return tuple(
        {str(e.object["metadata"].get("uid") or id(e)): e for e in reversed(found)}.values()
    )[::-1]


def read_applications(kube: LiveApi, resources: ApiResources) -> tuple[Object, ...] | None:
    """Returns the engine's live Applications; None where nothing is known of them."""
    if resources.find("argoproj.io/v1alpha1", "Application") is None:
        return None
    for path in (APPLICATIONS, ENGINE_APPLICATIONS):
        try:
            return tuple(kube.items(path))
        except KubeError:
            continue
    return None
