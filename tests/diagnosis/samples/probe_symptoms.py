"""Timelines of probes that say no more than "not yet": B01, B03, B04, B11 and slow starts."""

from __future__ import annotations

from tests.diagnosis.sample import sample
from tests.diagnosis.samples.probe_world import (
    CATALOG,
    POD,
    REFUSED,
    TIMEOUT,
    catalog,
    every,
    http,
    unhealthy,
    world,
)
from tests.diagnosis.world import World, container, running


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


@sample(("B01", CATALOG), within=200, not_before=180)
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


@sample(("B03", CATALOG), within=260, not_before=180)
def a_service_answers_503_for_no_other_reason() -> World:
    made = catalog(world(), http())
    made.pod("catalog", 3, state=running(2), phase="Running")
    made.log(POD, "catalog", "ERROR cache directory is empty, run warm-up first", 5)
    unhealthy(made, "HTTP probe failed with statuscode: 503", every(10, 10, 25))
    return made


@sample(("B04", CATALOG), within=260, not_before=180)
def a_health_check_takes_too_long() -> World:
    made = catalog(world(), http())
    made.pod("catalog", 3, state=running(2), phase="Running")
    unhealthy(made, TIMEOUT, every(10, 10, 25))
    return made


@sample(("B11", CATALOG), within=330, not_before=300)
def a_probe_command_fails_without_a_word() -> World:
    made = catalog(world(), {"exec": {"command": ["/app/ready"]}})
    made.pod("catalog", 3, state=running(2), phase="Running")
    unhealthy(made, "", every(10, 10, 25))
    return made


@sample(("B11", CATALOG), within=330, not_before=300)
def nothing_tells_why_a_probe_does_not_pass() -> World:
    made = catalog(world(), http())
    made.pod("catalog", 3, state=running(2), phase="Running")
    return made
