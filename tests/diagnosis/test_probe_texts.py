"""What the texts of the kubelet and of applications tell about probes."""
# ruff: noqa: E501, S104 - texts of other programs are quoted as they are

from __future__ import annotations

import pytest

from harness.diagnosis.rules.probe.probe_failures import Fault, fault_of
from harness.diagnosis.rules.probe.probe_logs import (
    answered_paths,
    last_line,
    listening,
    nearest_path,
)
from harness.diagnosis.rules.probe.probe_signals import shortened
from tests.diagnosis.samples.probe_world import (
    NO_EXECUTABLE,
    REFUSED,
)

NOT_FOUND = "HTTP probe failed with statuscode: 404"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (NOT_FOUND, Fault.ANSWER_4XX),
        ("HTTP probe failed with statuscode: 429", Fault.ANSWER_5XX),
        ("HTTP probe failed with statuscode: 503", Fault.ANSWER_5XX),
        ('service unhealthy (responded with "NOT_SERVING")', Fault.ANSWER_5XX),
        (REFUSED, Fault.REFUSED),
        ("dial tcp 10.244.0.9:5432: i/o timeout", Fault.TIMEOUT),
        ('command timed out: "pg_isready" timed out after 1s', Fault.TIMEOUT),
        ("/bin/sh: curl: not found", Fault.NO_COMMAND),
        ("bash: line 1: nc: command not found", Fault.NO_COMMAND),
        ('strconv.Atoi: parsing "web": invalid syntax', Fault.NO_PORT),
        ("http: server gave HTTP response to HTTPS client", Fault.SCHEME),
        ("topic orders not found", Fault.OTHER),
        ("/var/run/postgresql:5432 - no response", Fault.OTHER),
    ],
)
def test_the_kubelets_words_tell_the_fault(text: str, fault: Fault) -> None:
    assert fault_of(text) is fault


@pytest.mark.parametrize(
    ("line", "host", "port"),
    [
        ("INFO:     Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)", "0.0.0.0", 8000),
        ("[2026-11-22 10:15:30 +0000] [1] [INFO] Listening at: http://0.0.0.0:8000 (7)", "0.0.0.0", 8000),
        ("Tomcat started on port(s): 8082 (http) with context path ''", "", 8082),
        ('LOG:  listening on IPv4 address "0.0.0.0", port 5432', "", 5432),
        ("2026/11/22 10:15:30 Starting server on :8084", "", 8084),
        ('level=info msg="Listening on" address=[::]:9100', "[::]", 9100),
        ("Now listening on: http://[::]:80", "[::]", 80),
    ],
)  # fmt: skip
def test_a_log_tells_where_the_application_listens(line: str, host: str, port: int) -> None:
    (found,) = listening(line)

    assert (found.host, found.port) == (host, port)


@pytest.mark.parametrize(
    "line",
    [
        "metrics server listening on :9090",
        "Server started at 2026-11-22 10:15:30.123",
        "Started server process [4711] at 10:15:30",
        "Connecting to postgres at catalog-db:5432",
        "started 8086 workers",
    ],
)
def test_other_lines_do_not_tell_a_port(line: str) -> None:
    assert not listening(line)


def test_paths_are_read_from_access_logs_of_several_kinds() -> None:
    log = "\n".join([
        '10.244.0.1 - - [22/Nov/2026:10:00:00 +0000] "GET /healthz HTTP/1.1" 200 15 "-" "kube-probe"',
        'INFO:     10.244.0.1:51234 - "GET /livez HTTP/1.1" 200 OK',
        'INFO:     10.244.0.1:51234 - "GET /health-z HTTP/1.1" 404 Not Found',
        '{"method": "GET", "path": "/api?x=1", "status": 204}',
        '{"status": 404, "path": "/nothing"}',
        "[GIN-debug] GET    /ping                  --> main.main.func1 (3 handlers)",
    ])  # fmt: skip

    assert answered_paths(log) == ("/healthz", "/livez", "/api", "/ping")
    assert nearest_path("/health-z", answered_paths(log)) == "/healthz"
    assert not nearest_path("/readiness", ("/api/albums",))


def test_a_long_text_keeps_its_end() -> None:
    text = f"{NO_EXECUTABLE} {'x' * 200} executable file not found in $PATH"

    assert shortened(text).endswith("executable file not found in $PATH")
    assert len(shortened(text)) < 210


def test_the_last_words_are_not_those_of_the_access_log() -> None:
    assert last_line("cache is cold\nGET /readyz 503\n") == "cache is cold"
