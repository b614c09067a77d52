"""Names of single pods that no StatefulSet has: a wrong ordinal, a wrong governing Service. Pure.

A pod has a name of its own (`kafka-0.kafka-headless`) only below the headless Service that its
StatefulSet names in `spec.serviceName`, and only as many pods have one as there are replicas
(Kubernetes, "StatefulSet", stable network id). Where an autoscaler sets the replicas, or the
StatefulSet is not declared, nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.audit.finding import Fault
from harness.audit.reading import at, text_at
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
    owner = next(
        (
            t
            for t in here.pods_in(found.namespace)
            if t.ref.kind == "StatefulSet" and t.ref.name == named["set"]
        ),
        None,
    )
    if service is None or owner is None:
        return
    governing = text_at(owner.object, "spec", "serviceName")
    ref = ObjectRef.of(service)
    if not is_headless(service):
        yield _fault(
            found,
            owner,
            ref,
            "spec.clusterIP",
            f"{ref} is not headless, so that pods have no names below it",
            f"set clusterIP: None in a Service that {owner.ref} names in spec.serviceName",
        )
    elif governing != ref.name:
        yield _fault(
            found,
            owner,
            owner.ref,
            "spec.serviceName",
            f"spec.serviceName of {owner.ref} is {governing or 'not set'}",
            f"set spec.serviceName of {owner.ref} to {ref.name}",
        )
    elif int(named["ordinal"]) >= _first(owner) + (owner.replicas or 1) and not _is_scaled(
        here, owner
    ):
        yield _fault(
            found,
            owner,
            holder,
            field,
            f"{owner.ref} has {owner.replicas or 1} replicas",
            f"name only pods that exist in {field} of {holder}, or raise spec.replicas",
        )


def _first(owner: PodTemplate) -> int:
    return int(at(owner.object, "spec", "ordinals", "start") or 0)


def _is_scaled(here: World, owner: PodTemplate) -> bool:
    """Whether an autoscaler sets the number of replicas."""
    targets = (
        text_at(each.object, "spec", "scaleTargetRef", "name")
        for each in here.declared
        if each.ref.kind in {"HorizontalPodAutoscaler", "ScaledObject"}
    )
    return owner.ref.name in targets


def _fault(
    found: Unresolved, owner: PodTemplate, root: ObjectRef, field: str, why: str, fix: str
) -> Fault:
    return Fault(
        rule="dependency-not-deployed",
        object=root,
        cause="N09",
        message=f"{found.client} needs the host {found.host}, and no pod has this name: {why}",
        expected=f"the name of a pod of {owner.ref} below its headless Service",
        fix=fix,
        field=field,
        value=found.host,
        source=owner.declared.source.path,
    )
