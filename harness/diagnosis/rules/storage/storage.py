"""The storage phase: claims that no class, provisioner or volume serves, and pods that wait.

This module judges the class a claim asks for (V01, V02) and lost volumes (V08); `provisioning` has
V03 to V05, `mounting` V06, V07, V09. A claim that waits for its first consumer (V10), a binding
race (V11) and the ownership of kind's volumes (V12) give no signal. Objects decide, events count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from harness.diagnosis.closed_world import absence
from harness.diagnosis.facts import Appearance, Facts
from harness.diagnosis.rules.nearest import listed, nearest
from harness.diagnosis.rules.standing import observations
from harness.diagnosis.rules.storage.claims import (
    Claim,
    claims,
    defaults,
    is_default,
    owner_of,
    pending,
    sufferers,
)
from harness.diagnosis.rules.storage.mounting import claim_missing, multi_attach, wrong_node
from harness.diagnosis.rules.storage.provisioning import (
    access_mode,
    nobody_provisions,
    provisioning_fails,
)
from harness.diagnosis.signal import T0, Need, Signal, t1
from harness.model.refs import ObjectRef

_NO_CLASS = re.compile(r'storageclass\.storage\.k8s\.io "([^"]+)" not found', re.IGNORECASE)
OPEN_WORLD = t1(3, 60)
DEFAULT = ObjectRef("StorageClass", "", "(default)")


def class_missing(facts: Facts) -> Iterator[Signal]:
    """Yields V01 for claims that ask for a StorageClass that does not exist."""
    asking: dict[str, list[Claim]] = {}
    for claim in pending(facts):
        if claim.wish and _lacks_class(facts, claim, claim.wish):
            asking.setdefault(claim.wish, []).append(claim)
    for name, found in asking.items():
        for claim in found:
            yield _no_class(facts, claim, name, found)


def _lacks_class(facts: Facts, claim: Claim, name: str) -> bool:
    """A class may be a mere word that pairs claims with volumes made by hand."""
    if facts.appearance(ObjectRef("StorageClass", "", name)) is Appearance.PRESENT:
        return False
    told = any(_NO_CLASS.search(e.message) for e in facts.events(claim.ref, "ProvisioningFailed"))
    return (facts.knows("StorageClass") or told) and not _volumes(facts, name)


def _volumes(facts: Facts, class_name: str) -> list[object]:
    """The volumes, live or declared, that carry a class's name."""
    known = [*facts.all("PersistentVolume"), *(d.object for d in facts.header.declared)]
    return [
        o
        for o in known
        if o.get("kind") == "PersistentVolume"
        and str((o.get("spec") or {}).get("storageClassName") or "") == class_name
        and ((o.get("status") or {}).get("phase") or "Available") == "Available"
    ]


def _no_class(facts: Facts, claim: Claim, name: str, asking: Sequence[Claim]) -> Signal:
    root = ObjectRef("StorageClass", "", name)
    owner, better = owner_of(facts, claim.ref), _better_class(facts, name)
    return _signal(
        facts,
        "V01",
        claim,
        root=root,
        seen=f"StorageClass {name} does not exist; asked for by "
        f"{listed(str(c.ref) for c in asking)}",
        expected=f"a class that exists: {_classes(facts)}",
        fix=f"Set {owner.field('storageClassName')} of {owner.ref} to {better} in this overlay"
        if better
        else f"Remove {owner.field('storageClassName')} from {owner.ref} in this overlay",
        # Without a look at the volumes, the class could be one made by hand.
        need=absence(facts, root, OPEN_WORLD) if facts.knows("PersistentVolume") else OPEN_WORLD,
    )


def _better_class(facts: Facts, name: str) -> str:
    """The nearest class by name, else the default, else the only one."""
    names = [str(o["metadata"]["name"]) for o in facts.all("StorageClass")]
    marked = [str(o["metadata"]["name"]) for o in defaults(facts)]
    return nearest(name, names) or next(iter(marked), "") or (names[0] if len(names) == 1 else "")


def _classes(facts: Facts) -> str:
    return listed(
        f"{o['metadata']['name']}{' (default)' if is_default(o) else ''}"
        for o in facts.all("StorageClass")
    )


def no_default_class(facts: Facts) -> Iterator[Signal]:
    """Yields V02 for claims without a class where no class is the default, or without a volume."""
    asking = [c for c in pending(facts) if not c.wish] if facts.knows("StorageClass") else []
    without = [c for c in asking if c.wish is None and not _default_exists(facts)]
    for claim in without if not _volumes(facts, "") else []:
        yield _no_default(facts, claim, without)
    for claim in asking:
        static = claim.wish == "" and facts.knows("PersistentVolume")
        if static and not _volumes(facts, ""):
            yield _no_volume(facts, claim)


def _default_exists(facts: Facts) -> bool:
    declared = (d.object for r, d in facts.declared.items() if r.kind == "StorageClass")
    return bool(defaults(facts)) or any(is_default(o) for o in declared)


def _no_default(facts: Facts, claim: Claim, asking: Sequence[Claim]) -> Signal:
    names = [str(o["metadata"]["name"]) for o in facts.all("StorageClass")]
    owner = owner_of(facts, claim.ref)
    edit = f"Set {owner.field('storageClassName')} of {owner.ref} to a class of the cluster"
    mark = "storageclass.kubernetes.io/is-default-class=true"
    return _signal(
        facts,
        "V02",
        claim,
        root=DEFAULT,
        seen=f"{listed(str(c.ref) for c in asking)} names no storageClassName, and no StorageClass "
        "is the default",
        expected=f"a default StorageClass; existing: {_classes(facts)}",
        fix=f"Run: kubectl annotate storageclass {names[0]} {mark}" if len(names) == 1 else edit,
        need=T0 if facts.has_declaration else OPEN_WORLD,
    )


def _no_volume(facts: Facts, claim: Claim) -> Signal:
    owner = owner_of(facts, claim.ref)
    signal = _signal(
        facts,
        "V02",
        claim,
        root=owner.ref,
        seen=f'{claim.ref} has storageClassName "", which asks for a volume made by hand; none is '
        "available",
        expected=f"a PersistentVolume without class, or one of the classes {_classes(facts)}",
        fix=f'Remove storageClassName "" from {owner.ref} in this overlay',
        need=OPEN_WORLD,
    )
    return replace(signal, field=owner.field("storageClassName"))


def volume_lost(facts: Facts) -> Iterator[Signal]:
    """Yields V08 for claims whose volume is gone or failed."""
    for claim in claims(facts, "Lost", "Pending"):
        name = str(claim.spec.get("volumeName") or "")
        volume = facts.find(ObjectRef("PersistentVolume", "", name)) or {}
        failed = (volume.get("status") or {}).get("phase") == "Failed"
        if claim.phase != "Lost" and not failed:
            continue
        state = "has failed" if failed else "no longer exists"
        yield _signal(
            facts,
            "V08",
            claim,
            root=claim.ref,
            seen=f"{claim.ref} is {claim.phase}: its volume {name} {state}",
            expected="phase Bound",
            fix=f"Run: kubectl -n {claim.ref.namespace} delete pvc {claim.ref.name}; sync again",
            need=T0,
        )


def _signal(
    facts: Facts, cause: str, claim: Claim, *, root: ObjectRef, seen: str, expected: str,
    fix: str, need: Need,
) -> Signal:  # fmt: skip
    events = facts.events(claim.ref, "ProvisioningFailed", "FailedBinding")
    since = claim.created or facts.first_seen(claim.ref)
    return Signal(
        cause=cause,
        at=claim.ref,
        root=root,
        seen=seen,
        expected=expected,
        fix=fix,
        need=need,
        count=max([observations(facts, since), *(e.count for e in events)]),
        since=since,
        last=facts.now,
        explains=sufferers(facts, claim.ref),
        rank=10,
    )


RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (
    class_missing,
    no_default_class,
    nobody_provisions,
    provisioning_fails,
    access_mode,
    wrong_node,
    claim_missing,
    volume_lost,
    multi_attach,
)
