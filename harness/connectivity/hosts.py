"""Host names, with ports, in one value of a variable, property, flag or argument. Pure.

Only the name, the port and the place leave this module, never a password or a whole URL. A URL or
`host:port` shows a host by its form; a bare word counts only if it is a known Service's name or the
variable's name promises a host. What a name means is decided in `resolution`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from harness.connectivity.resolution import is_local
from harness.connectivity.variable_names import (
    is_inward,
    is_secret,
    is_sure,
    port_beside,
    port_number,
    says_host,
    says_other,
)

Lookup = Callable[[str], frozenset[int] | None]
"""The ports of the Service that a name means, None when it means no known one."""
SCHEME_PORTS: Mapping[str, int] = {
    "amqp": 5672, "amqps": 5671, "http": 80, "https": 443, "ldap": 389, "ldaps": 636,
    "mariadb": 3306, "mongodb": 27017, "mysql": 3306, "nats": 4222, "postgres": 5432,
    "postgresql": 5432, "redis": 6379, "rediss": 6379, "sqlserver": 1433, "ws": 80, "wss": 443,
}  # fmt: skip
_WITHOUT_HOST = frozenset({
    "about", "awskms", "awssm", "awssns", "awssqs", "azurekms", "bigquery", "classpath", "data",
    "docker", "duckdb", "env", "file", "gcpkms", "gcpsm", "gs", "hashivault", "inproc", "ipc",
    "kubernetes", "mem", "memory", "pubsub", "s3", "s3a", "secret", "spiffe", "sqlite", "sqlite3",
    "ssm", "unix", "urn", "vault",
})  # fmt: skip
_RFC_SCHEMES = frozenset({"http", "https", "ws", "wss"})
_URL = re.compile(r"(?i)(?P<scheme>[a-z][a-z0-9+.-]*(?::[a-z0-9+.-]+)*)://(?P<rest>[^\s\"'<>]*)")
_NEXT_URL = re.compile(r"(?i),(?=[a-z][\w+.-]*(?::[\w+.-]+)*://)")
_NAME = re.compile(r"(?i)(?=[\d.-]*[a-z])[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\.?")
_ITEM = re.compile(r"(?:\d+@)?(?P<host>[^\s:/@]+)(?::(?P<port>\d{1,5})(?:/\S*)?)?")
_SETTING = re.compile(
    r"(?i)(?:^|[\s;?&])(?:host|server|data source|addr|address)\s*=\s*"
    r"(?:tcp:)?(?P<host>[\w.-]+)(?:[,:](?P<port>\d{1,5}))?",
)
_SETTING_PORT = re.compile(r"(?i)(?:^|[\s;])port\s*=\s*(\d{1,5})")
_IS_CONNECTION = re.compile(r"(?i)(?:^|[\s;])(?:port|database|dbname|user|uid|user id)\s*=")
_DRIVER_ADDRESS = re.compile(
    r"(?i)(?:@tcp\(|^jdbc:oracle:\w+:[^@]*@(?://)?)(?P<host>[\w.-]+)(?::(?P<port>\d{1,5}))?"
)
_PLACE = re.compile(r"[^:@]*(?::\d*)?")
_BREAKS = re.compile(r"[\s,;]+")
_NOT_NAMES = frozenset(
    {"auto", "default", "disabled", "false", "none", "null", "off", "on", "true"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A host name somewhere in a workload's configuration."""

    name: str
    port: int = 0
    """As written or implied by the URL's scheme; 0 when unknown."""
    source: str = ""
    """Where it was found."""
    is_certain: bool = True
    """False for a bare word that only happens to be a Service's name, or may not be a host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a value is to be read."""

    variable: str
    """The name of the variable, key or flag; empty for a plain argument."""
    source: str
    lookup: Lookup
    numbers: Mapping[str, str] = field(default_factory=dict)
    """Values beside it by normal name, for ports in variables of their own."""
    bare_words: bool = True
    """Whether a lone word may be a host because it is a Service's name."""
    is_secret: bool = False
    """Whether the value comes from a Secret, so that only a promised host may be told."""


def hosts_of_value(value: str, reading: Reading) -> tuple[Host, ...]:
    """Returns the hosts in a value."""
    if is_inward(reading.variable) or is_secret(reading.variable):
        return ()
    if "://" in value:
        found = _of_urls(value, reading)
    elif reading.variable and (hosts := list(_of_settings(value, reading))):
        found = iter(hosts)
    else:
        found = _of_items(value, reading)
    return tuple(dict.fromkeys(replace(host, source=reading.source) for host in found))


def is_host_name(text: str) -> bool:
    """Whether a text can be the name of another host."""
    return (
        bool(_NAME.fullmatch(text))
        and ".." not in text
        and not is_local(text.lower())
        and text.lower() not in _NOT_NAMES
    )


def _of_urls(value: str, reading: Reading) -> Iterator[Host]:
    for url in _URL.finditer(_NEXT_URL.sub(" ", value)):
        scheme = url["scheme"].lower().rpartition(":")[2].partition("+")[0]
        if scheme in _WITHOUT_HOST:
            continue
        for place in _authority(scheme, url["rest"]).split(","):
            yield from _of_place(place, SCHEME_PORTS.get(scheme, 0), reading)


def _authority(scheme: str, rest: str) -> str:
    """Returns the hosts and ports of a URL, without user and password.

    A password may hold an unescaped slash or question mark. Where the part before the first one is
    no `host:port`, and in URLs of databases and brokers, the last at sign ends the password; the
    paths of web addresses may hold at signs of their own.
    """
    strict = _first_part(rest)
    if scheme in _RFC_SCHEMES or scheme == "sqlserver":
        return strict.rpartition("@")[2]
    before_query = rest.partition("?")[0]
    if "@" in before_query:
        return _first_part(before_query.rpartition("@")[2])
    is_whole = all(_PLACE.fullmatch(place) for place in strict.split(","))
    return strict if is_whole else _first_part(rest.rpartition("@")[2])


def _first_part(rest: str) -> str:
    return re.split(r"[/?#;\\]", rest)[0]


def _of_place(place: str, default: int, reading: Reading) -> Iterator[Host]:
    """Yields the host of one `host[:port]` of a URL; a port that is no number hides a password."""
    name, colon, port = place.strip("()").partition(":")
    if not is_host_name(name) or (colon and port and not port_number(port)):
        return
    is_known = "." in name or reading.lookup(name) is not None
    if is_known or (reading.bare_words and not reading.is_secret) or says_host(reading.variable):
        yield Host(name=name.lower(), port=port_number(port) or default)


def _of_settings(value: str, reading: Reading) -> Iterator[Host]:
    """Yields the hosts of `host=… port=…` strings and of drivers' own forms of an address."""
    beside = _SETTING_PORT.search(value)
    settings = _SETTING.finditer(value) if _IS_CONNECTION.search(value) else iter(())
    for found in [*settings, *_DRIVER_ADDRESS.finditer(value)]:
        port = found["port"] or (beside[1] if beside else "")
        is_known = reading.lookup(found["host"].lower()) is not None
        if is_host_name(found["host"]) and (is_known or not reading.is_secret):
            yield Host(name=found["host"].lower(), port=port_number(port))


def _of_items(value: str, reading: Reading) -> Iterator[Host]:
    words = [word for word in _BREAKS.split(value.strip()) if word]
    for word in words:
        item = _ITEM.fullmatch(word)
        if item and is_host_name(item["host"]):
            yield from _of_item(item, reading, is_alone=len(words) == 1)


def _of_item(item: re.Match[str], reading: Reading, *, is_alone: bool) -> Iterator[Host]:
    name, variable = item["host"].lower(), reading.variable
    written = port_number(item["port"] or "")
    host = Host(name=name, port=written or port_beside(variable, reading.numbers))
    known = reading.lookup(name)
    if says_host(variable):
        sure = bool(written) or "." in name or is_sure(variable) or known is not None
        yield replace(host, is_certain=sure)
    elif ".svc." in name or name.endswith(".svc"):
        yield host
    elif known is None or says_other(variable) or "/" in item[0] or reading.is_secret:
        return
    elif item["port"]:
        yield from _with_port(host, known)
    elif reading.bare_words and is_alone and item["host"] == name:
        yield replace(host, is_certain="." in name)


def _with_port(host: Host, known: frozenset[int]) -> Iterator[Host]:
    """Yields a known name with a port; a small one that is not offered may be an image's tag."""
    if host.port in known or host.port >= 1024:
        yield replace(host, is_certain=host.port in known)
