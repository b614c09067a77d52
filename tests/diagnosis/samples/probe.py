"""Timelines of the family `probe`: what keeps running containers unready, and what must not."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.sample import sample
from tests.diagnosis.world import World, container, running, stamp

CATALOG = "Deployment musiccorp-dev/catalog"
POD = "catalog-h1-abcde"
IMAGE = "ghcr.io/musiccorp/musiccorp-catalog:1.4.0"
REFUSED = (
    'Get "http://10.244.0.12:8080/readyz": dial tcp 10.244.0.12:8080: connect: connection refused'
)
TIMEOUT = (
    'Get "http://10.244.0.12:8080/readyz": context deadline exceeded '
    "(Client.Timeout exceeded while awaiting headers)"
)
ACCESS = (
    '10.244.0.1 - - [22/Nov/2026:10:00:{:02d} +0000] "GET {} HTTP/1.1" {} 22 "-" "kube-probe/1.34"'
)
NO_EXECUTABLE = (
    "rpc error: code = Unknown desc = failed to exec in container: failed to start exec "
    '"0f3a": OCI runtime exec failed: exec failed: unable to start container process: exec: '
)


def http(path: str = "/readyz", port: int | str = 8080, **timing: int) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": port}, **timing}


def world() -> World:
    return World("musiccorp-dev")


def catalog(made: World, probe: dict[str, Any], **fields: Any) -> World:
    fields.setdefault("ports", [{"name": "http", "containerPort": 8080}])
    made.workload("catalog", container("catalog", IMAGE, readinessProbe=probe, **fields))
    made.service("catalog", 80)
    return made


def unhealthy(
    made: World, text: str, times: dict[float, int], *, kind: str = "Readiness",
    pod: str = POD, first: float | None = None, verb: str = "failed",
) -> None:  # fmt: skip
    """The kubelet counts one event up: `times` is moment and count."""
    begun = min(times) if first is None else first
    for moment, count in times.items():
        made.event(
            "Pod", pod, "Unhealthy", f"{kind} probe {verb}: {text}", moment,
            count=count, first=begun, key=f"Unhealthy-{kind}-{text[:60]}",
        )  # fmt: skip


def every(period: float, begin: float, count: int) -> dict[float, int]:
    return {begin + period * n: n + 1 for n in range(count)}


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


@sample(("B01", CATALOG), within=120, not_before=31)
def the_application_listens_on_another_port() -> World:
    made = catalog(world(), http())
    made.pod("catalog", 3, state=running(2), phase="Running")
    made.log(POD, "catalog", "INFO:     Uvicorn running on http://0.0.0.0:8000 (CTRL+C to quit)", 5)
    unhealthy(made, REFUSED, every(10, 10, 11))
    return made


@sample(("B01", CATALOG), within=120, not_before=31)
def the_application_listens_on_loopback_only() -> World:
    made = catalog(world(), http())
    made.pod("catalog", 3, state=running(2), phase="Running")
    made.log(POD, "catalog", " * Running on http://127.0.0.1:8080", 5)
    unhealthy(made, REFUSED, every(10, 10, 11))
    return made


@sample(("B01", CATALOG), within=200, not_before=90)
def nothing_listens_on_the_probes_port() -> World:
    made = catalog(world(), http(port=8081))
    made.pod("catalog", 3, state=running(2), phase="Running")
    made.log(POD, "catalog", "catalog 1.4.0\nready", 5)
    unhealthy(made, REFUSED.replace("8080", "8081"), every(10, 10, 19))
    return made


@sample(within=170)
def a_metrics_port_opens_first() -> World:
    """It waits for its database before it opens its own port; the log names another one."""
    ports = [{"name": "http", "containerPort": 8080}, {"name": "side", "containerPort": 9102}]
    made = catalog(world(), http(), ports=ports, env=[{"name": "DB_HOST", "value": "catalog-db"}])
    made.workload("catalog-db", container("postgres", "postgres:17"), kind="StatefulSet")
    made.service("catalog-db", 5432)
    made.pod("catalog-db", 2, state=running(2), phase="Running")
    made.pod("catalog", 3, state=running(2), phase="Running")
    made.log(POD, "catalog", "Listening on 0.0.0.0:9102\nwaiting for catalog-db:5432", 5)
    unhealthy(made, REFUSED, every(10, 10, 15))
    made.ready("catalog-db", 150)
    made.ready("catalog", 165)
    return made


@sample(within=300)
def one_refused_probe_of_a_slow_start() -> World:
    made = catalog(world(), http(initialDelaySeconds=5, failureThreshold=24))
    made.pod("catalog", 3, state=running(2), phase="Running")
    unhealthy(made, REFUSED, every(10, 10, 20))
    made.ready("catalog", 215)
    return made


@sample(within=150)
def failures_before_the_start_probe_passed() -> World:
    startup = http("/livez", periodSeconds=2, failureThreshold=60)
    made = catalog(world(), http(), startupProbe=startup)
    made.pod("catalog", 3, state=running(2, started=False), phase="Running")
    unhealthy(made, REFUSED.replace("readyz", "livez"), every(2, 4, 50), kind="Startup")
    made.ready("catalog", 110)
    return made


@sample(within=400)
def a_probe_that_flaps_during_the_start() -> World:
    made = catalog(world(), http(periodSeconds=5))
    made.pod("catalog", 3, state=running(2), phase="Running")
    unhealthy(made, REFUSED, every(5, 10, 5))
    made.ready("catalog", 40)
    made.pod("catalog", 60, state=running(2), phase="Running")
    unhealthy(made, TIMEOUT, every(5, 60, 6))
    made.ready("catalog", 95)
    made.pod("catalog", 300, state=running(2), phase="Running")
    unhealthy(made, "HTTP probe failed with statuscode: 503", every(5, 300, 6))
    made.ready("catalog", 330)
    return made


@sample(within=360)
def a_service_answers_503_while_its_database_starts() -> World:
    made = catalog(world(), http(), env=[{"name": "DB_HOST", "value": "catalog-db"}])
    made.workload("catalog-db", container("postgres", "postgres:17"), kind="StatefulSet")
    made.service("catalog-db", 5432)
    made.pod("catalog-db", 2, state=running(2), phase="Running")
    made.pod("catalog", 3, state=running(2), phase="Running")
    unhealthy(made, "HTTP probe failed with statuscode: 503", every(10, 10, 33))
    made.ready("catalog-db", 280)
    made.ready("catalog", 345)
    return made


@sample(("B03", CATALOG), within=260, not_before=150)
def a_service_answers_503_for_no_other_reason() -> World:
    made = catalog(world(), http())
    made.pod("catalog", 3, state=running(2), phase="Running")
    made.log(POD, "catalog", "ERROR cache directory is empty, run warm-up first", 5)
    unhealthy(made, "HTTP probe failed with statuscode: 503", every(10, 10, 25))
    return made


@sample(("B04", CATALOG), within=260, not_before=120)
def a_health_check_takes_too_long() -> World:
    made = catalog(world(), http())
    made.pod("catalog", 3, state=running(2), phase="Running")
    unhealthy(made, TIMEOUT, every(10, 10, 25))
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


@sample(("B11", CATALOG), within=260, not_before=120)
def a_probe_command_fails_without_a_word() -> World:
    made = catalog(world(), {"exec": {"command": ["/app/ready"]}})
    made.pod("catalog", 3, state=running(2), phase="Running")
    unhealthy(made, "", every(10, 10, 25))
    return made


@sample(("B11", CATALOG), within=260, not_before=120)
def nothing_tells_why_a_probe_does_not_pass() -> World:
    made = catalog(world(), http())
    made.pod("catalog", 3, state=running(2), phase="Running")
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
