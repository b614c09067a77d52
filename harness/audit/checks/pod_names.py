"""Names of single pods that no StatefulSet has: a wrong ordinal, a wrong governing Service. Pure.

A pod has a name of its own (`kafka-0.kafka-headless`) only below the headless Service that its
StatefulSet names in `spec.serviceName`, and only as many pods have one as there are replicas
(Kubernetes, "StatefulSet", stable network id). Where an autoscaler sets the replicas, or the
StatefulSet is not declared, nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.audit.finding import Fault
from harness.audit.reading import at, text_at, whole
from harness.audit.world import PodTemplate, World
from harness.connectivity.dependencies import Unresolved
from harness.connectivity.services import is_headless
from harness.model.refs import ObjectRef

_POD = re.compile(r"(?P<set>[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)-(?P<ordinal>\d+)\.(?P<service>[^.]+)")


def faults(here: World, found: Unresolved, holder: ObjectRef, field: str) -> Iterator[Fault]:
    """Yields why the name of a pod below a declared Service leads to no pod."""
    named = _POD.match(found.host)
    if named is None or here.pods.reason(found.namespace):
        return
    service = here.inventory.services.get((found.namespace, named["service"]))
    owner = _owner(here, found.namespace, named["set"])
    if service is not None and owner is not None:
        ordinal = int(named["ordinal"][:9])
        why = _wrong_service(service, owner) or _wrong_ordinal(here, owner, ordinal, holder, field)
        if why is not None:
            yield _fault(found, owner, why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why a pod has no such name, and where that is mended."""

    root: ObjectRef
    field: str
    seen: str
    fix: str


def _owner(here: World, namespace: str, name: str) -> PodTemplate | None:
    local = here.pods_in(namespace)
    return next((t for t in local if (t.ref.kind, t.ref.name) == ("StatefulSet", name)), None)


def _wrong_service(service: Mapping[str, Any], owner: PodTemplate) -> Why | None:
    ref, governing = ObjectRef.of(service), text_at(owner.object, "spec", "serviceName")
    if not is_headless(dict(service)):
        return Why(
            root=ref,
            field="spec.clusterIP",
            seen=f"{ref} is not headless, so that pods have no names below it",
            fix=f"set clusterIP: None in a Service that {owner.ref} names in spec.serviceName",
        )
    if governing == ref.name:
        return None
    return Why(
        root=owner.ref,
        field="spec.serviceName",
        seen=f"spec.serviceName of {owner.ref} is {governing or 'not set'}",
        fix=f"set spec.serviceName of {owner.ref} to {ref.name}",
    )


def _wrong_ordinal(
    here: World, owner: PodTemplate, ordinal: int, holder: ObjectRef, field: str
) -> Why | None:
    first = whole(at(owner.object, "spec", "ordinals", "start")) or 0
    replicas = here.replicas(owner)
    if replicas is None or ordinal < first + replicas or _is_scaled(here, owner):
        return None
    return Why(
        root=holder,
        field=field,
        seen=f"{owner.ref} has {replicas} replicas",
        fix=f"name only pods that exist in {field} of {holder}, or raise spec.replicas",
    )


def _is_scaled(here: World, owner: PodTemplate) -> bool:
    """Whether an autoscaler sets the number of replicas."""
    targets = (
        text_at(each.object, "spec", "scaleTargetRef", "name")
        for each in here.declared
        if each.ref.kind in {"HorizontalPodAutoscaler", "ScaledObject"}
    )
    return owner.ref.name in targets


def _fault(found: Unresolved, owner: PodTemplate, why: Why) -> Fault:
    return Fault(
        rule="dependency-not-deployed",
        object=why.root,
        cause="N09",
        message=f"{found.client} needs the host {found.host}, and no pod has this name: {why.seen}",
        expected=f"the name of a pod of {owner.ref} below its headless Service",
        fix=why.fix,
        field=why.field,
        value=found.host,
        source=owner.declared.source.path,
    )
