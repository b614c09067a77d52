"""What may be kept of an object: everything a diagnosis needs, and no secret value.

The values of Secrets become "(hidden)" (or stay empty); annotations under `gitops-harness/` tell
what a diagnosis needs of them: the registry hosts of a pull secret, and a digest per key by which
values can be compared inside one recording. Literal credentials in environments, arguments,
ConfigMaps and URLs are masked. Nothing is changed in place, and unchanged parts are shared. Pure.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

from harness.watch.credentials import (
    is_credential_name,
    is_reference,
    without_assigned_credentials,
    without_configured_credentials,
    without_url_credentials,
)

Object = dict[str, Any]
HIDDEN = "(hidden)"
AUTHS = "gitops-harness/auths"
"""Annotation: comma list of the registry hosts in a pull secret, or `INVALID_AUTHS`."""
INVALID_AUTHS = "invalid"
DIGEST = "gitops-harness/digest."
"""Prefix of annotations: twelve hex digits per key; equal values of a recording have equal ones."""
CUT = "gitops-harness/cut."
"""Prefix of annotations: how much of a long ConfigMap value was kept."""
ENGINE_PREFIX = "argocd.argoproj.io/"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
MAX_VALUE_CHARACTERS = 32 * 1024
FREE_TEXTS = frozenset({"annotations", "args", "command", "message", "note", "value"})
"""Fields whose texts are people's or programs' words, in any object."""


def without_noise(obj: Object) -> Object:
    """Returns an object without managed fields and without kubectl's copy of what was applied."""
    meta = obj.get("metadata") or {}
    annotations = meta.get("annotations") or {}
    if "managedFields" not in meta and LAST_APPLIED not in annotations:
        return obj
    meta = {k: v for k, v in meta.items() if k != "managedFields"}
    if LAST_APPLIED in annotations:
        meta["annotations"] = {k: v for k, v in annotations.items() if k != LAST_APPLIED}
    return {**obj, "metadata": meta}


def recordable(obj: Object, salt: bytes) -> Object:
    """Returns what may be kept of an object; applied twice, it changes nothing more.

    Args:
        obj: A raw object; one with `data` and `type` but no kind counts as a Secret.
        salt: Random per recording and stored nowhere, so that no digest gives a value away.
    """
    obj = without_noise(obj)
    if obj.get("kind") == "Secret" or (not obj.get("kind") and "data" in obj and "type" in obj):
        return _secret(obj, salt)
    if obj.get("kind") == "ConfigMap":
        return _config_map(obj, salt)
    cleaned: Object = _cleaned(obj)
    return cleaned


def masked(obj: Object, mask: Callable[[str], str]) -> Object:
    """Returns an object with known secret values masked in its free texts, never in its names.

    A secret may be as short as a user's name, and an image or an object may be called the same.
    """
    found: Object = _masked(obj, mask, is_free=False)
    if obj.get("kind") == "ConfigMap" and "data" in obj:
        return {**found, "data": _masked(obj["data"], mask, is_free=True)}
    return found


def _masked(value: Any, mask: Callable[[str], str], *, is_free: bool) -> Any:
    if isinstance(value, str):
        return mask(value) if is_free else value
    if isinstance(value, dict):
        changed = {
            k: new
            for k, v in value.items()
            if (new := _masked(v, mask, is_free=is_free or k in FREE_TEXTS)) is not v
        }
        return {**value, **changed} if changed else value
    if isinstance(value, list):
        items = [_masked(item, mask, is_free=is_free) for item in value]
        same = all(new is old for new, old in zip(items, value, strict=True))
        return value if same else items
    return value


def _secret(obj: Object, salt: bytes) -> Object:
    facts: dict[str, str] = {}
    values: list[str] = []
    hidden: Object = {}
    for field in ("data", "stringData"):
        texts = {k: str(v or "") for k, v in (obj.get(field) or {}).items()}
        if field in obj:
            hidden[field] = {k: HIDDEN if v else "" for k, v in texts.items()}
        for key, text in texts.items():
            if text != HIDDEN:
                raw = _decoded(text) if field == "data" else text.encode()
                values += [text, raw.decode(errors="replace").strip()]
                facts |= _facts(key, raw, salt)
    return _annotated({**obj, **hidden}, facts, values)


def _facts(key: str, raw: bytes, salt: bytes) -> dict[str, str]:
    facts = {f"{DIGEST}{key}": _digest(raw, salt)} if raw else {}
    if key in {".dockerconfigjson", ".dockercfg"}:
        facts[AUTHS] = ",".join(_hosts(key, raw)) or INVALID_AUTHS
    return facts


def _hosts(key: str, raw: bytes) -> list[str]:
    try:
        found = json.loads(raw)
    except ValueError:
        return []
    if key == ".dockerconfigjson" and isinstance(found, dict):
        found = found.get("auths")
    return [str(host) for host in found] if isinstance(found, dict) else []


def _annotated(obj: Object, facts: dict[str, str], values: list[str] | None = None) -> Object:
    meta = obj.get("metadata") or {}
    told = [value for value in values or [] if len(value) >= 4]
    kept = {
        name: text
        for name, text in (meta.get("annotations") or {}).items()
        if name.startswith(ENGINE_PREFIX) or not any(value in str(text) for value in told)
    }
    if kept | facts == (meta.get("annotations") or {}):
        return obj
    return {**obj, "metadata": {**meta, "annotations": {**kept, **facts}}}


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text.encode()


def _digest(raw: bytes, salt: bytes) -> str:
    return hmac.new(salt, raw, hashlib.sha256).hexdigest()[:12]


def _config_map(obj: Object, salt: bytes) -> Object:
    facts: dict[str, str] = {}
    kept: Object = {}
    for key, value in (obj.get("data") or {}).items():
        text = str(value or "")
        if text and is_credential_name(key) and not is_reference(text):
            facts |= {} if text == HIDDEN else {f"{DIGEST}{key}": _digest(text.encode(), salt)}
            kept[key] = HIDDEN
            continue
        text = without_configured_credentials(text)
        if len(text) > MAX_VALUE_CHARACTERS:
            facts[f"{CUT}{key}"] = f"{MAX_VALUE_CHARACTERS} of {len(text)} characters kept"
        kept[key] = text[:MAX_VALUE_CHARACTERS]
    changed: Object = {"data": kept} if "data" in obj else {}
    if obj.get("binaryData"):
        changed["binaryData"] = dict.fromkeys(obj["binaryData"], HIDDEN)
    return _annotated({**obj, **changed}, facts)


def _cleaned(value: Any, field: str = "") -> Any:
    # `field` is the key under which a value stands; it tells command lines from other texts.
    if isinstance(value, dict):
        return _cleaned_mapping(value)
    if isinstance(value, list):
        return _cleaned_list(value, field)
    if not isinstance(value, str):
        return value
    if field in {"args", "command", "value"}:
        return without_assigned_credentials(value)
    if field in {"values", "patch"}:  # Helm values and Kustomize patches inside an Application
        return without_configured_credentials(value)
    return without_url_credentials(value)


def _cleaned_mapping(value: Object) -> Object:
    changed = {k: new for k, v in value.items() if (new := _cleaned(v, k)) is not v}
    literal = value.get("value")
    if isinstance(literal, str) and literal and is_credential_name(str(value.get("name") or "")):
        changed["value"] = literal if is_reference(literal) else HIDDEN
    return {**value, **changed} if changed else value


def _cleaned_list(value: list[Any], field: str) -> list[Any]:
    cleaned = [_cleaned(item, field) for item in value]
    if field in {"args", "command"}:
        cleaned = [
            HIDDEN if index and _is_option(value[index - 1]) and _is_literal(item) else item
            for index, item in enumerate(cleaned)
        ]
    same = all(new is old for new, old in zip(cleaned, value, strict=True))
    return value if same else cleaned


def _is_option(text: Any) -> bool:
    return isinstance(text, str) and text.startswith("--") and is_credential_name(text)


def _is_literal(text: Any) -> bool:
    return isinstance(text, str) and not text.startswith("-") and not is_reference(text)
