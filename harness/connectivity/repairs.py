"""Where a policy has to change so that it allows a connection, and the one edit that does it. Pure.

The closest rule (`nearness`) says which line lacks one thing: a port, a namespace's label, the
policy's own selector. Where no rule is close the whole rule is missing, and is added as a policy
of its own, so that the one that isolates stays as it is.
"""

from __future__ import annotations

from harness.connectivity.nearness import Lack
from harness.connectivity.peers import Direction
from harness.connectivity.reach import Blocked
from harness.model.refs import ObjectRef


def place(found: Blocked) -> str:
    """Returns the place in the policy that has to change, e.g. `spec.egress[0].ports`."""
    near, direction = found.decision.closest, Direction(found.decision.direction)
    if near.policy != found.policy:
        return f"spec.{direction}"
    rule = f"spec.{direction}[{near.rule}]"
    match near.lack:
        case Lack.PORT | Lack.SERVICE_PORT:
            return f"{rule}.ports"
        case Lack.SUBJECT:
            return "spec.podSelector"
        case Lack.NOTHING:
            return f"spec.{direction}"
        case _:
            return f"{rule}.{direction.peers_field}"


def repair(found: Blocked, policy: ObjectRef, pods: str, labels: str) -> str:
    """Returns the edit that allows the connection.

    Args:
        found: The connection.
        policy: The policy to change.
        pods: Who needs a rule of their own, in words, where none is close.
        labels: The labels by which the other end finds its own pods, in words.
    """
    near, spot = found.decision.closest, f"{place(found)} of {policy}"
    if near.policy != policy:
        return f"add a policy for {pods}: {found.hint}"
    other = found.server if found.decision.direction == Direction.EGRESS else found.client
    edits = {
        Lack.PORT: f"add {{protocol: {found.protocol}, port: {found.port}}} to {spot}",
        Lack.SERVICE_PORT: f"set the port in {spot} to {found.port}: policies see the pods' port",
        Lack.NAMESPACE: f"write kubernetes.io/metadata.name: {other.namespace} as the "
        f"namespaceSelector in {spot}",
        Lack.OWN_NAMESPACE: f"put namespaceSelector and podSelector into one item in {spot}",
        Lack.SUBJECT: f"set {spot} to the labels {found.pods}",
    }
    return edits.get(near.lack, f"let {spot} select {labels}")
