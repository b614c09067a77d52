"""Timelines of probes that cannot pass, and of gates: B02, B05, B06, B08 and B10."""

from __future__ import annotations

from tests.diagnosis.sample import sample
from tests.diagnosis.samples.probe_world import (
    ACCESS,
    CATALOG,
    IMAGE,
    NO_EXECUTABLE,
    POD,
    catalog,
    every,
    http,
    unhealthy,
    world,
)
from tests.diagnosis.world import World, container, running, stamp


@sample(("B02", CATALOG), within=90, not_before=30)
def section_4_15_readiness_path_is_wrong() -> World:
    made = catalog(world(), http("/health-z", periodSeconds=5))
    made.pod("catalog", 1)
    made.pod("catalog", 6, state=running(5), phase="Running")
    made.log(POD, "catalog", "INFO:     Uvicorn running on http://0.0.0.0:8080", 7)
    lines = "\n".join([ACCESS.format(12, "/healthz", 200), ACCESS.format(14, "/health-z", 404)])
    made.log(POD, "catalog", lines, 15)
    unhealthy(made, "HTTP probe failed with statuscode: 404", every(5, 10, 16))
    return made


@sample(("B02", CATALOG), within=120, not_before=30)
def the_health_path_wants_credentials() -> World:
    made = catalog(world(), http("/actuator/health"))
    made.pod("catalog", 3, state=running(2), phase="Running")
    unhealthy(made, "HTTP probe failed with statuscode: 401", every(10, 10, 11))
    return made


@sample(("B02", CATALOG), within=120)
def the_application_refuses_the_address_as_host() -> World:
    made = catalog(world(), http("/readyz", "http"))
    made.pod("catalog", 3, state=running(2), phase="Running")
    unhealthy(made, "HTTP probe failed with statuscode: 400", every(10, 10, 11))
    return made


@sample(("B02", CATALOG), within=200, not_before=60)
def a_startup_path_is_wrong_and_kills_the_container() -> World:
    startup = http("/livez-typo", periodSeconds=5, failureThreshold=6)
    made = catalog(world(), http(), startupProbe=startup)
    made.pod("catalog", 3, state=running(2, started=False), phase="Running")
    unhealthy(made, "HTTP probe failed with statuscode: 404", every(5, 5, 37), kind="Startup")
    for moment, restarts in ((34, 1), (66, 2), (98, 3), (150, 4)):
        state = running(moment, started=False, restarts=restarts, exitCode=137, reason="Error")
        made.pod("catalog", moment, state=state, phase="Running")
    return made


@sample(within=75)
def a_server_that_still_deploys_answers_404() -> World:
    """Tomcat answers 404 until the application is deployed; its log moves meanwhile."""
    made = catalog(world(), http(periodSeconds=5))
    made.pod("catalog", 3, state=running(2), phase="Running")
    unhealthy(made, "HTTP probe failed with statuscode: 404", every(5, 10, 12))
    steps = ("Deploying web application archive", "Hibernate ORM core version", "HHH90000025",
             "Initialized JPA EntityManagerFactory", "Started CatalogApplication")  # fmt: skip
    for n, step in enumerate(steps):
        made.log(POD, "catalog", f"INFO [main] {step}", 12 + n * 14)
    made.ready("catalog", 70)
    return made


@sample(("B05", "StatefulSet musiccorp-dev/catalog-db"), within=40)
def a_probe_command_is_not_in_the_image() -> World:
    made = world()
    probe = {"exec": {"command": ["curl", "-f", "http://localhost:5432"]}}
    made.workload("catalog-db", container("postgres", "postgres:17-alpine", readinessProbe=probe),
                  kind="StatefulSet")  # fmt: skip
    made.pod("catalog-db", 3, state=running(2), phase="Running")
    text = NO_EXECUTABLE + '"curl": executable file not found in $PATH: unknown'
    verb = "errored and resulted in unknown state"
    unhealthy(made, text, every(10, 12, 3), pod="catalog-db-0", verb=verb)
    return made


@sample(("B05", CATALOG), within=40)
def a_start_probe_in_a_shell_lacks_its_command() -> World:
    command = ["sh", "-c", "wget -qO- localhost:8080/livez"]
    probe = {"exec": {"command": command}, "periodSeconds": 5}
    made = catalog(world(), http(), startupProbe=probe)
    made.pod("catalog", 3, state=running(2, started=False), phase="Running")
    unhealthy(made, "sh: 1: wget: not found\n", every(5, 8, 6), kind="Startup")
    return made


@sample(within=60)
def a_probe_script_that_the_entrypoint_writes() -> World:
    made = catalog(world(), {"exec": {"command": ["/run/app/ready.sh"]}, "periodSeconds": 5})
    made.pod("catalog", 3, state=running(2), phase="Running")
    script = '"/run/app/ready.sh": stat /run/app/ready.sh: no such file or directory: unknown'
    unhealthy(
        made, NO_EXECUTABLE + script, every(5, 6, 5), verb="errored and resulted in unknown state"
    )
    made.ready("catalog", 32)
    return made


@sample(("B06", CATALOG), within=20)
def a_probe_names_a_port_that_the_container_lacks() -> World:
    made = catalog(world(), http(port="web"))
    made.pod("catalog", 3, state=running(2), phase="Running")
    return made


@sample(within=1500)
def ready_pods_wait_for_min_ready_seconds() -> World:
    made = world()
    made.workload("catalog", container("catalog", IMAGE), spec={"minReadySeconds": 1200})
    made.pod("catalog", 5, state=running(5), ready=True)
    return made


@sample(("B10", CATALOG), within=60)
def a_gate_of_aws_where_no_controller_runs() -> World:
    made = world()
    gate = "target-health.elbv2.k8s.aws/k8s-musiccor-catalog-0f3a"
    made.change("Node", "node-1", 0.1, spec={"providerID": "kind://docker/harness/node-1"})
    made.workload("catalog", container("catalog", IMAGE), readinessGates=[{"conditionType": gate}])
    ready = {"type": "ContainersReady", "status": "True", "lastTransitionTime": stamp(8)}
    state = {**running(5), "ready": True}
    made.pod("catalog", 8, state=state, phase="Running", conditions=[ready])
    return made


@sample(within=250)
def a_gate_that_its_controller_sets_later() -> World:
    made = world()
    gate = "cloud.google.com/load-balancer-neg-ready"
    made.workload("catalog", container("catalog", IMAGE), readinessGates=[{"conditionType": gate}])
    ready = {"type": "ContainersReady", "status": "True", "lastTransitionTime": stamp(8)}
    made.pod("catalog", 8, state={**running(5), "ready": True}, phase="Running", conditions=[ready])
    made.ready("catalog", 240)
    return made


@sample(("B02", CATALOG), within=120)
def the_failing_one_of_two_containers_is_named() -> World:
    made = world()
    made.workload(
        "catalog",
        container("proxy", "envoyproxy/envoy:v1.34.0", readinessProbe=http("/ready", 15021)),
        container("catalog", IMAGE, readinessProbe=http("/health-z")),
    )
    state = {"proxy": {**running(2), "ready": True}, "catalog": running(2)}
    made.pod("catalog", 3, state=state, phase="Running")
    unhealthy(made, "HTTP probe failed with statuscode: 404", every(10, 10, 11))
    return made


@sample(("B02", "StatefulSet musiccorp-dev/catalog"), within=120, not_before=30)
def three_replicas_ask_the_same_wrong_path() -> World:
    made = world()
    box = container("catalog", IMAGE, readinessProbe=http("/health-z"))
    made.workload("catalog", box, kind="StatefulSet", replicas=3)
    made.service("catalog", 80)
    for n in range(3):
        made.pod("catalog", 3 + n, name=f"catalog-{n}", state=running(2 + n), phase="Running")
        failed = "HTTP probe failed with statuscode: 404"
        unhealthy(made, failed, every(10, 12 + n, 10), pod=f"catalog-{n}")
    return made


@sample(within=300)
def harmless_oddities_of_probes() -> World:
    """A port name of digits is a number, and an errored liveness probe has no result."""
    live = {"exec": {"command": ["curl", "localhost"]}}
    made = catalog(world(), http(port="8080"), livenessProbe=live)
    made.pod("catalog", 3, state=running(2), phase="Running")
    text = NO_EXECUTABLE + '"curl": executable file not found in $PATH: unknown'
    verb = "errored and resulted in unknown state"
    unhealthy(made, text, every(10, 12, 28), kind="Liveness", verb=verb)
    made.ready("catalog", 12)
    return made
