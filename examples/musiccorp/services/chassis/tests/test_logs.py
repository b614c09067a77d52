from __future__ import annotations

import json
import logging
import sys

import pytest
from chassis.logs import Complaint, JsonFormatter, OncePerWhile


def test_a_record_is_one_line_of_json_with_its_extra_fields() -> None:
    record = logging.makeLogRecord(
        {"name": "http", "levelname": "INFO", "msg": "%s took long", "args": ("this",), "order": 7}
    )
    line = JsonFormatter("order").format(record)
    assert "\n" not in line
    parsed = json.loads(line)
    assert parsed.pop("time").endswith("+00:00")
    assert parsed == {
        "level": "info",
        "service": "order",
        "logger": "http",
        "message": "this took long",
        "order": 7,
    }


def test_a_traceback_stays_within_the_line() -> None:
    try:
        json.loads("no json")
    except ValueError:
        record = logging.makeLogRecord({"msg": "failed", "exc_info": sys.exc_info()})
    line = JsonFormatter("order").format(record)
    assert "\n" not in line
    assert "JSONDecodeError: Expecting value" in json.loads(line)["exception"]


def test_a_repeated_line_is_let_through_once_in_a_while() -> None:
    now = [0.0]
    quiet = OncePerWhile(quiet_seconds=10, clock=lambda: now[0])

    def passes(text: str) -> bool:
        return quiet.filter(logging.makeLogRecord({"msg": text}))

    assert passes("broker 1 refused after 3 ms")
    assert not passes("broker 1 refused after 17 ms")
    assert passes("broker 1 not resolved")
    now[0] = 11.0
    assert passes("broker 1 refused after 4 ms")


def test_only_the_first_of_equal_failures_in_a_row_has_a_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    complaint = Complaint(logging.getLogger("test"))
    away, lost = ConnectionError("broker away"), KeyError()
    for error in (away, away, lost, lost):
        complaint.failed("step failed", error, worker="outbox")
    complaint.is_over()
    complaint.failed("step failed", lost)
    assert [bool(record.exc_info) for record in caplog.records] == [True, False, True, False, True]
    assert caplog.messages[1:3] == ["step failed: broker away", "step failed: KeyError"]
