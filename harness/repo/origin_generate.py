"""ConfigMaps and Secrets that a kustomization generates: which line gives which key.

A literal is given by its own line, a file's content by that file, a variable of an environment
file by its line there. `behavior: merge` and `replace` change a generated object that is there
already (kustomize api v0.21, `resWrangler.AbsorbAll`). Files that are missing leave the entry
that names them as the place to look at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from harness.repo.origin_object import Traced
from harness.repo.origin_patch import apply_merge
from harness.repo.origin_tree import Fields, Leaf, Node, Place, entry, items_of, text_of

GENERATORS = {"configMapGenerator": "ConfigMap", "secretGenerator": "Secret"}
Read = Callable[[str], tuple[str, str]]
"""Returns the repository path and the text of a file beside the kustomization; empty if absent."""


def generate(kustomization: Node, objects: tuple[Traced, ...], read: Read) -> tuple[Traced, ...]:
    """Returns the objects with those that the kustomization generates."""
    plain = _is_plain(entry(kustomization, "generatorOptions"))
    for key, kind in GENERATORS.items():
        for generator in items_of(kustomization, key):
            made = _generated(generator, kind, read)
            is_hashed = not (plain or _is_plain(entry(generator, "options")))
            objects = _absorb(
                objects, replace(made, is_hashed=is_hashed), text_of(generator, "behavior")
            )
    return objects


def _is_plain(options: Node | None) -> bool:
    return text_of(options, "disableNameSuffixHash").lower() == "true"


def _generated(generator: Node, kind: str, read: Read) -> Traced:
    where = next(
        (found for key in ("literals", "files", "envs", "env") if (found := entry(generator, key))),
        generator,
    )
    data = Fields(where.place, dict(_pairs(generator, read)))
    name, namespace = text_of(generator, "name"), text_of(generator, "namespace")
    metadata = {"name": entry(generator, "name") or Leaf(generator.place, name)}
    entries: dict[str, Node] = {"data": data, "metadata": Fields(generator.place, metadata)}
    kept = {key: node for key in ("type", "immutable") if (node := entry(generator, key))}
    return Traced(
        kind=kind,
        api_version="v1",
        names=(name,),
        namespaces=(namespace,) if namespace else (),
        tree=Fields(generator.place, entries | kept),
    )


def _absorb(objects: tuple[Traced, ...], made: Traced, behavior: str) -> tuple[Traced, ...]:
    former = next((o for o in objects if o.is_called(made.kind, made.names[0])), None)
    if former is None or behavior not in ("merge", "replace"):
        return (*objects, made)
    tree = made.tree if behavior == "replace" else apply_merge(former.tree, made.tree)
    changed = replace(former, tree=tree, is_hashed=former.is_hashed or made.is_hashed)
    return tuple(changed if o is former else o for o in objects)


def _pairs(generator: Node, read: Read) -> Iterator[tuple[str, Leaf]]:
    files = [*items_of(generator, "envs"), entry(generator, "env")]
    for leaf in files:
        if isinstance(leaf, Leaf):
            yield from _variables(*read(leaf.text))
    for leaf in items_of(generator, "files"):
        if isinstance(leaf, Leaf):
            yield _file(leaf, read)
    for leaf in items_of(generator, "literals"):
        if isinstance(leaf, Leaf):
            key, _, value = leaf.text.partition("=")
            yield key, Leaf(leaf.place, _unquoted(value))


def _file(leaf: Leaf, read: Read) -> tuple[str, Leaf]:
    key, _, path = leaf.text.rpartition("=")
    file, text = read(path)
    at = Place(file, 1) if file else leaf.place
    return key or path.rsplit("/", 1)[-1], Leaf(at, text, body=at if file else None)


def _variables(file: str, text: str) -> Iterator[tuple[str, Leaf]]:
    for at, line in enumerate(text.splitlines(), start=1):
        key, _, value = line.strip().partition("=")
        if key and not key.startswith("#"):
            yield key, Leaf(Place(file, at), value)


def _unquoted(text: str) -> str:
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    return text[1:-1] if is_quoted else text
