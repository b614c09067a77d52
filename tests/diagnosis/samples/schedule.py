"""Timelines of the schedule phase: pods without a node, pods never created, workloads at rest."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.sample import sample
from tests.diagnosis.world import Object, World, container, crashed, running, stamp, waiting

NO_VICTIMS = "1 No preemption victims found for incoming pod."
HELPFUL = "1 Preemption is not helpful for scheduling."


def refused(text: str, at: float = 2, preemption: str = NO_VICTIMS) -> Object:
    """The scheduler's condition for a pod that fits no node of one."""
    return {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": f"0/1 nodes are available: {text}. preemption: 0/1 nodes are available: "
        f"{preemption}",
        "lastTransitionTime": stamp(at),
    }


def pending(
    world: World, workload: str, text: str, at: float = 2, *, preemption: str = NO_VICTIMS,
    **fields: Any,
) -> None:  # fmt: skip
    """A pod of the workload finds no node, and the scheduler says so."""
    condition = refused(text, at, preemption)
    made = world.pod(
        workload, at, scheduled=False, conditions=[condition], containerStatuses=[], **fields
    )
    world.event(
        "Pod", made["metadata"]["name"], "FailedScheduling", condition["message"], at,
        component="default-scheduler",
    )  # fmt: skip


def asking(resource: str, amount: str, name: str = "order") -> Object:
    return container(name, resources={"requests": {resource: amount}})


def labelled(world: World, name: str = "node-1", **labels: str) -> None:
    """A node has further labels."""
    found = world.live("Node", name)
    marks = {**found["metadata"]["labels"], **labels}
    world.put({**found, "metadata": {**found["metadata"], "labels": marks}}, at=0)


def tainted(world: World, key: str, value: str = "", at: float = 0, name: str = "node-1") -> None:
    """A node carries a taint."""
    taint = {"key": key, "effect": "NoSchedule", **({"value": value} if value else {})}
    world.change("Node", name, at, spec={"taints": [taint]})


# H01


@sample(("H01", "Deployment shop/order"), within=4)
def order_asks_for_more_memory_than_the_node_has() -> World:
    """Scenario 16."""
    world = World()
    world.workload("order", asking("memory", "64Gi"), replicas=2)
    pending(world, "order", "1 Insufficient memory", name="order-h1-aaaaa")
    pending(world, "order", "1 Insufficient memory", name="order-h1-bbbbb")
    return world


@sample(("H01", "Deployment shop/trainer"), within=4)
def a_gpu_on_a_cluster_without_any() -> World:
    world = World()
    limits = {"limits": {"nvidia.com/gpu": "1"}}
    world.workload("trainer", container("trainer", resources=limits))
    pending(world, "trainer", "1 Insufficient nvidia.com/gpu")
    return world


@sample(within=170)
def a_gpu_whose_device_plugin_still_starts() -> World:
    world = World()
    limits = {"limits": {"nvidia.com/gpu": "1"}}
    world.workload("trainer", container("trainer", resources=limits))
    plugin = world.workload("nvidia-device-plugin", kind="DaemonSet")
    counts = {"observedGeneration": 1, "desiredNumberScheduled": 1}
    world.put({**plugin, "status": counts}, 0.6)
    world.pod("nvidia-device-plugin", 1, state=waiting("ContainerCreating"))
    pending(world, "trainer", "1 Insufficient nvidia.com/gpu")
    return world


@sample(("H01", "StatefulSet shop/db"), within=4)
def a_sidecar_makes_the_sum_too_great() -> World:
    world = World()
    world.workload(
        "db",
        container("db", resources={"requests": {"cpu": "3"}}),
        kind="StatefulSet",
        initContainers=[
            container("proxy", restartPolicy="Always", resources={"requests": {"cpu": "1500m"}})
        ],
    )
    pending(world, "db", "1 Insufficient cpu")
    return world


@sample(("H01", "Deployment shop/order"), within=190, not_before=180)
def other_pods_have_taken_the_room() -> World:
    world = World()
    world.workload("catalog", asking("memory", "6Gi", "catalog"))
    world.pod("catalog", 1, state=running(1))
    world.ready("catalog", 10)
    world.workload("order", asking("memory", "4Gi"))
    pending(world, "order", "1 Insufficient memory")
    return world


@sample(within=400)
def a_job_will_free_the_room() -> World:
    world = World()
    world.workload("seed", asking("memory", "6Gi", "seed"), kind="Job")
    world.pod("seed", 1, state=running(1), phase="Running")
    world.workload("order", asking("memory", "4Gi"))
    pending(world, "order", "1 Insufficient memory")
    return world


@sample(within=400)
def a_surge_pod_finds_room_after_the_old_one_left() -> World:
    world = World()
    world.workload("order", asking("cpu", "3"))
    pending(world, "order", "1 Insufficient cpu")
    world.pod("order", 100, state=waiting("ContainerCreating"))
    world.ready("order", 130)
    return world


@sample(("H01", "Deployment shop/order"), within=310, not_before=300)
def a_cloud_may_still_add_a_node() -> World:
    world = World()
    labelled(world, **{"eks.amazonaws.com/nodegroup": "small"})
    world.workload("order", asking("memory", "64Gi"))
    pending(world, "order", "1 Insufficient memory")
    return world


@sample(within=500)
def the_autoscaler_is_adding_a_node() -> World:
    world = World()
    labelled(world, **{"eks.amazonaws.com/nodegroup": "small"})
    world.workload("order", asking("memory", "4Gi"))
    for at in (2, 15, 30):
        pending(world, "order", "1 Insufficient memory", at)
    for key in ("a", "b"):
        world.event(
            "Pod", "order-h1-abcde", "TriggeredScaleUp", "pod triggered scale-up: [{small 1->2}]",
            20, key=key, type="Normal", component="cluster-autoscaler",
        )  # fmt: skip
    return world


# H02


@sample(("H02", "Deployment shop/order"), within=4)
def a_node_selector_that_no_node_has() -> World:
    world = World()
    labelled(world, disktype="ssd")
    world.workload("order", nodeSelector={"disktype": "sdd"})
    pending(world, "order", "1 node(s) didn't match Pod's node affinity/selector")
    return world


@sample(("H02", "StatefulSet shop/db"), within=4)
def an_affinity_for_a_zone_on_kind() -> World:
    world = World()
    zone = {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["eu-central-1a"]}
    required = {"nodeSelectorTerms": [{"matchExpressions": [zone]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    world.workload("db", kind="StatefulSet", affinity=affinity)
    pending(world, "db", "1 node(s) didn't match Pod's node affinity/selector")
    return world


@sample(("H02", "Deployment shop/order"), within=4)
def a_taint_that_the_pod_does_not_tolerate() -> World:
    world = World()
    tainted(world, "dedicated", "db")
    world.workload("order")
    pending(world, "order", "1 node(s) had untolerated taint(s)")
    return world


@sample(within=170)
def a_new_node_that_is_not_ready_yet() -> World:
    world = World()
    tainted(world, "node.kubernetes.io/not-ready")
    world.workload("order")
    pending(world, "order", "1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }")
    world.change("Node", "node-1", 80, spec={"taints": []})
    world.pod("order", 85, state=waiting("ContainerCreating"))
    return world


@sample(within=150)
def the_control_plane_taint_of_a_cluster_that_is_being_made() -> World:
    world = World()
    tainted(world, "node-role.kubernetes.io/control-plane")
    world.workload("order")
    pending(
        world, "order", "1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }"
    )
    world.change("Node", "node-1", 40, spec={"taints": []})
    world.pod("order", 45, state=waiting("ContainerCreating"))
    return world


@sample(("H02", "Node node-1"), within=185, not_before=180)
def the_only_node_is_cordoned() -> World:
    world = World()
    taint = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
    world.change("Node", "node-1", 0, spec={"unschedulable": True, "taints": [taint]})
    world.workload("order")
    pending(world, "order", "1 node(s) were unschedulable")
    return world


@sample(("H02", "DaemonSet shop/agent"), within=4)
def a_daemon_set_whose_selector_no_node_has() -> World:
    world = World()
    labelled(world, role="worker")
    made = world.workload("agent", kind="DaemonSet", nodeSelector={"role": "workers"})
    counts = {"desiredNumberScheduled": 0, "currentNumberScheduled": 0, "numberReady": 0}
    world.put({**made, "status": {"observedGeneration": 1, **counts}}, 1)
    return world


@sample(("H02", "Deployment shop/order"), within=4)
def two_replicas_that_shun_each_other_on_one_node() -> World:
    world = World()
    term = {
        "labelSelector": {"matchLabels": {"app": "order"}},
        "topologyKey": "kubernetes.io/hostname",
    }
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    world.workload("order", replicas=2, affinity=affinity)
    world.pod("order", 1, name="order-h1-aaaaa", state=running(1), ready=True)
    pending(world, "order", "1 node(s) didn't match pod anti-affinity rules", name="order-h1-bbbbb")
    return world


@sample(("H02", "Deployment shop/order"), within=4)
def a_spread_over_zones_that_no_node_names() -> World:
    world = World()
    spread = {
        "maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "order"}},
    }
    world.workload("order", topologySpreadConstraints=[spread])
    text = "1 node(s) didn't match pod topology spread constraints (missing required label)"
    pending(world, "order", text)
    return world


# H03


@sample(("H03", "Deployment shop/gateway"), within=4)
def two_replicas_with_one_host_port() -> World:
    world = World()
    ports = [{"name": "http", "containerPort": 8080, "hostPort": 80}]
    world.workload("gateway", container("gateway", ports=ports), replicas=2)
    world.pod("gateway", 1, name="gateway-h1-aaaaa", state=running(1), ready=True)
    text = "1 node(s) didn't have free ports for the requested pod ports"
    pending(world, "gateway", text, name="gateway-h1-bbbbb")
    return world


@sample(("H03", "Deployment shop/gateway"), within=100, not_before=90)
def another_workload_has_the_host_port() -> World:
    world = World()
    ports = [{"containerPort": 8080, "hostPort": 80}]
    world.workload("proxy", container("proxy", ports=ports))
    world.pod("proxy", 1, state=running(1))
    world.ready("proxy", 3)
    world.workload("gateway", container("gateway", ports=ports))
    pending(world, "gateway", "1 node(s) didn't have free ports for the requested pod ports")
    return world


@sample(within=200)
def the_old_pod_gives_the_host_port_back() -> World:
    world = World()
    ports = [{"containerPort": 8080, "hostPort": 80}]
    world.workload("gateway", container("gateway", ports=ports))
    pending(world, "gateway", "1 node(s) didn't have free ports for the requested pod ports")
    world.pod("gateway", 40, state=running(40))
    world.ready("gateway", 45)
    return world


# H04 to H07


def replica_failure(world: World, name: str, text: str, at: float = 1) -> None:
    """The Deployment's controller may not create pods, and says so."""
    condition = {
        "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": text,
        "lastTransitionTime": stamp(at),
    }  # fmt: skip
    status = {"conditions": [condition], "replicas": 0, "updatedReplicas": 0}
    world.change("Deployment", name, at, status=status)
    for count, moment in ((1, at), (4, at + 20), (6, at + 60)):
        message = f"Error creating: {text}"
        world.event(
            "ReplicaSet", f"{name}-h1", "FailedCreate", message, moment, count=count,
            component="replicaset-controller",
        )  # fmt: skip


QUOTA = (
    'pods "order-h1-2x9zr" is forbidden: exceeded quota: team, requested: requests.memory=2Gi, '
    "used: requests.memory=3Gi, limited: requests.memory=4Gi"
)


@sample(("H04", "ResourceQuota shop/team"), within=70, not_before=45)
def a_quota_is_used_up() -> World:
    world = World()
    world.workload("order", asking("memory", "2Gi"))
    replica_failure(world, "order", QUOTA)
    return world


@sample(within=200)
def a_quota_that_pods_being_deleted_still_use() -> World:
    world = World()
    world.workload("order", asking("memory", "2Gi"))
    old = world.pod("order", 0.6, name="order-h0-aaaaa", hash_="h0", state=running(0.6))
    leaving = {**old["metadata"], "deletionTimestamp": stamp(1)}
    world.put({**old, "metadata": leaving}, 1)
    replica_failure(world, "order", QUOTA)
    return world


@sample(("H04", "StatefulSet shop/db"), within=70, not_before=45, variations=False)
def a_quota_that_wants_limits_set() -> World:
    world = World()
    world.workload("db", kind="StatefulSet")
    text = (
        'create Pod db-0 in StatefulSet db failed error: pods "db-0" is forbidden: failed quota: '
        "team: must specify limits.cpu for: db; limits.memory for: db"
    )
    for count, at in ((1, 1), (9, 20), (12, 60)):
        world.event("StatefulSet", "db", "FailedCreate", text, at, count=count)
    return world


@sample(("H04", "Deployment shop/order"), within=70, not_before=45)
def a_limit_range_with_a_lower_maximum() -> World:
    world = World()
    world.workload("order", asking("memory", "2Gi"))
    text = (
        'pods "order-h1-2x9zr" is forbidden: maximum memory usage per Container is 1Gi, but limit '
        "is 2Gi"
    )
    replica_failure(world, "order", text)
    return world


POD_SECURITY = (
    'pods "order-h1-2x9zr" is forbidden: violates PodSecurity "restricted:latest": '
    'allowPrivilegeEscalation != false (container "order" must set '
    "securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "
    '"order" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or '
    'container "order" must set securityContext.runAsNonRoot=true), seccompProfile (pod or '
    'container "order" must set securityContext.seccompProfile.type to "RuntimeDefault" or '
    '"Localhost")'
)


@sample(("H05", "Deployment shop/order"), within=4)
def pod_security_refuses_the_pods() -> World:
    world = World()
    world.workload("order", container("order"))
    replica_failure(world, "order", POD_SECURITY)
    return world


@sample(within=120)
def pod_security_refused_only_the_template_before() -> World:
    world = World()
    world.workload("order", container("order"))
    old = POD_SECURITY.replace("order-h1", "order-h0")
    world.replica_set("order", "h2", revision=2, at=1)
    replica_failure(world, "order", old)
    world.pod("order", 60, name="order-h2-aaaaa", hash_="h2", state=running(60))
    return world


@sample(("H06", "ServiceAccount shop/order"), within=4)
def a_service_account_that_nobody_declares() -> World:
    world = World()
    world.workload("order", serviceAccountName="order")
    text = (
        'pods "order-h1-" is forbidden: error looking up service account shop/order: '
        'serviceaccount "order" not found'
    )
    replica_failure(world, "order", text)
    return world


@sample(("H06", "ServiceAccount shop/db"), within=4)
def a_stateful_set_without_its_service_account() -> World:
    """Seen from the objects: no pod, and an account that can never appear."""
    world = World()
    world.put({"kind": "ServiceAccount", "metadata": {"name": "db-sa", "namespace": "shop"}})
    world.workload("db", kind="StatefulSet", serviceAccountName="db")
    return world


@sample(within=100)
def a_service_account_that_comes_a_moment_later() -> World:
    world = World()
    account = {"kind": "ServiceAccount", "metadata": {"name": "order", "namespace": "shop"}}
    world.declare(account)
    world.workload("order", serviceAccountName="order")
    text = (
        'pods "order-h1-" is forbidden: error looking up service account shop/order: '
        'serviceaccount "order" not found'
    )
    replica_failure(world, "order", text)
    world.put(account, 8)
    world.pod("order", 20, state=running(20))
    world.ready("order", 25)
    return world


@sample(("H07", "Deployment shop/order"), within=4)
def a_policy_denies_the_pods() -> World:
    world = World()
    world.workload("order", container("order"))
    text = (
        'admission webhook "validate.kyverno.svc-fail" denied the request: \n\nresource '
        "Pod/shop/order-h1-2x9zr was blocked due to the following policies\n\n"
        "require-labels:\n  check-team: 'validation error: label team is required'"
    )
    replica_failure(world, "order", text)
    return world


DOWN = (
    'Internal error occurred: failed calling webhook "mutate.policy.test": failed to call webhook: '
    'Post "https://policy.policy-system.svc:443/mutate?timeout=10s": no endpoints available for '
    'service "policy"'
)


@sample(("H07", "Service policy-system/policy"), within=110, not_before=90)
def a_webhook_that_nobody_serves() -> World:
    world = World()
    world.workload("order")
    replica_failure(world, "order", DOWN)
    return world


@sample(within=140)
def a_webhook_that_still_starts() -> World:
    world = World()
    world.workload("order")
    replica_failure(world, "order", DOWN)
    status = {"conditions": [], "replicas": 1, "updatedReplicas": 1}
    world.change("Deployment", "order", 70, status=status)
    world.pod("order", 70, state=running(70))
    world.ready("order", 75)
    return world


# H12, H13


def priority_class(world: World, name: str, at: float = 0.2) -> None:
    world.put({"kind": "PriorityClass", "metadata": {"name": name}, "value": 1000}, at)


NO_CLASS = 'pods "order-h1-" is forbidden: no PriorityClass with name shop-hihg was found'


@sample(
    ("H12", "PriorityClass shop-hihg"),
    within=4,
    victims=("Deployment shop/order", "Deployment shop/payment"),
)
def two_workloads_name_a_priority_class_that_nobody_has() -> World:
    world = World()
    priority_class(world, "system-node-critical")
    priority_class(world, "shop-high")
    for name in ("order", "payment"):
        world.workload(name, priorityClassName="shop-hihg")
        replica_failure(world, name, NO_CLASS.replace("order", name))
    return world


@sample(("H12", "PriorityClass shop-high"), within=4)
def a_stateful_set_names_a_priority_class_that_nobody_has() -> World:
    """Seen from the objects: no pod, and a class that can never appear."""
    world = World()
    world.workload("db", kind="StatefulSet", priorityClassName="shop-high")
    return world


@sample(("H12", "RuntimeClass gvisor"), within=4)
def a_runtime_class_that_kind_does_not_have() -> World:
    world = World()
    world.workload("order", runtimeClassName="gvisor")
    replica_failure(
        world,
        "order",
        'pods "order-h1-" is forbidden: pod rejected: RuntimeClass "gvisor" not found',
    )
    return world


@sample(within=100)
def a_priority_class_that_comes_a_moment_later() -> World:
    world = World()
    made = {"kind": "PriorityClass", "metadata": {"name": "shop-high", "namespace": ""}}
    world.declare(made)
    world.workload("order", priorityClassName="shop-high")
    replica_failure(world, "order", NO_CLASS.replace("hihg", "high"))
    world.put({**made, "value": 1000}, 8)
    world.pod("order", 20, state=running(20))
    world.ready("order", 25)
    return world


@sample(("H12", "PriorityClass shop-high"), within=150, not_before=120)
def a_declared_priority_class_that_never_comes() -> World:
    world = World()
    world.declare({"kind": "PriorityClass", "metadata": {"name": "shop-high", "namespace": ""}})
    world.workload("order", priorityClassName="shop-high")
    replica_failure(world, "order", NO_CLASS.replace("hihg", "high"))
    return world


@sample(("H12", "PriorityClass shop-high"), within=4)
def argo_cd_cannot_apply_a_pod_for_want_of_its_class() -> World:
    world = World()
    world.declare({"kind": "Pod", "metadata": {"name": "probe"}, "spec": {"containers": []}})
    failed = {
        "kind": "Pod", "name": "probe", "namespace": "shop", "status": "SyncFailed",
        "message": 'pods "probe" is forbidden: no PriorityClass with name shop-high was found',
    }  # fmt: skip
    world.application(
        at=2,
        sync={"status": "OutOfSync", "revision": world.revision},
        operationState={
            "phase": "Running",
            "message": "one or more objects failed to apply",
            "startedAt": stamp(1),
            "finishedAt": stamp(2),
            "retryCount": 1,
            "operation": {"sync": {"revision": world.revision}},
            "syncResult": {"revision": world.revision, "resources": [failed]},
        },
    )
    return world


INVALID = (
    'Pod "order-h1-2x9zr" is invalid: spec.containers[0].resources.requests: Invalid value: '
    '"1Gi": must be less than or equal to memory limit of 512Mi'
)


@sample(("H13", "Deployment shop/order"), within=25)
def a_limit_range_sets_a_limit_below_the_request() -> World:
    world = World()
    world.workload("order", asking("memory", "1Gi"))
    replica_failure(world, "order", INVALID)
    return world


@sample(("H13", "StatefulSet shop/db"), within=25, variations=False)
def a_webhook_adds_a_container_that_is_not_valid() -> World:
    world = World()
    world.workload("db", container("db"), kind="StatefulSet")
    text = (
        'create Pod db-0 in StatefulSet db failed error: Pod "db-0" is invalid: '
        '[spec.containers[1].image: Required value, spec.containers[1].name: Invalid value: ""]'
    )
    for count, at in ((1, 1), (4, 15)):
        world.event("StatefulSet", "db", "FailedCreate", text, at, count=count)
    return world


@sample(within=120)
def invalid_pods_of_the_template_before() -> World:
    world = World()
    world.workload("order", container("order"))
    world.replica_set("order", "h2", revision=2, at=1)
    replica_failure(world, "order", INVALID.replace("order-h1", "order-h0"))
    world.pod("order", 60, name="order-h2-aaaaa", hash_="h2", state=running(60))
    return world


# H08


@sample(("H08", "Deployment shop/order"), within=4)
def zero_replicas_are_declared() -> World:
    world = World()
    world.workload("order", replicas=0)
    return world


@sample(within=60)
def zero_replicas_with_a_scaler_are_meant() -> World:
    world = World()
    world.workload("worker", replicas=0)
    world.declare(
        {
            "kind": "ScaledObject",
            "metadata": {"name": "worker"},
            "spec": {"scaleTargetRef": {"name": "worker"}, "minReplicaCount": 0},
        }
    )
    return world


@sample(("H08", "Deployment shop/order"), within=4)
def a_paused_deployment_that_was_never_rolled_out() -> World:
    world = World()
    world.workload("order", spec={"paused": True})
    world.change("Deployment", "order", 1, status={"replicas": 0, "updatedReplicas": 0})
    return world


@sample(within=300)
def a_paused_deployment_that_runs_what_it_should() -> World:
    world = World()
    world.workload("order", spec={"paused": True})
    world.pod("order", 2, state=running(2))
    world.ready("order", 6)
    return world


@sample(("H08", "Deployment shop/order"), within=190, not_before=180)
def a_scheduling_gate_that_nobody_lifts() -> World:
    world = World()
    world.workload("order", schedulingGates=[{"name": "shop.test/later"}])
    gate = {
        "type": "PodScheduled", "status": "False", "reason": "SchedulingGated",
        "message": "Scheduling is blocked due to non-empty scheduling gates",
        "lastTransitionTime": stamp(2),
    }  # fmt: skip
    world.pod("order", 2, scheduled=False, conditions=[gate], containerStatuses=[])
    return world


@sample(("H08", "Job shop/migrate"), within=4)
def a_job_that_is_suspended() -> World:
    world = World()
    world.workload("migrate", kind="Job", spec={"suspend": True})
    return world


@sample(within=300)
def a_job_that_waits_in_a_queue() -> World:
    world = World()
    made = world.workload("migrate", kind="Job", spec={"suspend": True})
    labels = {"kueue.x-k8s.io/queue-name": "shop"}
    world.put({**made, "metadata": {**made["metadata"], "labels": labels}}, 0.6)
    return world


# H09 to H11


@sample(within=250)
def the_second_broker_waits_for_the_first() -> World:
    """H09: pod 1 is missing because pod 0 starts slowly."""
    world = World()
    world.workload("queue", kind="StatefulSet", replicas=3)
    world.service("queue", 9092, clusterIP="None")
    for at in range(5, 250, 20):
        world.pod("queue", at, name="queue-0", state=running(5))
        world.log("queue-0", "queue", f"loading segment {at * 7} of topic orders", at)
    return world


def corrected(world: World, name: str, image: str, at: float) -> None:
    """The template of a StatefulSet is corrected; its controller notes the new revision."""
    made = world.live("StatefulSet", name)
    template = {"metadata": made["spec"]["template"]["metadata"], "spec": {
        "containers": [container(name, image)]
    }}  # fmt: skip
    status = {**made["status"], "updateRevision": f"{name}-r2", "updatedReplicas": 0,
              "observedGeneration": 2}  # fmt: skip
    world.put({
        **made,
        "metadata": {**made["metadata"], "generation": 2},
        "spec": {**made["spec"], "template": template},
        "status": status,
    }, at)  # fmt: skip


@sample(("H10", "StatefulSet shop/db"), within=100, not_before=80)
def a_broken_pod_keeps_the_corrected_template_out() -> World:
    world = World()
    world.workload("db", container("db", "ghcr.io/shop/db:typo"), kind="StatefulSet")
    world.service("db", 5432, clusterIP="None")
    corrected(world, "db", "ghcr.io/shop/db:1.0", 20)
    text = 'Back-off pulling image "ghcr.io/shop/db:typo"'
    for at in (0.6, 30, 60):
        world.pod("db", at, hash_="db-r1", state=waiting("ImagePullBackOff", text))
    made = world.live("Pod", "db-0")
    broken = {**made, "spec": {"containers": [container("db", "ghcr.io/shop/db:typo")]}}
    early = {"type": "Ready", "status": "False", "lastTransitionTime": stamp(0.6)}
    broken["status"] = {**made["status"], "conditions": [early]}
    world.put(broken, 61)
    return world


@sample(("H10", "StatefulSet shop/db"), within=210, not_before=180)
def an_old_pod_crashes_for_ever() -> World:
    world = World()
    world.workload("db", container("db"), kind="StatefulSet")
    world.service("db", 5432, clusterIP="None")
    corrected(world, "db", "ghcr.io/shop/app:1.0", 3)
    for restarts, at in ((1, 4), (2, 10), (3, 14)):
        world.pod("db", at, hash_="db-r1", state=crashed(4, restarts=restarts))
    return world


@sample(within=300)
def an_old_pod_that_only_starts_slowly() -> World:
    world = World()
    world.workload("db", container("db"), kind="StatefulSet")
    world.service("db", 5432, clusterIP="None")
    corrected(world, "db", "ghcr.io/shop/app:1.1", 10)
    world.pod("db", 1, hash_="db-r1", state=running(1))
    world.pod("db", 150, hash_="db-r1", state=running(1), ready=True)
    world.gone("Pod", "db-0", 152)
    world.pod("db", 155, hash_="db-r2", state=running(155))
    return world


@sample(("H11", "StatefulSet shop/queue"), within=40)
def a_headless_service_that_is_absent() -> World:
    world = World()
    world.workload("queue", kind="StatefulSet", spec={"serviceName": "queue-headless"})
    world.service("queue-headles", 9093, clusterIP="None")
    text = (
        "[2026-11-22 10:00:01,123] WARN Couldn't resolve server "
        "queue-0.queue-headless.shop.svc.cluster.local:9093 from bootstrap.servers as DNS "
        "resolution failed\njava.net.UnknownHostException: "
        "queue-0.queue-headless.shop.svc.cluster.local: Name or service not known"
    )
    for at in (5, 20):
        world.pod("queue", at, state=running(3))
        world.log("queue-0", "queue", text, at)
    return world


@sample(within=300)
def an_absent_headless_service_that_nobody_needs() -> World:
    """A suspect while the StatefulSet starts, nothing once it is ready."""
    world = World()
    world.workload("db", kind="StatefulSet", spec={"serviceName": "db-headless"})
    world.pod("db", 2, state=running(2))
    world.ready("db", 200)
    return world
