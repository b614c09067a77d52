"""H10 and H11: what only StatefulSets do to themselves.

H10: under OrderedReady a pod of an older template that never gets ready is not replaced by the
corrected one (kubernetes#67250): the pod must be deleted. H11: the headless Service that gives the
pods their names is absent. H09, an ordinal that waits for the one before, is a symptom: no signal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.diagnosis.closed_world import absence
from harness.diagnosis.events import epoch
from harness.diagnosis.facts import Appearance, Facts
from harness.diagnosis.pod_facts import ContainerFact, PodFact
from harness.diagnosis.rules.nearest import nearest
from harness.diagnosis.rules.standing import observations
from harness.diagnosis.rules.suffering import concerns
from harness.diagnosis.signal import NEVER, Need, Signal, t1, t2
from harness.manifests.pods import pod_spec
from harness.model.refs import ObjectRef

Object = Mapping[str, Any]
_IMAGE = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"})
_PENDING = frozenset({"", "ContainerCreating", "PodInitializing"})
_UNRESOLVED = (
    r"unknown host|UnknownHost|Name or service not known|no such host|NXDOMAIN|could not translate"
    r"|failure in name resolution|does not resolve|not resolve|ENOTFOUND|lookup"
)
_NOT_RESOLVED = re.compile(_UNRESOLVED, re.IGNORECASE)


def old_pod_blocks(facts: Facts) -> Iterator[Signal]:
    """Yields H10 where a broken pod of an older template keeps a StatefulSet from rolling."""
    for pod in facts.all_pods:
        owner = facts.find(pod.workload) if pod.workload.kind == "StatefulSet" else None
        concerned = owner is not None and concerns(facts, pod.ref.namespace)
        if owner is not None and concerned and _is_pinned(pod, owner):
            trouble = next((t for c in pod.containers if (t := _trouble(c))), "")
            if trouble or pod.phase == "Failed" or _is_unschedulable(pod):
                yield _pinned(facts, pod, owner, trouble or pod.phase)


def _is_pinned(pod: PodFact, owner: Object) -> bool:
    meta, spec = pod.object["metadata"], owner.get("spec") or {}
    newest = str((owner.get("status") or {}).get("updateRevision") or "")
    own = str((meta.get("labels") or {}).get("controller-revision-hash") or "")
    old = bool(newest and own) and own != newest
    ordered = spec.get("podManagementPolicy", "OrderedReady") == "OrderedReady"
    strategy = spec.get("updateStrategy") or {}
    waits = ordered or strategy.get("type") == "OnDelete"
    partition = int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
    kept = _ordinal(pod.ref.name) < partition
    return old and waits and not kept and not pod.ready and not meta.get("deletionTimestamp")


def _ordinal(name: str) -> int:
    last = name.rpartition("-")[2]
    return int(last) if last.isdigit() else 0


def _trouble(container: ContainerFact) -> str:
    """What breaks a container, in a word; a start that only takes its time is no trouble."""
    if container.ready or container.done:
        return ""
    if container.waiting not in _PENDING:
        return container.waiting
    return (
        f"{container.exit_reason}, exit code {container.exit_code}" if container.exits > 1 else ""
    )


def _is_unschedulable(pod: PodFact) -> bool:
    return pod.condition("PodScheduled").get("reason") == "Unschedulable"


def _pinned(facts: Facts, pod: PodFact, owner: Object, trouble: str) -> Signal:
    new = str((owner.get("status") or {}).get("updateRevision"))
    old = str(pod.object["metadata"]["labels"]["controller-revision-hash"])
    # The newest version of the StatefulSet: since then its controller did nothing.
    unready = epoch(pod.condition("Ready").get("lastTransitionTime")) or pod.created
    since = max(unready, facts.seen_at(pod.workload))
    sure = _image_was_changed(pod, owner)
    return Signal(
        cause="H10",
        at=pod.workload,
        root=pod.workload,
        field="spec.template",
        seen=f"pod {pod.ref.name} is still of revision {old} and broken ({trouble}); the "
        f"template's revision is {new}, and {pod.workload} does not replace the pod",
        expected=f"pod {pod.ref.name} of revision {new}",
        fix=f"Run: kubectl -n {pod.ref.namespace} delete pod {pod.ref.name}",
        need=_need(sure=sure),
        count=observations(facts, since),
        since=since,
        symptom=not sure,
        rank=5,
    )


def _need(*, sure: bool) -> Need:
    """An image that the new template changed cannot mend itself; a crash may."""
    return t1(2, 60) if sure else t2(180)


def _image_was_changed(pod: PodFact, owner: Object) -> bool:
    spec = pod_spec({**owner, "kind": "StatefulSet"}) or {}
    images = {
        c.get("name"): c.get("image")
        for group in ("initContainers", "containers")
        for c in spec.get(group) or []
    }
    stuck = [c for c in pod.containers if c.waiting in _IMAGE]
    return any(images.get(c.name) != c.image for c in stuck)


def headless_service_absent(facts: Facts) -> Iterator[Signal]:
    """Yields H11 where a StatefulSet's serviceName names no Service and it is not ready.

    Without a log that shows one of its pod names unresolved it is a mere suspect, told at the
    missing Service so that it hides nothing about the StatefulSet itself.
    """
    for obj in facts.all("StatefulSet"):
        ref, name = ObjectRef.of(obj), str((obj.get("spec") or {}).get("serviceName") or "")
        service = ObjectRef("Service", ref.namespace, name)
        unknown = not facts.knows("Service", ref.namespace) or not facts.in_scope(ref.namespace)
        if not name or unknown or facts.is_ok(ref):
            continue
        appearance = facts.appearance(service)
        if appearance is not Appearance.PRESENT:
            line = _unresolved(facts, ref, service)
            if line or appearance is not Appearance.EXPECTED:
                yield _absent(facts, ref, service, line)


def _unresolved(facts: Facts, ref: ObjectRef, service: ObjectRef) -> str:
    """The log line in which one of the StatefulSet's pod names does not resolve."""
    pod_name = re.compile(rf"\b{re.escape(ref.name)}-\d+\.{re.escape(service.name)}\b")
    for pod in facts.troubled_pods:
        for container in pod.containers:
            for line in facts.any_log(container).splitlines():
                if pod_name.search(line) and _NOT_RESOLVED.search(line):
                    return line.strip()[:160]
    return ""


def _absent(facts: Facts, ref: ObjectRef, service: ObjectRef, line: str) -> Signal:
    existing = [o["metadata"]["name"] for o in facts.all("Service", ref.namespace)]
    like = nearest(service.name, existing)
    since = facts.first_seen(ref)
    shown = f'; a log says: "{line}"' if line else ""
    return Signal(
        cause="H11",
        at=ref if line else service,
        root=ref,
        field="spec.serviceName",
        seen=f"{ref} names the headless Service {service.name}, which does not exist; "
        f"its pods have no DNS names{shown}",
        expected=f"Service {service.namespace}/{service.name} with clusterIP None"
        + (f", or the existing {like}" if like else ""),
        fix=f"Set spec.serviceName of {ref} to {like}"
        if like
        else f"Add a headless Service {service.name} to the overlay",
        need=absence(facts, service, t1(3, 60)) if line else NEVER,
        count=observations(facts, since),
        since=since,
        by_text=bool(line),
        rank=30,
        explains=(ref,),
    )
