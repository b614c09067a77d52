"""The variables of a container with their values, from the given objects alone. Pure.

Order and expansion are the kubelet's: `envFrom` first, then `env`, where `$(NAME)` takes variables
set before it and `$$` escapes. Values that only a running pod or an absent object knows are left
out. What comes from a Secret is marked, and replaces `$(NAME)` only if its name promises a host or
port.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.connectivity.inventory import Inventory, Workload
from harness.connectivity.variable_names import normal, says_host
from harness.model.refs import ObjectRef

_REFERENCE = re.compile(r"\$(?P<escaped>\$)|\$\((?P<name>[^()\s]+)\)")
_LABEL = re.compile(r"metadata\.labels\['(?P<key>[^']+)'\]")
_POD_INDEX = "apps.kubernetes.io/pod-index"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One variable of a container whose value is known."""

    name: str
    value: str = field(repr=False)
    source: str
    """`containers[order].env[DB_HOST]` or `ConfigMap ns/name data[K]`, below the pod spec."""
    is_secret: bool = False
    """Whether the value comes from a Secret."""
    key: str = ""
    """The key in the ConfigMap or Secret."""

    @property
    def may_be_shown(self) -> bool:
        """Whether the value may become part of another value."""
        return not self.is_secret or says_host(self.name) or normal(self.name).endswith("PORT")


def variables(
    container: Mapping[str, Any], place: str, workload: Workload, inventory: Inventory
) -> dict[str, Variable]:
    """Returns the variables of a container by name; `place` is its path below the pod spec."""
    found: dict[str, Variable] = {}
    for source in container.get("envFrom") or []:
        prefix = str(source.get("prefix") or "")
        for kind, field_name in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            name = str((source.get(field_name) or {}).get("name") or "")
            for variable in _of_object(kind, name, workload, inventory):
                whole = f"{prefix}{variable.key}"
                found[whole] = _renamed(variable, whole)
    for entry in container.get("env") or []:
        variable_found = _of_entry(entry, place, found, workload, inventory)
        if variable_found is not None:
            found[variable_found.name] = variable_found
        else:
            found.pop(str(entry.get("name")), None)
    return found


def expand(text: str, known: Mapping[str, str]) -> str:
    """Returns the text with `$(NAME)` replaced where the value is known, as the kubelet does."""

    def value(found: re.Match[str]) -> str:
        return "$" if found["escaped"] else known.get(found["name"], found[0])

    return _REFERENCE.sub(value, text)


def shown(found: Mapping[str, Variable]) -> dict[str, str]:
    """Returns the values that may become part of other values."""
    return {name: each.value for name, each in found.items() if each.may_be_shown}


def _of_entry(
    entry: Mapping[str, Any],
    place: str,
    known: Mapping[str, Variable],
    workload: Workload,
    inventory: Inventory,
) -> Variable | None:
    name, source = str(entry.get("name") or ""), entry.get("valueFrom") or {}
    here = f"{place}.env[{name}]"
    for kind, field_name in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
        ref = source.get(field_name)
        if ref:
            key = str(ref.get("key"))
            values = _of_object(kind, str(ref.get("name")), workload, inventory)
            return next((_renamed(v, name) for v in values if v.key == key), None)
    if source:
        text = _field_value(str((source.get("fieldRef") or {}).get("fieldPath")), workload)
        return None if text is None else Variable(name=name, value=text, source=here)
    value = str(entry.get("value") if entry.get("value") is not None else "")
    return Variable(name=name, value=expand(value, shown(known)), source=here)


def _renamed(variable: Variable, name: str) -> Variable:
    return Variable(
        name=name,
        value=variable.value,
        source=variable.source,
        is_secret=variable.is_secret,
        key=variable.key,
    )


def _of_object(
    kind: str, name: str, workload: Workload, inventory: Inventory
) -> Iterator[Variable]:
    """Yields every key of a ConfigMap or Secret as a variable."""
    space = workload.ref.namespace
    is_secret = kind == "Secret"
    obj = (inventory.secrets if is_secret else inventory.config_maps).get((space, name))
    if obj is None:
        return
    ref = ObjectRef(kind, space, name)
    for key, value in (secret_values(obj) if is_secret else data_of(obj)).items():
        yield Variable(
            name=key, value=value, source=source_of(ref, key), is_secret=is_secret, key=key
        )


def source_of(ref: ObjectRef, key: str) -> str:
    """Returns how the place of a ConfigMap's or Secret's value is written."""
    return f"{ref} data[{key}]"


def data_of(config_map: Mapping[str, Any]) -> dict[str, str]:
    """Returns the text values of a ConfigMap."""
    return {str(key): str(value) for key, value in (config_map.get("data") or {}).items()}


def secret_values(secret: Mapping[str, Any]) -> dict[str, str]:
    """Returns the values of a declared Secret; a live one as the harness keeps it has none."""
    decoded = {str(k): _decoded(v) for k, v in (secret.get("data") or {}).items()}
    plain = {str(k): str(v) for k, v in (secret.get("stringData") or {}).items()}
    return {key: value for key, value in {**decoded, **plain}.items() if value}


def _decoded(value: object) -> str:
    try:
        return base64.b64decode(str(value or ""), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _field_value(path: str, workload: Workload) -> str | None:
    """Returns what a fieldRef yields in the workload's first pod, None if only a pod knows."""
    label = _LABEL.fullmatch(path)
    is_ordered = workload.ref.kind == "StatefulSet"
    if label and label["key"] == _POD_INDEX and is_ordered:
        return str(workload.first_ordinal)
    if label:
        return workload.labels.get(label["key"])
    match path, workload.ref.kind:
        case "metadata.namespace", _:
            return workload.ref.namespace
        case "metadata.name", "StatefulSet":
            return f"{workload.ref.name}-{workload.first_ordinal}"
        case "metadata.name", "Pod":
            return workload.ref.name
        case _:
            return None
