"""V03 to V05: the class exists and no volume comes: no provisioner, it fails, or the mode is wrong.

A claim of a class with WaitForFirstConsumer asks for nothing until the scheduler has chosen a node
(annotation `volume.kubernetes.io/selected-node`): V10, no signal. Texts: external-provisioner
library `controller.go`, local-path-provisioner `provisioner.go`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import shorten

from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import PodFact
from harness.diagnosis.rules.storage.claims import (
    Claim,
    Object,
    class_of,
    owner_of,
    pending,
    sufferers,
)
from harness.diagnosis.rules.suffering import live_workloads
from harness.diagnosis.signal import NEVER, T0, Need, Signal, t1, t2
from harness.health.pods import pod_waits_for
from harness.model.refs import ObjectRef

_FAILED = re.compile(
    r'failed to provision volume with StorageClass "([^"]+)":\s*(.*)', re.IGNORECASE | re.DOTALL
)
_MODE = re.compile(
    r"only supports? ReadWriteOnce|NodePath only supports|unsupported access mode", re.IGNORECASE
)
_SELECTED = "volume.kubernetes.io/selected-node"
_LOCAL_PATH = "rancher.io/local-path"
_HOMES = {_LOCAL_PATH: ("local-path-storage", "local-path-provisioner")}
_STARTING = frozenset({"", "ContainerCreating", "PodInitializing"})
_BY_HAND = "kubernetes.io/no-provisioner"


def failures(facts: Facts, claim: Claim) -> list[tuple[str, int, float, float]]:
    """Returns the provisioner's refusals of a claim: text, count, first and last time."""
    return [
        (found.group(2).strip(), e.count, e.first, e.last)
        for e in facts.events(claim.ref, "ProvisioningFailed")
        if (found := _FAILED.search(e.message))
    ]


def provisioning_fails(facts: Facts) -> Iterator[Signal]:
    """Yields V04 for claims whose provisioner tries and fails."""
    for claim in pending(facts):
        found = [f for f in failures(facts, claim) if not _MODE.search(f[0])]
        served = class_of(facts, claim)
        if not found or served is None:
            continue
        root = ObjectRef("StorageClass", "", str(served["metadata"]["name"]))
        yield Signal(
            cause="V04",
            at=claim.ref,
            root=root,
            seen=f"{claim.ref}: provisioner {served.get('provisioner')} fails: "
            f"{shorten(found[-1][0], 200, placeholder=' ...')}",
            expected="a volume, phase Bound",
            fix=_look(facts, served),
            need=t1(3, 120),
            count=sum(f[1] for f in found),
            since=min(f[2] for f in found),
            last=facts.now,
            explains=sufferers(facts, claim.ref),
            rank=20,
        )


def _look(facts: Facts, served: Object) -> str:
    """The one place that says more."""
    provisioner = str(served.get("provisioner"))
    home = _workload(facts, provisioner)
    if home is None:
        return f"Read the log of provisioner {provisioner}"
    return f"Run: kubectl -n {home.namespace} logs {home.kind.lower()}/{home.name}"


def access_mode(facts: Facts) -> Iterator[Signal]:
    """Yields V05 for claims whose access mode the provisioner does not support."""
    for claim in pending(facts):
        modes = [str(m) for m in claim.spec.get("accessModes") or []]
        said = next((f for f in failures(facts, claim) if _MODE.search(f[0])), None)
        served = class_of(facts, claim) or {}
        shared = {"ReadWriteMany", "ReadOnlyMany"} & set(modes)
        if said is None and not (served.get("provisioner") == _LOCAL_PATH and shared):
            continue
        owner, since = owner_of(facts, claim.ref), claim.created or facts.first_seen(claim.ref)
        text = f": {shorten(said[0], 160, placeholder=' ...')}" if said else ""
        yield Signal(
            cause="V05",
            at=claim.ref,
            root=owner.ref,
            field=owner.field("accessModes"),
            seen=f"{claim.ref} asks for {', '.join(modes)}, which provisioner "
            f"{served.get('provisioner', '')} does not support{text}",
            expected="accessModes: [ReadWriteOnce]",
            fix=f"Set {owner.field('accessModes')} of {owner.ref} to [ReadWriteOnce]",
            # Without its word: newer versions can be set up with a shared file system.
            need=T0 if said else t2(90) if _is_asked(claim, served) else NEVER,
            since=since,
            last=facts.now,
            by_text=bool(said),
            explains=sufferers(facts, claim.ref),
            rank=5,
        )


def _is_asked(claim: Claim, served: Object) -> bool:
    """Tells whether a provisioner has anything to do for a claim yet."""
    waits = served.get("volumeBindingMode") == "WaitForFirstConsumer"
    return not waits or _SELECTED in claim.annotations


def nobody_provisions(facts: Facts) -> Iterator[Signal]:
    """Yields V03 for claims that their provisioner leaves waiting."""
    for claim in pending(facts):
        served = class_of(facts, claim)
        if served is None or failures(facts, claim) or not _is_asked(claim, served):
            continue
        if served.get("provisioner") != _BY_HAND:
            yield _unserved(facts, claim, served)


def _unserved(facts: Facts, claim: Claim, served: Object) -> Signal:
    provisioner, name = str(served.get("provisioner")), str(served["metadata"]["name"])
    home = _workload(facts, provisioner)
    state, need = _state(facts, provisioner, home)
    return Signal(
        cause="V03",
        at=claim.ref,
        root=home or ObjectRef("StorageClass", "", name),
        seen=f"{claim.ref} waits for a volume of class {name}; provisioner {provisioner} {state}",
        expected="a ready pod of the provisioner, and a volume within a minute",
        fix=_remedy(facts, provisioner, home),
        need=need,
        # The newest version of the claim: a chosen node is what starts the provisioner's clock.
        since=max(claim.created, facts.seen_at(claim.ref)),
        last=facts.now,
        explains=sufferers(facts, claim.ref),
        rank=30,
    )


def _state(facts: Facts, provisioner: str, home: ObjectRef | None) -> tuple[str, Need]:
    if home is None:
        known = facts.knows("Deployment", _HOMES.get(provisioner, ("", ""))[0])
        absent = provisioner in _HOMES and known
        return ("is not installed", t2(180)) if absent else ("cannot be seen here", t2(300))
    pods = facts.pods_of(home)
    if any(p.ready for p in pods):
        helper = next((p for p in facts.troubled_pods if _is_helper(p, home)), None)
        if helper is not None:
            return f"waits for its pod {helper.ref.name}: {pod_waits_for(helper.object)}", t2(180)
        return "is ready and has not answered", t2(300)
    if not pods:
        return f"has no pod ({home})", t2(180)
    return f"is not ready: {pod_waits_for(pods[0].object)}", _own_cause_first(pods)


def _own_cause_first(pods: list[PodFact]) -> Need:
    """A provisioner with a cause of its own is judged by that cause's rule."""
    own = any(c.waiting not in _STARTING or c.exits > 1 for p in pods for c in p.containers)
    return NEVER if own else t2(180)


def _is_helper(pod: PodFact, home: ObjectRef) -> bool:
    return pod.ref.namespace == home.namespace and pod.ref.name.startswith("helper-pod")


def _workload(facts: Facts, provisioner: str) -> ObjectRef | None:
    """Returns the workload that serves a provisioner's name, as far as it can be seen."""
    name = _HOMES.get(provisioner, ("", provisioner.rpartition("/")[2]))[1]
    return next((w for w in live_workloads(facts) if name in w.name), None)


def _remedy(facts: Facts, provisioner: str, home: ObjectRef | None) -> str:
    if home is None:
        return f"Install the provisioner {provisioner}, or use a class that the cluster serves"
    spec = (facts.find(home) or {}).get("spec") or {}
    where = f"kubectl -n {home.namespace}"
    if spec.get("replicas") == 0:
        return f"Run: {where} scale {home.kind.lower()} {home.name} --replicas=1"
    return f"Run: {where} describe pods, and load the images that its pods wait for"
