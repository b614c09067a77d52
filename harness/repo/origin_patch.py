"""Patches over trees: what was written keeps its own place, what a patch writes gets the patch's.

Strategic merge as kustomize does it (kyaml `merge2` and `walk`, v0.21): list items of built-in
kinds are matched by the merge keys of the Kubernetes schema, items of the patch come first, every
other list is replaced as a whole. JSON patches follow RFC 6902. What a patch takes away leaves a
`Removed` behind, because that patch is then what must change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.repo.origin_field import Path, by_index, descend, rewrite, with_entry
from harness.repo.origin_tree import Fields, Items, Leaf, Node, Place, Removed, entry, text_of

MERGE_KEYS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("containers", "initContainers", "ephemeralContainers"), ("name",)),
    **dict.fromkeys(("env", "volumes", "imagePullSecrets", "secrets"), ("name",)),
    **dict.fromkeys(("webhooks", "resourceClaims"), ("name",)),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "ports": ("containerPort", "port", "protocol"),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
}
"""Lists whose items are merged, and what tells the items apart (Kubernetes OpenAPI schema)."""
_DIRECTIVE = "$patch"
_IDENTITY = (("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace"))


def apply_merge(tree: Node, patch: Node, *, schema: bool = True) -> Node:
    """Returns the object after a strategic merge patch.

    The object's own kind, name and start stay where they are: a patch repeats them to find it.
    Without a `schema`, as for custom resources, lists are replaced.
    """
    merged = _merge(tree, patch, "", schema=schema)
    if not isinstance(merged, Fields):
        return merged
    kept: Node = replace(merged, place=tree.place)
    for path in _IDENTITY:
        former, rest = descend(tree, path)
        kept = kept if rest else _put(kept, path, former)
    return kept


def _put(tree: Node, path: Path, value: Node) -> Node:
    return rewrite(tree, path, lambda _: value) or tree


def _merge(base: Node | None, patch: Node, key: str, *, schema: bool) -> Node:
    directive = text_of(patch, _DIRECTIVE)
    if directive == "delete" or (isinstance(patch, Leaf) and patch.is_null):
        return Removed(patch.place, base)
    match base, patch:
        case Fields(), Fields() if directive != "replace":
            merged = dict(base.entries)
            for name, child in patch.entries.items():
                merged[name] = _merge(merged.get(name), child, name, schema=schema)
            return _without_directive(Fields(patch.place, merged))
        case Items(), Items() if schema and key in MERGE_KEYS:
            return _merge_items(base, patch, MERGE_KEYS[key], key)
        case _:
            return _without_directive(patch)


def _without_directive(node: Node) -> Node:
    if isinstance(node, Fields) and _DIRECTIVE in node.entries:
        return Fields(node.place, {k: v for k, v in node.entries.items() if k != _DIRECTIVE})
    return node


def _merge_items(base: Items, patch: Items, keys: Sequence[str], key: str) -> Node:
    whole = [text_of(i, _DIRECTIVE) for i in patch.items if not _shared_keys(i, i, keys)]
    if "delete" in whole:
        return Removed(patch.place, base)
    if "replace" in whole:
        items = (item for item in patch.items if not text_of(item, _DIRECTIVE))
        return Items(patch.place, tuple(items))
    pairs = [(next((b for b in base.items if _is_same(b, i, keys)), None), i) for i in patch.items]
    merged = [(former, _merge(former, item, key, schema=True)) for former, item in pairs]
    stays = _has_several_keys((*base.items, *patch.items), keys)
    kept = {id(old): new for old, new in merged if stays and old and not isinstance(old, Removed)}
    gone = {id(former) for former, _ in merged} - kept.keys()
    first = (item for former, item in merged if id(former) not in kept)
    rest = (kept.get(id(item), item) for item in base.items if id(item) not in gone)
    return Items(patch.place, (*first, *rest))


def _has_several_keys(items: Sequence[Node], keys: Sequence[str]) -> bool:
    """Tells whether the items use more than one key: then known ones keep their order."""
    return sum(any(_name(item, key) for item in items) for key in keys) > 1


def _is_same(one: Node, other: Node, keys: Sequence[str]) -> bool:
    shared = _shared_keys(one, other, keys)
    return bool(shared) and all(_name(one, k) == _name(other, k) for k in shared)


def _shared_keys(one: Node, other: Node, keys: Sequence[str]) -> list[str]:
    return [key for key in keys if _name(one, key) and _name(other, key)]


def _name(item: Node, key: str) -> str:
    return text_of(item.former if isinstance(item, Removed) else item, key)


def apply_operation(tree: Node, operation: Node) -> Node:
    """Returns the object after one operation of a JSON patch; unchanged where it cannot apply."""
    path = _pointer(text_of(operation, "path"))
    value = _value(tree, operation)
    if not path:
        return tree
    if text_of(operation, "op") == "move":
        source = _pointer(text_of(operation, "from"))
        tree = _changed(tree, source, "remove", operation.place, None)
    return _changed(tree, path, text_of(operation, "op"), operation.place, value)


def _value(tree: Node, operation: Node) -> Node | None:
    if text_of(operation, "op") in ("move", "copy"):
        found, rest = _follow(tree, _pointer(text_of(operation, "from")))
        return None if rest else replace(found, place=operation.place)
    return entry(operation, "value")


def _follow(node: Node, path: Path) -> tuple[Node, Path]:
    while path:
        if isinstance(node, Items):
            at = by_index(node.items, path[0])
            child = node.items[at] if at is not None else None
        else:
            child = entry(node, path[0])
        if child is None:
            break
        node, path = child, path[1:]
    return node, path


def _pointer(text: str) -> Path:
    """Returns the tokens of a JSON pointer (RFC 6901)."""
    tokens = text.removeprefix("/").split("/") if text else []
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in tokens)


def _changed(tree: Node, path: Path, operation: str, place: Place, value: Node | None) -> Node:
    *way, last = path

    def change(parent: Node | None) -> Node | None:
        match parent:
            case Fields():
                return _change_entry(parent, last, operation, place, value)
            case Items():
                return _change_item(parent, last, operation, place, value)
            case _:
                return parent

    return rewrite(tree, tuple(way), change, pick=by_index) or tree


def _change_entry(
    parent: Fields, key: str, operation: str, place: Place, value: Node | None
) -> Node:
    former = entry(parent, key)
    if operation == "remove":
        return with_entry(parent, key, Removed(place, former)) if former else parent
    if value is None or operation not in ("add", "replace", "move", "copy"):
        return parent
    return with_entry(parent, key, value)


def _change_item(
    parent: Items, token: str, operation: str, place: Place, value: Node | None
) -> Node:
    items = list(parent.items)
    at = len(items) if token == "-" else by_index(items, token)  # noqa: S105 # a JSON pointer's
    if at is None:  # one behind the last is where `add` may write
        at = len(items)
    match operation:
        case "add" | "move" | "copy" if value is not None:
            items.insert(at, value)
        case "replace" if value is not None and at < len(items):
            items[at] = value
        case "remove" if at < len(items):
            items[at] = Removed(place, items[at])
        case _:
            return parent
    return replace(parent, items=tuple(items))
