"""Causes of the storage phase: which class, whose claim, and when Pending is normal."""

from __future__ import annotations

import pytest

from harness.diagnosis.catalogue import catalogue
from harness.diagnosis.diagnose import diagnose
from harness.diagnosis.fold import folded
from harness.diagnosis.rules.schedule import schedule
from harness.diagnosis.rules.storage import storage
from harness.diagnosis.signal import NEVER, T0, Signal, t1, t2
from harness.model.finding import Finding, Phase
from tests.diagnosis.namespaces import inside
from tests.diagnosis.samples.schedule import HELPFUL, pending
from tests.diagnosis.samples.storage import (
    NO_CLASS_SET,
    SELECTED,
    claim,
    database,
    mounting,
    provisioner,
    storage_class,
    unbound,
    volume_on,
)
from tests.diagnosis.world import START, World, container, crashed, running, stamp, waiting


def signals(world: World, at: float = 5) -> list[Signal]:
    """What the rules of the phase see at a moment at or after the last entry."""
    facts = folded(world.cassette(), START + at)
    return [s for rule in storage.RULES for s in rule(facts)]


def finding(world: World, at: float = 5) -> Finding:
    """The only root at a moment."""
    rules = (*storage.RULES, *schedule.RULES)
    (found,) = diagnose(folded(world.cassette(), START + at), rules).findings
    return found


def test_every_cause_of_the_table_is_in_the_catalogue() -> None:
    entries = [catalogue()[f"V{n:02}"] for n in range(1, 13)]

    assert {e.phase for e in entries} == {Phase.STORAGE}
    assert catalogue()["V12"].static


# V01 and V02


def test_a_missing_class_names_the_classes_there_are_and_the_field_to_set() -> None:
    world = World()
    storage_class(world)
    storage_class(world, "slow", default=False)
    database(world, "db", "gp3", replicas=2)
    claim(world, "data-db-0", "gp3")
    claim(world, "data-db-1", "gp3")
    unbound(world, "db", "db-0", "db-1")

    found = finding(world)

    assert "data-db-0" in found.seen
    assert "data-db-1" in found.seen
    assert found.expected == "a class that exists: slow, standard (default)"
    path = "spec.volumeClaimTemplates[data].spec.storageClassName"
    assert found.fix == f"Set {path} of StatefulSet shop/db to standard in this overlay"


def test_a_misspelt_class_is_replaced_by_the_nearest() -> None:
    world = World()
    storage_class(world)
    storage_class(world, "fast-ssd", default=False)
    world.declare({"kind": "PersistentVolumeClaim", "metadata": {"name": "data"}})
    claim(world, "data", "fast-sdd")

    assert finding(world).fix == (
        "Set spec.storageClassName of PersistentVolumeClaim shop/data to fast-ssd in this overlay"
    )


def test_the_pods_of_a_missing_class_are_victims_and_no_cause_of_their_own() -> None:
    world = World()
    storage_class(world)
    database(world, "db", "gp3")
    claim(world, "data-db-0", "gp3")
    unbound(world, "db", "db-0")

    assert "StatefulSet shop/db" in map(str, finding(world).victims)


def test_classes_that_cannot_be_listed_are_not_called_absent() -> None:
    world = World()
    claim(world, "data", "gp3")
    world.unlisted("StorageClass", "")

    assert signals(world) == []


def test_the_controllers_word_counts_where_classes_cannot_be_listed() -> None:
    world = World()
    database(world, "db", "gp3")
    claim(world, "data-db-0", "gp3")
    text = 'storageclass.storage.k8s.io "gp3" not found'
    world.event("PersistentVolumeClaim", "data-db-0", "ProvisioningFailed", text, 2)
    world.unlisted("StorageClass", "")

    assert [s.need for s in signals(world)] == [t1(3, 60)]


def test_volumes_that_cannot_be_listed_make_a_missing_class_less_certain() -> None:
    world = World()
    storage_class(world)
    database(world, "db", "manual")
    claim(world, "data-db-0", "manual")
    world.unlisted("PersistentVolume", "")

    assert [s.need for s in signals(world)] == [t1(3, 60)]


def test_a_volume_that_the_repository_declares_serves_a_class_that_is_only_a_word() -> None:
    world = World()
    storage_class(world)
    world.declare(
        {
            "kind": "PersistentVolume",
            "metadata": {"name": "disk", "namespace": ""},
            "spec": {"storageClassName": "manual"},
        }
    )
    claim(world, "data", "manual")

    assert signals(world) == []


def test_the_old_annotation_names_the_class_too() -> None:
    world = World()
    storage_class(world)
    world.declare({"kind": "ConfigMap", "metadata": {"name": "x"}})
    claim(world, "data", None, **{"volume.beta.kubernetes.io/storage-class": "gp2"})

    assert [str(s.root) for s in signals(world)] == ["StorageClass gp2"]


def test_claims_without_class_are_one_finding_that_marks_the_only_class() -> None:
    world = World()
    storage_class(world, default=False)
    database(world, "db", None, replicas=2)
    for name in ("data-db-0", "data-db-1"):
        claim(world, name, None)
        world.event("PersistentVolumeClaim", name, "FailedBinding", NO_CLASS_SET, 2, type="Normal")

    assert finding(world).fix == (
        "Run: kubectl annotate storageclass standard "
        "storageclass.kubernetes.io/is-default-class=true"
    )


def test_a_default_class_that_the_repository_brings_is_on_its_way() -> None:
    world = World()
    mark = {"storageclass.kubernetes.io/is-default-class": "true"}
    world.declare(
        {
            "kind": "StorageClass",
            "metadata": {"name": "local", "namespace": "", "annotations": mark},
        }
    )
    claim(world, "data", None)

    assert signals(world) == []


def test_only_who_mounts_the_claim_suffers() -> None:
    world = World()
    storage_class(world)
    claim(world, "data", "gp3")
    world.workload("web", **mounting("data"))
    world.workload("order", **mounting("orders"))

    victims = [str(v) for v in finding(world).victims]

    assert victims == ["Deployment shop/web", "PersistentVolumeClaim shop/data"]


def test_a_claim_that_is_bound_leaving_or_bound_by_name_is_not_judged() -> None:
    world = World()
    claim(world, "bound", "gp3", phase="Bound", volume="pvc-1")
    claim(world, "named", "gp3", volume="disk-1")
    made = claim(world, "leaving", "gp3")
    world.put({**made, "metadata": {**made["metadata"], "deletionTimestamp": stamp(2)}}, 2)

    assert signals(world) == []


# V03 to V05


def asked_for(world: World, *, wait: bool = True) -> World:
    """A claim whose pod has a node already."""
    storage_class(world, binding="WaitForFirstConsumer" if wait else "Immediate")
    database(world, "db", "standard")
    claim(world, "data-db-0")
    claim(world, "data-db-0", at=2, **({SELECTED: "node-1"} if wait else {}))
    return world


def test_a_claim_without_a_chosen_node_only_waits() -> None:
    world = World()
    storage_class(world)
    claim(world, "data")

    assert signals(world, 900) == []


def test_a_chosen_node_starts_the_provisioners_clock() -> None:
    world = World()
    storage_class(world)
    provisioner(world, replicas=0)
    claim(world, "data")
    claim(world, "data", at=170, **{SELECTED: "node-1"})

    (found,) = signals(world, 175)

    assert found.since == START + 170


def test_a_provisioner_at_zero_is_scaled_up() -> None:
    world = asked_for(World())
    provisioner(world, replicas=0)

    assert finding(world, 190).fix == (
        "Run: kubectl -n local-path-storage scale deployment local-path-provisioner --replicas=1"
    )


def test_a_provisioner_with_a_cause_of_its_own_is_only_a_suspect_here() -> None:
    world = asked_for(World())
    with inside(world, "local-path-storage"):
        world.workload("local-path-provisioner", declared=False)
        world.pod("local-path-provisioner", 1, state=waiting("ImagePullBackOff", "not found"))

    assert [s.need for s in signals(world)] == [NEVER]


def test_a_helper_pod_that_waits_for_its_image_is_named() -> None:
    world = asked_for(World())
    provisioner(world)
    with inside(world, "local-path-storage"):
        world.put(
            {
                "kind": "Pod",
                "metadata": {"name": "helper-pod-create-pvc-1", "namespace": "local-path-storage"},
                "spec": {"containers": [container("helper-pod", "busybox")]},
                "status": {
                    "phase": "Pending",
                    "containerStatuses": [
                        {"name": "helper-pod", **waiting("ErrImagePull", "no such host")}
                    ],
                },
            }
        )

    (found,) = signals(world, 10)

    assert "helper-pod-create-pvc-1" in found.seen
    assert found.need == t2(180)


def test_a_ready_provisioner_gets_longer() -> None:
    world = asked_for(World())
    provisioner(world)

    assert [s.need for s in signals(world, 10)] == [t2(300)]


def test_volumes_made_by_hand_have_no_provisioner_to_wait_for() -> None:
    world = World()
    storage_class(world, "local", provisioner="kubernetes.io/no-provisioner", binding="Immediate")
    claim(world, "data", "local")

    assert signals(world, 900) == []


def test_the_provisioners_own_words_replace_the_suspicion_that_it_is_silent() -> None:
    world = asked_for(World())
    provisioner(world)
    text = 'failed to provision volume with StorageClass "standard": no space left on device'
    world.event("PersistentVolumeClaim", "data-db-0", "ProvisioningFailed", text, 4, count=2)

    (found,) = signals(world, 10)

    assert (found.cause, found.count, found.need) == ("V04", 2, t1(3, 120))
    assert "no space left on device" in found.seen


def shared(world: World) -> World:
    storage_class(world)
    provisioner(world)
    claim(world, "uploads", modes=("ReadWriteMany",), **{SELECTED: "node-1"})
    return world


def test_a_shared_volume_is_certain_by_the_provisioners_word_only() -> None:
    told = shared(World())
    text = 'failed to provision volume with StorageClass "standard": NodePath only supports RWO'
    told.event("PersistentVolumeClaim", "uploads", "ProvisioningFailed", text, 3)

    (untold,) = (s for s in signals(shared(World())) if s.cause == "V05")
    (found,) = signals(told)

    assert found.need is T0
    assert untold.need == t2(90)


# V06 to V09


def test_a_volume_on_a_node_that_is_only_not_ready_gets_time() -> None:
    world = World()
    world.node("node-2", conditions=[{"type": "Ready", "status": "False"}])
    volume_on(world, "pvc-1", "node-2")
    claim(world, "data", phase="Bound", volume="pvc-1")
    world.workload("web", **mounting("data"))
    pending(world, "web", "1 node(s) didn't match PersistentVolume's node affinity")

    (found,) = signals(world)

    assert (found.cause, found.need) == ("V06", t2(180))
    assert "is bound to node-2, where pod web-h1-abcde cannot go" in found.seen


def test_a_claim_that_exists_now_is_not_missing() -> None:
    world = World()
    world.workload("web", **mounting("data"))
    pending(world, "web", 'persistentvolumeclaim "data" not found', preemption=HELPFUL)
    claim(world, "data", phase="Bound", volume="pvc-1", at=4)

    assert signals(world) == []


def test_a_claim_of_a_template_gets_time_to_appear() -> None:
    world = World()
    database(world, "db", "standard")
    pending(world, "db", 'persistentvolumeclaim "data-db-0" not found', preemption=HELPFUL)

    assert [s.need for s in signals(world)] == [t1(3, 60)]


def test_a_pod_that_waits_for_a_claim_being_deleted_is_to_be_deleted() -> None:
    world = World()
    world.workload("web", **mounting("data"))
    pending(world, "web", 'persistentvolumeclaim "data" is being deleted', preemption=HELPFUL)

    assert "delete pod web-h1-abcde" in finding(world, 100).fix


def test_a_failed_volume_of_a_waiting_claim_is_lost_as_well() -> None:
    world = World()
    claim(world, "data", volume="pvc-1")
    volume = {
        "kind": "PersistentVolume",
        "metadata": {"name": "pvc-1"},
        "status": {"phase": "Failed"},
    }
    world.put(volume)

    assert finding(world).cause == "V08"


@pytest.mark.parametrize("state", [running(4), crashed(4)])
def test_a_volume_that_is_attached_by_now_is_no_cause(state: dict[str, object]) -> None:
    world = World()
    world.workload("web", **mounting("data"))
    world.pod("web", 2, state=waiting("ContainerCreating"))
    world.event("Pod", "web-h1-abcde", "FailedAttachVolume", "Multi-Attach error for volume", 3)
    world.pod("web", 4, state=state)

    assert signals(world, 500) == []


def test_a_volume_that_was_attached_after_the_error_is_no_cause() -> None:
    world = World()
    world.workload("web", **mounting("data"))
    world.pod("web", 2, state=waiting("ContainerCreating"))
    world.event("Pod", "web-h1-abcde", "FailedAttachVolume", "Multi-Attach error for volume", 3)
    before = signals(world, 10)
    world.event("Pod", "web-h1-abcde", "SuccessfulAttachVolume", "attached", 20, type="Normal")

    assert [s.need for s in before] == [t2(420)]
    assert signals(world, 30) == []


def test_claims_of_other_namespaces_do_not_count() -> None:
    world = World()
    storage_class(world)
    with inside(world, "elsewhere"):
        claim(world, "data", "gp3")

    assert signals(world) == []
