"""Storage classes that claims ask for: absent, of another cloud, unfit for the access mode. Pure.

The name of a class that a declared PersistentVolume carries needs no class object (V01). Classes of
clouds and their provisioners do not exist on kind, whatever charts are installed; local-path and
block storage serve one node at a time (V05; provisioners' documentation).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from harness.audit.alternatives import manifests
from harness.audit.claims import DEFAULT_MARKS, ClaimSpec, claim_specs
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.reading import annotations_of, is_known, text, text_at
from harness.audit.scope import Declared, Presence, Scope
from harness.diagnosis.rules.nearest import listed
from harness.model.refs import ObjectRef

KIND = "StorageClass"
LOCAL_PATH = "rancher.io/local-path"
CLOUD_CLASSES = frozenset({
    "azuredisk", "azuredisk-csi", "azurefile", "azurefile-csi", "azurefile-premium",
    "default-cbs", "do-block-storage", "ebs-sc", "efs-sc", "gp2", "gp2-csi", "gp3", "gp3-csi",
    "hcloud-volumes", "io1", "io2", "linode-block-storage", "linode-block-storage-retain",
    "managed-csi", "managed-csi-premium", "managed-premium", "oci-bv", "premium-rwo",
    "premium-rwx", "standard-rwo", "standard-rwx", "vultr-block-storage", "scw-bssd",
})  # fmt: skip
CLOUD_PROVISIONERS = frozenset({
    "blockvolume.csi.oraclecloud.com", "bs.csi.ibm.io", "csi.exoscale.com", "csi.hetzner.cloud",
    "csi.scaleway.com", "csi.vsphere.vmware.com", "disk.csi.azure.com",
    "diskplugin.csi.alibabacloud.com",
    "dobs.csi.digitalocean.com", "ebs.csi.aws.com", "ebs.csi.eks.amazonaws.com", "efs.csi.aws.com",
    "file.csi.azure.com", "blob.csi.azure.com", "filestore.csi.storage.gke.io",
    "fsx.csi.aws.com", "kubernetes.io/aws-ebs", "kubernetes.io/azure-disk",
    "kubernetes.io/azure-file", "kubernetes.io/cinder", "kubernetes.io/gce-pd",
    "kubernetes.io/vsphere-volume", "linodebs.csi.linode.com", "pd.csi.storage.gke.io",
    "vpc.block.csi.ibm.io", "block.csi.vultr.com", "cinder.csi.openstack.org",
})  # fmt: skip
ONE_NODE = frozenset({
    LOCAL_PATH, "block.csi.vultr.com", "csi.hetzner.cloud", "disk.csi.azure.com",
    "dobs.csi.digitalocean.com", "ebs.csi.aws.com", "ebs.csi.eks.amazonaws.com",
    "kubernetes.io/aws-ebs", "kubernetes.io/azure-disk", "linodebs.csi.linode.com",
})  # fmt: skip
"""Provisioners of volumes with a file system that only one node can mount."""
SHARED = frozenset({"ReadOnlyMany", "ReadWriteMany"})


def missing_classes(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `storageclass-missing` for every claim of a class that will not be there."""
    by_hand = _classes_of_volumes(scope)
    for claim in claim_specs(scope):
        name = claim.wish or ""
        if not is_known(name) or name in by_hand or claim.volume:
            continue
        severity = _severity(scope, name)
        if severity is not None:
            yield _absent(scope, claim, name, severity)


def _classes_of_volumes(scope: Scope) -> frozenset[str]:
    volumes = scope.of_kind("PersistentVolume")
    return frozenset(text_at(v.object, "spec", "storageClassName") for v in volumes)


def _severity(scope: Scope, name: str) -> Severity | None:
    """Returns how bad the name of a class is here; None where it is fine or may be."""
    presence = scope.presence(ObjectRef(KIND, "", name))
    known = scope.profile.storage_classes
    if presence is Presence.DECLARED or (known is not None and name in known):
        return None
    if known is not None and name in CLOUD_CLASSES:
        return Severity.MISMATCH
    if presence is not Presence.ABSENT:
        return None
    return Severity.PRECONDITION if known is None else Severity.MISMATCH


def _absent(scope: Scope, claim: ClaimSpec, name: str, severity: Severity) -> Fault:
    holder, known = claim.holder, scope.profile.storage_classes
    classes = sorted({*(known or ()), *scope.names(KIND, "")})
    where = f" on {scope.profile.name}" if scope.profile.is_known else ""
    like = classes[0] if classes else ""
    file = next(iter(manifests(scope).get((KIND, name), ())), "")
    wanted = f"a class {name}" + (f"; {file} declares it, which is not deployed here" * bool(file))
    return Fault(
        rule="storageclass-missing",
        object=ObjectRef(KIND, "", name),
        message=f"{holder.ref} asks for the storage class {name}, which nobody declares"
        + (f" and {scope.profile.name} does not have" if where else ""),
        expected=f"a class that exists{where}: {listed(classes)}" if classes else wanted,
        fix=f"Set {claim.class_field} of {holder.ref} to {like} in this overlay"
        if like
        else f"Declare the StorageClass {name}, or leave {claim.class_field} out for the default",
        severity=severity,
        cause="V01",
        user=holder.ref,
        field=claim.class_field,
        value=name,
        source=holder.source.path,
    )


def absent_provisioners(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `storageclass-provisioner-absent` for classes in use that only a cloud serves."""
    if scope.profile.name != "kind":
        return
    wanted = {claim.wish for claim in claim_specs(scope)}
    for declared in scope.of_kind(KIND):
        provisioner = text(declared.object.get("provisioner"))
        in_use = declared.ref.name in wanted or (None in wanted and is_default(declared))
        if provisioner in CLOUD_PROVISIONERS and in_use:
            yield Fault(
                rule="storageclass-provisioner-absent",
                object=declared.ref,
                message=f"{declared.ref} has the provisioner {provisioner}, which works in its own "
                f"cloud only and not on {scope.profile.name}",
                expected=f"the class standard, or provisioner {LOCAL_PATH}",
                fix=f"Leave {declared.ref} out of this overlay and let its claims use standard",
                cause="V03",
                field="provisioner",
                value=provisioner,
                source=declared.source.path,
            )


def is_default(declared: Declared) -> bool:
    """Tells whether a StorageClass is marked as default."""
    found = annotations_of(declared.object)
    return any(found.get(mark) == "true" for mark in DEFAULT_MARKS)


def unfit_access_modes(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `access-mode-unsupported` for shared claims of storage that serves one node."""
    by_hand = _classes_of_volumes(scope)
    for claim in claim_specs(scope):
        shared = claim.modes & SHARED
        if not shared or claim.volume or claim.volume_mode == "Block" or claim.wish in by_hand:
            continue
        provisioner, severity = _provisioner(scope, claim)
        if provisioner in ONE_NODE:
            yield _unfit(claim, sorted(shared), provisioner, severity)


def _provisioner(scope: Scope, claim: ClaimSpec) -> tuple[str, Severity]:
    """Returns who would serve a claim, as far as that is known, and how sure the verdict is."""
    named = scope.find(ObjectRef(KIND, "", claim.wish)) if claim.wish else None
    default = next((d for d in scope.of_kind(KIND) if is_default(d)), None)
    found = named or (default if claim.wish is None else None)
    if found is not None:
        provisioner = text(found.object.get("provisioner"))
        # It can be set up with a shared file system; nothing here says that it is not.
        is_sure = provisioner != LOCAL_PATH or scope.profile.is_known
        return provisioner, Severity.DEFECT if is_sure else Severity.NOTE
    on_kind = scope.profile.name == "kind" and claim.wish in {None, "standard"}
    return (LOCAL_PATH, Severity.MISMATCH) if on_kind else ("", Severity.NOTE)


def _unfit(claim: ClaimSpec, modes: list[str], provisioner: str, severity: Severity) -> Fault:
    holder, field = claim.holder, f"{claim.path}.accessModes"
    return Fault(
        rule="access-mode-unsupported",
        object=holder.ref,
        message=f"{holder.ref} asks for {', '.join(modes)}, and provisioner {provisioner} makes "
        "volumes for one node at a time",
        expected="accessModes: [ReadWriteOnce], or a class with a shared file system",
        fix=f"Set {field} of {holder.ref} to [ReadWriteOnce] in this overlay",
        severity=severity,
        cause="V05",
        field=field,
        value=modes[0],
        source=holder.source.path,
    )


CHECKS: tuple[Callable[[Scope], Iterator[Fault | NotJudged]], ...] = (
    missing_classes,
    absent_provisioners,
    unfit_access_modes,
)
