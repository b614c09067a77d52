"""What the name of a variable (or of a key, flag, property) says about its value. Pure.

`DB_HOST`, `kafka.bootstrap.servers`, `--catalog-url` and `brokerAddress` promise a host;
`DB_NAME`, `TOPIC` and `IMAGE` promise something that may look like one; `LISTEN_ADDRESS` and
`ALLOWED_HOSTS` are about who may come in. English naming habits, not a specification.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

_HOST_ENDINGS = (
    "HOST", "HOSTS", "HOSTNAME", "HOSTNAMES", "BROKER", "BROKERS", "SERVER", "SERVERS", "VOTERS",
    "URL", "URLS", "URI", "URIS", "DSN", "ADDR", "ADDRS", "ADDRESS", "ADDRESSES", "ENDPOINT",
    "ENDPOINTS",
)  # fmt: skip
_SURE_ENDINGS = ("HOST", "HOSTS", "HOSTNAME", "HOSTNAMES", "BROKERS", "SERVERS", "VOTERS")
# NO is for NO_PROXY.
_INWARD = frozenset({"LISTEN", "LISTENER", "BIND", "ALLOWED", "TRUSTED", "CORS", "EMAIL", "NO"})
_NOT_A_HOST = frozenset({
    "AUDIENCE", "BUCKET", "COLLECTION", "DATABASE", "DB", "DIR", "DIRECTORY", "ENV", "ENVIRONMENT",
    "EXCHANGE", "FILE", "FORMAT", "GROUP", "GROUPS", "ID", "IMAGE", "INDEX", "ISSUER", "KEYSPACE",
    "KIND", "LABEL", "LEVEL", "MODE", "MODULE", "NAME", "NAMES", "NAMESPACE", "PATH", "PREFIX",
    "PROFILE", "PROFILES", "QUEUE", "REALM", "REPOSITORY", "ROLE", "ROLES", "SCHEMA", "SCOPE",
    "SUBJECT", "SUFFIX", "TABLE", "TAG", "TAGS", "TENANT", "TOPIC", "TOPICS", "TYPE", "USER",
    "USERNAME", "USERS", "VERSION", "VHOST",
})  # fmt: skip
_SECRET = frozenset({
    "CREDENTIALS", "KEY", "PASS", "PASSPHRASE", "PASSWD", "PASSWORD", "PIN", "PWD", "SECRET",
    "TOKEN",
})  # fmt: skip
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SEPARATORS = re.compile(r"[^A-Za-z0-9]+")
_PORT_WORDS = ("PORT", "SERVICE_PORT", "TCP_PORT")


@lru_cache(maxsize=10_000)
def normal(name: str) -> str:
    """Returns the name in the form of environment variables, e.g. `BOOTSTRAP_SERVERS`."""
    return _SEPARATORS.sub("_", _CAMEL.sub("_", name)).strip("_").upper()


def _last(name: str) -> str:
    return normal(name).rpartition("_")[2]


def says_host(name: str) -> bool:
    """Whether the name promises a host to connect to."""
    return _last(name).endswith(_HOST_ENDINGS) and not is_inward(name) and not says_other(name)


def is_sure(name: str) -> bool:
    """Whether a value without dot and port is a host name because of the variable's name alone."""
    return says_host(name) and _last(name).endswith(_SURE_ENDINGS)


def is_inward(name: str) -> bool:
    """Whether the value tells where to listen or who may connect."""
    return bool(_INWARD & set(normal(name).split("_")))


def says_other(name: str) -> bool:
    """Whether the name promises something that is not a host."""
    return _last(name) in _NOT_A_HOST | _SECRET


def is_secret(name: str) -> bool:
    """Whether the name promises a value that nobody may see."""
    return _last(name) in _SECRET


def tells(name: str) -> bool:
    """Whether the name says anything of what its value is."""
    return says_host(name) or says_other(name) or is_inward(name)


def prefix(name: str) -> str:
    """Returns the name without its last word, e.g. `DB` of `DB_HOST`."""
    return normal(name).rpartition("_")[0]


def port_beside(name: str, numbers: Mapping[str, str]) -> int:
    """Returns the port that stands beside a host variable, e.g. in DB_PORT for DB_HOST, or 0.

    `numbers` has normal names as keys.
    """
    before = prefix(name)
    names = [f"{before}_{word}" if before else word for word in _PORT_WORDS]
    last = _last(name)
    if not before and last.endswith("HOST"):
        names.insert(0, f"{last.removesuffix('HOST')}PORT")
    return next((port for each in names if (port := port_number(numbers.get(each, "")))), 0)


def port_number(text: str) -> int:
    """Returns a port as a number, 0 when the text is none."""
    is_number = text.isdecimal() and len(text) <= 5
    return int(text) if is_number and int(text) <= 65535 else 0
