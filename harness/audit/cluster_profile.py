"""What is known of the cluster an audit is made for: nothing, or what a kind cluster has.

Sources: kind's node image brings the class `standard` of local-path-provisioner
(kind `pkg/cluster/nodeimage` and `pkg/build/nodeimage`), and no Ingress controller.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterProfile:
    """What the target holds before anything is deployed; None where nobody knows."""

    name: str = ""
    """E.g. `kind`; empty for an unknown cluster."""
    storage_classes: frozenset[str] | None = None
    ingress_classes: frozenset[str] | None = None
    version: str = "1.34"
    """Kubernetes minor version whose schemas count."""

    @property
    def is_known(self) -> bool:
        """Whether a target was named."""
        return bool(self.name)


UNKNOWN = ClusterProfile()
KIND = ClusterProfile(
    name="kind",
    storage_classes=frozenset({"standard"}),
    ingress_classes=frozenset(),
    version="1.36",
)
PROFILES = {"any": UNKNOWN, "kind": KIND}
