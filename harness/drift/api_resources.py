"""What the API server serves: where objects of a kind are, and which kinds can be listed.

Read from API discovery. A group that an extension API server answers (an APIService with a service)
is known as such, because such servers need not honour a dry run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from harness.audit.api_groups import BUILT_IN
from harness.io.kube import KubeError

Object = dict[str, Any]
THREADS = 8
SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
_EXTRA_VERBS = frozenset({"create", "delete", "list"})
"""What nobody can create or delete is a view of something else, as PodMetrics are."""


class Readable(Protocol):
    """What discovery needs of the API."""

    def get(self, path: str, **query: str) -> Object:
        """Returns the object at a path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind in one version."""

    group_version: str
    kind: str
    plural: str
    namespaced: bool
    verbs: frozenset[str]
    preferred: bool = False

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return group_of(self.group_version)

    def collection(self, namespace: str) -> str:
        """Returns the API path of all objects in a namespace; of all for a kind without any."""
        inside = f"namespaces/{namespace}/" if self.namespaced else ""
        return f"{root(self.group_version)}/{inside}{self.plural}"

    def path(self, namespace: str, name: str) -> str:
        """Returns the API path of one object."""
        return f"{self.collection(namespace)}/{name}"

    @property
    def is_listable(self) -> bool:
        """True for kinds of which somebody may have left an object in a namespace."""
        return self.namespaced and self.preferred and self.verbs >= _EXTRA_VERBS


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiResources:
    """Everything that is served, as far as it could be asked."""

    by_kind: Mapping[tuple[str, str], Resource]
    """By group and version, and kind."""
    silent: tuple[str, ...] = ()
    """Groups with versions that did not answer."""
    extensions: frozenset[str] | None = frozenset()
    """Groups that an extension API server answers; None where that could not be asked."""

    def find(self, group_version: str, kind: str) -> Resource | None:
        """Returns a kind; None where it is not served."""
        return self.by_kind.get((group_version, kind))

    def versions(self, group: str, kind: str) -> tuple[str, ...]:
        """Returns the group-versions in which a kind is served."""
        found = self.by_kind.values()
        return tuple(r.group_version for r in found if (r.group, r.kind) == (group, kind))

    def listable(self) -> tuple[Resource, ...]:
        """Returns the kinds of which somebody may have left an object in a namespace."""
        return tuple(r for r in self.by_kind.values() if r.is_listable)

    def may_rehearse(self, group: str) -> bool:
        """Tells whether a dry run is safe: the API server itself keeps such objects."""
        if self.extensions is None:
            return group in BUILT_IN
        return group not in self.extensions


def group_of(group_version: str) -> str:
    """Returns the API group of `group/version`; empty for the core group."""
    return group_version.rpartition("/")[0]


def root(group_version: str) -> str:
    """Returns the API path of a group and version."""
    return f"/apis/{group_version}" if "/" in group_version else f"/api/{group_version}"


def read_resources(kube: Readable, declared: Iterable[str]) -> ApiResources:
    """Asks the API server what it serves.

    Args:
        kube: The API.
        declared: Group-versions that the declaration names, preferred or not.

    Raises:
        KubeError: The list of groups is refused.
    """
    groups = kube.get("/apis").get("groups") or []
    preferred = {"v1", *(str(g["preferredVersion"]["groupVersion"]) for g in groups)}
    served = {"v1", *(str(v["groupVersion"]) for g in groups for v in g.get("versions") or [])}
    wanted = sorted((preferred | set(declared)) & served)

    def ask(version: str) -> tuple[str, list[Object] | None]:
        try:
            return version, list(kube.get(root(version)).get("resources") or [])
        except KubeError:
            return version, None

    with ThreadPoolExecutor(THREADS) as pool:
        answers = dict(pool.map(ask, wanted))
    found = [
        r for v, listed in answers.items() for r in _resources(v, listed or [], v in preferred)
    ]
    return ApiResources(
        by_kind={(r.group_version, r.kind): r for r in found},
        silent=tuple(group_of(v) for v, listed in answers.items() if listed is None),
        extensions=_extensions(kube),
    )


def _resources(version: str, listed: Iterable[Object], preferred: bool) -> Iterator[Resource]:
    for entry in listed:
        if "/" not in str(entry["name"]):
            yield Resource(
                group_version=version,
                kind=str(entry["kind"]),
                plural=str(entry["name"]),
                namespaced=bool(entry.get("namespaced")),
                verbs=frozenset(map(str, entry.get("verbs") or [])),
                preferred=preferred,
            )


def _extensions(kube: Readable) -> frozenset[str] | None:
    try:
        services = kube.get(SERVICES).get("items") or []
    except KubeError:
        return None
    specs = [service.get("spec") or {} for service in services]
    return frozenset(str(spec.get("group") or "") for spec in specs if spec.get("service"))
