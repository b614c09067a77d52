"""Wording and edges of the probe family; its timelines are in `samples/probe*.py`."""

from __future__ import annotations

from typing import Any

import pytest

from harness.diagnosis.catalogue import catalogue
from harness.diagnosis.rules.probe.probe_specs import budget_seconds
from tests.diagnosis.readings import only, suspected, told
from tests.diagnosis.samples.probe_world import (
    IMAGE,
    NO_EXECUTABLE,
    POD,
    REFUSED,
    catalog,
    every,
    http,
    unhealthy,
    world,
)
from tests.diagnosis.world import World, container, running, stamp

NOT_FOUND = "HTTP probe failed with statuscode: 404"


def runs(made: World, *, log: str = "", started: bool = True) -> World:
    made.pod("catalog", 3, state=running(2, started=started), phase="Running")
    if log:
        made.log(POD, "catalog", log, 5)
    return made


def test_every_row_of_the_table_is_in_the_catalogue() -> None:
    assert {f"B{n:02d}" for n in range(1, 11)} <= set(catalogue())


@pytest.mark.parametrize(
    ("spec", "seconds"),
    [
        ({}, 31),
        ({"initialDelaySeconds": 20, "periodSeconds": 5, "failureThreshold": 6}, 51),
        ({"periodSeconds": 2, "failureThreshold": 60, "timeoutSeconds": 3}, 123),
    ],
)
def test_a_budget_is_delay_and_tries_and_one_answer(spec: dict[str, Any], seconds: float) -> None:
    assert budget_seconds(spec) == seconds


def test_the_right_path_is_taken_from_the_access_log() -> None:
    made = runs(catalog(world(), http("/health-z")), log='"GET /healthz HTTP/1.1" 200 OK')
    unhealthy(made, NOT_FOUND, every(10, 10, 12))

    found = only(made.diagnose(125))

    assert found.field == "spec.template.spec.containers[catalog].readinessProbe.httpGet.path"
    assert found.fix.endswith("httpGet.path to /healthz")
    assert "answers /healthz" in found.expected
    assert (
        '"Readiness probe failed: HTTP probe failed with statuscode: 404", 12 times' in found.seen
    )


def test_the_right_path_may_be_that_of_the_other_probe() -> None:
    made = catalog(world(), http("/redyz"), livenessProbe=http("/readyz"))
    unhealthy(runs(made), NOT_FOUND, every(10, 10, 12))

    assert only(made.diagnose(125)).fix.endswith("to /readyz")


def test_four_hundred_four_times_is_not_enough() -> None:
    made = runs(catalog(world(), http("/health-z", periodSeconds=15)))
    unhealthy(made, NOT_FOUND, every(15, 10, 5))

    found = made.diagnose(75)

    assert not found.findings
    assert suspected(found) == {"B02"}


def test_a_path_that_was_wrong_and_is_right_now_is_dropped() -> None:
    made = runs(catalog(world(), http("/health-z")))
    unhealthy(made, NOT_FOUND, every(10, 10, 8))
    made.ready("catalog", 95)

    assert only(made.diagnose(90)).cause == "B02"
    assert not made.diagnose(96).findings


def test_failures_of_the_instance_before_do_not_count() -> None:
    made = runs(catalog(world(), http("/health-z")))
    unhealthy(made, NOT_FOUND, every(10, 10, 8))
    made.pod("catalog", 85, state=running(85, restarts=1), phase="Running")

    assert "B02" in told(made.diagnose(84))
    assert "B02" not in told(made.diagnose(200))


def test_a_container_that_is_ready_is_not_judged() -> None:
    made = world()
    boxes = [container(n, IMAGE, readinessProbe=http("/x", p)) for n, p in (("a", 81), ("b", 82))]
    made.workload("catalog", *boxes)
    state = {"a": {**running(2), "ready": True}, "b": running(2)}
    made.pod("catalog", 3, state=state, phase="Running")
    unhealthy(made, NOT_FOUND, every(10, 10, 39))

    assert told(made.diagnose(400)) == {"B02"}


def test_lost_events_do_not_stop_the_count() -> None:
    made = runs(catalog(world(), http("/health-z")))
    unhealthy(made, NOT_FOUND, {10: 1})

    assert not made.diagnose(70).findings
    assert only(made.diagnose(130)).cause == "B02"


def test_a_port_name_leads_to_the_container_port() -> None:
    made = runs(catalog(world(), http(port="http")), log="Uvicorn running on http://0.0.0.0:8000")
    unhealthy(made, REFUSED, every(10, 10, 8))

    found = only(made.diagnose(85))

    assert found.field == "spec.template.spec.containers[catalog].ports[http].containerPort"
    assert found.fix.endswith("to 8000")


def test_a_port_beside_the_right_one_proves_nothing() -> None:
    ports = [{"name": "http", "containerPort": 8080}, {"name": "side", "containerPort": 9102}]
    made = runs(catalog(world(), http(), ports=ports), log="Listening on 0.0.0.0:9102")
    unhealthy(made, REFUSED, every(10, 10, 8))

    assert not made.diagnose(85).findings


def test_the_declared_port_is_the_right_one_where_the_probe_asks_another() -> None:
    made = runs(
        catalog(world(), http(), ports=[{"containerPort": 8000}]), log="Listening on 0.0.0.0:8000"
    )
    unhealthy(made, REFUSED, every(10, 10, 8))

    assert only(made.diagnose(85)).fix.endswith("readinessProbe.httpGet.port to 8000")


def test_a_start_probe_that_is_refused_is_left_to_the_kubelet() -> None:
    made = runs(
        catalog(world(), http(), startupProbe=http()),
        log="Listening on 0.0.0.0:8000",
        started=False,
    )
    unhealthy(made, REFUSED, every(10, 10, 6), kind="Startup")

    assert not told(made.diagnose(62))


def test_another_port_proves_nothing_while_a_need_is_not_ready() -> None:
    made = catalog(world(), http(), env=[{"name": "DB_HOST", "value": "catalog-db"}])
    made.workload("catalog-db", container("postgres", "postgres:17"), kind="StatefulSet")
    made.service("catalog-db", 5432)
    made.pod("catalog-db", 2, state=running(2), phase="Running")
    unhealthy(runs(made, log="Listening on 0.0.0.0:9102"), REFUSED, every(10, 10, 8))

    assert not made.diagnose(85).findings


def test_a_refusal_after_a_restart_may_still_be_explained_by_the_next_end() -> None:
    made = catalog(world(), http())
    made.pod("catalog", 3, state=running(2, restarts=2), phase="Running")
    unhealthy(made, REFUSED, every(10, 10, 30))

    assert not made.diagnose(200).findings
    assert only(made.diagnose(225)).cause == "B01"


def test_two_containers_that_fit_a_text_are_not_confused() -> None:
    made = world()
    boxes = [
        container(n, IMAGE, readinessProbe=http("/x", port)) for n, port in (("a", 1), ("b", 2))
    ]
    made.workload("catalog", *boxes)
    runs(made)
    unhealthy(made, NOT_FOUND, every(10, 10, 12))

    found = made.diagnose(130)

    assert not found.findings
    assert suspected(found) == {"B11"}


def test_the_port_in_a_text_tells_the_container() -> None:
    made = world()
    boxes = [container(n, IMAGE, readinessProbe=http("/x", port))
             for n, port in (("front", 8080), ("back", 8081))]  # fmt: skip
    made.workload("catalog", *boxes)
    state = {n: running(2) for n in ("front", "back")}
    made.pod("catalog", 3, state=state, phase="Running")
    made.log(POD, "back", "Listening on 127.0.0.1:8081", 5)
    unhealthy(made, REFUSED.replace("8080", "8081"), every(10, 10, 8))

    assert "container back" in only(made.diagnose(85)).fix


def test_a_sidecar_among_the_init_containers_is_probed() -> None:
    made = world()
    sidecar = container("proxy", IMAGE, restartPolicy="Always", readinessProbe=http("/nope"))
    made.workload("catalog", container("catalog", IMAGE), initContainers=[sidecar])
    ready = {**running(3), "ready": True}
    made.pod("catalog", 4, state=ready, init=running(2), phase="Running")
    unhealthy(made, NOT_FOUND, every(10, 10, 12))

    assert "initContainers[proxy]" in only(made.diagnose(130)).field


def test_a_missing_start_command_never_fails_and_never_passes() -> None:
    probe = {"exec": {"command": ["curl", "localhost"]}}
    made = catalog(world(), http(), startupProbe=probe)
    runs(made, started=False)
    text = NO_EXECUTABLE + '"curl": executable file not found in $PATH: unknown'
    verb = "errored and resulted in unknown state"
    unhealthy(made, text, {12: 1}, kind="Startup", verb=verb)

    found = only(made.diagnose(13))

    assert (found.cause, found.confidence) == ("B05", "certain")
    assert '"curl": executable file not found in $PATH' in found.seen


def gated(gate: str, provider: str) -> World:
    made = world()
    made.change("Node", "node-1", 0.1, spec={"providerID": provider})
    made.workload("catalog", container("catalog", IMAGE), readinessGates=[{"conditionType": gate}])
    condition = {"type": "ContainersReady", "status": "True", "lastTransitionTime": stamp(8)}
    made.pod("catalog", 8, state={**running(5), "ready": True}, conditions=[condition])
    return made


AWS_GATE = "target-health.elbv2.k8s.aws/x"


def test_a_gate_may_be_set_where_its_controller_may_run() -> None:
    on_aws = gated(AWS_GATE, "aws:///eu-west-1a/i-0f3a")
    with_controller = gated(AWS_GATE, "kind://docker/harness/node-1")
    with_controller.workload("aws-load-balancer-controller", at=1)

    assert only(gated(AWS_GATE, "kind://docker/harness/node-1").diagnose(9)).cause == "B10"
    assert not on_aws.diagnose(200).findings
    assert not with_controller.diagnose(200).findings


def test_a_machine_of_unknown_making_takes_longer() -> None:
    made = gated(AWS_GATE, "")

    assert not made.diagnose(60).findings
    assert only(made.diagnose(70)).cause == "B10"


def test_a_gate_of_another_controller_takes_long() -> None:
    made = gated("example.org/ready", "kind://docker/harness/node-1")

    assert not made.diagnose(250).findings
    assert only(made.diagnose(320)).cause == "B10"


def test_min_ready_seconds_tells_why_it_waits() -> None:
    made = world()
    made.workload("catalog", container("catalog", IMAGE), spec={"minReadySeconds": 600})
    made.pod("catalog", 5, state=running(5), ready=True)

    (found,) = made.diagnose(45).suspects

    assert (found.cause, found.expected) == (
        "B08",
        "600 s of readiness until they count as available",
    )
