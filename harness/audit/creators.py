"""In which namespaces an account may create Secrets or ConfigMaps as it likes. Pure.

Operators make their certificates and settings in the namespace where they run themselves, so only
bindings that hold in the account's own namespace count. A rule with `resourceNames` cannot allow
`create` (RBAC documentation); `admin`, `edit` and `cluster-admin` allow it everywhere they hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from harness.audit.reading import (
    entries,
    group_of,
    items,
    mapping,
    metadata,
    text,
    text_at,
    texts,
)

Object = dict[str, Any]
Role = tuple[str, str, str]
"""Kind, namespace and name."""
_GROUP = "rbac.authorization.k8s.io"
_KINDS = {"secrets": "Secret", "configmaps": "ConfigMap"}
_MIGHTY = frozenset({"admin", "cluster-admin", "edit"})


def creators(objects: Sequence[Object]) -> frozenset[tuple[str, str]]:
    """Returns kind and namespace of everything that an account may create beside itself."""
    rbac = [obj for obj in objects if group_of(obj) == _GROUP]
    allowed = {_key(o): frozenset(_creates(entries(o.get("rules")))) for o in rbac}
    return frozenset(
        (kind, space)
        for binding in rbac
        for kind in _of_role(binding, allowed)
        for space in _spaces(binding)
    )


def _key(obj: Object) -> Role:
    kind, meta = text(obj.get("kind")), metadata(obj)
    space = text(meta.get("namespace")) if kind == "Role" else ""
    return kind, space, text(meta.get("name"))


def _creates(rules: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for rule in rules:
        if rule.get("resourceNames") or not {"create", "*"} & set(texts(rule.get("verbs"))):
            continue
        if {"", "*"} & {str(group) for group in items(rule.get("apiGroups"))}:
            resources = texts(rule.get("resources"))
            yield from _KINDS.values() if "*" in resources else _named(resources)


def _named(resources: Iterable[str]) -> Iterator[str]:
    yield from (_KINDS[each] for each in resources if each in _KINDS)


def _of_role(binding: Object, allowed: Mapping[Role, frozenset[str]]) -> frozenset[str]:
    role = mapping(binding.get("roleRef"))
    kind, name = text(role.get("kind")), text(role.get("name"))
    if kind == "ClusterRole" and name in _MIGHTY:
        return frozenset(_KINDS.values())
    space = text_at(binding, "metadata", "namespace") if kind == "Role" else ""
    return allowed.get((kind, space, name), frozenset())


def _spaces(binding: Object) -> Iterator[str]:
    """Yields the namespaces of the accounts in which the binding holds."""
    own = text_at(binding, "metadata", "namespace")
    is_wide = text(binding.get("kind")) == "ClusterRoleBinding"
    for subject in entries(binding.get("subjects")):
        if text(subject.get("kind")) == "ServiceAccount":
            space = text(subject.get("namespace")) or own
            if is_wide or space == own:
                yield space
