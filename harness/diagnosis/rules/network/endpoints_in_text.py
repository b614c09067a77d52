"""The host and port that a line of a log names, in the forms that clients write them. Pure.

Only a name and a number leave this module. A line may hold a name and its address
(`"postgres" (10.96.0.7), port 5432`, `(kafka/10.96.0.9:9092)`); then both are told.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

_H = r"(?P<host>\[?[A-Za-z0-9_](?:[\w.:-]*\w)?\]?)"
_N = r"(?P<host>[A-Za-z0-9_](?:[\w.-]*\w)?)"
_P = r"(?P<port>\d{2,5})"
_A = r"(?P<address>[0-9a-f][0-9a-f.:]*)"
_FORMS: tuple[re.Pattern[str], ...] = tuple(
    re.compile(text, re.IGNORECASE)
    for text in (
        # libpq, old and new; psycopg
        rf"server at \"(?P<host>[^\"]+)\"(?: \({_A}\))?, port {_P}",
        rf"on host \"(?P<host>[^\"]+)\"(?: \({_A}\))?(?:.*on port {_P})?",
        r"(?:host name|server host|resolve host) [\"'](?P<host>[^\"']+)[\"']",
        # Kafka: Java, librdkafka, kafka-python, aiokafka, KafkaJS
        rf"\({_N}/(?:{_A}|<unresolved>)?:{_P}\)",
        rf"\]:? {_N}:{_P}/(?:bootstrap|\d+): ",
        rf"\bhost={_N}:{_P}\b",
        rf"unable connect to \"{_N}:{_P}\"",
        rf"bootstrap from \[\('(?P<host>[^']+)', {_P}",
        rf"\"?broker\"?\s*[:=]\s*\"?{_N}:{_P}",
        rf"(?:bootstrap broker|resolve server|lookup failed for|brokers? at) {_N}:{_P}",
        # Go
        rf"\({_N}\): dial error: dial tcp {_A}:{_P}",
        rf"\blookup {_N}(?: on \S+)?: ",
        rf"dial tcp:? {_H}:{_P}: ",
        rf"\bhost={_N} (?:port={_P}|user|dbname|database)",
        # Python's sockets, urllib3, aiohttp, redis
        rf"host='(?P<host>[^']+)', port={_P}",
        rf"cannot connect to host {_N}:{_P}",
        rf"connect call failed \('(?P<host>[^']+)', {_P}",
        rf"connecting to {_N}:{_P}\b",
        rf"failed to resolve '{_N}(?::{_P})?'",
        rf"connection to {_N}(?::{_P})? (?:refused|timed out)",
        # Node
        rf"\b(?:ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH) {_H}:{_P}",
        rf"\b(?:ENOTFOUND|EAI_AGAIN) {_N}(?::{_P})?",
        # Java, .NET
        rf"UnknownHostException: {_N}",
        rf"(?:resolution failed for|no address for) {_N}",
        # curl, BusyBox, pg_isready, MySQL
        rf"connect to (?:remote host \()?{_N}\)?(?: port |:){_P}",
        rf"connect to remote host \({_N}\)",
        rf"resolve host:? {_N}",
        rf"bad address '{_N}(?::{_P})?'",
        rf"can't find {_N}: NXDOMAIN",
        rf"\b{_N}:{_P} - (?:no response|rejecting)",
        rf"MySQL server (?:on|host) '{_N}(?::{_P})?'",
        rf"nc: (?:connect to )?{_N} (?:\({_A}(?::\d+)?\)|port) ?:?{_P}",
        # the last resort: something that looks like host:port beside the word
        rf"\b{_N}:{_P}: (?:\[Errno|connection|connect)",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A host with a port, as far as a line names them."""

    host: str
    port: int = 0
    address: str = ""


def endpoint(line: str) -> Endpoint | None:
    """Returns the first host and port that a line names, None when it names none."""
    for form in _FORMS:
        found = form.search(line)
        if found is not None and found["host"]:
            return _endpoint(found.groupdict())
    return None


def _endpoint(found: dict[str, str | None]) -> Endpoint:
    host = str(found["host"]).strip("[]").lower()
    own = host if is_address(host) else ""
    port = int(found.get("port") or 0)
    return Endpoint(host=host, port=port, address=found.get("address") or own)


def is_address(text: str) -> bool:
    """Whether a text is an IP address."""
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True
