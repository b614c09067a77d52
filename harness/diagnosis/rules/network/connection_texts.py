"""What a log says about a connection that failed: how, and to which host and port. Pure.

A dropped packet gives a time-out, a port on which nobody listens a refusal, a wrong name no
address: the three have different causes (failures.md 1.10). A fourth kind is a server that answers
and takes nobody yet. Texts are those of libpq, psycopg, asyncpg, the Kafka clients (Java,
librdkafka, kafka-python, aiokafka), Go, Node, JDBC, urllib3, redis, curl and BusyBox.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from harness.diagnosis.rules.network.endpoints_in_text import Endpoint, endpoint
from harness.diagnosis.rules.start.log_lines import log_lines

WINDOW_LINES = 25
"""A trouble further away from the end than this is not what the program ended with."""
NEIGHBOUR_LINES = 3


class TroubleKind(StrEnum):
    """How a connection failed."""

    TIMEOUT = "timeout"
    """No answer at all: dropped by a policy, or nobody has the address."""
    REFUSED = "refused"
    """The address answers, nobody listens on the port."""
    NAME = "name"
    """The name has no address, or nobody answered the question for it."""
    NOT_READY = "not ready"
    """The server answers and takes nobody yet (PostgreSQL starting, Kafka without a leader)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionTrouble:
    """What the end of a log says about a failed connection."""

    kind: TroubleKind | None = None
    """None when the log speaks of no failed connection."""
    host: str = ""
    """The name as the client knows it, else the address; empty when the text has none."""
    port: int = 0
    address: str = ""
    """The IP address, where the text has it."""
    line: str = ""
    """The line that says so, without secrets."""
    is_unanswered: bool = False
    """For `NAME`: the name server gave no answer, so that the name itself may be right."""


NO_TROUBLE = ConnectionTrouble()
_NAME = (
    r"name or service not known|name does not resolve|could not translate host name|no such host\b"
    r"|\bENOTFOUND\b|UnknownHostException|NXDOMAIN|bad address '|could not resolve host"
    r"|unknown (mysql server )?host|DNS (resolution|lookup) failed|failed to lookup address"
    r"|no resolvable bootstrap urls|no address associated with host|nodename nor servname"
    r"|failed to resolve (host )?'|hostname resolving error|\[Errno -[25]\]|NameResolutionError"
    r"|name resolution failed"
)
_UNANSWERED = (
    r"temporary failure in name resolution|\bEAI_AGAIN\b|\[Errno -3\]|server misbehaving"
    r"|lookup \S+.*(i/o timeout|deadline exceeded)|\bError -3 connecting|: try again$"
    r"|no servers could be reached"
)
_REFUSED = (
    r"connection refused|\bECONNREFUSED\b|connect call failed|\[?Errno 111\]?|\berror 111\b|\(111\)"
    r"|connection to \S+:\d+ refused|os error 111"
    r"|Connection to node -?\d+ \(.*could not be established|couldn't connect to server"
)
_TIMEOUT = (
    r"connect(ion|ing)?( attempt)?( to \S+)?( has)? timed out|timeout expired|\bETIMEDOUT\b"
    r"|i/o timeout"
    r"|connect(ion)?[ _-]?timeout|connection setup time(d )?out|\[Errno 110\]|os error 110"
    r"|timed out waiting for a node assignment|not present in metadata after \d+ ms"
    r"|timeout connecting to|no route to host|\bEHOSTUNREACH\b|SocketTimeoutException"
    r"|unable to register with the controller quorum|timed out while connecting"
    r"|couldn't get a connection after|- no response$"
    r"|connection is not available, request timed out"
)
_NOT_READY = (
    r"the database system is (starting up|shutting down|in recovery mode|not yet accepting)"
    r"|not yet accepting connections|- rejecting connections|CannotConnectNowError"
    r"|terminating connection due to administrator command"
    r"|server closed the connection unexpectedly"
    r"|\b(LEADER|COORDINATOR)_?NOT_?AVAILABLE\b|(Coordinator|Leader)NotAvailable"
    r"|coordinator (is )?not available|LOADING Redis is loading"
)
_BROKERS = (
    r"NoBrokersAvailable|broker transport failure|all broker connections are down|ALL_BROKERS_DOWN"
)
_KINDS: tuple[tuple[TroubleKind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(text, re.IGNORECASE))
    for kind, text in (
        (TroubleKind.NOT_READY, _NOT_READY),
        (TroubleKind.NAME, rf"{_NAME}|{_UNANSWERED}"),
        (TroubleKind.REFUSED, _REFUSED),
        (TroubleKind.TIMEOUT, rf"{_TIMEOUT}|{_BROKERS}"),
    )
)
_IS_UNANSWERED = re.compile(_UNANSWERED, re.IGNORECASE)
_SUMMARY = re.compile(
    rf"{_BROKERS}|couldn't get a connection after|request timed out", re.IGNORECASE
)
_BARE_TIMEOUT = re.compile(
    r"^(asyncio\.exceptions\.|socket\.|builtins\.)?Time(d)?[oO]ut(Error)?:?( timed out)?$"
)
_CONNECT_FRAME = re.compile(r"\bin \w*conn(ect|ection)?\w*\b", re.IGNORECASE)


def classify(log: str) -> ConnectionTrouble:
    """Returns what the end of a log says about a failed connection, the last such line first.

    A line that only sums up (`NoBrokersAvailable`) gives way to the one that says why; a host that
    stands in a neighbouring line or in another line of the same kind is taken from there.
    """
    lines = log_lines(log)[-WINDOW_LINES:]
    told = list(_told(lines)) or list(_bare_timeouts(log, lines))
    if not told:
        return NO_TROUBLE
    exact = [(place, t) for place, t in told if not _SUMMARY.search(t.line)] or told
    place, trouble = exact[-1]
    same = [p for p, t in reversed(exact) if t.kind is trouble.kind]
    found = next((e for p in (place, *same) if (e := _near(lines, p)) is not None), None)
    if found is None:
        return trouble
    return replace(trouble, host=found.host, port=found.port, address=found.address)


def kind_of(line: str) -> TroubleKind | None:
    """Returns how one line says that a connection failed, or None."""
    return next((kind for kind, pattern in _KINDS if pattern.search(line)), None)


def _told(lines: Sequence[str]) -> Iterator[tuple[int, ConnectionTrouble]]:
    for place, line in enumerate(lines):
        kind = kind_of(line)
        if kind is not None:
            silent = kind is TroubleKind.NAME and bool(_IS_UNANSWERED.search(line))
            yield place, ConnectionTrouble(kind=kind, line=line.strip(), is_unanswered=silent)


def _bare_timeouts(log: str, lines: Sequence[str]) -> Iterator[tuple[int, ConnectionTrouble]]:
    """A traceback through `connect` that ends in a nameless time-out (asyncpg, sockets)."""
    if lines and _BARE_TIMEOUT.match(lines[-1].strip()) and _CONNECT_FRAME.search(log):
        trouble = ConnectionTrouble(kind=TroubleKind.TIMEOUT, line=lines[-1].strip())
        yield len(lines) - 1, trouble


def _near(lines: Sequence[str], place: int) -> Endpoint | None:
    """The endpoint in a line, else in the nearest ones around it."""
    order = [0, *(s * d for d in range(1, NEIGHBOUR_LINES + 1) for s in (-1, 1))]
    places = [place + step for step in order if 0 <= place + step < len(lines)]
    return next((found for p in places if (found := endpoint(lines[p])) is not None), None)
