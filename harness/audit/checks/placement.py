"""Pods that a kind cluster's nodes cannot take: labels, zones, a node of their own for each. Pure.

Judged only for kind, whose nodes are known: what the repository's own kind configuration declares,
else one node. Labels of kind nodes: kubeadm's and the well-known ones of every node; no zones, no
clouds' labels (kind `pkg/cluster/internal/create/actions/config`). Causes H02 and H03.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.audit.checks.scalers import scaler_of
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.reading import at, entries, group_of, is_placeholder, items, mapping, text, texts
from harness.audit.scope import Scope
from harness.audit.world import PodTemplate, world
from harness.connectivity.selectors import selects

if TYPE_CHECKING:  # all_checks imports this module
    from harness.audit.checks.all_checks import ScopeCheck

HOSTNAME = "kubernetes.io/hostname"
EVERY_NODE: Mapping[str, frozenset[str]] = {
    "kubernetes.io/os": frozenset({"linux"}),
    "beta.kubernetes.io/os": frozenset({"linux"}),
    "node-role.kubernetes.io/control-plane": frozenset({""}),
    "node.kubernetes.io/exclude-from-external-load-balancers": frozenset({""}),
}
"""Labels of kind's nodes with their values."""
UNKNOWN_VALUES = frozenset({"kubernetes.io/arch", "beta.kubernetes.io/arch", HOSTNAME})
"""Labels of every node whose values are not known here."""
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """The nodes that take ordinary pods."""

    count: int
    labels: frozenset[str]
    """Keys that the kind configuration adds."""
    is_declared: bool
    """Whether the repository has a kind configuration."""


def nodes_of(scope: Scope) -> Nodes:
    """Returns the nodes of the first kind configuration in the repository, else one."""
    for documents in scope.tree.documents.values():
        for each in documents:
            if each.get("kind") == "Cluster" and group_of(each) == "kind.x-k8s.io":
                return _declared(each)
    return Nodes(count=1, labels=frozenset(), is_declared=False)


def _declared(cluster: Any) -> Nodes:
    listed = entries(cluster.get("nodes"))
    workers = [node for node in listed if node.get("role") == "worker"]
    keys = {str(key) for node in listed for key in mapping(node.get("labels"))}
    return Nodes(
        count=len(workers) or max(1, len(listed)), labels=frozenset(keys), is_declared=True
    )


def node_labels_exist(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the pods that want a label which no node of kind has."""
    if scope.profile.name != "kind":
        return
    nodes = nodes_of(scope)
    for template in world(scope).templates:
        wanted = next(_wanted(template, nodes), None)
        if wanted is not None:
            yield _no_label(template, *wanted)


def _wanted(template: PodTemplate, nodes: Nodes) -> Iterator[tuple[str, str, str]]:
    for key, value in mapping(template.spec.get("nodeSelector")).items():
        if not _has(nodes, key, (text(value),)):
            yield f"nodeSelector.{key}", key, text(value)
    terms = items(at(template.spec, "affinity", "nodeAffinity", _REQUIRED, "nodeSelectorTerms"))
    wanted = [term for term in terms if isinstance(term, dict)]
    missing = [unmet for term in wanted if (unmet := _unmet(term, nodes)) is not None]
    if missing and len(missing) == len(wanted):
        yield f"affinity.nodeAffinity.{_REQUIRED}", *missing[0]
    for position, each in enumerate(entries(template.spec.get("topologySpreadConstraints"))):
        key = text(each.get("topologyKey"))
        strict = text(each.get("whenUnsatisfiable")) in {"", "DoNotSchedule"}
        if strict and key and not _has(nodes, key, ()):
            yield f"topologySpreadConstraints[{position}].topologyKey", key, ""


def _unmet(term: Mapping[str, Any], nodes: Nodes) -> tuple[str, str] | None:
    for each in entries(term.get("matchExpressions")):
        key, values = text(each.get("key")), texts(each.get("values"))
        if each.get("operator") in {"In", "Exists"} and not _has(nodes, key, values):
            return key, ", ".join(values)
    return None


def _has(nodes: Nodes, key: str, values: tuple[str, ...]) -> bool:
    """Whether a node may have one of the values; no values stand for any."""
    if key in nodes.labels or key in UNKNOWN_VALUES or any(map(is_placeholder, (key, *values))):
        return True
    known = EVERY_NODE.get(key)
    return known is not None and (not values or bool(known & set(values)))


def _no_label(template: PodTemplate, field: str, key: str, value: str) -> Fault:
    place = f"{template.prefix}.{field}"
    wish = f"{key}={value}" if value else f"a label {key}"
    return Fault(
        rule="node-label-missing",
        object=template.ref,
        cause="H02",
        message=f"the pods of {template.ref} want a node with {wish}, and nodes of kind have none",
        expected="labels that kind's nodes have, or that the kind configuration gives them",
        fix=f"remove {place} in the overlay for kind, or label the nodes in the kind configuration",
        field=place,
        value=value or key,
        source=template.declared.source.path,
    )


def pods_find_nodes(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the workloads whose pods each want a node of their own, where there are fewer."""
    if scope.profile.name != "kind":
        return
    here, nodes = world(scope), nodes_of(scope)
    for template in here.templates:
        scaler = scaler_of(here, template)
        replicas = (scaler.least if scaler else template.replicas) or 1
        reason = _own_node(template) if replicas > nodes.count else ""
        if reason:
            yield _crowded(template, reason, replicas, nodes)


def _own_node(template: PodTemplate) -> str:
    """Returns the field by which each pod wants a node of its own; empty for none."""
    terms = entries(at(template.spec, "affinity", "podAntiAffinity", _REQUIRED))
    for term in terms:
        is_host = text(term.get("topologyKey")) == HOSTNAME
        if is_host and selects(term.get("labelSelector"), template.labels):
            return f"affinity.podAntiAffinity.{_REQUIRED}"
    for container in entries(template.spec.get("containers")):
        if any(port.get("hostPort") for port in entries(container.get("ports"))):
            return f"containers[{text(container.get('name'))}].ports"
    return ""


def _crowded(template: PodTemplate, field: str, replicas: int, nodes: Nodes) -> Fault:
    place = f"{template.prefix}.{field}"
    is_port = field.endswith(".ports")
    has = f"the kind configuration has {nodes.count}" if nodes.is_declared else "kind has one"
    return Fault(
        rule="pods-cannot-spread",
        object=template.ref,
        severity=Severity.MISMATCH if nodes.is_declared else Severity.NOTE,
        cause="H03" if is_port else "H02",
        message=f"{template.ref} runs {replicas} pods, each on a node of its own ({place}), and "
        f"{has} for them",
        expected=f"at most {nodes.count} replicas, or no such rule in the overlay for kind",
        fix=f"remove {place} in the overlay for kind, or set spec.replicas to {nodes.count}",
        field=place,
        source=template.declared.source.path,
    )


CHECKS: tuple[ScopeCheck, ...] = (node_labels_exist, pods_find_nodes)
