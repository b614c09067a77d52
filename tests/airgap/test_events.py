"""One event is one line; a busy part does not flood its reader."""

from __future__ import annotations

import io
import json
from pathlib import Path

from airgap.events import JsonEvents, PlainEvents


def test_json_events_are_one_object_per_line() -> None:
    stream = io.StringIO()
    events = JsonEvents(stream)
    events.start("a", "key", Path("/log"))
    events.progress("a", 'compiling "x"\n', 1, 2)
    events.done("a", 1.25, cached=False)
    events.failed("b", 2.0, "It broke.")
    events.bundle(Path("/bundle.json"), 3.0)
    assert [json.loads(line) for line in stream.getvalue().splitlines()] == [
        {"event": "start", "part": "a", "key": "key", "log": "/log"},
        {"event": "progress", "part": "a", "detail": 'compiling "x"\n', "done": 1, "total": 2},
        {"event": "done", "part": "a", "seconds": 1.2, "cached": False},
        {"event": "failed", "part": "b", "seconds": 2.0, "message": "It broke."},
        {"event": "bundle", "path": "/bundle.json", "seconds": 3.0},
    ]


def test_a_busy_part_is_heard_once_per_interval_and_others_are_not_silenced() -> None:
    stream = io.StringIO()
    events = JsonEvents(stream)
    for number in range(100):
        events.progress("busy", str(number), None, None)
    events.progress("other", "0", None, None)
    heard = [json.loads(line)["part"] for line in stream.getvalue().splitlines()]
    assert heard == ["busy", "other"]


def test_plain_events_name_the_log_and_leave_out_what_was_cached() -> None:
    stream = io.StringIO()
    events = PlainEvents(stream)
    events.done("found", 0.0, cached=True)
    events.start("a", "0123456789abcdef", Path("/the/log"))
    events.progress("a", "too early to say", 1, 2)
    events.done("a", 61.0, cached=False)
    assert stream.getvalue().splitlines() == [
        "a: building (key 0123456789ab, log /the/log)",
        "a: done in 61.0 s",
    ]
