"""A declared object as it is applied, and any object as it is compared. Pure.

Left out is what only the server writes (`status`, `uid`, versions, creation time) and whatever is
`null`. The `stringData` of a Secret goes into `data`, as the API server does it. For comparing, the
values of a Secret become digests under a key of this run: equal values have equal ones, and no
value is in anything that leaves this room.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from harness.drift.fields import Path

Object = dict[str, Any]
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
RESTARTED = "kubectl.kubernetes.io/restartedAt"
"""What `kubectl rollout restart` leaves; pods are made anew, nothing else changes."""
TRACKING = ("argocd.argoproj.io/tracking-id", "argocd.argoproj.io/installation-id")
INSTANCE = "app.kubernetes.io/instance"
"""Argo CD's tracking label, where it does not track by annotation."""
_OWN_MARKS = frozenset({LAST_APPLIED, RESTARTED, *TRACKING})
_OWN_PREFIXES = (
    *("kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/"),
    *("dev.gitops-harness/", "gitops-harness/"),
)
_SERVER_WRITES = frozenset({
    "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation",
    "managedFields", "resourceVersion", "selfLink", "uid",
})  # fmt: skip
SECRET_FIELDS = frozenset({"data", "stringData"})


def applied_form(declared: Object) -> Object:
    """Returns what is sent to the API server."""
    meta = {k: v for k, v in (declared.get("metadata") or {}).items() if k not in _SERVER_WRITES}
    kept = {k: v for k, v in declared.items() if k != "status"}
    cleaned: Object = without_nulls({**kept, "metadata": meta})
    return _with_data(cleaned) if declared.get("kind") == "Secret" else cleaned


def without_nulls(value: Any) -> Any:
    """Returns a value without the entries of mappings that are null."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def _with_data(secret: Object) -> Object:
    plain = secret.get("stringData")
    if not isinstance(plain, dict):
        return secret
    encoded = {k: base64.b64encode(str(v).encode()).decode() for k, v in plain.items()}
    rest = {k: v for k, v in secret.items() if k != "stringData"}
    return {**rest, "data": {**(secret.get("data") or {}), **encoded}}


def comparable(obj: Object, salt: bytes) -> Object:
    """Returns the part of an object that a declaration can decide, Secret values as digests.

    Args:
        obj: A live object, or the result of a dry run.
        salt: Random per run and kept nowhere.
    """
    meta = {k: v for k, v in (obj.get("metadata") or {}).items() if k not in _SERVER_WRITES}
    kept = {k: v for k, v in obj.items() if k not in {"status", "apiVersion", "kind"}}
    kept["metadata"] = {**meta, **_without_marks(meta)}
    return _sealed(kept, salt) if obj.get("kind") == "Secret" else kept


def _without_marks(meta: Object) -> Object:
    """Returns labels and annotations without tools' notes; none at all is the same as absent."""
    found = {
        field: {k: v for k, v in (meta.get(field) or {}).items() if not _is_mark(k)}
        for field in ("annotations", "labels")
    }
    return {field: entries or None for field, entries in found.items()}


def is_own_mark(path: Path, live: Any, application: str) -> bool:
    """Tells whether a field is an engine's or a tool's note to itself."""
    if len(path) < 3 or path[-2] not in {"annotations", "labels"}:
        return False
    name = str(path[-1])
    is_tracking = name == INSTANCE and application != "" and live == application
    return _is_mark(name) or is_tracking


def _is_mark(name: str) -> bool:
    return name in _OWN_MARKS or name.startswith(_OWN_PREFIXES)


def _sealed(secret: Object, salt: bytes) -> Object:
    sealed = {
        field: {key: _digest(value, salt) for key, value in (secret.get(field) or {}).items()}
        for field in SECRET_FIELDS
        if isinstance(secret.get(field), dict)
    }
    return {**secret, **sealed}


def _digest(value: Any, salt: bytes) -> str:
    return hmac.new(salt, str(value).encode(), hashlib.sha256).hexdigest()


def last_applied(live: Object) -> Object | None:
    """Returns what was applied last, client-side; None where no such note is kept."""
    noted = ((live.get("metadata") or {}).get("annotations") or {}).get(LAST_APPLIED)
    if not isinstance(noted, str):
        return None
    try:
        found = json.loads(noted)
    except ValueError:
        return None
    return applied_form(found) if isinstance(found, dict) else None
