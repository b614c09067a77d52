"""Causes of the schedule phase: their arithmetic, their words, and when they keep quiet."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from harness.diagnosis.catalogue import catalogue
from harness.diagnosis.diagnose import diagnose
from harness.diagnosis.fold import folded
from harness.diagnosis.rules.nearest import listed
from harness.diagnosis.rules.paths import under
from harness.diagnosis.rules.schedule import schedule
from harness.diagnosis.rules.schedule.placement import expression_holds, is_fixed_size, obstacles
from harness.diagnosis.rules.schedule.pod_security import violated_fields
from harness.diagnosis.rules.schedule.quantities import in_words, quantity
from harness.diagnosis.rules.schedule.resources import (
    allocatable,
    greediest,
    pod_request,
    too_great,
)
from harness.diagnosis.signal import NEVER, T0, Signal, t2
from harness.model.finding import Finding, Phase
from tests.diagnosis.samples import schedule as schedule_samples
from tests.diagnosis.samples.schedule import (
    HELPFUL,
    POD_SECURITY,
    asking,
    labelled,
    pending,
    refused,
    replica_failure,
    tainted,
    two_replicas_with_one_host_port,
)
from tests.diagnosis.world import START, World, container, running, stamp, waiting


def signals(world: World, at: float = 5) -> list[Signal]:
    """What the rules of the phase see at a moment at or after the last entry."""
    cassette = world.cassette()
    facts = folded(cassette, START + at)
    return [s for rule in schedule.RULES for s in rule(facts)]


def finding(world: World, at: float = 5) -> Finding:
    """The only root at a moment."""
    (found,) = diagnose(folded(world.cassette(), START + at), schedule.RULES).findings
    return found


def test_every_cause_of_the_table_is_in_the_catalogue() -> None:
    entries = [catalogue()[f"H{n:02}"] for n in range(1, 14)]

    assert {e.phase for e in entries} == {Phase.SCHEDULE}


# Missing classes, invalid pods


def test_a_misspelt_class_is_one_finding_with_the_nearest_that_exists() -> None:
    found = finding(schedule_samples.two_workloads_name_a_priority_class_that_nobody_has())

    assert "or the existing shop-high" in found.expected
    assert found.fix == "Set priorityClassName of Deployment shop/order to shop-high"


def test_a_class_that_is_there_by_now_is_no_cause() -> None:
    world = schedule_samples.a_stateful_set_names_a_priority_class_that_nobody_has()
    schedule_samples.priority_class(world, "shop-high", at=3)

    assert "H12" not in {s.cause for s in signals(world)}


def test_a_class_that_may_not_be_listed_is_not_missed_without_an_event() -> None:
    world = schedule_samples.a_stateful_set_names_a_priority_class_that_nobody_has()
    world.unlisted("PriorityClass", "")

    assert "H12" not in {s.cause for s in signals(world)}


def test_a_default_limit_is_told_with_the_field_to_set() -> None:
    found = finding(schedule_samples.a_limit_range_sets_a_limit_below_the_request(), at=25)

    assert found.field == "spec.template.spec.containers[order].resources.requests"
    assert "the template sets no memory limit: a LimitRange has set it" in found.seen
    assert found.fix == (
        "set spec.template.spec.containers[order].resources.limits.memory of order"
    )


def test_a_limit_that_the_template_sets_is_no_default() -> None:
    world = World()
    resources = {"requests": {"memory": "1Gi"}, "limits": {"memory": "512Mi"}}
    world.workload("order", container("order", resources=resources))
    replica_failure(world, "order", schedule_samples.INVALID)

    found = finding(world, at=25)

    assert "LimitRange" not in found.seen
    assert found.fix == ("correct spec.template.spec.containers[order].resources.requests of order")


def test_a_container_that_admission_has_added_is_not_looked_for_in_the_template() -> None:
    found = finding(schedule_samples.a_webhook_adds_a_container_that_is_not_valid(), at=25)

    assert found.field == "spec.template.spec"
    assert "admission has added it" in found.seen
    assert "mutatingwebhookconfigurations" in found.fix


# Quantities and requests


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2", "2"), ("250m", "0.25"), ("1.5", "1.5"), ("64Gi", str(64 * 2**30)),
        ("129M", "129000000"), ("1Ki", "1024"), ("2Ti", str(2**41)), ("5k", "5000"),
        ("1e3", "1000"), ("1.2E2", "120"), ("100u", "0.0001"), ("3E", str(3 * 10**18)),
    ],
)  # fmt: skip
def test_quantities_follow_the_grammar_of_the_api(text: str, number: str) -> None:
    assert quantity(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "lots", "1GB", "--1", None])
def test_what_is_no_quantity_is_none(text: object) -> None:
    assert quantity(text) is None


@pytest.mark.parametrize(
    ("resource", "amount", "words"),
    [
        ("cpu", "4", "4"),
        ("cpu", "1.5", "1500m"),
        ("memory", str(8 * 2**30), "8Gi"),
        ("memory", str(7.66 * 2**30), "7.6Gi"),
        ("memory", str(512 * 2**20), "512Mi"),
        ("nvidia.com/gpu", "2", "2"),
    ],
)
def test_amounts_are_written_as_in_a_manifest(resource: str, amount: str, words: str) -> None:
    assert in_words(resource, Decimal(amount)) == words


def resources(cpu: str, **fields: Any) -> dict[str, Any]:
    return {"name": "c", "resources": {"requests": {"cpu": cpu}}, **fields}


def test_a_pod_asks_for_the_sum_of_its_containers() -> None:
    spec = {"containers": [resources("1"), resources("500m")], "overhead": {"cpu": "100m"}}

    assert pod_request(spec)["cpu"] == Decimal("1.6")


def test_an_init_container_counts_only_when_it_is_the_greatest() -> None:
    small = {"containers": [resources("2")], "initContainers": [resources("1")]}
    great = {"containers": [resources("2")], "initContainers": [resources("3"), resources("1")]}

    assert pod_request(small)["cpu"] == 2
    assert pod_request(great)["cpu"] == 3


def test_a_sidecar_counts_beside_the_containers_and_later_init_containers() -> None:
    sidecar = resources("1", restartPolicy="Always")
    running_sum = {"containers": [resources("2")], "initContainers": [sidecar]}
    init_peak = {"containers": [resources("2")], "initContainers": [sidecar, resources("3")]}
    before_it = {"containers": [resources("2")], "initContainers": [resources("3"), sidecar]}

    assert pod_request(running_sum)["cpu"] == 3
    assert pod_request(init_peak)["cpu"] == 4
    assert pod_request(before_it)["cpu"] == 3


def test_a_limit_alone_is_also_the_request() -> None:
    spec = {"containers": [{"name": "c", "resources": {"limits": {"memory": "1Gi"}}}]}

    assert pod_request(spec)["memory"] == 2**30


def test_a_request_of_the_whole_pod_replaces_the_sum() -> None:
    spec = {"containers": [resources("3")], "resources": {"requests": {"cpu": "1"}}}

    assert pod_request(spec)["cpu"] == 1


def test_the_container_to_change_is_the_one_that_asks_for_most() -> None:
    spec = {"containers": [resources("1"), resources("2", name="big")]}

    assert greediest(spec, "cpu")[1]["name"] == "big"


def test_a_node_without_a_device_has_none_and_a_silent_node_is_not_judged() -> None:
    node = {"status": {"allocatable": {"cpu": "4"}}}

    assert allocatable(node, "nvidia.com/gpu") == 0
    assert allocatable(node, "memory") is None
    assert allocatable({"status": {}}, "nvidia.com/gpu") is None
    assert too_great({"memory": Decimal(10**15), "cpu": Decimal(4)}, node) == set()


# Placement


def node(*taints: dict[str, str], **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": "n", "labels": labels}, "spec": {"taints": list(taints)}}


DEDICATED = {"key": "dedicated", "value": "db", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    "toleration",
    [
        {"key": "dedicated", "operator": "Equal", "value": "db", "effect": "NoSchedule"},
        {"key": "dedicated", "value": "db"},
        {"key": "dedicated", "operator": "Exists"},
        {"operator": "Exists"},
    ],
)
def test_a_toleration_that_fits_removes_the_obstacle(toleration: dict[str, str]) -> None:
    assert not obstacles({"tolerations": [toleration]}, node(DEDICATED), alone=False)


@pytest.mark.parametrize(
    "toleration",
    [
        {"key": "dedicated", "value": "web"},
        {"key": "other", "operator": "Exists"},
        {"key": "dedicated", "operator": "Exists", "effect": "NoExecute"},
    ],
)
def test_a_toleration_of_something_else_does_not(toleration: dict[str, str]) -> None:
    (found,) = obstacles({"tolerations": [toleration]}, node(DEDICATED), alone=False)

    assert found.text == "dedicated=db:NoSchedule"
    assert not found.passing


def test_a_preferred_taint_is_no_obstacle() -> None:
    preferred = {**DEDICATED, "effect": "PreferNoSchedule"}

    assert not obstacles({}, node(preferred), alone=False)


@pytest.mark.parametrize(
    ("key", "passing"),
    [
        ("node.kubernetes.io/not-ready", True),
        ("node.cloudprovider.kubernetes.io/uninitialized", True),
        ("node.cilium.io/agent-not-ready", True),
        ("node-role.kubernetes.io/control-plane", False),
        ("dedicated", False),
    ],
)
def test_taints_of_the_start_of_a_node_pass(key: str, passing: bool) -> None:
    taint = {"key": key, "effect": "NoSchedule"}

    assert obstacles({}, node(taint), alone=False)[0].passing is passing


@pytest.mark.parametrize(
    ("operator", "values", "holds"),
    [
        ("In", ["a", "b"], True), ("In", ["c"], False), ("NotIn", ["a"], False),
        ("NotIn", ["c"], True), ("Exists", [], True), ("DoesNotExist", [], False),
    ],
)  # fmt: skip
def test_node_selector_requirements(operator: str, values: list[str], holds: bool) -> None:
    expression = {"key": "zone", "operator": operator, "values": values}

    assert expression_holds(expression, {"zone": "a"}) is holds


def test_numbers_are_compared() -> None:
    more = {"key": "cores", "operator": "Gt", "values": ["4"]}

    assert expression_holds(more, {"cores": "8"})
    assert not expression_holds(more, {"cores": "4"})
    assert not expression_holds(more, {})


def test_one_matching_term_of_an_affinity_is_enough() -> None:
    def term(value: str) -> dict[str, Any]:
        return {"matchExpressions": [{"key": "zone", "operator": "In", "values": [value]}]}

    required = {"nodeSelectorTerms": [term("a"), term("b")]}
    spec = {
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    }

    assert not obstacles(spec, node(zone="b"), alone=False)
    assert obstacles(spec, node(zone="c"), alone=False)


@pytest.mark.parametrize(
    ("provider", "labels", "fixed"),
    [
        ("kind://docker/kind/kind-control-plane", {}, True),
        ("", {}, True),
        ("k3s://node", {"node.kubernetes.io/instance-type": "k3s"}, True),
        ("aws:///eu-central-1a/i-1", {}, False),
        ("", {"karpenter.sh/nodepool": "default"}, False),
        ("", {"node.kubernetes.io/instance-type": "m5.large"}, False),
    ],
)
def test_only_local_nodes_are_of_fixed_number(
    provider: str, labels: dict[str, str], fixed: bool
) -> None:
    found = {"metadata": {"labels": labels}, "spec": {"providerID": provider}}

    assert is_fixed_size([found]) is fixed
    assert not is_fixed_size([found], ["cluster-autoscaler"])


def test_field_paths_put_keys_with_dots_in_brackets() -> None:
    assert under("resources.requests", "memory") == "resources.requests.memory"
    assert under("resources.limits", "nvidia.com/gpu") == "resources.limits[nvidia.com/gpu]"


def test_long_lists_are_cut() -> None:
    assert listed(str(n) for n in range(9)) == "0, 1, 2, 3, 4, 5 and 3 more"


# H01


def test_several_replicas_are_one_finding_that_names_the_field_and_both_amounts() -> None:
    world = World()
    world.workload("order", asking("memory", "64Gi"), replicas=2)
    pending(world, "order", "1 Insufficient memory", name="order-h1-aaaaa")
    pending(world, "order", "1 Insufficient memory", name="order-h1-bbbbb")

    found = finding(world)

    assert found.field == "spec.template.spec.containers[order].resources.requests.memory"
    assert "64Gi" in found.seen
    assert "8Gi" in found.seen
    assert "8Gi" in found.expected
    assert "8Gi" in found.fix
    assert "preemption" not in found.seen


def test_a_cron_jobs_pod_is_blamed_on_the_path_of_the_cron_job() -> None:
    world = World()
    world.put(
        {
            "kind": "Job",
            "metadata": {
                "name": "report-1",
                "namespace": "shop",
                "ownerReferences": [{"kind": "CronJob", "name": "report", "controller": True}],
            },
            "spec": {
                "template": {
                    "metadata": {"labels": {"app": "report"}},
                    "spec": {"containers": [asking("cpu", "16", "report")]},
                }
            },
            "status": {},
        }
    )
    pending(world, "report-1", "1 Insufficient cpu", name="report-1-x")

    found = finding(world)

    assert str(found.object) == "CronJob shop/report"
    assert found.field.startswith("spec.jobTemplate.spec.template.spec.containers[report]")


def test_without_a_look_at_the_nodes_the_scheduler_is_believed_only_after_a_while() -> None:
    world = World()
    world.workload("order", asking("memory", "64Gi"))
    pending(world, "order", "1 Insufficient memory")
    world.unlisted("Node", "")

    (found,) = signals(world)

    assert found.need == t2(300)
    assert "the nodes" not in found.seen


def test_the_resource_that_is_short_on_most_nodes_is_named() -> None:
    world = World()
    world.node("node-2")
    small = {"cpu": "1", "memory": "8Gi", "pods": "110"}
    world.node("node-3", allocatable=small)
    both = {"requests": {"memory": "64Gi", "cpu": "2"}}
    world.workload("order", container("order", resources=both))
    pending(world, "order", "3 Insufficient memory, 1 Insufficient cpu")

    assert finding(world).field.endswith("requests.memory")


def test_what_fits_an_empty_node_tells_what_takes_the_room() -> None:
    world = World()
    world.workload("catalog", asking("memory", "6Gi", "catalog"))
    world.pod("catalog", 1, state=running(1), ready=True)
    world.workload("order", asking("memory", "4Gi"))
    pending(world, "order", "1 Insufficient memory")

    (found,) = signals(world)

    assert found.need == t2(180)
    assert "pods on node-1 ask for 6Gi already" in found.seen


def test_too_many_pods_is_a_want_of_room_too() -> None:
    world = World()
    world.workload("order")
    pending(world, "order", "1 Too many pods")

    (found,) = signals(world)

    assert (found.cause, found.need, found.field) == ("H01", t2(180), "")


def test_a_bound_pod_never_lacks_room() -> None:
    world = World()
    world.workload("order", asking("memory", "64Gi"))
    world.pod("order", 2, conditions=[refused("1 Insufficient memory")])

    assert signals(world) == []


def test_another_namespace_than_those_under_diagnosis_does_not_count() -> None:
    world = World("other")
    world.workload("order", asking("memory", "64Gi"), declared=False)
    pending(world, "order", "1 Insufficient memory")
    world.namespace = "shop"

    assert signals(world) == []


@pytest.mark.parametrize(
    "text",
    [
        "pod has unbound immediate PersistentVolumeClaims",
        'persistentvolumeclaim "data" not found',
        "1 node(s) had volume node affinity conflict",
        "1 node(s) didn't find available persistent volumes to bind",
        'waiting for ephemeral volume controller to create the persistentvolumeclaim "web-data"',
        'running PreBind plugin "VolumeBinding": binding volumes: context deadline exceeded',
    ],
)
def test_a_pod_that_waits_for_its_claim_has_no_cause_of_its_own(text: str) -> None:
    world = World()
    world.workload("db", asking("memory", "64Gi", "db"), kind="StatefulSet")
    world.service("db", 5432)
    pending(world, "db", text, preemption=HELPFUL)

    assert signals(world) == []


def test_a_siblings_own_trouble_is_not_hidden_behind_want_of_room() -> None:
    world = World()
    world.workload("order", asking("memory", "5Gi"), replicas=2)
    world.pod("order", 1, name="order-h1-aaaaa", state=waiting("ImagePullBackOff", "not found"))
    pending(world, "order", "1 Insufficient memory", name="order-h1-bbbbb")

    (found,) = signals(world)

    assert str(found.at) == "Pod shop/order-h1-bbbbb"
    assert found.need is NEVER


# H02 and H03


def test_the_nearest_value_of_the_label_is_the_fix() -> None:
    world = World()
    labelled(world, disktype="ssd")
    world.workload("order", nodeSelector={"disktype": "sdd"})
    pending(world, "order", "1 node(s) didn't match Pod's node affinity/selector")

    found = finding(world)

    assert found.field == "spec.template.spec.nodeSelector.disktype"
    assert "disktype=sdd" in found.seen
    assert found.fix.startswith("Set disktype to ssd")


def test_a_misspelt_label_key_names_the_nearest_key() -> None:
    world = World()
    world.workload("order", nodeSelector={"kubernetes.io/hostnam": "node-1"})
    pending(world, "order", "1 node(s) didn't match Pod's node affinity/selector")

    found = finding(world)

    assert "kubernetes.io/hostname" in found.expected
    assert found.field == "spec.template.spec.nodeSelector[kubernetes.io/hostnam]"


def test_the_taint_is_named_though_the_scheduler_no_longer_does() -> None:
    world = World()
    tainted(world, "dedicated", "db")
    world.workload("order")
    pending(world, "order", "1 node(s) had untolerated taint(s)")

    found = finding(world)

    assert "dedicated=db:NoSchedule" in found.seen
    assert found.field == "spec.template.spec.tolerations"


def test_a_label_that_an_agent_of_the_node_writes_may_still_come() -> None:
    world = World()
    world.workload("order", nodeSelector={"feature.node.kubernetes.io/cpu-avx": "true"})
    pending(world, "order", "1 node(s) didn't match Pod's node affinity/selector")

    assert [s.need for s in signals(world)] == [t2(180)]


def test_a_node_under_pressure_is_not_blamed_on_the_pod() -> None:
    world = World()
    tainted(world, "node.kubernetes.io/disk-pressure")
    world.workload("order")
    pending(world, "order", "1 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }")

    assert [s.need for s in signals(world)] == [NEVER]


def test_an_autoscaled_cluster_may_bring_the_label() -> None:
    world = World()
    labelled(world, **{"cloud.google.com/gke-nodepool": "small"})
    world.workload("order", nodeSelector={"pool": "large"})
    pending(world, "order", "1 node(s) didn't match Pod's node affinity/selector")

    assert [s.need for s in signals(world)] == [t2(300)]


def empty_daemon_set(**selector: str) -> World:
    world = World()
    made = world.workload("agent", kind="DaemonSet", nodeSelector=selector)
    world.put({**made, "status": {"observedGeneration": 1, "desiredNumberScheduled": 0}}, 1)
    return world


def test_a_daemon_set_on_no_node_is_a_finding_unless_it_is_for_another_system() -> None:
    assert [s.need for s in signals(empty_daemon_set(role="worker"))] == [T0]
    assert signals(empty_daemon_set(**{"kubernetes.io/os": "windows"})) == []


def test_a_daemon_set_whose_node_only_starts_is_no_finding() -> None:
    world = empty_daemon_set(role="worker")
    labelled(world, role="worker")
    tainted(world, "node.cilium.io/agent-not-ready")

    assert signals(world) == []


def test_only_a_hard_spread_needs_its_label() -> None:
    world = World()
    soft = {"topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}
    hard = {"topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule"}
    world.workload("order", topologySpreadConstraints=[soft, hard])
    pending(world, "order", "1 node(s) didn't match pod topology spread constraints")

    assert [s.need for s in signals(world)] == [t2(180)]


def test_a_host_port_names_its_path_and_who_has_it() -> None:
    world = two_replicas_with_one_host_port()
    ports = [{"containerPort": 8443, "hostPort": 443}]
    world.workload("proxy", container("proxy", ports=ports))
    world.pod("proxy", 1, state=running(1))
    world.ready("proxy", 2)

    found = finding(world)

    assert found.field == "spec.template.spec.containers[gateway].ports[http].hostPort"
    assert "which Pod shop/gateway-h1-aaaaa uses" in found.seen
    assert "2 replicas, 1 node" in found.seen


def test_pods_that_shun_others_but_not_themselves_may_yet_find_a_node() -> None:
    world = World()
    term = {
        "labelSelector": {"matchLabels": {"app": "noisy"}},
        "topologyKey": "kubernetes.io/hostname",
    }
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    world.workload("order", replicas=2, affinity=affinity)
    pending(world, "order", "1 node(s) didn't match pod anti-affinity rules")

    assert [s.need for s in signals(world)] == [t2(180)]


# H04 to H07


def test_a_quota_tells_asked_used_hard_and_the_limit_that_would_do() -> None:
    world = World()
    world.workload("order")
    text = (
        'pods "order-h1-x" is forbidden: exceeded quota: team, requested: cpu=1,requests.memory=2Gi'
        ", used: cpu=1,requests.memory=3Gi, limited: requests.memory=4Gi"
    )
    replica_failure(world, "order", text)

    found = finding(world, 70)

    assert found.field == "spec.hard[requests.memory]"
    assert "requests.memory=2Gi" in found.seen
    assert "hard requests.memory=4Gi" in found.seen
    assert found.fix.endswith("to 5Gi")


def test_pod_security_names_every_field() -> None:
    assert violated_fields(POD_SECURITY) == (
        "containers[order].securityContext.allowPrivilegeEscalation",
        "containers[order].securityContext.capabilities.drop",
        "containers[order].securityContext.runAsNonRoot",
        "containers[order].securityContext.seccompProfile.type",
    )


def test_pod_security_names_host_settings_and_volumes_of_several_containers() -> None:
    text = (
        'host namespaces (hostNetwork=true), privileged (containers "a", "b" must not set '
        'securityContext.privileged=true), restricted volume types (volumes "logs", "run" use '
        'restricted volume type "hostPath")'
    )

    assert set(violated_fields(text)) == {
        "containers[a].securityContext.privileged",
        "containers[b].securityContext.privileged",
        "hostNetwork",
        "volumes[logs]",
        "volumes[run]",
    }


def test_a_warning_of_pod_security_about_a_pod_that_exists_is_no_refusal() -> None:
    world = World()
    world.workload("order", container("order"))
    replica_failure(world, "order", POD_SECURITY)
    world.pod("order", 2, state=running(2))

    assert signals(world) == []


def test_a_refusal_that_a_later_pod_disproves_is_over() -> None:
    world = World()
    world.workload("db", kind="StatefulSet", replicas=2)
    world.service("db", 5432)
    text = 'create Pod db-0 in StatefulSet db failed error: pods "db-0" is forbidden: ' + (
        "exceeded quota: team, requested: cpu=1, used: cpu=1, limited: cpu=1"
    )
    world.event("StatefulSet", "db", "FailedCreate", text, 2, count=9)
    world.pod("db", 10, state=running(10))

    assert signals(world, 100) == []


def test_the_second_pod_may_be_refused_while_the_first_runs() -> None:
    world = World()
    world.workload("db", kind="StatefulSet", replicas=2)
    world.service("db", 5432)
    world.pod("db", 2, state=running(2), ready=True)
    text = f"create Pod db-1 in StatefulSet db failed error: {POD_SECURITY}"
    world.event("StatefulSet", "db", "FailedCreate", text, 5)

    assert [s.cause for s in signals(world, 6)] == ["H05"]


@pytest.mark.parametrize("status", [{"succeeded": 1}, {"failed": 1}, {"completionTime": stamp(4)}])
def test_a_job_that_ran_lacks_no_pod(status: dict[str, Any]) -> None:
    world = World()
    made = world.workload("migrate", kind="Job")
    world.event("Job", "migrate", "FailedCreate", f"Error creating: {POD_SECURITY}", 2)
    world.put({**made, "status": status}, 4)

    assert signals(world) == []


def test_the_pods_of_a_cron_job_are_refused_to_the_cron_job() -> None:
    world = World()
    owner = {"kind": "CronJob", "name": "report", "controller": True}
    meta = {"name": "report-1", "namespace": "shop", "ownerReferences": [owner]}
    world.put({"kind": "Job", "metadata": meta, "spec": {}, "status": {}})
    world.event("Job", "report-1", "FailedCreate", f"Error creating: {POD_SECURITY}", 2)

    (found,) = signals(world)

    assert str(found.root) == "CronJob shop/report"
    assert found.field.startswith("spec.jobTemplate.spec.template.spec.")


def test_a_service_account_with_a_near_name_is_the_fix() -> None:
    world = World()
    account = {"kind": "ServiceAccount", "metadata": {"name": "orders", "namespace": "shop"}}
    world.put(account)
    world.workload("order", serviceAccountName="order")

    found = finding(world)

    assert found.fix == "Set serviceAccountName of Deployment shop/order to orders"


def test_a_service_account_may_still_come_where_the_repository_is_unknown() -> None:
    world = World()
    world.workload("order", serviceAccountName="order", declared=False)

    assert signals(world) == []


def test_the_policys_own_words_are_told() -> None:
    world = World()
    world.workload("order")
    replica_failure(
        world, "order", 'admission webhook "policy.test" denied the request: label team is required'
    )

    found = finding(world)

    assert "policy.test" in found.seen
    assert "label team is required" in found.fix


# H08


def test_zero_replicas_that_only_the_cluster_has_are_no_finding() -> None:
    world = World()
    world.workload("order", replicas=0, declared=False)
    world.declare({"kind": "ConfigMap", "metadata": {"name": "x"}})

    assert signals(world) == []


@pytest.mark.parametrize("declared", [True, False])
def test_a_scaler_of_the_workload_means_zero_whether_declared_or_live(declared: bool) -> None:
    world = World()
    world.workload("order", replicas=0)
    scaler = {
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "order", "namespace": "shop"},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "order"}},
    }
    if declared:
        world.declare(scaler)
    else:
        world.put(scaler)

    assert signals(world) == []


def test_a_scaler_of_another_workload_excuses_nothing() -> None:
    world = World()
    world.workload("order", replicas=0)
    world.declare(
        {
            "kind": "ScaledObject",
            "metadata": {"name": "x"},
            "spec": {"scaleTargetRef": {"name": "payment"}},
        }
    )

    assert finding(world).cause == "H08"


def test_a_pause_by_hand_is_resumed_by_hand() -> None:
    world = World()
    made = world.workload("order")
    status = {"observedGeneration": 1, "updatedReplicas": 0}
    world.put({**made, "spec": {**made["spec"], "paused": True}, "status": status}, 1)

    (found,) = signals(world)

    assert found.need == t2(180)
    assert found.fix == "Run: kubectl -n shop rollout resume deployment order"


# H10 and H11


def old_pod(**spec: Any) -> World:
    world = World()
    world.workload("db", container("db", "ghcr.io/shop/db:typo"), kind="StatefulSet", spec=spec)
    world.service("db", 5432)
    world.pod("db", 1, hash_="db-r1", state=waiting("ImagePullBackOff"))
    made = world.live("StatefulSet", "db")
    template = {
        **made["spec"]["template"],
        "spec": {"containers": [container("db", "ghcr.io/shop/db:1")]},
    }
    status = {**made["status"], "updateRevision": "db-r2", "updatedReplicas": 0}
    world.put({**made, "spec": {**made["spec"], "template": template}, "status": status}, 10)
    return world


def test_the_pod_to_delete_is_named() -> None:
    found = finding(old_pod(), 75)

    assert found.fix == "Run: kubectl -n shop delete pod db-0"
    assert "db-r1" in found.seen
    assert "db-r2" in found.seen


@pytest.mark.parametrize(
    "spec",
    [
        {"podManagementPolicy": "Parallel"},
        {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}},
    ],
)
def test_a_stateful_set_that_rolls_or_keeps_the_pod_on_purpose_is_not_stuck(
    spec: dict[str, Any],
) -> None:
    assert signals(old_pod(**spec), 200) == []


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ({"phase": "Failed", "reason": "Evicted"}, "Failed"),
        ({"phase": "Pending", "conditions": [refused("1 Insufficient memory")]}, "Pending"),
    ],
)
def test_an_old_pod_without_containers_may_be_stuck_too(status: dict[str, Any], word: str) -> None:
    world = old_pod()
    pod = world.live("Pod", "db-0")
    world.put({**pod, "status": {"conditions": [], **status}}, 20)

    assert [f"broken ({word})" in s.seen for s in signals(world, 30) if s.cause == "H10"] == [True]


def test_an_old_pod_that_starts_is_not_stuck() -> None:
    world = old_pod()
    world.pod("db", 20, hash_="db-r1", state=running(20))

    assert signals(world, 200) == []


def test_a_stuck_pod_of_another_namespace_does_not_count() -> None:
    world = old_pod()
    world.namespace = "elsewhere"

    assert signals(world, 75) == []


def test_a_pod_that_is_being_deleted_is_not_stuck() -> None:
    world = old_pod()
    pod = world.live("Pod", "db-0")
    world.put({**pod, "metadata": {**pod["metadata"], "deletionTimestamp": stamp(20)}}, 20)

    assert signals(world, 200) == []


def test_an_absent_headless_service_without_proof_hides_nothing_of_the_stateful_set() -> None:
    world = World()
    world.workload("db", kind="StatefulSet")

    (found,) = signals(world)

    assert (found.cause, found.need, str(found.at)) == ("H11", NEVER, "Service shop/db")


def test_a_ready_stateful_set_needs_no_headless_service() -> None:
    world = World()
    world.workload("db", kind="StatefulSet")
    world.pod("db", 1, state=running(1))
    world.ready("db", 2)

    assert signals(world) == []


def test_a_stateful_set_without_service_name_needs_none() -> None:
    world = World()
    world.workload("db", kind="StatefulSet", spec={"serviceName": ""})

    assert signals(world) == []


def test_a_headless_service_that_is_declared_is_on_its_way() -> None:
    world = World()
    world.workload("db", kind="StatefulSet")
    world.declare({"kind": "Service", "metadata": {"name": "db"}, "spec": {"clusterIP": "None"}})

    assert signals(world) == []
