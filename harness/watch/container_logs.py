"""Which container logs matter, and how much of a log is kept. Pure.

A ready pod's logs do not matter, nor those of a pod that is being deleted or has completed. While a
container waits for its next start, the kubelet answers a request for its current log with that of
the instance before (kubelet, `validateContainerLogStatus`); so only `previous` is asked for then.
Reading is the business of `harness.watch.log_reader`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

Object = Mapping[str, Any]
MAX_TEXT_BYTES = 8 * 1024
MAX_CRASH_BYTES = 2 * 1024
CUT_MARK = "\n… {} bytes left out …\n"
# How the runtimes and servers at hand begin the report of a crash: Python, the JVM, Go, Node.js,
# Rust, Postgres, and loggers that write a level.
_CRASH = re.compile(
    r"Traceback \(most recent call last\)|^Exception in thread|^panic:|^fatal error:|"
    r"\bpanicked at\b|^[ \t]*(?:Uncaught )?[\w.]*(?:Error|Exception)\b.*:|"
    r"\b(?:FATAL|PANIC|CRITICAL)\b",
    re.MULTILINE,
)


class Why(StrEnum):
    """Why a log is read."""

    NOT_READY = "not ready"
    RESTARTED = "restarted"
    INIT_RUNNING = "init container is running"
    INIT_FAILED = "init container failed"
    ASKED = "asked for"


class WantedLog(NamedTuple):
    """One log that matters."""

    container: str
    previous: bool
    why: Why


def container_statuses(pod: Object) -> list[Object]:
    """Returns the statuses of all containers of a pod, init containers first."""
    status = pod.get("status") or {}
    return [
        *(status.get("initContainerStatuses") or []),
        *(status.get("containerStatuses") or []),
    ]


def wanted_logs(pod: Object) -> list[WantedLog]:
    """Returns the logs of a pod that matter now; none for a pod that is ready."""
    status = pod.get("status") or {}
    deleted = (pod.get("metadata") or {}).get("deletionTimestamp")
    if deleted or status.get("phase") == "Succeeded" or _is_ready(status):
        return []
    found = [log for s in status.get("initContainerStatuses") or [] for log in _of_init(s)]
    final = (pod.get("spec") or {}).get("restartPolicy", "Always") != "Always"
    for container in status.get("containerStatuses") or []:
        if not (final and _has_completed(container)):
            found += _of_main(container)
    return found


def _is_ready(status: Object) -> bool:
    conditions = status.get("conditions") or []
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)


def _of_init(status: Object) -> Iterator[WantedLog]:
    sidecar = "running" in _state(status) and status.get("ready")
    if _has_completed(status) or sidecar:
        return
    failed = "terminated" in _state(status) or _restarts(status)
    yield from _instances(status, Why.INIT_FAILED if failed else Why.INIT_RUNNING)


def _of_main(status: Object) -> Iterator[WantedLog]:
    if not status.get("ready") or _restarts(status):
        yield from _instances(status, Why.RESTARTED if _restarts(status) else Why.NOT_READY)


def _instances(status: Object, why: Why) -> Iterator[WantedLog]:
    name = str(status.get("name"))
    if _restarts(status):
        yield WantedLog(name, True, Why.RESTARTED if why is not Why.INIT_FAILED else why)
    if {"running", "terminated"} & set(_state(status)):
        yield WantedLog(name, False, why)


def _has_completed(status: Object) -> bool:
    ended = _state(status).get("terminated")
    return ended is not None and ended.get("exitCode") == 0


def _state(status: Object) -> Object:
    state: Object = status.get("state") or {}
    return state


def _restarts(status: Object) -> int:
    return int(status.get("restartCount") or 0)


def shortened(text: str, limit_bytes: int = MAX_TEXT_BYTES) -> str:
    """Returns a log cut to a number of bytes: its end, and before it the first lines of a crash."""
    raw = text.encode()
    if len(raw) <= limit_bytes:
        return text
    room = limit_bytes - len(CUT_MARK.format(len(raw)).encode())
    tail = _end(raw, room)
    crash = _CRASH.search(text)
    begin = 0 if crash is None else len(text[: _line_start(text, crash.start())].encode())
    if crash is None or begin >= len(raw) - len(tail.encode()):
        return f"{CUT_MARK.format(len(raw) - len(tail.encode())).lstrip()}{tail}"
    head = raw[begin : begin + min(MAX_CRASH_BYTES, room // 4)].decode(errors="ignore")
    tail = _end(raw, room - len(head.encode()))
    left_out = len(raw) - len(head.encode()) - len(tail.encode())
    return f"{head}{CUT_MARK.format(left_out)}{tail}"


def _line_start(text: str, position: int) -> int:
    return text.rfind("\n", 0, position) + 1


def _end(raw: bytes, size: int) -> str:
    text = raw[len(raw) - size :].decode(errors="ignore")
    first, newline, rest = text.partition("\n")
    return rest if newline and len(first) < len(text) // 2 else text  # begin with a whole line
