"""Which differences are no drift, by who owns the field. Pure.

Replicas belong to an autoscaler that targets the workload, once it has written them through the
scale subresource. What Kubernetes' own controllers wrote is the working of the declaration
(aggregated ClusterRoles). What nobody declares and neither a person nor whoever applies has
written is a controller's, also inside a list that is applied as a whole (the template that Argo
CD writes into the generators of an ApplicationSet). A CA bundle that no person wrote was injected
(cert-manager, OpenShift).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from harness.drift.fields import ABSENT, Difference, Path
from harness.drift.ownership import SCALE, Owner, owners, owns
from harness.model.refs import ObjectRef

REPLICAS: Path = ("spec", "replicas")
CA_BUNDLE = "caBundle"


def is_autoscaled(
    ref: ObjectRef, live: Mapping[str, Any], autoscalers: Iterable[Mapping[str, Any]]
) -> bool:
    """Tells whether an autoscaler targets a workload and its replicas were set by scaling."""
    if not any(_targets(each, ref) for each in autoscalers):
        return False
    return any(o.subresource == SCALE and owns(o, REPLICAS) for o in owners(live))


def _targets(autoscaler: Mapping[str, Any], ref: ObjectRef) -> bool:
    place = (autoscaler.get("metadata") or {}).get("namespace")
    target = (autoscaler.get("spec") or {}).get("scaleTargetRef") or {}
    return (target.get("kind"), place, target.get("name")) == (ref.kind, ref.namespace, ref.name)


def is_excused(found: Difference, owner: Owner | None, *, autoscaled: bool) -> bool:
    """Tells whether a difference is the working of what is declared.

    Args:
        found: The difference.
        owner: Who wrote the live value last.
        autoscaled: Whether an autoscaler owns the object's replicas.
    """
    if found.path == REPLICAS and autoscaled:
        return True
    if found.declared is ABSENT or found.path[-1] == CA_BUNDLE:
        return owner is None or not (owner.is_hand or owner.is_applier)
    return owner is not None and owner.is_controller
