from __future__ import annotations

import json
import logging
import sys

from chassis.logs import JsonFormatter


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
