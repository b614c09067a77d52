"""Rules whose peers were probably meant as one item and were written as two (N03). Pure, advisory.

`- podSelector` followed by `- namespaceSelector` means either, not both: the namespaces are open as
a whole, and the podSelector means the policy's own namespace. This is sometimes intended, so it is
told only when the podSelector selects no pod of the policy's own namespace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness.connectivity.inventory import Inventory
from harness.connectivity.peers import Direction, Peer, peers, rules
from harness.connectivity.selectors import in_words, requirements, selects
from harness.manifests.pods import Object
from harness.model.refs import ObjectRef


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitPeer:
    """Two neighbouring peers of a rule that look like one."""

    policy: ObjectRef
    field: str
    """Path in the policy, e.g. `spec.egress[0].to[0]`."""
    pods: str
    """The podSelector in words."""
    namespaces: str
    """The namespaceSelector in words."""


def split_peers(objects: Iterable[Object]) -> tuple[SplitPeer, ...]:
    """Returns the rules that open whole namespaces beside a podSelector that selects nobody."""
    inventory = Inventory.of(objects)
    return tuple(
        found
        for policy in inventory.policies
        for direction in Direction
        for index, rule in enumerate(rules(policy, direction))
        for found in _of_peers(
            ObjectRef.of(policy),
            f"spec.{direction}[{index}].{direction.peers_field}",
            peers(rule, direction),
            inventory,
        )
    )


def _of_peers(
    policy: ObjectRef, field: str, listed: Sequence[Peer], inventory: Inventory
) -> Iterator[SplitPeer]:
    for index, pair in enumerate(pairwise(listed)):
        pods = [p["podSelector"] for p in pair if set(_given(p)) == {"podSelector"}]
        spaces = [p["namespaceSelector"] for p in pair if set(_given(p)) == {"namespaceSelector"}]
        if pods and spaces and requirements(pods[0]) and not _is_used(policy, pods[0], inventory):
            yield SplitPeer(
                policy=policy,
                field=f"{field}[{index}]",
                pods=in_words(pods[0]),
                namespaces=in_words(spaces[0]),
            )


def _given(peer: Peer) -> list[str]:
    return [field for field, value in peer.items() if value is not None]


def _is_used(policy: ObjectRef, selector: Peer, inventory: Inventory) -> bool:
    return any(
        each.ref.namespace == policy.namespace and selects(selector, each.labels)
        for each in inventory.workloads
    )
