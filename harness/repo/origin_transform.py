"""The settings of a kustomization that change objects without a patch, each as one small function.

Every function takes the setting's node and the objects so far and returns the objects changed;
what it writes has the place of the setting. Which fields a setting reaches is kustomize's built-in
table (api v0.21, `internal/konfig/builtinpluginconsts`). `origin_layers` knows their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from harness.repo.origin_field import EVERY, Change, Path
from harness.repo.origin_object import Traced
from harness.repo.origin_tree import Fields, Leaf, Node, entry, items_of, text_of

Objects = tuple[Traced, ...]

CLUSTER_SCOPED = frozenset(
    {
        *("APIService", "CertificateSigningRequest", "ClusterRole", "ClusterRoleBinding"),
        *("CSIDriver", "CSINode", "CustomResourceDefinition", "IngressClass", "Namespace"),
        *("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "Node"),
        *("PersistentVolume", "PriorityClass", "RuntimeClass", "StorageClass"),
        *("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "VolumeAttachment"),
    }
)
KEEP_THEIR_NAME = frozenset({"APIService", "CustomResourceDefinition", "Namespace"})
SCALED = frozenset({"Deployment", "ReplicaSet", "ReplicationController", "StatefulSet"})
_TEMPLATES: dict[str, tuple[Path, ...]] = {
    **dict.fromkeys(
        ("DaemonSet", "Deployment", "Job", "ReplicaSet", "ReplicationController"),
        (("spec", "template", "metadata"),),
    ),
    "StatefulSet": (
        ("spec", "template", "metadata"),
        ("spec", "volumeClaimTemplates", EVERY, "metadata"),
    ),
    "CronJob": (
        ("spec", "jobTemplate", "metadata"),
        ("spec", "jobTemplate", "spec", "template", "metadata"),
    ),
}
_MADE_SELECTORS: dict[str, Path] = {
    **dict.fromkeys(("Service", "ReplicationController"), ("spec", "selector")),
    **dict.fromkeys(
        ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"),
        ("spec", "selector", "matchLabels"),
    ),
}
_POD_SELECTOR = ("podSelector", "matchLabels")
_EXTENDED_SELECTORS: dict[str, tuple[Path, ...]] = {
    **dict.fromkeys(("Job", "PodDisruptionBudget"), (("spec", "selector", "matchLabels"),)),
    "CronJob": (("spec", "jobTemplate", "spec", "selector", "matchLabels"),),
    "NetworkPolicy": (
        ("spec", *_POD_SELECTOR),
        ("spec", "ingress", EVERY, "from", EVERY, *_POD_SELECTOR),
        ("spec", "egress", EVERY, "to", EVERY, *_POD_SELECTOR),
    ),
}
_POD_SPECS: tuple[Path, ...] = (
    ("spec",),
    ("spec", "template", "spec"),
    ("spec", "jobTemplate", "spec", "template", "spec"),
)
_IMAGES = tuple(
    (*spec, *path)
    for spec in _POD_SPECS
    for path in (
        ("containers", EVERY, "image"),
        ("initContainers", EVERY, "image"),
        ("volumes", EVERY, "image", "reference"),
    )
)


def _at(traced: Traced, path: Path, value: Node) -> Traced:
    return traced.changed(path, lambda _: value, value.place)


def set_namespace(setting: Node, objects: Objects) -> Objects:
    """Returns the objects in the namespace; a Namespace gets it as its name."""
    namespace = setting.text if isinstance(setting, Leaf) else ""
    return tuple(_in_namespace(o, namespace, setting) for o in objects) if namespace else objects


def _in_namespace(traced: Traced, namespace: str, setting: Node) -> Traced:
    if traced.kind == "Namespace":
        named = replace(traced, names=(*traced.names, namespace))
        return _at(named, ("metadata", "name"), setting)
    if traced.kind in CLUSTER_SCOPED:
        return traced
    placed = replace(traced, namespaces=(*traced.namespaces, namespace))
    return _at(placed, ("metadata", "namespace"), setting)


def _renamed(objects: Objects, name: Callable[[str], str]) -> Objects:
    return tuple(
        o if o.kind in KEEP_THEIR_NAME else replace(o, names=(*o.names, name(o.names[-1])))
        for o in objects
    )


def add_prefix(setting: Node, objects: Objects) -> Objects:
    """Returns the objects with the prefix before their names."""
    prefix = setting.text if isinstance(setting, Leaf) else ""
    return _renamed(objects, lambda name: prefix + name)


def add_suffix(setting: Node, objects: Objects) -> Objects:
    """Returns the objects with the suffix behind their names."""
    suffix = setting.text if isinstance(setting, Leaf) else ""
    return _renamed(objects, lambda name: name + suffix)


def add_labels(setting: Node, objects: Objects) -> Objects:
    """Returns the objects with the pairs of every entry of `labels`."""
    for item in items_of(setting):
        selectors = _is_true(item, "includeSelectors")
        templates = selectors or _is_true(item, "includeTemplates")
        objects = _labelled(
            objects, entry(item, "pairs"), "labels", templates=templates, selectors=selectors
        )
    return objects


def add_common_labels(setting: Node, objects: Objects) -> Objects:
    """Returns the objects with `commonLabels`, in their selectors too."""
    return _labelled(objects, setting, "labels", templates=True, selectors=True)


def add_annotations(setting: Node, objects: Objects) -> Objects:
    """Returns the objects with `commonAnnotations`."""
    return _labelled(objects, setting, "annotations", templates=True, selectors=False)


def _is_true(node: Node, key: str) -> bool:
    return text_of(node, key).lower() == "true"


def _labelled(
    objects: Objects, pairs: Node | None, key: str, *, templates: bool, selectors: bool
) -> Objects:
    if not isinstance(pairs, Fields):
        return objects
    return tuple(
        _with_pairs(o, pairs, key, templates=templates, selectors=selectors) for o in objects
    )


def _with_pairs(
    traced: Traced, pairs: Fields, key: str, *, templates: bool, selectors: bool
) -> Traced:
    places: list[Path] = [("metadata", key)]
    if templates:
        places += [(*path, key) for path in _TEMPLATES.get(traced.kind, ())]
    if selectors and traced.kind in _MADE_SELECTORS:
        places.append(_MADE_SELECTORS[traced.kind])
    existing = _EXTENDED_SELECTORS.get(traced.kind, ()) if selectors else ()
    for path in places:
        traced = traced.changed(path, partial(_extended, pairs=pairs, make=True), pairs.place)
    for path in existing:
        traced = traced.changed(path, partial(_extended, pairs=pairs, make=False))
    return traced


def _extended(node: Node | None, pairs: Fields, *, make: bool) -> Node | None:
    if isinstance(node, Fields):
        return Fields(node.place, {**node.entries, **pairs.entries})
    return pairs if make else node


def set_replicas(setting: Node, objects: Objects) -> Objects:
    """Returns the objects with the numbers of replicas of `replicas`."""
    for item in items_of(setting):
        name, count = text_of(item, "name"), entry(item, "count")
        if count is not None:
            objects = tuple(
                _at(o, ("spec", "replicas"), count) if o.kind in SCALED and name in o.names else o
                for o in objects
            )
    return objects


def set_images(setting: Node, objects: Objects) -> Objects:
    """Returns the objects with the image references that `images` makes of theirs."""
    for item in items_of(setting):
        change = partial(_with_image, override=item)
        objects = tuple(_everywhere(o, _IMAGES, change) for o in objects)
    return objects


def _everywhere(traced: Traced, paths: Iterable[Path], change: Change) -> Traced:
    for path in paths:
        traced = traced.changed(path, change)
    return traced


def _with_image(node: Node | None, override: Node) -> Node | None:
    if not isinstance(node, Leaf):
        return node
    parts = _image_parts(node)
    given = {key: _given(override, key) for key in ("newName", "newTag", "digest", "tagSuffix")}
    name = parts.get("name")
    if name is None or name.text != text_of(override, "name") or not any(given.values()):
        return node
    if given["newTag"] or given["digest"]:
        parts = {"name": name}
    made = {
        "name": given["newName"] or name,
        "tag": given["newTag"] or parts.get("tag"),
        "suffix": None if "tag" not in parts else given["tagSuffix"],
        "digest": given["digest"] or (None if given["tagSuffix"] else parts.get("digest")),
    }
    return _joined({key: leaf for key, leaf in made.items() if leaf}, given)


def _given(override: Node, key: str) -> Leaf | None:
    leaf = entry(override, key)
    return leaf if isinstance(leaf, Leaf) and leaf.text else None


_MARKS = {"name": "", "tag": ":", "suffix": "", "digest": "@"}


def _joined(made: dict[str, Leaf], given: dict[str, Leaf | None]) -> Leaf:
    order = ("digest", "newTag", "tagSuffix", "newName")
    last = next(leaf for key in order if (leaf := given[key]))
    text = "".join(f"{_MARKS[key]}{leaf.text}" for key, leaf in made.items())
    return Leaf(last.place, text, parts=tuple(made.values()))


def _image_parts(leaf: Leaf) -> dict[str, Leaf]:
    """Returns name, tag and digest, each with the place that gave it."""
    rest, _, digest = leaf.text.partition("@")
    folder, slash, last = rest.rpartition("/")
    name, _, tag = last.partition(":")
    texts = {"name": folder + slash + name, "tag": tag, "digest": digest}
    places = {part.text: part.place for part in leaf.parts}
    return {key: Leaf(places.get(text, leaf.place), text) for key, text in texts.items() if text}
