# ruff: noqa: E501 - texts of other programs are quoted as they are
from __future__ import annotations

import re
from typing import Any

import pytest

from harness.diagnosis.catalogue import catalogue
from harness.diagnosis.rules.start.crashes import jobs_that_gave_up, own_errors
from harness.diagnosis.rules.start.endings import endings
from harness.diagnosis.rules.start.exit_texts import NO_WRITE
from harness.diagnosis.rules.start.killed import killing
from harness.diagnosis.rules.start.refused_starts import REFUSALS, runtime_refuses
from harness.diagnosis.rules.start.variables import MISSING, given_variables
from harness.diagnosis.signal import NEVER, T0, NeedKind
from tests.diagnosis.crash_loops import Crash, crash_loop, facts_at, signals_at
from tests.diagnosis.samples import start as samples
from tests.diagnosis.samples import start_kubelet, start_refused, start_servers, start_texts
from tests.diagnosis.world import World, container, running, stamp


def order(log: str = "", **fields: Any) -> World:
    world = World()
    world.workload("order", container("order", **fields))
    crash_loop(world, "order", Crash(log=log, times=5))
    return world


# The catalogue


def test_every_cause_of_the_family_is_in_the_catalogue() -> None:
    wanted = {f"P{n:02}" for n in range(1, 18)}
    wanted |= {f"G{n:02}" for n in range(1, 9)} | {f"K{n:02}" for n in range(1, 14)}

    assert wanted <= set(catalogue())


# P01


def test_the_programs_own_words_are_quoted_without_secrets() -> None:
    world = order('panic: cannot parse "postgres://order:geheim@db:5432/orders?x": bad port')
    [found] = own_errors(facts_at(world, 60))

    assert "geheim" not in found.seen
    assert "cannot parse" in found.seen
    assert found.symptom
    assert found.field == "spec.template.spec.containers[order]"


def test_a_crash_while_a_dependency_is_not_ready_never_counts() -> None:
    world = start_servers.slow_postgres(start_servers.TCP, start_servers.HIDDEN_ADDRESS)
    [found] = own_errors(facts_at(world, 120))

    assert found.need is NEVER


def test_a_connection_to_something_inside_is_left_to_the_network_at_first() -> None:
    world = World()
    env = [{"name": "CATALOG_URL", "value": "http://catalog:8080"}]
    world.workload("order", container("order", env=env))
    world.workload("catalog", container("catalog"))
    world.service("catalog", 8080)
    world.ready("catalog", 2)
    log = "curl: (7) Failed to connect to catalog port 8080 after 2 ms: Connection refused"
    crash_loop(world, "order", Crash(log=log, begin=30, times=7))

    assert not list(own_errors(facts_at(world, 100)))
    assert [s.cause for s in own_errors(facts_at(world, 200))] == ["P01"]


def test_a_connection_to_the_outside_takes_five_endings() -> None:
    world = order("curl: (28) Failed to connect to api.example.test port 443: Connection timed out")
    [found] = own_errors(facts_at(world, 60))

    assert (found.need.count, found.need.seconds) == (5, 120)


def test_a_missing_dependency_of_a_job_makes_its_failure_a_symptom() -> None:
    world = World()
    env = [{"name": "DB_HOST", "value": "postgres-order"}]
    world.workload("migrate", container("migrate", env=env), kind="Job", restartPolicy="Never")
    world.workload("postgres-order", container("db", "example.test/db:1"), kind="StatefulSet")
    world.service("postgres-order", 5432)
    samples.attempt(world, 0, 4, log="dial tcp 10.96.0.7:5432: connect: connection refused")
    samples.job_ends(world, 6, "Failed", "BackoffLimitExceeded")
    [waits] = jobs_that_gave_up(facts_at(world, 10))
    world.ready("postgres-order", 40)
    [final] = jobs_that_gave_up(facts_at(world, 50))

    assert waits.symptom
    assert not final.symptom
    assert final.need is T0
    assert "BackoffLimitExceeded" in final.seen
    assert "let it wait" in final.fix


def test_a_hook_is_left_to_its_application() -> None:
    world = samples.failed_hook()

    assert not list(jobs_that_gave_up(facts_at(world, 30)))


# P02, P03, P05, P10, P14


def test_a_lack_of_memory_names_the_limit() -> None:
    [found] = [s for s in signals_at(samples.out_of_memory(), 30) if s.cause == "P02"]

    assert "64Mi" in found.seen
    assert found.field == "spec.template.spec.containers[order].resources.limits.memory"


def test_a_runtimes_text_is_cut_to_its_core() -> None:
    text = f'{start_refused.RUNC}exec: "serve": executable file not found in $PATH: unknown'
    [found] = runtime_refuses(facts_at(start_refused.refused_start(text), 10))

    assert found.seen.endswith(
        'cannot be started: exec: "serve": executable file not found in $PATH'
    )
    assert "shim" not in found.seen


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ('exec: "serve": executable file not found in $PATH: unknown', "P03"),
        ('exec: "/app/run.sh": stat /app/run.sh: no such file or directory: unknown', "P03"),
        ('chdir to cwd ("/srv") set in config.json failed: no such file or directory: unknown', "P03"),
        ('exec: "/app/run.sh": permission denied: unknown', "P04"),
        ("exec /app/order: exec format error", "P08"),
    ],
)  # fmt: skip
def test_a_runtimes_text_tells_the_cause(text: str, cause: str) -> None:
    assert next(r.cause for r in REFUSALS if r.pattern.search(text)) == cause


def test_a_probe_that_gets_404_counts_sooner_than_a_server_that_may_still_start() -> None:
    lasting = start_kubelet.the_liveness_probe_asks_a_path_that_is_not_there()
    passing = start_kubelet.the_liveness_probe_asks_a_port_on_which_nobody_listens()
    needs = [
        next(s.need for s in signals_at(world, 50) if s.cause == "P10")
        for world in (lasting, passing)
    ]

    assert [(n.kind, n.count) for n in needs] == [(NeedKind.REPEATED, 2), (NeedKind.REPEATED, 3)]


def test_an_exit_by_signal_after_a_probes_budget_was_the_probe_without_any_event() -> None:
    world = World()
    world.workload("order", container("order", **start_kubelet.LIVENESS))
    down: dict[str, Any] = {
        "exitCode": 137,
        "reason": "Error",
        "startedAt": stamp(2),
        "finishedAt": stamp(48),
    }
    world.pod("order", 49, state=running(49, restarts=1, **down), phase="Running")
    seen = facts_at(world, 50)
    [found] = endings(seen)

    assert killing(seen, found) is not None


def test_an_exit_by_signal_right_after_the_start_was_no_probe() -> None:
    world = World()
    world.workload("order", container("order", **start_kubelet.LIVENESS))
    down: dict[str, Any] = {
        "exitCode": 137,
        "reason": "Error",
        "startedAt": stamp(2),
        "finishedAt": stamp(4),
    }
    world.pod("order", 5, state=running(5, restarts=1, **down), phase="Running")
    seen = facts_at(world, 6)
    [found] = endings(seen)

    assert killing(seen, found) is None


def test_the_variable_most_like_the_missing_one_is_named() -> None:
    [found] = [
        s for s in signals_at(start_texts.a_required_variable_is_missing(), 30) if s.cause == "P14"
    ]

    assert found.field == "spec.template.spec.containers[order].env[DATABASE_URL]"
    assert "rename DATABASE_URI to DATABASE_URL" in found.fix


def test_variables_come_from_every_source_and_an_empty_one_is_none() -> None:
    env = [
        {"name": "PLAIN", "value": "1"},
        {"name": "EMPTY", "value": ""},
        {
            "name": "LATER",
            "valueFrom": {"secretKeyRef": {"name": "s", "key": "no", "optional": True}},
        },
    ]
    sources = [{"configMapRef": {"name": "c"}, "prefix": "APP_"}, {"secretRef": {"name": "s"}}]
    world = order("KeyError: 'X'", env=env, envFrom=sources)
    world.config_map("c", PORT="80")
    world.secret("s", "TOKEN")
    seen = facts_at(world, 30)
    [found] = endings(seen)

    assert given_variables(seen, found) == {"PLAIN", "APP_PORT", "TOKEN"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("configuration error: environment variable DB_HOST is not set", "DB_HOST"),
        ("Error: Missing required environment variable: STRIPE_KEY", "STRIPE_KEY"),
        ("envconfig: required key DATABASE_URL missing value", "DATABASE_URL"),
        ('env: required environment variable "DB_HOST" is not set', "DB_HOST"),
        ("Could not resolve placeholder 'DB_HOST' in value \"${DB_HOST}\"", "DB_HOST"),
        ("DATABASE_URL must be set", "DATABASE_URL"),
        ("/entrypoint.sh: line 3: DB_HOST: unbound variable", "DB_HOST"),
        ("/entrypoint.sh: 3: DB_HOST: parameter not set", "DB_HOST"),
        ("ImproperlyConfigured: Set the SECRET_KEY environment variable", "SECRET_KEY"),
        ("The SECRET_KEY setting must not be empty.", ""),
        ("ReferenceError: MAX_ITEMS is not defined", ""),
        ("missing SSL certificate", ""),
        ("HTTP is not supported", ""),
    ],
)  # fmt: skip
def test_a_missing_variable_is_read_from_the_programs_words(text: str, name: str) -> None:
    found = next((m for pattern in MISSING if (m := re.search(pattern, text))), None)

    assert (found["name"] if found else "") == name


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("PermissionError: [Errno 13] Permission denied: '/var/cache/app'", "/var/cache/app"),
        ("OSError: [Errno 30] Read-only file system: '/run/x'", "/run/x"),
        ("Error: EACCES: permission denied, open '/app/x'", "/app/x"),
        ('nginx: [emerg] mkdir() "/var/cache/nginx/client_temp" failed (30: Read-only file system)', "/var/cache/nginx/client_temp"),
        ("mkdir: cannot create directory \u2018/data/x\u2019: Permission denied", "/data/x"),
        ("open /x/y: permission denied", "/x/y"),
        ("java.nio.file.AccessDeniedException: /opt/x", "/opt/x"),
        ("/bin/sh: 1: cannot create /x/y: Read-only file system", "/x/y"),
        ("ERROR: permission denied for table orders", ""),
        ("nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)", ""),
        ("exec /app/run.sh: permission denied", ""),
    ],
)  # fmt: skip
def test_the_path_that_cannot_be_written_is_read(text: str, path: str) -> None:
    found = NO_WRITE.search(text)

    assert ((found["path"] or found["after"]) if found else "") == path


# P03: an interpreter without its program

NODE = "node:internal/modules/cjs/loader:1228\n  throw err;\n\nError: Cannot find module '{}'\n    at Module._resolveFilename {{\n  code: 'MODULE_NOT_FOUND',\n  requireStack: [{}]\n}}\n\nNode.js v22.11.0"


@pytest.mark.parametrize(
    ("log", "code", "program"),
    [
        ("python: can't open file '/app/server.py': [Errno 2] No such file or directory", 2, "/app/server.py"),
        ("/usr/bin/python3.13: No module named shop.web", 1, "shop.web"),
        (NODE.format("/app/server.js", ""), 1, "/app/server.js"),
        ("Error: Unable to access jarfile /app/shop.jar", 1, "/app/shop.jar"),
        ("Error: Could not find or load main class com.acme.Shop\nCaused by: java.lang.ClassNotFoundException: com.acme.Shop", 1, "com.acme.Shop"),
        ("ruby: No such file or directory -- app.rb (LoadError)", 1, "app.rb"),
        ("sh: can't open '/run.sh': No such file or directory", 2, "/run.sh"),
        ("sh: 0: cannot open /run.sh: No such file", 2, "/run.sh"),
        ("/bin/bash: /run.sh: No such file or directory", 127, "/run.sh"),
    ],
)  # fmt: skip
def test_an_interpreter_whose_program_is_not_there_is_a_wrong_command_after_two_crashes(
    log: str, code: int, program: str
) -> None:
    world = World()
    world.workload("order", container("order"))
    crash_loop(world, "order", Crash(log=log, code=code, times=2))

    (found,) = [s for s in signals_at(world, 20) if s.cause == "P03"]

    assert f"the program {program} is in " in found.expected
    assert (found.need.count, found.need.seconds) == (2, 10)
    assert found.field == "spec.template.spec.containers[order].command"


@pytest.mark.parametrize(
    ("log", "code"),
    [
        ("FileNotFoundError: [Errno 2] No such file or directory: '/data/albums.json'", 1),
        (NODE.format("/app/lib/missing.js", " '/app/server.js' "), 1),
        ("python: can't open file '/app/server.py': [Errno 2] No such file or directory", 0),
    ],
)
def test_a_file_that_a_program_itself_misses_is_no_wrong_command(log: str, code: int) -> None:
    world = World()
    world.workload("order", container("order"))
    crash_loop(world, "order", Crash(log=log, code=code, times=3))

    assert not [s for s in signals_at(world, 60) if s.cause == "P03"]
