# ruff: noqa: E501 - texts of other programs are quoted as they are
"""Timelines of containers that do not start, or start and end, and of some that only seem to."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.crash_loops import Crash, crash_loop
from tests.diagnosis.sample import sample
from tests.diagnosis.world import World, container, ended, running, stamp, waiting

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
REFUSED = """\
Traceback (most recent call last):
  File "/app/order/database.py", line 31, in open_pool
    return psycopg.connect(url)
psycopg.OperationalError: connection failed: connection to server at "10.96.20.15", port 5432 failed: Connection refused
\tIs the server running on that host and accepting TCP/IP connections?
"""
RUNC = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc "
    "create failed: unable to start container process: error during container init: "
)


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
    past = {"exitCode": 1, "reason": "Error"}
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


@sample(within=300)
def section_4_25_postgres_takes_150_seconds_behind_a_tcp_probe() -> World:
    return slow_postgres(socket_probe=False)


@sample(within=300)
def section_4_25_postgres_takes_150_seconds_behind_a_socket_probe() -> World:
    return slow_postgres(socket_probe=True)


@sample(within=300)
def section_4_25_with_the_address_in_a_secret() -> World:
    return slow_postgres(socket_probe=False, hidden=True)


@sample(within=300)
def section_4_25_behind_a_socket_probe_with_the_address_in_a_secret() -> World:
    return slow_postgres(socket_probe=True, hidden=True)


def slow_postgres(*, socket_probe: bool, hidden: bool = False) -> World:
    """Postgres runs an init script for 150 s while order is started again and again."""
    world = World()
    secret = {"secretKeyRef": {"name": "order-url", "key": "url"}}
    env = (
        {"name": "DATABASE_URL", "valueFrom": secret}
        if hidden
        else {"name": "DB_HOST", "value": "postgres-order"}
    )
    world.workload("order", container("order", env=[env], ports=[{"containerPort": 8080}]))
    command = ["pg_isready", "-U", "order"] if socket_probe else ["pg_isready", "-h", "127.0.0.1"]
    probe = {"exec": {"command": command}, "periodSeconds": 5}
    world.workload(
        "postgres-order",
        container("postgres", "postgres:17", readinessProbe=probe),
        kind="StatefulSet",
    )
    world.service("postgres-order", 5432, clusterIP="10.96.20.15")
    start = (
        "PostgreSQL init process starting\nwaiting for server to start....done\nserver started\n"
    )
    script = "/usr/local/bin/docker-entrypoint.sh: running /docker-entrypoint-initdb.d/10-seed.sh"
    done = (
        "PostgreSQL init process complete; ready for start up.\n\n"
        f'{stamp(153)[:19].replace("T", " ")}.120 UTC [1] LOG:  listening on IPv4 address "0.0.0.0", port 5432\n'
        f"{stamp(153)[:19].replace('T', ' ')}.204 UTC [1] LOG:  database system is ready to accept connections"
    )
    world.pod("postgres-order", 3, state=running(3), phase="Running")
    world.log("postgres-order-0", "postgres", f"{start}{script}", 5)
    if socket_probe:
        world.ready("postgres-order", 8)
    world.log("postgres-order-0", "postgres", f"{start}{script}\n{done}", 154)
    if not socket_probe:
        world.ready("postgres-order", 158)
    last = crash_loop(world, "order", Crash(log=REFUSED, times=6))
    past = {
        "exitCode": 1,
        "reason": "Error",
        "startedAt": stamp(last - 2),
        "finishedAt": stamp(last),
    }
    begin = max(last + 40, 170)
    world.pod("order", begin, state=running(begin, restarts=6, **past), phase="Running")
    world.ready("order", begin + 4)
    return world


@sample(within=240)
def a_client_of_a_slow_server_fails_once_more_after_it_is_ready() -> World:
    """Right after the server is ready its client meets another hurdle, once."""
    world = World()
    world.workload(
        "order", container("order", env=[{"name": "KAFKA_SERVERS", "value": "queue:9092"}])
    )
    world.workload("queue", container("queue", "example.test/queue:1"), kind="StatefulSet")
    world.service("queue", 9092)
    world.ready("queue", 60)
    refused = (
        "Unable connect to \"queue:9092\": [Errno 111] Connect call failed ('10.96.7.8', 9092)"
    )
    other = {4: "RuntimeError: topic orders has no leader yet"}
    last = crash_loop(world, "order", Crash(log=refused, logs=other, times=5))
    past = {
        "exitCode": 1,
        "reason": "Error",
        "startedAt": stamp(last - 2),
        "finishedAt": stamp(last),
    }
    world.pod("order", last + 80, state=running(last + 80, restarts=5, **past), phase="Running")
    world.ready("order", last + 85)
    return world


@sample(("P01", ORDER), within=300, not_before=90)
def a_program_ends_with_its_own_error_after_its_slow_server_is_ready() -> World:
    world = World()
    world.workload(
        "order", container("order", env=[{"name": "KAFKA_SERVERS", "value": "queue:9092"}])
    )
    world.workload("queue", container("queue", "example.test/queue:1"), kind="StatefulSet")
    world.service("queue", 9092)
    world.ready("queue", 60)
    refused = (
        "Unable connect to \"queue:9092\": [Errno 111] Connect call failed ('10.96.7.8', 9092)"
    )
    own = dict.fromkeys(range(4, 9), CONFIG_ERROR)
    crash_loop(world, "order", Crash(log=refused, logs=own, times=7))
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


@sample(("A17", "Job shop/migrate"), within=60)
def a_hook_that_failed_is_judged_with_its_application() -> World:
    world = migration()
    made = world.live("Job", "migrate")
    made["metadata"]["annotations"] = {"argocd.argoproj.io/hook": "PreSync"}
    world.put(made, 1)
    for number, at in enumerate((4, 16)):
        attempt(world, number, at)
    job_ends(world, 17, "Failed", "BackoffLimitExceeded")
    return world


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


# P03, P04, P05, P08


def refused_start(text: str, *, times: int = 3) -> World:
    world = order(command=["serve"])
    world.pod("order", 1)
    for number in range(times):
        at = 2 + 12 * number
        down = {
            "exitCode": 128,
            "reason": "StartError",
            "message": text,
            "startedAt": "1970-01-01T00:00:00Z",
            "finishedAt": stamp(at),
        }
        world.pod(
            "order",
            at,
            state={
                "state": {"waiting": {"reason": "RunContainerError", "message": text}},
                "lastState": {"terminated": down},
                "restartCount": number,
            },
            phase="Running",
        )
        world.event("Pod", POD, "Failed", f"Error: {text}", at, count=number + 1)
        late = {
            "reason": "CrashLoopBackOff",
            "message": "back-off 10s restarting failed container=order",
        }
        world.pod(
            "order",
            at + 2,
            state={
                "state": {"waiting": late},
                "lastState": {"terminated": down},
                "restartCount": number,
            },
            phase="Running",
        )
    return world


@sample(("P03", ORDER), within=10)
def the_command_is_not_in_the_image() -> World:
    return refused_start(f'{RUNC}exec: "serve": executable file not found in $PATH: unknown')


@sample(("P03", ORDER), within=10)
def the_command_is_a_path_that_does_not_exist() -> World:
    return refused_start(
        f'{RUNC}exec: "/app/run.sh": stat /app/run.sh: no such file or directory: unknown'
    )


@sample(("P04", ORDER), within=10)
def the_command_is_not_executable() -> World:
    return refused_start(f'{RUNC}exec: "/app/run.sh": permission denied: unknown')


@sample(("P03", ORDER), within=40)
def a_folder_is_mounted_over_a_file() -> World:
    return refused_start(
        f'{RUNC}error mounting "/var/lib/kubelet/pods/9f/volume-subpaths/config/order/0" to rootfs at '
        '"/etc/order/order.yaml": mount src=/var/lib/kubelet/pods/9f/volume-subpaths/config/order/0, '
        "dst=/etc/order/order.yaml, dstFd=/proc/thread-self/fd/11, flags=MS_BIND|MS_REC: not a directory: "
        "Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host "
        "path exists and is the expected type: unknown"
    )


@sample(("P03", ORDER), within=140, not_before=60)
def the_runtime_refuses_with_exit_code_128_and_no_word() -> World:
    return refused_start("", times=8)


@sample(within=60)
def exit_code_128_twice_is_the_node() -> World:
    world = refused_start("", times=2)
    world.ready("order", 40)
    return world


@sample(within=100)
def a_container_name_is_still_reserved() -> World:
    world = order()
    text = 'failed to reserve container name "order_order-h1-abcde_shop_9f_0": name "order_order-h1-abcde_shop_9f_0" is reserved for "4c2e"'
    world.pod("order", 20, state=waiting("CreateContainerError", text))
    world.event("Pod", POD, "Failed", f"Error: {text}", 80, count=5, first=20)
    return world


@sample(("P03", ORDER), within=15)
def neither_image_nor_manifest_has_a_command() -> World:
    world = order()
    text = 'failed to generate container "4c2e" spec: failed to generate spec: no command specified'
    world.pod("order", 4, state=waiting("CreateContainerError", text))
    return world


@sample(("P03", ORDER), within=10)
def the_start_script_has_an_interpreter_that_is_not_there() -> World:
    return order_ends(Crash(log="exec /usr/local/bin/start.sh: no such file or directory", code=1))


@sample(("P03", ORDER), within=30)
def the_shell_does_not_find_a_program() -> World:
    return order_ends(Crash(log="/bin/sh: 1: gunicorn: not found", code=127))


@sample(("P03", ORDER), within=30)
def the_start_script_has_windows_line_ends() -> World:
    return order_ends(Crash(log="/usr/bin/env: 'bash\\r': No such file or directory", code=127))


@sample(("P04", ORDER), within=30)
def the_shell_may_not_execute_the_script() -> World:
    return order_ends(Crash(log="/bin/sh: 1: /app/run.sh: Permission denied", code=126))


def not_as_root(text: str) -> World:
    world = order(securityContext={"runAsNonRoot": True})
    message = f'{text} (pod: "order-h1-abcde_shop(9f)", container: order)'
    world.pod("order", 3, state=waiting("CreateContainerConfigError", message))
    world.event("Pod", POD, "Failed", f"Error: {message}", 3, count=2)
    return world


@sample(("P05", ORDER), within=5)
def the_image_runs_as_root_and_may_not() -> World:
    return not_as_root("container has runAsNonRoot and image will run as root")


@sample(("P05", ORDER), within=5)
def the_images_user_is_a_name() -> World:
    return not_as_root(
        "container has runAsNonRoot and image has non-numeric user (node), cannot verify user is non-root"
    )


@sample(("P08", ORDER), within=10)
def the_program_is_of_another_architecture() -> World:
    return order_ends(Crash(log="exec /usr/local/bin/order: exec format error", code=255))


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


# P07


@sample(within=240)
def an_init_container_waits_for_a_slow_database() -> World:
    world = World()
    wait = container(
        "wait",
        "busybox:1.37",
        command=["sh", "-c", "until nc -z postgres-order 5432; do sleep 2; done"],
    )
    world.workload("order", container("order"), initContainers=[wait])
    world.workload("postgres-order", container("postgres", "postgres:17"), kind="StatefulSet")
    world.service("postgres-order", 5432)
    world.pod("postgres-order", 3, state=running(3), phase="Running")
    world.pod("order", 3, init={"wait": running(3)}, phase="Pending")
    world.log(POD, "wait", "nc: postgres-order (10.96.20.15:5432): Connection refused", 200)
    return world


@sample(("G03", "StatefulSet shop/postgres-order"), within=30, victims=(ORDER,), innocent=(ORDER,))
def a_database_that_does_not_start_explains_its_client() -> World:
    world = World()
    world.workload(
        "order", container("order", env=[{"name": "DB_HOST", "value": "postgres-order"}])
    )
    world.workload("postgres-order", container("postgres", "postgres:17"), kind="StatefulSet")
    world.service("postgres-order", 5432, clusterIP="10.96.20.15")
    text = 'Error: Database is uninitialized and superuser password is not specified.\n       You must specify POSTGRES_PASSWORD to a non-empty value for the\n       superuser. For example, "-e POSTGRES_PASSWORD=password" on "docker run".\n'
    crash_loop(world, "postgres-order", Crash(log=text, seconds=1))
    crash_loop(world, "order", Crash(log=REFUSED, times=5))
    return world


@sample(
    ("G03", "StatefulSet shop/postgres-order"),
    ("P05", "Deployment shop/payment"),
    within=30,
    innocent=(ORDER,),
)
def two_faults_are_two_roots() -> World:
    world = a_database_that_does_not_start_explains_its_client()
    world.workload("payment", container("payment"), securityContext={"runAsNonRoot": True})
    text = 'container has runAsNonRoot and image will run as root (pod: "payment-h1-abcde_shop(9f)", container: payment)'
    world.pod("payment", 4, state=waiting("CreateContainerConfigError", text))
    return world


# P09


@sample(("P09", ORDER), within=70, not_before=30)
def a_program_goes_to_the_background() -> World:
    return order_ends(
        Crash(log="started in background, pid 17", code=0, reason="Completed", times=5)
    )


# P10, P11, P12


LIVENESS = {
    "livenessProbe": {
        "httpGet": {"path": "/live", "port": 8080},
        "periodSeconds": 5,
        "failureThreshold": 3,
    }
}


def killed(
    kind: str, answer: str, fields: dict[str, Any], *, times: int, seconds: int = 20
) -> World:
    world = order(**fields)
    at = 2
    for number in range(times):
        begin = at
        at += seconds
        world.event(
            "Pod",
            POD if number else _pod(world),
            "Unhealthy",
            f"{kind} probe failed: {answer}",
            at - 6,
            count=3 * (number + 1),
            key=kind,
        )
        down = {
            "exitCode": 137,
            "reason": "Error",
            "startedAt": stamp(begin),
            "finishedAt": stamp(at),
        }
        world.event(
            "Pod",
            POD,
            "Killing",
            f"Container order failed {kind.lower()} probe, will be restarted",
            at - 5,
            count=number + 1,
            type="Normal",
        )
        world.pod(
            "order", at + 1, state=running(at + 1, restarts=number + 1, **down), phase="Running"
        )
        at += 1
    return world


def _pod(world: World) -> str:
    world.pod("order", 2, state=running(2), phase="Running")
    return POD


@sample(("P10", ORDER), within=50, not_before=40)
def the_liveness_probe_asks_a_path_that_is_not_there() -> World:
    return killed("Liveness", "HTTP probe failed with statuscode: 404", LIVENESS, times=3)


@sample(("P10", ORDER), within=70, not_before=60)
def the_liveness_probe_asks_a_port_on_which_nobody_listens() -> World:
    refused = (
        'Get "http://10.244.0.5:8080/live": dial tcp 10.244.0.5:8080: connect: connection refused'
    )
    return killed("Liveness", refused, LIVENESS, times=4)


@sample(within=150)
def a_slow_first_start_is_killed_twice_and_then_succeeds() -> World:
    refused = (
        'Get "http://10.244.0.5:8080/live": dial tcp 10.244.0.5:8080: connect: connection refused'
    )
    world = killed("Liveness", refused, LIVENESS, times=2)
    world.ready("order", 60)
    return world


@sample(("P11", ORDER), within=130, not_before=60)
def the_startup_probe_never_succeeds() -> World:
    fields = {
        "startupProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 5, "failureThreshold": 6}
    }
    return killed(
        "Startup",
        "dial tcp 10.244.0.5:8080: connect: connection refused",
        fields,
        times=4,
        seconds=35,
    )


@sample(("P12", ORDER), within=40, not_before=20)
def the_post_start_hook_fails() -> World:
    world = order(lifecycle={"postStart": {"exec": {"command": ["/warm-up"]}}})
    for number, at in enumerate((3, 6, 20, 44)):
        text = "PostStartHook failed"
        world.pod(
            "order",
            at,
            state=waiting(
                "PostStartHookError",
                text,
                restarts=number,
                exitCode=137,
                reason="Error",
                startedAt=stamp(at - 1),
                finishedAt=stamp(at),
            ),
            phase="Running",
        )
        world.event("Pod", POD, "FailedPostStartHook", text, at, count=number + 1)
        world.event(
            "Pod", POD, "Killing", "FailedPostStartHook", at, count=number + 1, type="Normal"
        )
    return world


# P16


SANDBOX = (
    'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "4c2e": '
    'plugin type="ptp" failed (add): failed to list chains: running [/usr/sbin/iptables -t nat -S --wait]: exit status 3'
)


def without_sandbox(last: int) -> World:
    world = order()
    world.pod("order", 2)
    for count, at in enumerate(range(3, last, 13), 1):
        world.event("Pod", POD, "FailedCreatePodSandBox", SANDBOX, at, count=count)
    return world


@sample(("P16", "Node node-1"), within=220, not_before=180, variations=False)
def the_node_builds_no_sandbox() -> World:
    return without_sandbox(230)


@sample(within=300)
def the_node_builds_a_sandbox_after_a_minute() -> World:
    world = without_sandbox(60)
    world.pod("order", 70, state=running(69), phase="Running")
    return world


# P17


def lacks(text: str, **postgres: Any) -> World:
    world = World()
    env = [{"name": "DB_HOST", "value": "postgres-order"}, {"name": "DB_NAME", "value": "orders"}]
    world.workload("order", container("order", env=env))
    world.workload(
        "postgres-order", container("postgres", "postgres:17", **postgres), kind="StatefulSet"
    )
    world.service("postgres-order", 5432)
    world.log(
        "postgres-order-0", "postgres", "PostgreSQL init process complete; ready for start up.", 9
    )
    world.ready("postgres-order", 8)
    crash_loop(world, "order", Crash(log=text, begin=20, times=6))
    return world


@sample(("P17", ORDER), within=100, not_before=64)
def a_table_does_not_exist() -> World:
    return lacks(
        'psycopg.errors.UndefinedTable: relation "orders" does not exist\nLINE 1: SELECT id FROM orders'
    )


@sample(("P17", ORDER), within=100, not_before=64)
def a_database_does_not_exist() -> World:
    return lacks('FATAL:  database "orders" does not exist')


@sample(within=100)
def a_table_does_not_exist_while_a_migration_runs() -> World:
    world = lacks('psycopg.errors.UndefinedTable: relation "orders" does not exist')
    env = [{"name": "DB_HOST", "value": "postgres-order"}]
    world.workload(
        "order-migrate", container("migrate", env=env), kind="Job", restartPolicy="OnFailure"
    )
    world.pod("order-migrate", 10, name="order-migrate-x", state=running(9), phase="Running")
    return world
