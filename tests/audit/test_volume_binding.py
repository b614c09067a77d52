"""Claims and volumes made by hand that cannot be bound."""

from __future__ import annotations

import pytest

from harness.audit.checks.volume_binding import unbound_claims
from harness.audit.cluster_profile import KIND
from harness.audit.finding import Severity
from harness.audit.source import Unjudged
from tests.audit.pods import together
from tests.audit.scopes import faults, rules_found, scope, source


def claim(more: str) -> str:
    return (
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: orders}\n"
        f"spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 5Gi}}}}, {more}}}"
    )


def volume(
    more: str = "", size: str = "5Gi", modes: str = "ReadWriteOnce", name: str = "pv"
) -> str:
    return (
        f"apiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: {name}}}\n"
        f"spec: {{capacity: {{storage: {size}}}, accessModes: [{modes}], {more}}}"
    )


NAMED = "storageClassName: manual, volumeName: pv"
MANUAL = "storageClassName: manual"


def test_a_claim_and_its_volume_that_agree_are_fine() -> None:
    assert faults(unbound_claims, together(volume(MANUAL), claim(NAMED))) == []
    assert faults(unbound_claims, together(volume(MANUAL, size="6Gi"), claim(NAMED))) == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        (volume("storageClassName: other"), "spec.storageClassName"),
        (volume(""), "spec.storageClassName"),
        (volume(MANUAL, size="4Gi"), "spec.resources.requests.storage"),
        (volume(MANUAL, modes="ReadWriteMany"), "spec.accessModes"),
        (volume(f"{MANUAL}, volumeMode: Block"), "spec.volumeMode"),
        (volume(f"{MANUAL}, claimRef: {{name: other, namespace: shop}}"), "spec.volumeName"),
        (volume(f"{MANUAL}, claimRef: {{name: orders, namespace: bank}}"), "spec.volumeName"),
    ],
)
def test_a_volume_that_does_not_agree_is_a_defect(changed: str, field: str) -> None:
    [found] = faults(unbound_claims, together(changed, claim(NAMED)))

    assert (found.rule, found.field) == ("pv-pvc-mismatch", field)
    assert found.severity is Severity.DEFECT


def test_a_volume_that_names_the_claim_is_meant_for_it() -> None:
    reserved = volume(f"{MANUAL}, claimRef: {{name: orders, namespace: shop}}", size="1Gi")

    assert rules_found(faults(unbound_claims, together(reserved, claim(MANUAL)))) == [
        "pv-pvc-mismatch"
    ]


def test_a_claim_without_class_gets_the_default_one() -> None:
    text = together(volume(""), claim("volumeName: pv"))

    assert [f.severity for f in faults(unbound_claims, text)] == [Severity.NOTE]
    assert [f.severity for f in faults(unbound_claims, text, profile=KIND)] == [Severity.MISMATCH]


def test_a_volume_of_another_class_than_the_targets_default_does_not_fit() -> None:
    text = together(volume(MANUAL), claim("volumeName: pv"))
    standard = together(volume("storageClassName: standard"), claim("volumeName: pv"))

    assert faults(unbound_claims, text) == []
    assert [f.severity for f in faults(unbound_claims, text, profile=KIND)] == [Severity.MISMATCH]
    assert faults(unbound_claims, standard, profile=KIND) == []


def test_a_claim_that_forbids_classes_needs_a_volume() -> None:
    [found] = faults(unbound_claims, claim("storageClassName: ''"))

    assert (found.rule, found.cause) == ("persistentvolume-missing", "V02")
    assert faults(unbound_claims, together(volume(""), claim("storageClassName: ''"))) == []


def test_a_volume_that_nobody_declares_is_found() -> None:
    [found] = faults(unbound_claims, claim(NAMED))

    assert (found.rule, found.object.name) == ("persistentvolume-missing", "pv")


def test_a_chart_may_bring_the_volume() -> None:
    chart = Unjudged(subject="Application argocd/chart", reason="a chart")

    assert faults(unbound_claims, claim(NAMED), unjudged=(chart,)) == []
    assert faults(unbound_claims, claim("storageClassName: ''"), unjudged=(chart,)) == []


def test_the_only_volumes_of_a_class_made_by_hand_must_fit() -> None:
    small, large = volume(MANUAL, size="1Gi"), volume(MANUAL, name="large")

    assert len(faults(unbound_claims, together(small, claim(MANUAL)))) == 1
    assert faults(unbound_claims, together(small, large, claim(MANUAL))) == []


@pytest.mark.parametrize("provisioner", ["ebs.csi.aws.com", "kubernetes.io/no-provisioner"])
def test_a_provisioner_may_make_a_volume_that_fits(provisioner: str) -> None:
    made = (
        "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: manual}\n"
        f"provisioner: {provisioner}"
    )
    text = together(made, volume(MANUAL, size="1Gi"), claim(MANUAL))

    assert len(faults(unbound_claims, text)) == (1 if "no-prov" in provisioner else 0)


def test_placeholders_and_impossible_sizes_are_not_judged() -> None:
    odd = volume("storageClassName: '${CLASS}'", size="'${SIZE}'", modes="'${MODE}'")

    assert faults(unbound_claims, together(odd, claim(NAMED))) == []
    assert faults(unbound_claims, together(volume(MANUAL, size="1e999999999"), claim(NAMED))) == []


def test_an_ordinary_claim_is_fine() -> None:
    assert faults(unbound_claims, together(volume(MANUAL), claim("storageClassName: gp3"))) == []


def test_a_class_that_may_be_provisioned_needs_no_volume_that_fits() -> None:
    chart = Unjudged(subject="Application argocd/chart", reason="a chart")
    small = together(
        volume("storageClassName: standard", size="1Gi"), claim("storageClassName: standard")
    )
    manual = together(volume(MANUAL, size="1Gi"), claim(MANUAL))

    assert faults(unbound_claims, small, profile=KIND) == []
    assert faults(unbound_claims, manual, unjudged=(chart,)) == []


def test_the_class_of_a_volumes_old_annotation_counts() -> None:
    mark = "annotations: {volume.beta.kubernetes.io/storage-class: manual}"
    old = volume("").replace("{name: pv}", f"{{name: pv, {mark}}}")

    assert faults(unbound_claims, together(old, claim(NAMED))) == []


@pytest.mark.parametrize(
    ("volume_mode", "expected"), [("Filesystem", 0), ("Block", 1), ("'${MODE}'", 0)]
)
def test_a_volume_has_a_file_system_where_it_says_nothing(volume_mode: str, expected: int) -> None:
    text = together(volume(f"{MANUAL}, volumeMode: {volume_mode}"), claim(NAMED))
    other_way = together(volume(MANUAL), claim(f"{NAMED}, volumeMode: {volume_mode}"))

    assert len(faults(unbound_claims, text)) == expected
    assert len(faults(unbound_claims, other_way)) == expected


def test_a_volume_that_does_not_say_its_modes_or_size_is_not_judged() -> None:
    bare = (
        "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: pv}\n"
        "spec: {storageClassName: manual}"
    )

    assert faults(unbound_claims, together(bare, claim(NAMED))) == []


def test_a_placeholder_as_class_of_the_claim_is_not_judged() -> None:
    text = together(volume(MANUAL), claim("storageClassName: '${CLASS}', volumeName: pv"))

    assert faults(unbound_claims, text) == []


def test_a_volume_that_is_meant_for_the_claim_of_its_own_root_fits_that_one_alone() -> None:
    own = claim("storageClassName: '', volumeName: pv")
    mine = source(together(volume("claimRef: {name: orders, namespace: shop}"), own))
    other = source(claim("volumeMode: Filesystem"), "alternative")

    assert list(unbound_claims(scope(mine, other))) == []
    alone = source(volume("claimRef: {name: orders, namespace: shop}"))
    assert rules_found(unbound_claims(scope(alone, other))) == ["pv-pvc-mismatch"]
