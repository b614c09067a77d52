"""Pods that a ResourceQuota or LimitRange of their namespace refuses (H04). Pure.

A quota on cpu or memory refuses pods whose containers do not say how much they take, unless a
LimitRange gives defaults (API server admission `resourcequota`, `limitranger`; a limit is also the
default of its request). Quotas with scopes, Jobs and DaemonSets are not added up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from harness.audit.amounts import amount
from harness.audit.checks.pod_users import PodUser, pod_users
from harness.audit.finding import Fault, NotJudged
from harness.audit.pods import containers
from harness.audit.reading import at, entries, mapping, text, text_at, whole
from harness.audit.scope import Declared, Scope
from harness.diagnosis.rules.quantities import in_words

ASKED = {
    "cpu": ("requests", "cpu"),
    "memory": ("requests", "memory"),
    "requests.cpu": ("requests", "cpu"),
    "requests.memory": ("requests", "memory"),
    "limits.cpu": ("limits", "cpu"),
    "limits.memory": ("limits", "memory"),
}
REPLICATED = frozenset({"Deployment", "StatefulSet"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What the LimitRanges of a namespace give to containers that say nothing."""

    given: frozenset[tuple[str, str]]
    """`requests` or `limits`, and the resource."""

    @classmethod
    def of(cls, scope: Scope, namespace: str) -> Defaults:
        """Returns the defaults of a namespace."""
        found = set()
        for item in container_ranges(scope, namespace):
            for words, kinds in (
                ("default", ("limits", "requests")),
                ("max", ("limits", "requests")),
                ("defaultRequest", ("requests",)),
            ):
                found |= {(kind, r) for r in mapping(item.get(words)) for kind in kinds}
        return cls(given=frozenset(found))


def container_ranges(scope: Scope, namespace: str) -> Iterator[Mapping[str, Any]]:
    """Yields the limits for containers of a namespace's LimitRanges."""
    for declared in scope.of_kind("LimitRange"):
        if declared.ref.namespace in {"", namespace}:
            for item in entries(at(declared.object, "spec", "limits")):
                if text(item.get("type")) == "Container":
                    yield item


def quota_demands(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `quota-demands-resources` for containers that do not say what a quota counts."""
    users = list(pod_users(scope))
    for quota, hard in _quotas(scope):
        if scope.is_open(quota.ref.namespace):
            continue
        defaults = Defaults.of(scope, quota.ref.namespace)
        wanted = {ASKED[key]: key for key in hard if key in ASKED}
        needed = {w: key for w, key in wanted.items() if w not in defaults.given}
        for user in users:
            if _counts(quota, user):
                yield from _silent_containers(user, quota, needed)


def _counts(quota: Declared, user: PodUser) -> bool:
    """Tells whether a quota surely counts a workload: two roots without engine may be rivals."""
    one, other = quota.source, user.declared.source
    is_together = one.path == other.path or bool(one.deployer and other.deployer)
    return is_together and user.ref.namespace == quota.ref.namespace


def _quotas(scope: Scope) -> Iterator[tuple[Declared, Mapping[str, Any]]]:
    for declared in scope.of_kind("ResourceQuota"):
        spec = mapping(declared.object.get("spec"))
        if declared.ref.namespace and not spec.get("scopes") and not spec.get("scopeSelector"):
            yield declared, mapping(spec.get("hard"))


def _silent_containers(
    user: PodUser, quota: Declared, needed: Mapping[tuple[str, str], str]
) -> Iterator[Fault]:
    if mapping(user.spec.get("resources")):
        return
    for place, container in containers(user.spec):
        resources = mapping(container.get("resources"))
        lacking = [key for path, key in needed.items() if not _says(resources, *path)]
        if lacking:
            yield Fault(
                rule="quota-demands-resources",
                object=user.ref,
                message=f"{place} of {user.ref} does not set {', '.join(sorted(lacking))}, which "
                f"{quota.ref} counts, so no pod is created",
                expected=f"{', '.join(sorted(lacking))} set, or a LimitRange with defaults",
                fix=f"Set {user.field(f'{place}.resources')} of {user.ref}",
                cause="H04",
                field=user.field(f"{place}.resources"),
                source=user.declared.source.path,
            )


def _says(resources: Mapping[str, Any], kind: str, resource: str) -> bool:
    limits = mapping(resources.get("limits"))
    own = mapping(resources.get(kind))
    return resource in own or (kind == "requests" and resource in limits)


def quota_sums(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `quota-exceeded` where the declared replicas together ask for more than a quota."""
    users = list(pod_users(scope))
    for quota, hard in _quotas(scope):
        mine = list({u.ref: u for u in users if _counts(quota, u)}.values())
        for key, most in hard.items():
            total, given = _total(mine, str(key)), amount(most)
            if total is not None and given is not None and total > given:
                yield _exceeded(quota, str(key), total, most)


def _total(users: list[PodUser], key: str) -> Decimal | None:
    """Returns what all replicas ask for; None for what is not added up here."""
    if key == "pods":
        return sum((_replicas(u) for u in users), Decimal(0))
    if key not in ASKED:
        return None
    found = (_replicas(u) * _of_pod(u, *ASKED[key]) for u in users)
    return sum(found, Decimal(0))


def _replicas(user: PodUser) -> Decimal:
    if user.ref.kind not in REPLICATED:
        return Decimal(0)
    number = whole(at(user.declared.object, "spec", "replicas"))
    return Decimal(1 if number is None else number)


def _of_pod(user: PodUser, kind: str, resource: str) -> Decimal:
    total = Decimal(0)
    for place, container in containers(user.spec):
        if place.startswith("containers["):
            found = at(container, "resources", kind, resource)
            if found is None and kind == "requests":
                found = at(container, "resources", "limits", resource)
            total += amount(found) or 0
    return total


def _exceeded(quota: Declared, key: str, total: Decimal, most: Any) -> Fault:
    resource = key.rpartition(".")[2]
    return Fault(
        rule="quota-exceeded",
        object=quota.ref,
        message=f"the workloads of namespace {quota.ref.namespace} ask for "
        f"{in_words(resource, total)} {key} together, and {quota.ref} allows {text(most)}",
        expected=f"at least {in_words(resource, total)}, and room for one more pod of a rollout",
        fix=f"Raise spec.hard[{key}] of {quota.ref}, or lower requests or replicas",
        cause="H04",
        field=f"spec.hard[{key}]",
        source=quota.source.path,
    )


def limit_ranges(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `limitrange-forbids` for containers outside of a LimitRange's bounds."""
    for user in pod_users(scope):
        if not user.ref.namespace:
            continue
        for item in container_ranges(scope, user.ref.namespace):
            for place, container in containers(user.spec):
                yield from _outside(user, place, container, item)


def _outside(
    user: PodUser, place: str, container: Mapping[str, Any], item: Mapping[str, Any]
) -> Iterator[Fault]:
    for kind, bound, sign in (
        ("limits", "max", 1),
        ("requests", "max", 1),
        ("requests", "min", -1),
    ):
        for resource, edge in mapping(item.get(bound)).items():
            written = text_at(container, "resources", kind, str(resource))
            value, most = amount(written), amount(edge)
            if value is not None and most is not None and (value - most) * sign > 0:
                field = user.field(f"{place}.resources.{kind}.{resource}")
                yield Fault(
                    rule="limitrange-forbids",
                    object=user.ref,
                    message=f"{place} of {user.ref} has {kind}.{resource} {written}, and a "
                    f"LimitRange of the namespace sets {bound} {text(edge)}",
                    expected=f"{'at most' if sign > 0 else 'at least'} {text(edge)}",
                    fix=f"Set {field} to {text(edge)}, or change the LimitRange",
                    cause="H04",
                    field=field,
                    value=written,
                    source=user.declared.source.path,
                )


CHECKS: tuple[Callable[[Scope], Iterator[Fault | NotJudged]], ...] = (
    quota_demands,
    quota_sums,
    limit_ranges,
)
