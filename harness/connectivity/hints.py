"""A missing rule of a NetworkPolicy, as YAML on one line. Pure.

The rule is the narrowest that allows the connection: the labels by which the other workload finds
its own pods, its namespace only when it is another, one port. Where to put it is the caller's word.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.connectivity.peers import NAMESPACE_NAME, Direction
from harness.connectivity.selectors import Labels


def rule_in_words(
    direction: Direction,
    *,
    labels: Labels,
    namespace: str,
    port: int,
    protocols: Sequence[str],
) -> str:
    """Returns e.g. `egress: [{to: [{podSelector: …}], ports: [{protocol: TCP, port: 5432}]}]`."""
    peer = f"podSelector: {_selector(labels)}"
    if namespace:
        peer = f"namespaceSelector: {_selector({NAMESPACE_NAME: namespace})}, {peer}"
    ports = ", ".join(f"{{protocol: {protocol}, port: {port}}}" for protocol in protocols)
    return f"{direction}: [{{{direction.peers_field}: [{{{peer}}}], ports: [{ports}]}}]"


def _selector(labels: Labels) -> str:
    if not labels:
        return "{}"
    return "{matchLabels: {" + ", ".join(f"{key}: {value}" for key, value in labels.items()) + "}}"
