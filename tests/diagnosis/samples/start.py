# ruff: noqa: E501 - texts of other programs are quoted as they are
"""Timelines of programs that end by themselves, Jobs among them, and of some that only seem to."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.crash_loops import Crash, crash_loop
from tests.diagnosis.sample import sample
from tests.diagnosis.world import World, container, ended, running, stamp

ORDER = "Deployment shop/order"
POD = "order-h1-abcde"
CONFIG_ERROR = """\
Traceback (most recent call last):
  File "/app/order/__main__.py", line 12, in <module>
    main()
  File "/app/order/__main__.py", line 8, in main
    price = Decimal(text)
decimal.InvalidOperation: [<class 'decimal.ConversionSyntax'>]
ValueError: currency 'EURO' is not known
"""


def order(**fields: Any) -> World:
    world = World()
    world.workload("order", container("order", "ghcr.io/shop/order:1.0", **fields))
    return world


def order_ends(crash: Crash, **fields: Any) -> World:
    world = order(**fields)
    crash_loop(world, "order", crash)
    return world


# P01


@sample(("P01", ORDER), within=70, not_before=30)
def a_program_ends_with_its_own_error() -> World:
    return order_ends(Crash(log=CONFIG_ERROR, times=5))


@sample(within=120)
def a_program_needs_three_starts() -> World:
    world = order()
    last = crash_loop(world, "order", Crash(log=CONFIG_ERROR, times=2))
    world.pod("order", last + 10, state=running(last + 10, restarts=2), phase="Running")
    world.ready("order", last + 14)
    return world


@sample(within=100)
def a_program_is_past_the_point_where_it_ended_before() -> World:
    world = order()
    last = crash_loop(world, "order", Crash(log=CONFIG_ERROR, times=2))
    past: dict[str, Any] = {"exitCode": 1, "reason": "Error"}
    past |= {"startedAt": stamp(last - 2), "finishedAt": stamp(last)}
    again = running(last + 10, restarts=2, **past)
    world.pod("order", last + 10, state=again, phase="Running")
    return world


@sample(("P01", ORDER), within=70, not_before=30)
def a_sidecar_ends_beside_a_sound_program() -> World:
    world = World()
    world.workload(
        "order", container("order"), container("metrics", "prom/statsd-exporter:v0.28.0")
    )
    others = {"order": {**running(2), "ready": True}}
    log = 'time="2026-11-22T10:00:03Z" level=fatal msg="Error loading config: open /etc/statsd.yaml: no such file"'
    crash_loop(world, "order", Crash(log=log, container="metrics", others=others, times=5))
    return world


@sample(("P01", ORDER), within=75, not_before=30)
def one_replica_of_two_ends() -> World:
    world = World()
    world.workload("order", container("order"), replicas=2)
    world.pod("order", 6, name="order-h1-other", state=running(5), ready=True)
    crash_loop(world, "order", Crash(log=CONFIG_ERROR, times=5))
    return world


@sample(("P01", "StatefulSet shop/queue"), within=75, not_before=30)
def every_replica_of_a_stateful_set_ends() -> World:
    world = World()
    world.workload("queue", container("queue"), kind="StatefulSet", replicas=3,
                   spec={"podManagementPolicy": "Parallel"})  # fmt: skip
    for number in range(3):
        log = "panic: runtime error: index out of range [3] with length 3\n\ngoroutine 1 [running]:"
        crash_loop(world, "queue", Crash(log=log, code=2, times=5, pod=f"queue-{number}"))
    return world


@sample(("P01", "Pod shop/smoke"), within=75, not_before=30)
def a_bare_pod_ends() -> World:
    world = World()
    template = {"kind": "Pod", "metadata": {"name": "smoke", "namespace": "shop"},
                "spec": {"containers": [container("smoke")]}}  # fmt: skip
    world.declare(template)
    for number, at in enumerate((3, 6, 18, 40, 82)):
        down = {
            "exitCode": 4,
            "reason": "Error",
            "startedAt": stamp(at - 2),
            "finishedAt": stamp(at),
        }
        status = {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "False"}],
            "containerStatuses": [
                {
                    "name": "smoke",
                    "ready": False,
                    "restartCount": number,
                    "state": {"terminated": down},
                }
            ],
        }
        world.put({**template, "status": status}, at)
        world.log("smoke", "smoke", "checks failed: 2 of 7", at + 0.5, previous=True)
    return world


@sample(within=110)
def a_run_of_a_cron_job_fails() -> World:
    """Its runs are not waited for."""
    world = World()
    job = {"metadata": {"name": "report", "namespace": "shop"}, "kind": "CronJob",
           "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": {"spec": {
               "containers": [container("report")]}}}}}}  # fmt: skip
    world.put(job)
    world.workload(
        "report-1", container("report"), kind="Job", declared=False, restartPolicy="OnFailure"
    )
    made = world.live("Job", "report-1")
    made["metadata"]["ownerReferences"] = [
        {"kind": "CronJob", "name": "report", "controller": True}
    ]
    world.put(made, 1)
    crash_loop(world, "report-1", Crash(log=CONFIG_ERROR, times=5))
    return world


@sample(within=200)
def an_evicted_pod_is_left_behind() -> World:
    world = order()
    gone = {"exitCode": 137, "reason": "Error", "startedAt": stamp(2), "finishedAt": stamp(20)}
    world.pod("order", 21, name="order-h1-gone", state={"state": {"terminated": gone}}, phase="Failed",
              reason="Evicted", message="The node was low on resource: memory.")  # fmt: skip
    world.pod("order", 25, state=running(24), phase="Running")
    return world


# Jobs


def migration(**spec: Any) -> World:
    world = World()
    world.workload("migrate", container("migrate", command=["./migrate"]), kind="Job",
                   spec={"backoffLimit": 2, **spec}, restartPolicy="Never")  # fmt: skip
    return world


def attempt(
    world: World, number: int, at: float, *, code: int = 1, log: str = CONFIG_ERROR
) -> None:
    name = f"migrate-{number}"
    reason = "Error" if code else "Completed"
    world.pod("migrate", at - 2, name=name, state=running(at - 2), phase="Running")
    phase = "Failed" if code else "Succeeded"
    world.pod("migrate", at, name=name, state=ended(at, code, reason), phase=phase)
    world.log(name, "migrate", log, at + 0.5)


def job_ends(world: World, at: float, kind: str, reason: str = "", message: str = "") -> None:
    condition = {"type": kind, "status": "True", "reason": reason, "message": message}
    world.change("Job", "migrate", at, status={"conditions": [condition]})


@sample(("P01", "Job shop/migrate"), within=60, not_before=30)
def a_job_gives_up() -> World:
    world = migration()
    for number, at in enumerate((4, 16, 40)):
        attempt(world, number, at)
    job_ends(
        world, 41, "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit"
    )
    world.event(
        "Job", "migrate", "BackoffLimitExceeded", "Job has reached the specified backoff limit", 41
    )
    return world


@sample(within=120)
def a_job_succeeds_at_the_third_attempt() -> World:
    world = migration()
    attempt(world, 0, 4)
    attempt(world, 1, 16)
    attempt(world, 2, 40, code=0, log="3 migrations applied")
    job_ends(world, 41, "Complete")
    return world


@sample(("P14", "Job shop/migrate"), within=20)
def a_job_that_tries_once_lacks_a_variable() -> World:
    world = migration(backoffLimit=0)
    attempt(world, 0, 4, log="RuntimeError: environment variable DB_HOST is not set")
    job_ends(
        world, 5, "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit"
    )
    return world


def failed_hook() -> World:
    """Such a Job is judged with its Application."""
    world = migration()
    made = world.live("Job", "migrate")
    made["metadata"]["annotations"] = {"argocd.argoproj.io/hook": "PreSync"}
    world.put(made, 1)
    for number, at in enumerate((4, 16)):
        attempt(world, number, at)
    job_ends(world, 17, "Failed", "BackoffLimitExceeded")
    return world


# P09


@sample(("P09", ORDER), within=70, not_before=30)
def a_program_goes_to_the_background() -> World:
    return order_ends(
        Crash(log="started in background, pid 17", code=0, reason="Completed", times=5)
    )


# P02


def out_of_memory(times: int = 4, **crash: Any) -> World:
    limits = {"limits": {"memory": "64Mi"}}
    fields = {"code": 137, "reason": "OOMKilled", "seconds": 4, "times": times, **crash}
    return order_ends(Crash(**fields), resources=limits)


@sample(("P02", ORDER), within=30)
def a_program_takes_more_memory_than_its_limit() -> World:
    return out_of_memory()


@sample(within=60)
def a_program_runs_out_of_memory_once() -> World:
    world = out_of_memory(times=1)
    world.pod("order", 8, state=running(8, restarts=1), phase="Running")
    world.ready("order", 20)
    return world


@sample(within=25)
def exit_137_alone_is_not_a_lack_of_memory() -> World:
    return out_of_memory(times=2, reason="Error")


@sample(("P02", ORDER), within=30)
def an_init_container_takes_more_memory_than_its_limit() -> World:
    world = World()
    init = container("warm", resources={"limits": {"memory": "32Mi"}})
    world.workload("order", container("order"), initContainers=[init])
    crash_loop(world, "order", Crash(code=137, reason="OOMKilled", init=True))
    return world
