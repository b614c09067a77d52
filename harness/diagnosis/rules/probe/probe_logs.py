"""What an application's log tells about its probes: the paths it answers, the ports it listens on.

Access-log lines (common log format, JSON, uvicorn), route tables of web frameworks, and the
sentences with which servers say that they listen. Ports for other purposes (metrics, management)
and connections to others are left out. A log that tells nothing gives nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]", "::1"})

_JSON_PATH = r'"(?:path|uri|url|request_uri)": ?"(/[^"?]*)'
_JSON_OK = r'"status\w*": ?"?2\d\d'
_ANSWERED = (
    re.compile(r'\b(?:GET|HEAD) (/[^\s"?]*)[^"\n]{0,20}"?[ ,:-]+(?:status[=: ]*)?2\d\d\b'),
    re.compile(rf"{_JSON_PATH}.{{0,200}}?{_JSON_OK}"),
    re.compile(rf"{_JSON_OK}.{{0,200}}?{_JSON_PATH}"),
    re.compile(r"\bGET\s+(/\S*)\s+-->"),
)
_VERB = (
    r"(?:listen(?:ing|s)?|running|serving|start(?:ed|ing)|bound|binding"
    r"|awaiting socket connections)"
)
_HOST = r"(?P<host>\[[0-9a-f:]*\]|[\w.*-]*)"
_PORT = r"(?P<port>\d{3,5}|80)\b(?![:\d-])(?!\.\d)"
_LISTENING = (
    re.compile(rf"\b{_VERB}\b.{{0,60}}?\bhttps?://{_HOST}:{_PORT}", re.IGNORECASE),
    re.compile(rf"\b{_VERB}\b.{{0,60}}?\bport(?:\(s\))?[:=]? ?{_PORT}", re.IGNORECASE),
    re.compile(
        rf"\b{_VERB}\b.{{0,40}}?\b(?:on|at|to)\W{{1,3}}(?:addr\w*\W)?{_HOST}:{_PORT}", re.IGNORECASE
    ),
)
_OTHER_PURPOSE = re.compile(
    r"metric|prometheus|\badmin|management|debug|pprof|actuator|controller|jmx|telemetry|profil"
    r"|connect(?!ions)|upstream|forward|proxy|client",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """An address that an application says it listens on."""

    port: int
    host: str = ""
    line: str = ""

    @property
    def is_loopback(self) -> bool:
        """Whether only the pod itself reaches it."""
        return self.host.lower() in LOOPBACK


def answered_paths(log: str) -> tuple[str, ...]:
    """Returns the paths that were answered with 2xx or that the application lists, once each."""
    return tuple(dict.fromkeys(p for pattern in _ANSWERED for p in pattern.findall(log)))


def nearest_path(wrong: str, known: Iterable[str]) -> str:
    """Returns the known path most like the wrong one; empty when none is."""
    others = [path for path in known if path != wrong]
    found = get_close_matches(wrong, others, n=1, cutoff=0.5)
    return found[0] if found else ""


def listening(log: str) -> tuple[Listening, ...]:
    """Returns the addresses on which an application says it listens for its clients."""
    found: dict[tuple[str, int], Listening] = {}
    for line in log.splitlines():
        said = None if _OTHER_PURPOSE.search(line) else _match(line)
        if said is not None:
            host = str(said.groupdict().get("host") or "")
            port = int(said["port"])
            found[host, port] = Listening(port=port, host=host, line=line.strip()[:160])
    return tuple(found.values())


def _match(line: str) -> re.Match[str] | None:
    return next((m for pattern in _LISTENING if (m := pattern.search(line))), None)


def last_line(log: str, length: int = 140) -> str:
    """Returns the last line of a log that is not an access-log line, cut to `length`."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    spoken = [line for line in lines if not re.search(r"\b(GET|HEAD|POST) /", line)]
    return (spoken or lines or [""])[-1][:length]
