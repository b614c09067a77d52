"""What operators make of their custom resources, read from the table `products.toml`. Pure.

Nothing is known of versions: an entry holds for every version of a kind's group. A name that the
object does not fill in makes nothing; too many products only make an audit more silent.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import islice, product
from typing import Any

from harness.audit.reading import at, group_of, items, mapping, metadata, text
from harness.model.refs import ObjectRef

Object = dict[str, Any]
ANYWHERE = "*"
_FIELD = re.compile(r"\{([^{}]+)\}")
_MOST = 500
"""Products of one template, so that a product of long lists stays small."""


@cache
def table() -> dict[str, tuple[str, ...]]:
    """Returns the templates of products by `Kind.group`."""
    path = files("harness.audit") / "products.toml"
    found = tomllib.loads(path.read_text(encoding="utf-8"))
    return {key: tuple(entry["makes"]) for key, entry in found.items()}


def products_of(obj: Object) -> Iterator[ObjectRef]:
    """Yields what the table says of an object; an empty namespace means any."""
    for template in table().get(f"{text(obj.get('kind'))}.{group_of(obj)}", ()):
        yield from _filled(template, obj)


def _filled(template: str, obj: Object) -> Iterator[ObjectRef]:
    kind, _, place = template.partition(" ")
    namespace, slash, name = place.rpartition("/")
    own = text(metadata(obj).get("namespace"))
    spaces = list(fill(namespace, obj)) if slash else [own]
    for space, made in product(spaces, fill(name, obj)):
        yield ObjectRef(kind, "" if space == ANYWHERE else space, made)


def fill(template: str, obj: Object) -> Iterator[str]:
    """Yields a template's text for every combination of the values that the object has."""
    parts = _FIELD.split(template)
    choices = [[p] if i % 2 == 0 else values(p, obj) for i, p in enumerate(parts)]
    yield from islice(("".join(choice) for choice in product(*choices)), _MOST)


def values(expression: str, obj: Object) -> list[str]:
    """Returns the scalars at the first of some paths, e.g. `spec.secretName|name`, that has any."""
    found = ([v for v in _at(path, obj) if v] for path in expression.split("|"))
    return next((each for each in found if each), [])


def _at(path: str, obj: Object) -> Iterator[str]:
    if path == "name":
        yield text(metadata(obj).get("name"))
        return
    head, is_list, rest = path.partition("[].")
    inner = at(mapping(obj), *head.split("."))
    if not is_list:
        yield text(inner)
        return
    for item in items(inner):
        yield from _at_below(rest, item)


def _at_below(path: str, item: Any) -> Iterator[str]:
    head, is_list, rest = path.partition("[].")
    inner = at(item, *head.split("."))
    if not is_list:
        yield text(inner)
        return
    for each in items(inner):
        yield from _at_below(rest, each)
