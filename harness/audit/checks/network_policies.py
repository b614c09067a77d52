"""NetworkPolicies that select nobody, or speak of nobody. Pure.

Semantics of networking.k8s.io/v1. A selector that meets nothing is told where all pods of the
namespace are rendered here. Namespaces of other products are not known: a namespaceSelector is
judged only by labels of namespaces that the repository declares or that every cluster has (N02).
What the policies forbid is in `policy_blocks` and `policy_ingress`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from harness.audit.checks import policy_blocks
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.openness import CLUSTER_NAMESPACES
from harness.audit.reading import at, is_placeholder
from harness.audit.scope import Declared, Scope
from harness.audit.selection import Outcome, edit, has_instead, selection
from harness.audit.world import World, world
from harness.connectivity.peers import NAMESPACE_NAME, Direction, Peer, peers, rules
from harness.connectivity.selectors import in_words, requirements, selects
from harness.connectivity.split_peers import SplitPeer, split_peers

if TYPE_CHECKING:  # all_checks imports this module
    from harness.audit.checks.all_checks import ScopeCheck

LABELLED_BY_HAND = frozenset({"name", "namespace"})
"""Keys that many set to the namespace's name, and that no namespace has by itself."""


def policies_select_pods(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the policies whose podSelector no declared pod fulfils."""
    here = world(scope)
    for policy in here.of_kind("NetworkPolicy"):
        selector = at(policy.object, "spec", "podSelector")
        found = selection(here, policy.ref.namespace, selector, policy.ref.name)
        if found.outcome is not Outcome.NOTHING or policy.ref in here.torn:
            continue
        if policy_blocks.is_told(scope, policy.ref, "spec.podSelector"):
            continue
        near = f"{found.near.ref}, whose pods have {has_instead(found)}" if found.near else ""
        yield Fault(
            rule="netpol-selects-nothing",
            object=policy.ref,
            message=f"{policy.ref} is for pods with {in_words(selector)}, and no rendered pod has "
            "these labels",
            expected=f"the labels of {near}" if near else "the labels of the pods that it is for",
            fix=f"set {edit(found)} in spec.podSelector of {policy.ref}"
            if near
            else f"correct spec.podSelector of {policy.ref}, or remove it if its pods are gone",
            field="spec.podSelector",
            source=policy.source.path,
        )


def peers_mean_somebody(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the peers of rules that nothing declared can be."""
    here = world(scope)
    split = tuple(split_peers(here.objects))
    for policy in here.of_kind("NetworkPolicy"):
        if policy.ref in here.torn:
            continue
        apart = [
            s for s in split if s.policy == policy.ref and not here.pods.reason(_space(policy))
        ]
        yield from (_split(policy, each) for each in apart)
        for field, peer in _peers(policy):
            is_apart = any(field == each.field for each in apart)
            if not is_apart and not policy_blocks.is_told(scope, policy.ref, field):
                yield from _of_peer(here, policy, field, peer)


def _space(policy: Declared) -> str:
    return policy.ref.namespace


def _peers(policy: Declared) -> Iterator[tuple[str, Peer]]:
    for direction in Direction:
        for index, rule in enumerate(rules(policy.object, direction)):
            for position, peer in enumerate(peers(rule, direction)):
                yield f"spec.{direction}[{index}].{direction.peers_field}[{position}]", peer


def _of_peer(here: World, policy: Declared, field: str, peer: Peer) -> Iterator[Fault]:
    spaces, pods = peer.get("namespaceSelector"), peer.get("podSelector")
    if spaces is None:
        if pods is not None:
            yield from _pods_fault(here, policy, f"{field}.podSelector", _space(policy), pods)
        return
    yield from _namespace_fault(here, policy, f"{field}.namespaceSelector", spaces)
    named = _names(spaces, {NAMESPACE_NAME})
    if pods is not None and len(named) == 1:
        yield from _pods_fault(here, policy, f"{field}.podSelector", named[0], pods)


def _names(selector: Mapping[str, Any], keys: Iterable[str]) -> tuple[str, ...]:
    """Returns the names that a namespaceSelector asks for; empty where it asks for more."""
    wanted = requirements(selector)
    if len(wanted) != 1 or wanted[0].operator != "In" or wanted[0].key not in keys:
        return ()
    return wanted[0].values


def _pods_fault(
    here: World, policy: Declared, field: str, namespace: str, selector: Mapping[str, Any]
) -> Iterator[Fault]:
    found = selection(here, namespace, selector, policy.ref.name)
    if found.outcome is not Outcome.NOTHING:
        return
    near = f"; {found.near.ref} has {has_instead(found)}" if found.near else ""
    yield Fault(
        rule="netpol-peer-matches-nothing",
        object=policy.ref,
        message=f"{field} of {policy.ref} means pods with {in_words(selector)} in namespace "
        f"{namespace}, and no rendered pod there has these labels",
        expected=f"labels of pods in {namespace}{near}",
        fix=f"set {edit(found)} in {field} of {policy.ref}"
        if near
        else f"correct {field} of {policy.ref}, or remove the peer",
        field=field,
        source=policy.source.path,
    )


def _namespace_fault(
    here: World, policy: Declared, field: str, selector: Mapping[str, Any]
) -> Iterator[Fault]:
    """Yields N02: a namespace is meant by a label that it does not have."""
    labelled: Mapping[str, Mapping[str, str]] = here.memo("namespaces", lambda: _namespaces(here))
    for name in _names(selector, LABELLED_BY_HAND):
        is_known = name in labelled or name in CLUSTER_NAMESPACES
        if not is_known or is_placeholder(name):
            continue
        if any(selects(selector, labels) for labels in labelled.values()):
            continue
        yield Fault(
            rule="netpol-peer-matches-nothing",
            object=policy.ref,
            severity=Severity.DEFECT if name in labelled else Severity.PRECONDITION,
            cause="N02",
            message=f"{field} of {policy.ref} asks for {in_words(selector)}, which namespace "
            f"{name} does not have by itself",
            expected=f"{NAMESPACE_NAME}: {name}, which every namespace has",
            fix=f"write {NAMESPACE_NAME}: {name} in {field} of {policy.ref}",
            field=field,
            value=name,
            source=policy.source.path,
        )


def _namespaces(here: World) -> Mapping[str, Mapping[str, str]]:
    return {each.ref.name: _labels_of(each.object) for each in here.of_kind("Namespace")}


def _labels_of(namespace: Mapping[str, Any]) -> dict[str, str]:
    """Returns the labels of a declared Namespace, with the one that every namespace has."""
    own = at(namespace, "metadata", "labels") or {}
    return {**own, NAMESPACE_NAME: str(at(namespace, "metadata", "name"))}


def _split(policy: Declared, found: SplitPeer) -> Fault:
    return Fault(
        rule="netpol-peer-split",
        object=policy.ref,
        cause="N03",
        message=f"podSelector {found.pods} and namespaceSelector {found.namespaces} are two items "
        f"at {found.field} of {policy.ref}: either is enough, and the podSelector means namespace "
        f"{policy.ref.namespace}, where no pod has these labels",
        expected="one item with both selectors, if both are meant",
        fix=f"remove the second dash at {found.field} of {policy.ref}",
        field=found.field,
        source=policy.source.path,
    )


CHECKS: tuple[ScopeCheck, ...] = (policies_select_pods, peers_mean_somebody)
