"""Flux's `postBuild` variables: which values are known here, and what they make of a text. Pure.

Flux reads `${var}` and some of bash's forms as drone/envsubst does (fluxcd/pkg `envsubst`,
`kustomize_varsub.go`): `:=`, `:-` and `=` give a default, `$$` is a dollar, `$var` without braces
is left alone, an object labelled `kustomize.toolkit.fluxcd.io/substitute: disabled` too. What
nobody here knows is left as it stands: on a cluster it would be empty or come from elsewhere.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Any

from harness.audit.reading import at, entries, mapping, text, text_at
from harness.repo.flux_text import Substituted, SubstitutionError, substituted
from harness.repo.render_request import Substitution

__all__ = ["Substituted", "SubstitutionError", "is_disabled", "substituted", "substitution_of"]

Object = dict[str, Any]
DISABLED = "kustomize.toolkit.fluxcd.io/substitute"


def substitution_of(kustomization: Object, objects: Iterable[Object]) -> Substitution | None:
    """Returns the variables of a Flux Kustomization; None where it substitutes nothing.

    Args:
        kustomization: The Flux object.
        objects: ConfigMaps and Secrets that may hold variables; others are passed over.
    """
    build = mapping(at(kustomization, "spec", "postBuild"))
    sources, inline = entries(build.get("substituteFrom")), mapping(build.get("substitute"))
    if not sources and not inline:
        return None
    namespace = text_at(kustomization, "metadata", "namespace")
    listed = list(objects)
    values: dict[str, str] = {}
    missing: list[str] = []
    for source in sources:
        kind, name = text(source.get("kind")), text(source.get("name"))
        held = _held(kind, name, namespace, listed)
        if held is None:
            missing.append(f"{kind} {name}")
        values.update(held or {})
    values.update({str(key): _one_line(value) for key, value in inline.items()})
    return Substitution(values=values, missing=tuple(missing))


def is_disabled(obj: Object) -> bool:
    """Tells whether an object asks to be left alone."""
    return any(
        mapping(at(obj, "metadata", field)).get(DISABLED) == "disabled"
        for field in ("labels", "annotations")
    )


def _held(kind: str, name: str, namespace: str, objects: Iterable[Object]) -> dict[str, str] | None:
    """Returns what a ConfigMap or Secret holds; None when it is not declared or encrypted."""
    for obj in objects:
        where = text_at(obj, "metadata", "namespace")
        is_there = not where or not namespace or where == namespace
        if is_there and obj.get("kind") == kind and text_at(obj, "metadata", "name") == name:
            return None if "sops" in obj else _values(obj)
    return None


def _values(obj: Object) -> dict[str, str]:
    data = {str(key): _one_line(value) for key, value in mapping(obj.get("data")).items()}
    if obj.get("kind") != "Secret":
        return data
    plain = {str(k): _one_line(v) for k, v in mapping(obj.get("stringData")).items()}
    return {**{key: _decoded(value) for key, value in data.items()}, **plain}


def _decoded(value: str) -> str:
    try:
        return _one_line(base64.b64decode(value, validate=True).decode())
    except (binascii.Error, ValueError):
        return value


def _one_line(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value if value is not None else "").replace("\n", "")


def unknown_note(names: Iterable[str], missing: Iterable[str]) -> str:
    """Returns the sentence about variables without a value; empty where there are none."""
    listed = sorted(set(names))
    if not listed:
        return ""
    shown = ", ".join(f"${{{name}}}" for name in listed[:10])
    more = f" and {len(listed) - 10} more" if len(listed) > 10 else ""
    source = ", ".join(missing)
    return f"no value here for {shown}{more}" + (f"; {source} may hold it" if source else "")
