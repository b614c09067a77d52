# ruff: noqa: E501 - texts of other programs are quoted as they are
"""Timelines of programs whose last words name the cause."""

from __future__ import annotations

from tests.diagnosis.crash_loops import Crash, crash_loop
from tests.diagnosis.sample import sample
from tests.diagnosis.samples.start import ORDER, order, order_ends
from tests.diagnosis.world import World, container, running

# P06, P13, P14, P15


@sample(("P06", ORDER), within=40, not_before=20)
def the_root_file_system_is_read_only() -> World:
    log = "OSError: [Errno 30] Read-only file system: '/tmp/tmp2k3'"
    return order_ends(Crash(log=log), securityContext={"readOnlyRootFilesystem": True})


@sample(("P13", ORDER), within=20)
def a_service_sets_the_port_of_the_program() -> World:
    world = order()
    world.service("postgres", 5432, clusterIP="10.96.12.3")
    log = "ValueError: invalid literal for int() with base 10: 'tcp://10.96.12.3:5432'"
    crash_loop(world, "order", Crash(log=log))
    return world


@sample(("P14", ORDER), within=30)
def a_required_variable_is_missing() -> World:
    log = (
        'Traceback (most recent call last):\n  File "/app/main.py", line 3, in <module>\n'
        '    url = os.environ["DATABASE_URL"]\n  File "<frozen os>", line 714, in __getitem__\n'
        "    raise KeyError(key) from None\nKeyError: 'DATABASE_URL'"
    )
    return order_ends(
        Crash(log=log), env=[{"name": "DATABASE_URI", "value": "postgresql://db/orders"}]
    )


@sample(("P14", ORDER), within=30)
def a_json_log_says_what_is_missing() -> World:
    log = '{"time":"2026-11-22T10:00:00.1+00:00","level":"error","service":"order","logger":"chassis","message":"configuration error: environment variable DB_HOST is not set; environment variable DB_NAME is not set"}'
    return order_ends(Crash(log=log, code=78))


@sample(("P01", ORDER), within=70, not_before=30)
def a_key_error_about_a_variable_that_is_there_is_the_programs_own() -> World:
    return order_ends(
        Crash(log="KeyError: 'CURRENCY'", times=5), env=[{"name": "CURRENCY", "value": "EUR"}]
    )


@sample(("P14", ORDER), within=30)
def an_init_container_lacks_a_variable() -> World:
    world = World()
    world.workload(
        "order", container("order"), initContainers=[container("migrate", args=["migrate"])]
    )
    crash_loop(world, "order", Crash(log="migrate: required key DB_HOST missing value", init=True))
    return world


@sample(("P15", ORDER), within=70, not_before=30)
def two_containers_want_one_port() -> World:
    world = World()
    world.workload("order", container("order"), container("proxy", "nginx:1.29"))
    others = {"order": {**running(2), "ready": True}}
    log = "nginx: [emerg] bind() to 0.0.0.0:8080 failed (98: Address already in use)"
    crash_loop(world, "order", Crash(log=log, container="proxy", others=others, times=5))
    return world
