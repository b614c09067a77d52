"""Who wrote a field: `metadata.managedFields`, read. Pure.

Each entry names a manager, an operation and a set of fields in the form of structured-merge-diff:
`f:<name>` for a field, `k:{...}` for a list item by its key fields, `v:<value>` for an item of a
set; `.` marks the node itself, and an empty node owns everything below it. Fields that an `Update`
entry owns include defaults that came with the request; those of an `Apply` entry do not (Kubernetes
documentation, "Server-Side Apply"). Nobody owns a field that is gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.drift.fields import Item, Path

ENGINES = ("argocd-controller", "argocd-application-controller", "kustomize-controller")
"""Field managers of GitOps engines."""
APPLIERS = (
    *ENGINES,
    *("helm-controller", "helm", "Helm", "gitops-harness"),
    *("kubectl", "kubectl-client-side-apply", "kubectl-create", "kubectl-replace"),
)
"""Field managers that bring a declaration into a cluster, the most authoritative first."""
HANDS = ("kubectl-", "k9s", "node-fetch", "Mozilla", "dashboard")
"""How the managers of people's tools begin; every verb of kubectl has its own."""
CONTROLLERS = ("kube-controller-manager", "clusterrole-aggregation-controller")
"""Kubernetes' own controllers; what they write is the working of what is declared."""
SCALE, STATUS = "scale", "status"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """One entry of `managedFields`."""

    manager: str
    operation: str
    subresource: str
    time: str
    fields: Mapping[str, Any]

    @property
    def is_engine(self) -> bool:
        """True for a GitOps engine."""
        return self.manager in ENGINES and not self.subresource

    @property
    def is_applier(self) -> bool:
        """True for whoever brings declarations into the cluster."""
        return self.manager in APPLIERS and not self.subresource

    @property
    def is_hand(self) -> bool:
        """True for a tool that people use to change an object."""
        return self.manager.startswith(HANDS) and not self.is_applier and not self.subresource

    @property
    def is_controller(self) -> bool:
        """True for a controller of Kubernetes itself; scaling is told apart."""
        return self.manager in CONTROLLERS and self.subresource != SCALE

    @property
    def how(self) -> str:
        """The operation, with the subresource where it was one."""
        return f"{self.operation} {self.subresource}".strip()


def owners(obj: Mapping[str, Any]) -> tuple[Owner, ...]:
    """Returns the entries of an object, those of its status left out, the latest first."""
    entries = (obj.get("metadata") or {}).get("managedFields") or []
    found = [
        Owner(
            manager=str(entry.get("manager") or ""),
            operation=str(entry.get("operation") or ""),
            subresource=str(entry.get("subresource") or ""),
            time=str(entry.get("time") or ""),
            fields=entry.get("fieldsV1") or {},
        )
        for entry in entries
        if entry.get("subresource") != STATUS
    ]
    return tuple(sorted(found, key=lambda o: o.time, reverse=True))


def owner_of(obj: Mapping[str, Any], path: Path) -> Owner | None:
    """Returns who wrote a field last; None where nobody is known to."""
    return next((owner for owner in owners(obj) if owns(owner, path)), None)


def owns(owner: Owner, path: Path) -> bool:
    """Tells whether an entry covers a field, by itself or as part of what it owns as a whole."""
    node: Any = owner.fields
    for step in path:
        inner = _below(node, step)
        if inner is None:
            return bool(path) and node is not owner.fields and not node
        node = inner
    return bool(path)


def _below(node: Mapping[str, Any], step: str | Item) -> Mapping[str, Any] | None:
    if isinstance(step, str):
        return node.get(f"f:{step}")
    return next((inner for mark, inner in node.items() if names_item(mark, step.value)), None)


def names_item(mark: str, item: Any) -> bool:
    """Tells whether a mark of a set of fields means a list item."""
    sort, _, text = mark.partition(":")
    if sort not in {"k", "v"}:
        return False
    try:
        wanted = json.loads(text)
    except ValueError:
        return False
    if sort == "v":
        return bool(item == wanted)
    return isinstance(item, dict) and all(item.get(k) == v for k, v in wanted.items())


def applying_manager(obj: Mapping[str, Any]) -> str:
    """Returns the declaring manager that applies server-side; empty where none does.

    A dry run in its name shows what it would remove. Where an engine is at work, nobody else
    counts: who has made a namespace for it does not decide what is in it.
    """
    everybody = owners(obj)
    is_engines = any(o.is_engine for o in everybody)
    found = {o.manager for o in everybody if o.operation == "Apply" and o.is_applier}
    return next((name for name in (ENGINES if is_engines else APPLIERS) if name in found), "")


def owned_nodes(
    owner: Owner, obj: Mapping[str, Any], stop: frozenset[str]
) -> Iterator[tuple[Path, Any, bool]]:
    """Yields the fields that an entry owns and the object has, parents first.

    Args:
        owner: The entry.
        obj: The live object.
        stop: Names of fields at the top that are not looked at.

    Yields:
        The path, the value, and whether the node itself is owned, not only something below it.
    """
    for mark, inner in owner.fields.items():
        name = mark.removeprefix("f:")
        if mark.startswith("f:") and name not in stop and name in obj:
            yield from _nodes(inner, obj[name], (name,))


def _nodes(node: Mapping[str, Any], value: Any, path: Path) -> Iterator[tuple[Path, Any, bool]]:
    yield path, value, not node or "." in node
    for mark, inner in node.items():
        if mark.startswith("f:") and isinstance(value, dict):
            name = mark.removeprefix("f:")
            if name in value:
                yield from _nodes(inner, value[name], (*path, name))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if names_item(mark, item):
                    label = _label(mark, item, index)
                    yield from _nodes(inner, item, (*path, Item(label, index, item)))


def _label(mark: str, item: Any, index: int) -> str:
    if not isinstance(item, dict):
        return str(item)
    first = next(iter(json.loads(mark.partition(":")[2]).values()), index)
    return str(item.get("name") or first)
