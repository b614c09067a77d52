"""How a live object differs from its declaration in texts that nobody normalises. Pure.

Compared are the image and the literal variables of each container and the values of a ConfigMap:
they are applied as they are written. Quantities, numbers and defaults are not compared, nor texts
in which a recording hides a secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.manifests.pods import field_prefix, pod_spec
from harness.model.refs import ObjectRef
from harness.model.secret import MASK
from harness.model.wording import cut

Object = Mapping[str, Any]
SHOWN = 60
HIDDEN = "(hidden)"
ABSENT = "(absent)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One field of a live object whose text is not the declared one."""

    ref: ObjectRef
    field: str
    live: str
    declared: str


def differences(ref: ObjectRef, declared: Object, live: Object) -> Iterator[Difference]:
    """Yields the declared texts that the live object has otherwise, or not at all."""
    there = dict(_texts({**live, "kind": ref.kind}))
    for field, text in _texts({**declared, "kind": ref.kind}):
        found = there.get(field, ABSENT)
        if found != text and not _is_hidden(found, text):
            yield Difference(ref=ref, field=field, live=_shown(found), declared=_shown(text))


def _texts(obj: Object) -> Iterator[tuple[str, str]]:
    if obj.get("kind") == "ConfigMap":
        yield from ((f"data.{key}", str(text)) for key, text in (obj.get("data") or {}).items())
    spec, prefix = pod_spec(obj) or {}, field_prefix(str(obj.get("kind")))
    for group in ("initContainers", "containers"):
        for container in spec.get(group) or []:
            place = f"{prefix}.{group}[{container.get('name')}]"
            yield f"{place}.image", str(container.get("image") or "")
            yield from ((f"{place}.env[{name}]", text) for name, text in _literals(container))


def _literals(container: Object) -> Iterator[tuple[str, str]]:
    """The API server leaves out a variable's value where it is empty."""
    for variable in container.get("env") or []:
        if not variable.get("valueFrom"):
            yield str(variable.get("name")), str(variable.get("value") or "")


def _is_hidden(*texts: str) -> bool:
    return any(MASK in text or HIDDEN in text for text in texts)


def _shown(text: str) -> str:
    return cut(" ".join(text.split()), SHOWN) or "(empty)"
