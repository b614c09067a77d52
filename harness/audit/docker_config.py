"""What is known of a pull secret before it exists: its type, and the registries it is for. Pure.

Only the keys under `auths` are read, never a credential. Unknown where the value is encrypted, a
placeholder, or comes from a provider. Facts: Kubernetes `pkg/credentialprovider/config.go`
(`.dockerconfigjson` has `auths`, `.dockercfg` is the inner mapping itself); a SealedSecret's and an
ExternalSecret's template give the type, `Opaque` where they name none.
"""

from __future__ import annotations

import json
from enum import Enum
from typing import Any

from harness.audit.api_groups import is_of
from harness.audit.reading import at, is_placeholder, mapping, text
from harness.audit.scope import Scope
from harness.audit.secret_data import is_filled_later, secret_value
from harness.model.refs import ObjectRef

Object = dict[str, Any]
JSON_KEY = ".dockerconfigjson"
OLD_KEY = ".dockercfg"
_OPAQUE = "Opaque"


class Hosts(Enum):
    """A value that is no registry configuration at all."""

    UNREADABLE = "unreadable"


def type_of(scope: Scope, ref: ObjectRef) -> str | None:
    """Returns the type that a Secret will have; None where that cannot be known here."""
    found = {_type(obj) for obj in _origins(scope, ref)}
    known = next(iter(found)) if len(found) == 1 else None
    return None if known is None or is_placeholder(known) else known


def _origins(scope: Scope, ref: ObjectRef) -> tuple[Object, ...]:
    declared = scope.find(ref)
    own = (declared.object,) if declared else ()
    return (*own, *scope.products.makers(ref))


def _type(obj: Object) -> str | None:
    spec = mapping(obj.get("spec"))
    if is_of(obj, "", "Secret"):
        return text(obj.get("type")) or _OPAQUE
    if is_of(obj, "bitnami.com", "SealedSecret"):
        return text(at(spec, "template", "type")) or _OPAQUE
    if is_of(obj, "external-secrets.io", "ExternalSecret"):
        if text(at(spec, "target", "creationPolicy")) in {"Merge", "None"}:
            return None
        return text(at(spec, "target", "template", "type")) or _OPAQUE
    return None


def hosts_of(scope: Scope, ref: ObjectRef) -> tuple[str, ...] | Hosts | None:
    """Returns the keys under `auths` of a declared pull secret; None where they are not known."""
    declared = scope.find(ref)
    if declared is None or not is_of(declared.object, "", "Secret"):
        return None
    for key in (JSON_KEY, OLD_KEY):
        value = secret_value(declared.object, key)
        if value is not None:
            return None if is_filled_later(value) else _keys(value, key)
    return None


def _keys(value: str, key: str) -> tuple[str, ...] | Hosts | None:
    try:
        content = json.loads(value)
    except (ValueError, RecursionError):
        return None if is_placeholder(value) else Hosts.UNREADABLE
    found = mapping(content).get("auths") if key == JSON_KEY else content
    if not isinstance(found, dict):
        return Hosts.UNREADABLE
    # An empty one is there on purpose: somebody fills it in, or nothing private is pulled.
    return tuple(found) if found and not any(map(is_placeholder, found)) else None
