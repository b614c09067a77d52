"""An object on its way through the kustomizations: its tree, and every name it has had.

Decides whether a patch's target or a rendered name means it. Kustomize finds the target of a patch
by the original or the current name and namespace (api v0.21, `resWrangler.Select`), and the object
of a merge patch by any name it had (`GetById`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness.model.refs import ObjectRef
from harness.repo.origin_field import Change, Path, rewrite
from harness.repo.origin_tree import (
    Fields,
    Leaf,
    Node,
    Place,
    Removed,
    entry,
    items_of,
    text_of,
)

HASH = r"-[a-z0-9]{10}"
"""What a generator appends to the name of a ConfigMap or Secret."""
_REQUIREMENT = re.compile(r"\s*(!?)([^\s!=,()]+)\s*(?:(==|=|!=|notin|in)\s*(\([^)]*\)|[^,]*))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """One object with its history; the first name is the file's, the last one the rendered."""

    kind: str
    api_version: str
    names: tuple[str, ...]
    namespaces: tuple[str, ...]
    """Empty where neither the file nor a kustomization gives one."""
    tree: Node
    is_hashed: bool = False

    @classmethod
    def of(cls, document: Node) -> Traced:
        """Returns the object of a document."""
        metadata = entry(document, "metadata")
        namespace = text_of(metadata, "namespace")
        return cls(
            kind=text_of(document, "kind"),
            api_version=text_of(document, "apiVersion"),
            names=(text_of(metadata, "name") or text_of(metadata, "generateName"),),
            namespaces=(namespace,) if namespace else (),
            tree=document,
        )

    def changed(self, path: Path, change: Change, create: Place | None = None) -> Traced:
        """Returns the object with `change` applied at `path`; what is removed stays removed."""
        if isinstance(self.tree, Removed):
            return self
        return replace(self, tree=rewrite(self.tree, path, change, create=create) or self.tree)

    @property
    def has_schema(self) -> bool:
        """Whether its lists have merge keys, which only built-in kinds have."""
        group = self.api_version.rpartition("/")[0]
        return "." not in group or group.endswith(".k8s.io")

    def is_called(self, kind: str, name: str, namespace: str = "") -> bool:
        """Tells whether it has, or had, that name."""
        known = namespace in ("", *self.namespaces)
        return known and self.kind == kind and name in self.names

    def is_rendered_as(self, ref: ObjectRef) -> bool:
        """Tells whether it becomes that object; an unknown namespace fits every one."""
        current = self.namespaces[-1] if self.namespaces else ""
        if self.kind != ref.kind or (current and ref.namespace not in ("", current)):
            return False
        name = re.escape(self.names[-1])
        return bool(re.fullmatch(f"{name}({HASH})?" if self.is_hashed else name, ref.name))


def is_selected(traced: Traced, target: Node | None) -> bool:
    """Tells whether the target of a patch, or of a replacement, means the object."""
    group, _, version = traced.api_version.rpartition("/")
    namespaces = traced.namespaces or ("default",)
    given = {
        "kind": (traced.kind,),
        "group": (group,),
        "version": (version,),
        "name": (traced.names[0], traced.names[-1]),
        "namespace": (namespaces[0], namespaces[-1]),
    }
    return all(_fits(text_of(target, key), values) for key, values in given.items()) and all(
        _has_labels(entry(entry(traced.tree, "metadata"), key), text_of(target, selector))
        for key, selector in (("labels", "labelSelector"), ("annotations", "annotationSelector"))
    )


def _fits(pattern: str, values: tuple[str, ...]) -> bool:
    if not pattern or pattern in values:
        return True
    try:
        return any(re.fullmatch(pattern, value) for value in values)
    except re.error:
        return False


def _has_labels(node: Node | None, selector: str) -> bool:
    entries = node.entries if isinstance(node, Fields) else {}
    labels = {key: leaf.text for key, leaf in entries.items() if isinstance(leaf, Leaf)}
    return all(_meets(labels, *found) for found in _REQUIREMENT.findall(selector))


def _meets(labels: Mapping[str, str], negated: str, key: str, operator: str, operand: str) -> bool:
    wanted = {value.strip() for value in operand.strip("() ").split(",")}
    match operator:
        case "":
            return (key in labels) != bool(negated)
        case "!=" | "notin":
            return labels.get(key) not in wanted
        case _:
            return labels.get(key) in wanted


def objects_in(documents: tuple[Node, ...]) -> tuple[Traced, ...]:
    """Returns the objects of a file's documents, `List`s flattened."""
    return tuple(traced for document in documents for traced in _flat(document))


def _flat(document: Node) -> tuple[Traced, ...]:
    kind = text_of(document, "kind")
    if kind.endswith("List") and items_of(document, "items"):
        return objects_in(items_of(document, "items"))
    return (Traced.of(document),) if kind else ()
