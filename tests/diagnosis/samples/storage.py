"""Timelines of the storage phase: claims without a volume, pods without their claim."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.namespaces import inside
from tests.diagnosis.sample import sample
from tests.diagnosis.samples.schedule import HELPFUL, pending
from tests.diagnosis.world import Object, World, container, crashed, running, stamp, waiting

UNBOUND = "pod has unbound immediate PersistentVolumeClaims"
SELECTED = "volume.kubernetes.io/selected-node"
PROVISIONER = "volume.kubernetes.io/storage-provisioner"


def storage_class(
    world: World, name: str = "standard", *, default: bool = True, at: float = 0,
    provisioner: str = "rancher.io/local-path", binding: str = "WaitForFirstConsumer",
) -> Object:  # fmt: skip
    """A StorageClass, by default the one that kind brings."""
    marks = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    return world.put(
        {
            "kind": "StorageClass",
            "metadata": {"name": name, "annotations": marks},
            "provisioner": provisioner,
            "volumeBindingMode": binding,
        },
        at,
    )


def claim(
    world: World, name: str, class_name: str | None = "standard", *, at: float = 1,
    phase: str = "Pending", modes: tuple[str, ...] = ("ReadWriteOnce",), volume: str = "",
    **annotations: str,
) -> Object:  # fmt: skip
    """A claim as it lives in the cluster."""
    spec: Object = {"accessModes": list(modes), "resources": {"requests": {"storage": "1Gi"}}}
    spec |= {} if class_name is None else {"storageClassName": class_name}
    spec |= {"volumeName": volume} if volume else {}
    return world.put(
        {
            "kind": "PersistentVolumeClaim",
            "metadata": {
                "name": name, "namespace": world.namespace, "annotations": annotations,
            },
            "spec": spec,
            "status": {"phase": phase},
        },
        at,
    )  # fmt: skip


def database(world: World, name: str, class_name: str | None, replicas: int = 1) -> Object:
    """A StatefulSet with a claim template `data`."""
    spec: Object = {"accessModes": ["ReadWriteOnce"]}
    spec |= {} if class_name is None else {"storageClassName": class_name}
    return world.workload(
        name,
        container(name),
        kind="StatefulSet",
        replicas=replicas,
        spec={
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": spec}],
            "podManagementPolicy": "Parallel",
        },
    )


def mounting(claim_name: str) -> dict[str, Any]:
    """The part of a pod specification that mounts a claim."""
    source = {"claimName": claim_name}
    return {"volumes": [{"name": "data", "persistentVolumeClaim": source}]}


def unbound(world: World, workload: str, *pods: str) -> None:
    for name in pods:
        pending(world, workload, UNBOUND, 1.5, name=name, preemption=HELPFUL)


def provisioner(world: World, *, replicas: int = 1) -> None:
    """kind's provisioner in its own namespace."""
    with inside(world, "local-path-storage"):
        world.workload("local-path-provisioner", replicas=replicas, declared=False)
        if replicas:
            world.pod("local-path-provisioner", 1, state=running(1))
            world.ready("local-path-provisioner", 2)


# V01 and V02


@sample(
    ("V01", "StorageClass gp3"),
    within=15,
    innocent=("StatefulSet shop/postgres-order", "Deployment shop/order"),
    victims=("StatefulSet shop/postgres-order",),
)
def an_overlay_keeps_gp3_on_kind() -> World:
    """Scenario 7."""
    world = World()
    storage_class(world)
    database(world, "postgres-order", "gp3")
    world.service("postgres-order", 5432)
    claim(world, "data-postgres-order-0", "gp3")
    world.event(
        "PersistentVolumeClaim", "data-postgres-order-0", "ProvisioningFailed",
        'storageclass.storage.k8s.io "gp3" not found', 2, component="persistentvolume-controller",
    )  # fmt: skip
    unbound(world, "postgres-order", "postgres-order-0")
    env = [{"name": "DB_HOST", "value": "postgres-order"}]
    world.workload("order", container("order", env=env))
    for restarts, at in ((1, 5), (2, 8), (3, 12)):
        world.pod("order", at, state=crashed(at, restarts=restarts))
        text = 'could not connect to server: Connection refused\n\tIs "postgres-order" running?'
        world.log("order-h1-abcde", "order", text, at, previous=True, restarts=restarts)
    return world


@sample(
    ("V01", "StorageClass fast"),
    within=5,
    victims=("StatefulSet shop/db", "PersistentVolumeClaim shop/data-db-1"),
)
def two_replicas_wait_for_the_same_class() -> World:
    world = World()
    storage_class(world)
    database(world, "db", "fast", replicas=2)
    claim(world, "data-db-0", "fast")
    claim(world, "data-db-1", "fast")
    unbound(world, "db", "db-0", "db-1")
    return world


@sample(within=100)
def a_class_that_an_add_on_installs_a_moment_later() -> World:
    world = World()
    storage_class(world)
    world.declare({"kind": "StorageClass", "metadata": {"name": "fast", "namespace": ""}})
    database(world, "db", "fast")
    claim(world, "data-db-0", "fast")
    unbound(world, "db", "db-0")
    storage_class(world, "fast", at=60, default=False)
    return world


@sample(within=100)
def a_class_name_that_only_pairs_claim_and_volume() -> World:
    world = World()
    storage_class(world)
    world.put(
        {
            "kind": "PersistentVolume",
            "metadata": {"name": "disk-1"},
            "spec": {"storageClassName": "manual"},
            "status": {"phase": "Available"},
        }
    )
    claim(world, "data", "manual")
    return world


@sample(("V01", "StorageClass gp3"), within=75, not_before=60)
def a_missing_class_without_a_repository() -> World:
    world = World()
    storage_class(world)
    database(world, "db", "gp3")
    world.declared.clear()
    claim(world, "data-db-0", "gp3")
    unbound(world, "db", "db-0")
    return world


NO_CLASS_SET = "no persistent volumes available for this claim and no storage class is set"


@sample(("V02", "StorageClass (default)"), within=5, victims=("StatefulSet shop/db",))
def no_class_is_the_default() -> World:
    world = World()
    storage_class(world, default=False)
    database(world, "db", None, replicas=2)
    for name in ("data-db-0", "data-db-1"):
        claim(world, name, None)
        world.event("PersistentVolumeClaim", name, "FailedBinding", NO_CLASS_SET, 2, type="Normal")
    unbound(world, "db", "db-0", "db-1")
    return world


@sample(within=100)
def the_default_class_takes_the_claim_over() -> World:
    world = World()
    storage_class(world)
    claim(world, "data", None)
    claim(world, "data", "standard", at=30)
    return world


@sample(("V02", "PersistentVolumeClaim shop/data"), within=75, not_before=60)
def a_claim_for_a_volume_that_nobody_made() -> World:
    world = World()
    storage_class(world)
    claim(world, "data", "")
    return world


# V03 to V05


@sample(("V03", "Deployment local-path-storage/local-path-provisioner"), within=190, not_before=180)
def the_provisioner_is_scaled_to_zero() -> World:
    world = World()
    storage_class(world)
    provisioner(world, replicas=0)
    database(world, "db", "standard")
    world.pod("db", 1.5, scheduled=False, containerStatuses=[])
    claim(world, "data-db-0")
    claim(world, "data-db-0", at=2, **{SELECTED: "node-1", PROVISIONER: "rancher.io/local-path"})
    return world


@sample(within=300)
def the_provisioner_is_away_for_two_minutes() -> World:
    """Scenario 28."""
    world = World()
    storage_class(world)
    provisioner(world, replicas=0)
    database(world, "db", "standard")
    world.pod("db", 1.5, scheduled=False, containerStatuses=[])
    waiting_text = "waiting for first consumer to be created before binding"
    marks = {SELECTED: "node-1", PROVISIONER: "rancher.io/local-path"}
    claim(world, "data-db-0")
    world.event(
        "PersistentVolumeClaim", "data-db-0", "WaitForFirstConsumer", waiting_text, 1.2,
        type="Normal",
    )  # fmt: skip
    claim(world, "data-db-0", at=2, **marks)
    asked = "Waiting for a volume to be created either by the external provisioner "
    for count, at in ((1, 3), (4, 50), (8, 110)):
        world.event(
            "PersistentVolumeClaim", "data-db-0", "ExternalProvisioning",
            f"{asked}'rancher.io/local-path' or manually by the system administrator.", at,
            count=count, type="Normal",
        )  # fmt: skip
    with inside(world, "local-path-storage"):
        world.change("Deployment", "local-path-provisioner", 120, spec={"replicas": 1})
        world.pod("local-path-provisioner", 121, state=running(121))
        world.ready("local-path-provisioner", 125)
    claim(world, "data-db-0", at=135, phase="Bound", volume="pvc-1", **marks)
    world.pod("db", 136, state=waiting("ContainerCreating"))
    world.ready("db", 150)
    return world


@sample(("V03", "StorageClass standard"), within=190, not_before=180)
def no_provisioner_is_installed() -> World:
    world = World()
    storage_class(world, binding="Immediate")
    with inside(world, "local-path-storage"):
        pass
    database(world, "db", "standard")
    claim(world, "data-db-0")
    unbound(world, "db", "db-0")
    return world


@sample(within=290)
def a_slow_provisioner_that_cannot_be_seen() -> World:
    world = World()
    storage_class(world, "gp3", provisioner="ebs.csi.aws.com")
    database(world, "db", "gp3")
    claim(world, "data-db-0", "gp3")
    claim(world, "data-db-0", "gp3", at=2, **{SELECTED: "node-1"})
    return world


TIMEOUT = (
    'failed to provision volume with StorageClass "standard": failed to create volume '
    "pvc-0f5b: create process timeout after 120 seconds"
)


@sample(("V04", "StorageClass standard"), within=400, not_before=125, variations=False)
def the_provisioner_fails_again_and_again() -> World:
    world = World()
    storage_class(world)
    provisioner(world)
    database(world, "db", "standard")
    claim(world, "data-db-0", at=1, **{SELECTED: "node-1"})
    for count, at in ((1, 122), (2, 245), (3, 370)):
        world.event(
            "PersistentVolumeClaim", "data-db-0", "ProvisioningFailed", TIMEOUT, at, count=count,
            component="rancher.io/local-path_local-path-provisioner",
        )  # fmt: skip
    return world


@sample(within=200)
def the_first_volume_took_one_more_attempt() -> World:
    world = World()
    storage_class(world)
    provisioner(world)
    database(world, "db", "standard")
    claim(world, "data-db-0", at=1, **{SELECTED: "node-1"})
    world.event("PersistentVolumeClaim", "data-db-0", "ProvisioningFailed", TIMEOUT, 122)
    claim(world, "data-db-0", at=140, phase="Bound", volume="pvc-1")
    return world


@sample(("V05", "PersistentVolumeClaim shop/uploads"), within=95)
def a_shared_volume_from_a_local_provisioner() -> World:
    world = World()
    storage_class(world)
    provisioner(world)
    world.declare({"kind": "PersistentVolumeClaim", "metadata": {"name": "uploads"}})
    world.workload("web", container("web"), **mounting("uploads"))
    marks = {SELECTED: "node-1", PROVISIONER: "rancher.io/local-path"}
    claim(world, "uploads", at=1, modes=("ReadWriteMany",), **marks)
    world.event(
        "PersistentVolumeClaim", "uploads", "ProvisioningFailed",
        'failed to provision volume with StorageClass "standard": NodePath only supports '
        "ReadWriteOnce and ReadWriteOncePod (1.22+) access modes", 2,
    )  # fmt: skip
    return world


# V06 to V11


def volume_on(world: World, name: str, node: str) -> None:
    """A bound local volume that stands on a node."""
    expression = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    world.put(
        {
            "kind": "PersistentVolume",
            "metadata": {"name": name},
            "spec": {"nodeAffinity": {"required": terms}, "storageClassName": "standard"},
            "status": {"phase": "Bound"},
        }
    )


@sample(("V06", "PersistentVolumeClaim shop/data"), within=5, victims=("Deployment shop/web",))
def the_volume_stands_on_a_node_that_is_gone() -> World:
    world = World()
    storage_class(world)
    volume_on(world, "pvc-1", "node-9")
    claim(world, "data", phase="Bound", volume="pvc-1")
    world.workload("web", **mounting("data"))
    pending(world, "web", "1 node(s) had volume node affinity conflict", preemption=HELPFUL)
    return world


@sample(within=170)
def the_node_of_the_volume_comes_back() -> World:
    world = World()
    storage_class(world)
    world.node("node-2", conditions=[{"type": "Ready", "status": "False"}])
    volume_on(world, "pvc-1", "node-2")
    claim(world, "data", phase="Bound", volume="pvc-1")
    world.workload("web", **mounting("data"))
    pending(world, "web", "1 node(s) had volume node affinity conflict", preemption=HELPFUL)
    world.node("node-2", 100)
    world.pod("web", 110, node="node-2", state=running(110))
    return world


@sample(("V07", "PersistentVolumeClaim shop/uplods"), within=5)
def a_claim_that_nobody_declares() -> World:
    world = World()
    storage_class(world)
    claim(world, "uploads")
    world.workload("web", **mounting("uplods"))
    pending(world, "web", 'persistentvolumeclaim "uplods" not found', preemption=HELPFUL)
    return world


@sample(within=170)
def a_claim_of_a_stateful_set_that_comes_a_moment_later() -> World:
    world = World()
    storage_class(world)
    database(world, "db", "standard")
    world.pod("db", 1, scheduled=False, containerStatuses=[])
    made = world.live("Pod", "db-0")
    made["spec"]["volumes"] = mounting("data-db-0")["volumes"]
    text = '0/1 nodes are available: persistentvolumeclaim "data-db-0" not found.'
    condition = {
        "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": text,
        "lastTransitionTime": stamp(1),
    }  # fmt: skip
    world.put({**made, "status": {"phase": "Pending", "conditions": [condition]}}, 1)
    claim(world, "data-db-0", at=3, **{SELECTED: "node-1"})
    claim(world, "data-db-0", at=20, phase="Bound", volume="pvc-1")
    return world


@sample(("V08", "PersistentVolumeClaim shop/data"), within=5, victims=("Deployment shop/web",))
def a_claim_that_lost_its_volume() -> World:
    world = World()
    storage_class(world)
    claim(world, "data", phase="Lost", volume="pvc-1")
    world.workload("web", **mounting("data"))
    return world


ATTACHED = 'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) web-h0-aaaaa'


@sample(("V09", "Deployment shop/web"), within=500, not_before=420, variations=False)
def a_volume_that_another_node_keeps() -> World:
    world = World()
    storage_class(world, "gp3", provisioner="ebs.csi.aws.com")
    claim(world, "data", "gp3", phase="Bound", volume="pvc-1")
    world.workload("web", **mounting("data"))
    world.pod("web", 2, state=waiting("ContainerCreating"))
    world.event(
        "Pod", "web-h1-abcde", "FailedAttachVolume", ATTACHED, 3,
        component="attachdetach-controller",
    )  # fmt: skip
    return world


@sample(within=415)
def a_volume_that_a_lost_node_gives_back() -> World:
    world = World()
    storage_class(world, "gp3", provisioner="ebs.csi.aws.com")
    claim(world, "data", "gp3", phase="Bound", volume="pvc-1")
    world.workload("web", **mounting("data"))
    world.pod("web", 2, state=waiting("ContainerCreating"))
    world.event("Pod", "web-h1-abcde", "FailedAttachVolume", ATTACHED, 3)
    world.event("Pod", "web-h1-abcde", "SuccessfulAttachVolume", "attached", 380, type="Normal")
    world.pod("web", 385, state=running(385))
    return world


@sample(within=600)
def a_claim_in_a_wave_before_its_pod() -> World:
    """The claim's part of scenario 23: it waits for a consumer, which is no fault of storage."""
    world = World()
    storage_class(world)
    provisioner(world)
    claim(world, "data")
    for count, at in ((1, 2), (10, 150), (30, 500)):
        world.event(
            "PersistentVolumeClaim", "data", "WaitForFirstConsumer",
            "waiting for first consumer to be created before binding", at, count=count,
            type="Normal",
        )  # fmt: skip
    return world


@sample(within=340)
def a_binding_race_that_takes_five_minutes() -> World:
    """V11."""
    world = World()
    storage_class(world)
    provisioner(world)
    database(world, "db", "standard")
    claim(world, "data-db-0", at=1, **{SELECTED: "node-1"})
    unbound(world, "db", "db-0")
    text = (
        'Operation cannot be fulfilled on persistentvolumeclaims "data-db-0": the object has been '
        "modified; please apply your changes to the latest version and try again"
    )
    world.event(
        "Pod", "db-0", "FailedScheduling", f"running PreBind plugin: {text}", 2, key="race",
        component="default-scheduler",
    )  # fmt: skip
    claim(world, "data-db-0", at=15, phase="Bound", volume="pvc-1")
    world.pod("db", 320, state=running(320))
    world.ready("db", 330)
    return world
