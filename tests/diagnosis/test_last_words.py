# ruff: noqa: E501 - texts of other programs are quoted as they are
from __future__ import annotations

import json
import re

import pytest

from harness.diagnosis.rules.start.last_words import closes, last_match, last_words
from harness.diagnosis.rules.start.log_lines import log_lines, masked


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ('Traceback (most recent call last):\n  File "/app/a.py", line 3, in <module>\n    boom()\nValueError: no such currency', "ValueError: no such currency"),
        ("sqlalchemy.exc.OperationalError: (psycopg.OperationalError) connection failed\n(Background on this error at: https://sqlalche.me/e/20/e3q8)", "sqlalchemy.exc.OperationalError: (psycopg.OperationalError) connection failed"),
        ("2026/11/22 10:00:01 starting\npanic: runtime error: index out of range [3]\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:7 +0x1d\nexit status 2", "panic: runtime error: index out of range [3]"),
        ("Exception in thread \"main\" java.lang.IllegalStateException: cannot start\n\tat a.B.c(B.java:3)\nCaused by: java.lang.NumberFormatException: For input string: \"x\"\n\tat a.B.d(B.java:9)\n\t... 3 more", 'java.lang.NumberFormatException: For input string: "x"'),
        ("node:internal/modules/cjs/loader:1228\n  throw err;\n  ^\n\nError: Cannot find module '/app/server.js'\n    at Module._resolveFilename (node:internal)\n\nNode.js v22.1.0", "Error: Cannot find module '/app/server.js'"),
        ("2026-11-22T10:00:01Z INFO starting\n2026-11-22T10:00:02Z ERROR config: key price is missing\n2026-11-22T10:00:02Z INFO bye", "ERROR config: key price is missing"),
        ('{"time":"x","level":"critical","message":"migration 0002 was changed after it had been applied"}', "migration 0002 was changed after it had been applied"),
        ("hello\nbye", "bye"),
        ("", ""),
    ],
)  # fmt: skip
def test_the_line_that_a_person_would_read_is_found(log: str, line: str) -> None:
    assert last_words(log) == line


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://order:geheim@db:5432/orders",
        "amqp://user:geheim@mq/",
        "redis://:geheim@redis:6379",
        "user=order password=geheim host=db",
        '"password": "geheim"',
        "api_key=geheim",
    ],
)
def test_secrets_are_masked(text: str) -> None:
    assert "geheim" not in masked(text)
    assert "geheim" not in last_words(f"fatal: {text}")


def test_a_message_about_passwords_stays_readable() -> None:
    text = 'FATAL: password authentication failed for user "order"'

    assert masked(text) == text


def test_a_traceback_inside_json_is_opened_and_its_frames_dropped() -> None:
    trace = "Traceback (most recent call last):\n  File \"/a.py\", line 1\n    x()\nKeyError: 'A'"
    log = json.dumps({"level": "error", "message": "cannot start", "exception": trace})

    assert log_lines(log) == (
        "cannot start",
        "Traceback (most recent call last):",
        "KeyError: 'A'",
    )


def test_a_long_line_is_cut() -> None:
    assert len(last_words("fatal: " + "x" * 900)) <= 200


@pytest.mark.parametrize(
    ("after", "is_last"),
    [
        ("", True),
        ("\nshutting down", True),
        ("\nValueError: currency", False),
        ("\ndial tcp 10.0.0.1:5432: connect: connection refused", False),
        ("\npanic: no", False),
        ("\n\nThe above exception was the direct cause of the following exception:\n\nRuntimeError: no", True),
    ],
)  # fmt: skip
def test_a_complaint_that_another_error_follows_is_not_the_end(after: str, is_last: bool) -> None:
    found = last_match(re.compile("cache is read-only"), f"cache is read-only{after}")

    assert found is not None
    assert closes(found) == is_last
