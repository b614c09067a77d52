"""What is deployed together: the objects of one cluster, and whether one more may exist there.

A reference is answered with a presence, never with a bare no: something that cannot be rendered
here (a chart, a remote base) may hold the object, and an operator may make it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from harness.audit.cluster_profile import ClusterProfile
from harness.audit.producers import Products, built_in
from harness.audit.source import Object, Source, Tree, Unjudged
from harness.connectivity.inventory import Inventory
from harness.manifests.pods import workloads
from harness.model.refs import ObjectRef


class Presence(StrEnum):
    """Whether an object will be there."""

    DECLARED = "declared"
    PRODUCED = "produced"
    """An ExternalSecret, a Certificate or the like makes it."""
    BUILT_IN = "built-in"
    """Every cluster has it."""
    POSSIBLE = "possible"
    """A source that is not judged may bring it."""
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """An object with the root that renders it."""

    ref: ObjectRef
    object: Object
    source: Source


@dataclass(frozen=True)
class Scope:
    """The sources that share a cluster, for one environment of the repository."""

    name: str
    """The environment, e.g. `dev`; empty where the repository has only one."""
    sources: tuple[Source, ...]
    unjudged: tuple[Unjudged, ...] = ()
    profile: ClusterProfile = field(default_factory=ClusterProfile)
    tree: Tree = field(default_factory=Tree)
    engine: tuple[Object, ...] = ()
    """AppProjects, Applications (also expanded ones), ApplicationSets, Flux objects."""

    @cached_property
    def declared(self) -> tuple[Declared, ...]:
        """Every rendered object, in the order of the sources."""
        return tuple(
            Declared(ref=ObjectRef.of(obj), object=obj, source=source)
            for source in self.sources
            for obj in source.objects
        )

    @cached_property
    def objects(self) -> tuple[Object, ...]:
        """The rendered objects alone."""
        return tuple(each.object for each in self.declared)

    @cached_property
    def by_kind(self) -> Mapping[str, tuple[Declared, ...]]:
        """The rendered objects by kind."""
        found: dict[str, list[Declared]] = {}
        for each in self.declared:
            found.setdefault(each.ref.kind, []).append(each)
        return {kind: tuple(entries) for kind, entries in found.items()}

    @cached_property
    def inventory(self) -> Inventory:
        """The objects as `harness.connectivity` reads them."""
        return Inventory.of(self.objects)

    def memo(self, key: str, make: Callable[[], Any]) -> Any:
        """Returns `make()`, computed once for this scope."""
        if key not in self._memory:
            self._memory[key] = make()
        return self._memory[key]

    def of_kind(self, *kinds: str) -> Iterator[Declared]:
        """Yields the objects of some kinds."""
        for kind in kinds:
            yield from self.by_kind.get(kind, ())

    def workloads(self) -> Iterator[tuple[Declared, Object]]:
        """Yields every workload with its pod specification."""
        for each in self.declared:
            for _, spec in workloads([each.object]):
                yield each, spec

    def find(self, ref: ObjectRef) -> Declared | None:
        """Returns the object of that name; an unknown namespace on either side matches any."""
        exact = self._exact.get(ref)
        return exact or next(iter(self.alike(ref)), None)

    def alike(self, ref: ObjectRef) -> tuple[Declared, ...]:
        """Returns every declaration of that kind and name whose namespace may be the one."""
        return tuple(d for d in self._named.get((ref.kind, ref.name), ()) if _meets(d.ref, ref))

    def names(self, kind: str, namespace: str) -> tuple[str, ...]:
        """Returns the names of a kind in a namespace, for the nearest name."""
        return tuple(
            dict.fromkeys(
                d.ref.name for d in self.of_kind(kind) if namespace in ("", d.ref.namespace)
            )
        )

    def presence(self, ref: ObjectRef) -> Presence:
        """Returns whether the object will be there."""
        if self.find(ref) is not None:
            return Presence.DECLARED
        if built_in(ref):
            return Presence.BUILT_IN
        if self.products.makers(ref):
            return Presence.PRODUCED
        is_possible = self.is_open(ref.namespace) or self.products.may_have(ref)
        return Presence.POSSIBLE if is_possible else Presence.ABSENT

    def is_open(self, namespace: str) -> bool:
        """Tells whether something that is not judged may bring objects into the namespace."""
        return any(u.namespace in ("", namespace) or not namespace for u in self.unjudged)

    @cached_property
    def _memory(self) -> dict[str, Any]:
        return {}

    @cached_property
    def _exact(self) -> Mapping[ObjectRef, Declared]:
        # The first one counts, as in `declared`.
        return {each.ref: each for each in reversed(self.declared)}

    @cached_property
    def _named(self) -> Mapping[tuple[str, str], tuple[Declared, ...]]:
        found: dict[tuple[str, str], list[Declared]] = {}
        for each in self.declared:
            found.setdefault((each.ref.kind, each.ref.name), []).append(each)
        return {key: tuple(entries) for key, entries in found.items()}

    @cached_property
    def products(self) -> Products:
        """What operators and controllers make of the rendered objects."""
        return Products.of(self.objects)


def _meets(one: ObjectRef, other: ObjectRef) -> bool:
    return not one.namespace or not other.namespace or one.namespace == other.namespace


def distinct(refs: Iterable[ObjectRef]) -> tuple[ObjectRef, ...]:
    """Returns the references in order, each once."""
    return tuple(dict.fromkeys(refs))
