"""Claims and PersistentVolumes made by hand that can never be bound to each other. Pure.

A claim that names a volume, or that a volume names in `claimRef`, is bound only when class, size,
access modes and volume mode agree (kube-controller-manager `checkVolumeSatisfyClaim`). A claim
without class gets the default class of the cluster, and then does not fit a volume without one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harness.audit.amounts import amount
from harness.audit.claims import OLD_CLASS, ClaimSpec, claim_specs
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.reading import annotations_of, at, is_known, is_placeholder, mapping, text, texts
from harness.audit.scope import Declared, Presence, Scope
from harness.model.refs import ObjectRef

KIND = "PersistentVolume"
BY_HAND = "kubernetes.io/no-provisioner"
Mismatch = tuple[str, str, Severity]
"""Field below the claim's specification, what does not agree, and how bad that is."""


def unbound_claims(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `pv-pvc-mismatch` and `persistentvolume-missing` for claims bound by hand."""
    volumes = tuple(scope.of_kind(KIND))
    for claim in claim_specs(scope):
        if not claim.is_claim:
            continue
        named = _named(claim, volumes)
        if named and named.source is not claim.holder.source and _has_twin(scope, claim, named):
            continue  # another root, an alternative, has the claim that the volume is meant for
        if named:
            yield from _mismatches(scope, claim, named)
        elif is_known(claim.volume):
            yield from _absent(scope, claim, ObjectRef(KIND, "", claim.volume))
        elif claim.wish == "" and not claim.volume and not volumes:
            yield from _nothing_by_hand(scope, claim)
        elif claim.wish is not None and not claim.volume:
            yield from _none_fits(scope, claim, volumes)


def _has_twin(scope: Scope, claim: ClaimSpec, volume: Declared) -> bool:
    """Tells whether the root of a volume declares a claim of the same name itself."""
    alike = scope.alike(claim.holder.ref)
    return any(each.source is volume.source for each in alike)


def _named(claim: ClaimSpec, volumes: tuple[Declared, ...]) -> Declared | None:
    """Returns the declared volume that the claim names, or that names the claim."""
    by_name = (v for v in volumes if claim.volume and v.ref.name == claim.volume)
    by_claim = (v for v in volumes if not claim.volume and _claims(v, claim))
    return next(iter([*by_name, *by_claim]), None)


def _claim_ref(volume: Declared) -> Mapping[str, Any]:
    return mapping(at(volume.object, "spec", "claimRef"))


def _claims(volume: Declared, claim: ClaimSpec) -> bool:
    ref, mine = _claim_ref(volume), claim.holder.ref
    space = text(ref.get("namespace"))
    return text(ref.get("name")) == mine.name and (not mine.namespace or space == mine.namespace)


def _none_fits(scope: Scope, claim: ClaimSpec, volumes: tuple[Declared, ...]) -> Iterator[Fault]:
    """Yields why the only volumes of a class that nobody provisions do not fit a claim."""
    if _is_provisioned(scope, claim):
        return
    free = [v for v in volumes if class_of(v) == claim.wish and not text(_claim_ref(v).get("name"))]
    if free and all(list(_differences(scope, claim, v)) for v in free):
        yield from _mismatches(scope, claim, free[0])


def _is_provisioned(scope: Scope, claim: ClaimSpec) -> bool:
    """Tells whether a provisioner may make a volume for a claim."""
    if not claim.wish:
        return False
    ref = ObjectRef("StorageClass", "", claim.wish)
    declared = scope.find(ref)
    if declared is not None:
        return text(declared.object.get("provisioner")) != BY_HAND
    known = scope.profile.storage_classes or frozenset()
    return claim.wish in known or scope.presence(ref) is not Presence.ABSENT


def class_of(volume: Declared) -> str:
    """Returns the class that a PersistentVolume carries; empty for none."""
    old = annotations_of(volume.object).get(OLD_CLASS)
    return old or text(at(volume.object, "spec", "storageClassName"))


def _mismatches(scope: Scope, claim: ClaimSpec, volume: Declared) -> Iterator[Fault]:
    for field, words, severity in _differences(scope, claim, volume):
        yield Fault(
            rule="pv-pvc-mismatch",
            object=claim.holder.ref,
            message=f"{claim.holder.ref} is meant for {volume.ref}, but {words}",
            expected="class, size, access modes and volume mode that agree",
            fix=f"Correct spec.{field} of {claim.holder.ref}, or {volume.ref}",
            severity=severity,
            cause="V02",
            field=f"spec.{field}",
            source=claim.holder.source.path,
        )


def _differences(scope: Scope, claim: ClaimSpec, volume: Declared) -> Iterator[Mismatch]:
    spec = mapping(volume.object.get("spec"))
    yield from _class(scope, claim, volume)
    wanted, given = amount(claim.request), amount(at(spec, "capacity", "storage"))
    if wanted is not None and given is not None and wanted > given:
        words = f"it asks for {claim.request} and the volume has {at(spec, 'capacity', 'storage')}"
        yield "resources.requests.storage", words, Severity.DEFECT
    modes = frozenset(texts(spec.get("accessModes")))
    if modes and claim.modes - modes and not any(map(is_placeholder, claim.modes | modes)):
        lacking = ", ".join(sorted(claim.modes - modes))
        yield "accessModes", f"the volume does not offer {lacking}", Severity.DEFECT
    mode = text(spec.get("volumeMode")) or "Filesystem"
    if mode != claim.volume_mode and is_known(mode) and is_known(claim.volume_mode):
        yield "volumeMode", f"it is {claim.volume_mode} and the volume {mode}", Severity.DEFECT
    yield from _other_claim(claim, volume)


def _class(scope: Scope, claim: ClaimSpec, volume: Declared) -> Iterator[Mismatch]:
    given = class_of(volume)
    if is_placeholder(given) or is_placeholder(claim.wish):
        return
    if claim.wish is None:
        if not given:
            known = scope.profile.storage_classes
            severity = Severity.MISMATCH if known else Severity.NOTE
            words = "it gets the default class of the cluster and the volume has none"
            yield "storageClassName", words, severity
        elif given not in (scope.profile.storage_classes or {given}):
            words = f"it gets the default class and the volume has the class {given}"
            yield "storageClassName", words, Severity.MISMATCH
    elif claim.wish != given:
        words = f"its class is {claim.wish or 'none'} and the volume's is {given or 'none'}"
        yield "storageClassName", words, Severity.DEFECT


def _other_claim(claim: ClaimSpec, volume: Declared) -> Iterator[Mismatch]:
    ref = _claim_ref(volume)
    name, mine = text(ref.get("name")), claim.holder.ref
    if is_known(name) and is_known(mine.name) and not _claims(volume, claim):
        place = f"{text(ref.get('namespace'))}/{name}"
        yield "volumeName", f"the volume is reserved for {place} (claimRef)", Severity.DEFECT


def _absent(scope: Scope, claim: ClaimSpec, ref: ObjectRef) -> Iterator[Fault]:
    if scope.presence(ref) is Presence.ABSENT:
        yield _missing(claim, ref, f"{claim.holder.ref} names {ref}, which nobody declares")


def _nothing_by_hand(scope: Scope, claim: ClaimSpec) -> Iterator[Fault]:
    if not scope.is_open(""):
        size = text(claim.request) or "the size it asks for"
        words = (
            f"{claim.holder.ref} forbids a storage class, and nobody declares a volume of {size}"
        )
        yield _missing(claim, ObjectRef(KIND, "", claim.holder.ref.name), words)


def _missing(claim: ClaimSpec, ref: ObjectRef, message: str) -> Fault:
    field = "spec.volumeName" if claim.volume else "spec.storageClassName"
    return Fault(
        rule="persistentvolume-missing",
        object=ref,
        message=message,
        expected="a PersistentVolume made by hand, or a storage class that makes one",
        fix=f"Declare the PersistentVolume, or remove {field} of {claim.holder.ref}",
        cause="V02",
        user=claim.holder.ref,
        field=field,
        value=claim.volume,
        source=claim.holder.source.path,
    )


CHECKS: tuple[Callable[[Scope], Iterator[Fault | NotJudged]], ...] = (unbound_claims,)
