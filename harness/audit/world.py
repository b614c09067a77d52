"""The declared objects as the connectivity of pods is judged on them: templates, policies, graph.

Built once for a scope. Kinds of operators that hold a whole pod template (Argo Rollout and others)
count as Deployments while connections are judged, and keep their own name in what is said. Sources
that declare the same object twice, or do not say their namespace, may belong to different clusters:
`separate` keeps each of them apart, so that the policies of one do not isolate the pods of another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from harness.audit import pods
from harness.audit.openness import (
    CLUSTER_NAMESPACES,
    Openness,
    pod_makers,
    policy_makers,
    unjudged_makers,
)
from harness.audit.reading import at, mapping, whole
from harness.audit.scope import Declared, Scope
from harness.audit.sound import is_native, sound
from harness.audit.source import Unjudged
from harness.connectivity.dependencies import Graph, graph_of
from harness.connectivity.inventory import Inventory
from harness.connectivity.selectors import Labels, selects
from harness.manifests.pods import TEMPLATED, pod_labels, pod_spec
from harness.model.refs import ObjectRef

Object = dict[str, Any]
NATIVE = TEMPLATED | {"Pod"}
_COLLIDING = TEMPLATED | {"Pod", "Service", "NetworkPolicy"}
_PLACED = _COLLIDING | {"ConfigMap", "Secret", "PersistentVolumeClaim"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PodTemplate:
    """Something declared that makes pods, and what its pods are like."""

    declared: Declared
    object: Object
    """The workload in the shape of one that Kubernetes has."""
    labels: Labels
    spec: Mapping[str, Any]
    """The pod specification, readable without care."""
    prefix: str
    """Dotted path of the pod specification in the declared object."""

    @property
    def ref(self) -> ObjectRef:
        """The declared object's name."""
        return self.declared.ref

    @property
    def replicas(self) -> int | None:
        """As declared; None where it does not say."""
        return whole(at(self.object, "spec", "replicas"))


@dataclass(frozen=True)
class World:
    """Objects that may meet in one cluster."""

    declared: tuple[Declared, ...]
    """Those that can be read, in shape."""
    templates: tuple[PodTemplate, ...]
    pods: Openness
    """Who may bring more pods and Services."""
    policies: Openness
    """Who may bring more policies."""
    torn: frozenset[ObjectRef] = frozenset()
    """Objects of which something could not be read."""
    aliases: Mapping[ObjectRef, ObjectRef] = field(default_factory=dict)
    """The declared name of what is read as a Deployment and is none."""

    @classmethod
    def of(cls, declared: Sequence[Declared], unjudged: Iterable[Unjudged]) -> World:
        """Returns the world of some declared objects."""
        read = [(each, found) for each in declared if (found := sound(each.object)) is not None]
        shaped = tuple(replace(d, ref=ObjectRef.of(s.object), object=s.object) for d, s in read)
        templates = tuple(_templates(shaped))
        torn = frozenset(ObjectRef.of(s.object) for _, s in read if not s.is_whole)
        others = list(unjudged_makers(unjudged))
        objects = [each.object for each in shaped]
        unread = [_doubt(d.ref) for d in declared if not _has_labels(d.object)]
        policies = [_doubt(ref) for ref in torn if ref.kind == "NetworkPolicy"]
        return cls(
            declared=shaped,
            templates=templates,
            torn=torn,
            pods=Openness.of([*others, *pod_makers(objects), *unread]),
            policies=Openness.of([*others, *policy_makers(objects), *sorted(policies)]),
            aliases={
                ObjectRef.of(t.object): t.ref for t in templates if ObjectRef.of(t.object) != t.ref
            },
        )

    def memo(self, key: str, make: Callable[[], Any]) -> Any:
        """Returns `make()`, computed once for this world."""
        if key not in self._memory:
            self._memory[key] = make()
        return self._memory[key]

    @cached_property
    def _memory(self) -> dict[str, Any]:
        return {}

    @cached_property
    def objects(self) -> tuple[Object, ...]:
        """The objects for `harness.connectivity`: those of operators in the shape of ours."""
        plain = (
            each.object
            for each in self.declared
            if each.ref.kind not in NATIVE and is_native(each.object)
        )
        return (*plain, *(template.object for template in self.templates))

    @cached_property
    def inventory(self) -> Inventory:
        """The objects as they are looked up."""
        return Inventory.of(self.objects)

    @cached_property
    def graph(self) -> Graph:
        """Who names whom."""
        return graph_of(self.inventory)

    def of_kind(self, *kinds: str) -> Iterator[Declared]:
        """Yields the objects of some kinds of Kubernetes itself."""
        for each in self.declared:
            if each.ref.kind in kinds and is_native(each.object):
                yield each

    def real(self, ref: ObjectRef) -> ObjectRef:
        """Returns the declared name of a workload of the inventory."""
        return self.aliases.get(ref, ref)

    def find(self, ref: ObjectRef) -> Declared | None:
        """Returns the object with exactly this name."""
        return self._by_ref.get(ref)

    def pods_in(self, namespace: str) -> tuple[PodTemplate, ...]:
        """Returns the templates of a namespace; an unknown namespace on either side may be any."""
        if not namespace:
            return self.templates
        return (*self._by_namespace.get(namespace, ()), *self._by_namespace.get("", ()))

    def replicas(self, template: PodTemplate) -> int | None:
        """Returns how many pods a template makes, 1 where it does not say; None for the unknown."""
        written = template.replicas
        return 1 if written is None and template.ref not in self.torn else written

    def matching(
        self, namespace: str, selector: Mapping[str, Any] | None
    ) -> tuple[PodTemplate, ...]:
        """Returns the templates of a namespace whose pods a selector selects."""
        wanted = mapping(mapping(selector).get("matchLabels"))
        groups = [self._by_label.get(pair, ()) for pair in wanted.items()]
        found = min(groups, key=len) if groups else self.pods_in(namespace)
        spaces = ("", namespace)
        return tuple(
            each
            for each in found
            if (not namespace or each.ref.namespace in spaces) and selects(selector, each.labels)
        )

    @cached_property
    def _by_label(self) -> Mapping[tuple[str, str], tuple[PodTemplate, ...]]:
        found: dict[tuple[str, str], list[PodTemplate]] = {}
        for each in self.templates:
            for pair in each.labels.items():
                found.setdefault(pair, []).append(each)
        return {pair: tuple(entries) for pair, entries in found.items()}

    @cached_property
    def _by_ref(self) -> Mapping[ObjectRef, Declared]:
        return {each.ref: each for each in self.declared}

    @cached_property
    def _by_namespace(self) -> Mapping[str, tuple[PodTemplate, ...]]:
        found: dict[str, list[PodTemplate]] = {}
        for each in self.templates:
            found.setdefault(each.ref.namespace, []).append(each)
        return {namespace: tuple(entries) for namespace, entries in found.items()}


def world(scope: Scope) -> World:
    """Returns the world of a whole scope."""
    found: World = scope.memo("world", lambda: World.of(scope.declared, scope.unjudged))
    return found


def separate(scope: Scope) -> tuple[World, ...]:
    """Returns the worlds in which connections may be judged: the whole one if nothing collides."""
    found: tuple[World, ...] = scope.memo("worlds", lambda: _separate(scope))
    return found


def _separate(scope: Scope) -> tuple[World, ...]:
    whole_world = world(scope)
    owners = _owners(whole_world.declared)
    apart = {
        id(each.source)
        for each in whole_world.declared
        if each.ref.kind in _PLACED and (not each.ref.namespace or owners[each.ref] > 1)
    }
    if len(scope.sources) < 2 or not apart:
        return (whole_world,)
    groups: dict[int, list[Declared]] = {}
    for each in scope.declared:
        groups.setdefault(id(each.source) if id(each.source) in apart else 0, []).append(each)
    return tuple(World.of(group, scope.unjudged) for group in groups.values())


def _owners(declared: Iterable[Declared]) -> Counter[ObjectRef]:
    pairs = {(each.ref, id(each.source)) for each in declared if each.ref.kind in _COLLIDING}
    return Counter(ref for ref, _ in pairs)


def _templates(declared: Iterable[Declared]) -> Iterator[PodTemplate]:
    for each in declared:
        native = _as_native(each.object)
        spec = pod_spec(native) if native is not None else None
        if native is not None and spec is not None:
            yield PodTemplate(
                declared=each,
                object=native,
                labels=pod_labels(native),
                spec=spec,
                prefix=pods.prefix(each.object),
            )


def _doubt(ref: ObjectRef) -> tuple[str, str]:
    return ref.namespace, f"{ref} could not be read as a whole"


def _has_labels(obj: Any) -> bool:
    """Tells whether the labels of a workload's pods can be read; true of what makes no pods."""
    path = pods.pod_path(obj)
    if not path:
        return True
    if at(obj, *path) is None and not is_native(obj):
        return True
    found = at(obj, *path[:-1], "metadata", "labels")
    is_read = isinstance(found, dict) and not any(
        isinstance(v, dict | list) for v in found.values()
    )
    return isinstance(at(obj, *path), dict) and (found is None or is_read)


def _as_native(obj: Object) -> Object | None:
    """Returns a workload as one that Kubernetes has; None for what holds no pod template."""
    path = pods.pod_path(obj)
    if not path:
        return None
    if obj.get("kind") in NATIVE and is_native(obj):
        return obj
    template = mapping(at(obj, *path[:-1]))
    spec = {**mapping(obj.get("spec")), "template": template}
    spec.pop("selector", None)
    shaped = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": obj.get("metadata")}
    found = sound({**shaped, "spec": spec})
    return found.object if found is not None else None


def is_of_cluster(namespace: str) -> bool:
    """Tells whether the pods of a namespace are the cluster's own."""
    return namespace in CLUSTER_NAMESPACES or namespace.startswith("openshift-")
