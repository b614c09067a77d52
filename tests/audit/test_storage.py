"""Claims, storage classes, provisioners and access modes."""

from __future__ import annotations

import pytest

from harness.audit.checks.storage import missing_claims
from harness.audit.checks.storage_classes import (
    absent_provisioners,
    missing_classes,
    unfit_access_modes,
)
from harness.audit.cluster_profile import KIND
from harness.audit.finding import Severity
from harness.audit.source import Unjudged
from harness.model.refs import ObjectRef
from tests.audit.pods import together, workload
from tests.audit.scopes import faults, scope, source
from tests.audit.trees import tree

POD = "containers: [{name: a}]\nvolumes: [{name: data, persistentVolumeClaim: {claimName: %s}}]"
MOUNTING = workload(POD % "orders")


def claim(more: str = "", name: str = "orders", notes: str = "") -> str:
    return (
        "apiVersion: v1\nkind: PersistentVolumeClaim\n"
        f"metadata: {{name: {name}, annotations: {{{notes}}}}}\nspec: {{{more}}}"
    )


def storage_class(name: str, provisioner: str, notes: str = "") -> str:
    return (
        "apiVersion: storage.k8s.io/v1\nkind: StorageClass\n"
        f"metadata: {{name: {name}, annotations: {{{notes}}}}}\nprovisioner: {provisioner}"
    )


DEFAULT = "storageclass.kubernetes.io/is-default-class: 'true'"
CHART = Unjudged(subject="Application argocd/chart", reason="a chart")


def test_a_claim_that_nobody_declares_is_found() -> None:
    [found] = faults(missing_claims, MOUNTING)

    assert found.object == ObjectRef("PersistentVolumeClaim", "shop", "orders")
    assert (found.rule, found.cause) == ("pvc-missing", "V07")
    assert found.field.endswith("volumes[data].persistentVolumeClaim.claimName")


def test_a_declared_claim_is_fine() -> None:
    assert faults(missing_claims, together(claim(), MOUNTING)) == []


def test_a_claim_template_overrides_a_volume_of_its_name() -> None:
    text = workload(
        POD % "orders",
        kind="StatefulSet",
        more="volumeClaimTemplates: [{metadata: {name: data}}]",
    )

    assert faults(missing_claims, text) == []


STATEFUL = workload(
    "containers: [{name: db}]",
    name="db",
    kind="StatefulSet",
    more="volumeClaimTemplates: [{metadata: {name: data}}]",
)


def test_the_claim_of_a_stateful_sets_template_may_be_mounted_by_others() -> None:
    assert faults(missing_claims, together(STATEFUL, workload(POD % "data-db-0"))) == []
    assert len(faults(missing_claims, together(STATEFUL, workload(POD % "data-db-x")))) == 1


def test_an_ephemeral_volume_and_a_placeholder_need_no_claim() -> None:
    ephemeral = workload("volumes: [{name: data, ephemeral: {volumeClaimTemplate: {spec: {}}}}]")

    assert faults(missing_claims, together(ephemeral, workload(POD % "'${CLAIM}'"))) == []


def test_a_class_that_nobody_declares_is_expected_of_an_unknown_cluster() -> None:
    [found] = faults(missing_classes, claim("storageClassName: fast"))

    assert found.object == ObjectRef("StorageClass", "", "fast")
    assert found.severity is Severity.PRECONDITION
    assert (found.field, found.value, found.cause) == ("spec.storageClassName", "fast", "V01")


def test_a_class_that_the_known_target_lacks_is_a_mismatch() -> None:
    [found] = faults(missing_classes, claim("storageClassName: gp3"), profile=KIND)

    assert found.severity is Severity.MISMATCH
    assert "standard" in found.fix


def test_a_clouds_class_does_not_come_to_kind_by_a_chart() -> None:
    cloud = claim("storageClassName: gp3")
    own = claim("storageClassName: longhorn")

    assert len(faults(missing_classes, cloud, profile=KIND, unjudged=(CHART,))) == 1
    assert faults(missing_classes, own, profile=KIND, unjudged=(CHART,)) == []
    assert faults(missing_classes, cloud, unjudged=(CHART,)) == []


@pytest.mark.parametrize(
    "more",
    ["", "storageClassName: ''", "storageClassName: '${CLASS}'", "storageClassName: null",
     "storageClassName: manual, volumeName: pv"],
)  # fmt: skip
def test_default_classes_and_volumes_made_by_hand_are_fine(more: str) -> None:
    assert faults(missing_classes, claim(more), profile=KIND) == []


def test_the_class_of_the_target_and_a_declared_one_are_fine() -> None:
    declared = together(storage_class("fast", "x"), claim("storageClassName: fast"))

    assert faults(missing_classes, claim("storageClassName: standard"), profile=KIND) == []
    assert faults(missing_classes, declared, profile=KIND) == []


def test_a_name_that_a_volume_carries_needs_no_class() -> None:
    volume = (
        "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: pv}\n"
        "spec: {storageClassName: manual}"
    )

    assert faults(missing_classes, together(volume, claim("storageClassName: manual"))) == []


def test_the_class_of_the_old_annotation_counts() -> None:
    text = claim(notes="volume.beta.kubernetes.io/storage-class: fast")

    [found] = faults(missing_classes, text)

    assert found.field == "metadata.annotations[volume.beta.kubernetes.io/storage-class]"


def test_templates_and_ephemeral_volumes_ask_for_classes_too() -> None:
    template = workload(
        "containers: [{name: db}]",
        kind="StatefulSet",
        more="volumeClaimTemplates: [{metadata: {name: data}, spec: {storageClassName: a}}]",
    )
    ephemeral = workload(
        "volumes: [{name: d, ephemeral: {volumeClaimTemplate: {spec: {storageClassName: b}}}}]"
    )

    found = faults(missing_classes, together(template, ephemeral))

    assert [f.field for f in found] == [
        "spec.volumeClaimTemplates[data].spec.storageClassName",
        "spec.template.spec.volumes[d].ephemeral.volumeClaimTemplate.spec.storageClassName",
    ]


def test_a_custom_resource_with_a_claim_inside_asks_for_a_class() -> None:
    text = (
        "apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: {name: k8s}\nspec: "
        "{storage: {volumeClaimTemplate: {spec: {storageClassName: fast, resources: {}}}}}"
    )

    [found] = faults(missing_classes, text)

    assert found.field == "spec.storage.volumeClaimTemplate.spec.storageClassName"


EBS = storage_class("gp3", "ebs.csi.aws.com")


def test_a_class_of_another_cloud_is_a_mismatch_on_kind() -> None:
    text = together(EBS, claim("storageClassName: gp3"))

    [found] = faults(absent_provisioners, text, profile=KIND)

    assert (found.rule, found.cause) == ("storageclass-provisioner-absent", "V03")
    assert found.object.name == "gp3"


def test_a_default_class_of_another_cloud_is_in_use_by_claims_without_class() -> None:
    default = storage_class("gp3", "ebs.csi.aws.com", DEFAULT)

    assert len(faults(absent_provisioners, together(default, claim()), profile=KIND)) == 1
    assert faults(absent_provisioners, together(EBS, claim()), profile=KIND) == []


def test_an_unknown_target_an_unused_class_and_an_own_provisioner_are_fine() -> None:
    own = storage_class("gp3", "nfs.example.com")
    used = claim("storageClassName: gp3")

    assert faults(absent_provisioners, together(EBS, used)) == []
    assert faults(absent_provisioners, EBS, profile=KIND) == []
    assert faults(absent_provisioners, together(own, used), profile=KIND) == []


SHARED = "accessModes: [ReadWriteMany]"


@pytest.mark.parametrize("more", ["", ", storageClassName: standard"])
def test_local_path_on_kind_serves_one_node(more: str) -> None:
    [found] = faults(unfit_access_modes, claim(SHARED + more), profile=KIND)

    assert (found.rule, found.severity) == ("access-mode-unsupported", Severity.MISMATCH)
    assert (found.field, found.value, found.cause) == ("spec.accessModes", "ReadWriteMany", "V05")


def test_block_storage_serves_one_node_everywhere() -> None:
    text = together(EBS, claim(f"{SHARED}, storageClassName: gp3"))

    assert [f.severity for f in faults(unfit_access_modes, text)] == [Severity.DEFECT]


def test_local_path_may_be_set_up_with_a_shared_file_system() -> None:
    own = storage_class("local-path", "rancher.io/local-path", DEFAULT)

    assert [f.severity for f in faults(unfit_access_modes, together(own, claim(SHARED)))] == [
        Severity.NOTE
    ]


@pytest.mark.parametrize(
    "more",
    [
        "accessModes: [ReadWriteOnce]",
        f"{SHARED}, volumeMode: Block",
        f"{SHARED}, volumeName: pv",
        f"{SHARED}, storageClassName: nfs",
    ],
)
def test_other_access_modes_and_storage_are_fine(more: str) -> None:
    assert faults(unfit_access_modes, claim(more), profile=KIND) == []


def test_an_unknown_class_of_an_unknown_target_is_not_judged() -> None:
    assert faults(unfit_access_modes, claim(SHARED)) == []


def test_a_stateful_set_of_another_namespace_makes_no_claim_here() -> None:
    both = scope(source(STATEFUL, namespace="bank"), source(workload(POD % "data-db-0")))

    assert len(list(missing_claims(both))) == 1


def test_a_clouds_name_for_a_class_of_ones_own_is_fine() -> None:
    own = storage_class("gp3", "rancher.io/local-path")

    text = together(own, claim("storageClassName: gp3"))

    assert faults(missing_classes, text, profile=KIND) == []


def test_a_class_that_stands_in_a_file_nobody_deploys_is_named_with_it() -> None:
    text = "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: fast}\n"
    [found] = faults(
        missing_classes, claim("storageClassName: fast"), tree=tree({"infra/class.yaml": text})
    )
    assert "infra/class.yaml declares it" in found.expected
