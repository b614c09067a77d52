"""Host names in command lines: arguments, shell scripts, waiting loops of init containers. Pure.

Read are the forms of the usual tools (`nc -z host port`, `pg_isready -h host -p port`,
`nslookup host`, `/dev/tcp/host/port`, `wait-for-it host:port`), flags whose name promises a host,
assignments, URLs, and `host:port` of known Services. A bare word elsewhere is an argument, not a
host. Shell variables are replaced where their value is known; nothing is executed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest

from harness.connectivity.hosts import Host, Lookup, Reading, hosts_of_value, is_host_name
from harness.connectivity.variable_names import normal, port_number, tells

_BREAKS = re.compile(r"&&|\|\||[;|&\n(){}`]|\$\(")
_WORD = re.compile(r"(?:\"[^\"]*\"|'[^']*'|[^\s\"'])+")
_SHELL_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::?-(?P<default>[^}]*))?\}|(?P<plain>\w+))")
_DEVICE = re.compile(r"/dev/(?:tcp|udp)/(?P<host>[^/\s]+)/(?P<port>\d+)")
_ASSIGNMENT = re.compile(r"(?P<name>[A-Za-z_][\w.-]*)=(?P<value>.*)")
_COMMENT = re.compile(r"(?m)^\s*#.*$")
_PORT_SCANNERS = frozenset({"nc", "ncat", "netcat", "telnet"})
_LOOKUPS = frozenset({"nslookup", "dig", "ping", "drill"})
_DATABASE_CLIENTS = frozenset({
    "pg_isready", "psql", "pg_dump", "pg_restore", "createdb", "redis-cli", "mongosh", "mongo",
})  # fmt: skip
_MYSQL_CLIENTS = frozenset({"mysql", "mysqladmin", "mysqldump", "mariadb", "mariadb-admin"})
_WAITERS = frozenset({
    "wait-for-it", "wait-for-it.sh", "wait-for", "wait-for.sh", "wait4x", "wait4ports", "dockerize",
    "kcat", "kafkacat",
})  # fmt: skip
_FETCHERS = frozenset({"curl", "wget", "grpcurl"})
_WITH_VALUE = frozenset({"-w", "-i", "-q", "-s", "-p", "-c", "-W", "-timeout", "-type"})
_BOOTSTRAP = frozenset({"BOOTSTRAP_SERVER", "BROKER_LIST", "BOOTSTRAP"})


def hosts_of_command(
    words: Sequence[str], source: str, lookup: Lookup, variables: Mapping[str, str]
) -> tuple[Host, ...]:
    """Returns the hosts that a command or its arguments name.

    A word with spaces is read as a shell script of its own (`sh -c "…"`). `variables` are the
    values that may be shown; what they do not hold stays unknown.
    """
    scripts = [word for word in words if re.search(r"\s", word)]
    plain = [expanded(word, variables) for word in words if not re.search(r"\s", word)]
    found = list(_of_words(plain, source, lookup))
    for script in scripts:
        found.extend(hosts_of_script(script, source, lookup, variables))
    return tuple(dict.fromkeys(found))


def hosts_of_script(
    text: str, source: str, lookup: Lookup, variables: Mapping[str, str]
) -> tuple[Host, ...]:
    """Returns the hosts that a shell script names."""
    text = _COMMENT.sub("", text).replace("\\\n", " ")
    found: list[Host] = []
    known = dict(variables)
    for part in _BREAKS.split(expanded(text, known | _assigned(text, known))):
        words = [word.strip("\"'") for word in _WORD.findall(part)]
        found.extend(_of_words(words, source, lookup))
    return tuple(dict.fromkeys(found))


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """Returns the text with `$NAME` and `${NAME:-default}` replaced where the value is known."""

    def value(found: re.Match[str]) -> str:
        known = variables.get(found["braced"] or found["plain"])
        return known if known is not None else found["default"] or found[0]

    return _SHELL_VARIABLE.sub(value, text)


def _assigned(text: str, known: Mapping[str, str]) -> dict[str, str]:
    """Returns the variables that a script sets to plain words and nothing else sets."""
    found = re.findall(r"(?:^|[\s;])([A-Za-z_]\w*)=[\"']?([\w.:-]+)[\"']?(?=[\s;]|$)", text)
    return {name: value for name, value in found if name not in known}


def _of_words(words: list[str], source: str, lookup: Lookup) -> Iterator[Host]:
    for start, word in enumerate(words):
        reader = _reader(word.rpartition("/")[2])
        if reader is not None:
            for host in reader(words[start + 1 :]):
                yield replace(host, source=source)
            break
    yield from _of_plain(words, source, lookup)


def _reader(tool: str) -> Callable[[list[str]], Iterator[Host]] | None:
    readers: tuple[tuple[frozenset[str], Callable[[list[str]], Iterator[Host]]], ...] = (
        (_PORT_SCANNERS, _scanned),
        (_LOOKUPS, _looked_up),
        (frozenset({"getent"}), lambda words: _looked_up(words[1:])),
        (_DATABASE_CLIENTS, lambda words: _asked(words, "-p")),
        # Their -p is the password.
        (_MYSQL_CLIENTS, lambda words: _asked(words, "-P")),
        (_FETCHERS, _fetched),
        (_WAITERS, _awaited),
    )
    return next((reader for tools, reader in readers if tool in tools), None)


def _operands(words: Sequence[str]) -> list[str]:
    """Returns the words that are neither options nor their values."""
    found, skip = [], False
    for word in words:
        if word.startswith(("-", "+")):
            skip = word in _WITH_VALUE
        elif skip:
            skip = False
        elif not re.match(r"\d?[<>]", word):
            found.append(word)
    return found


def _scanned(words: list[str]) -> Iterator[Host]:
    match _operands(words):
        case [host, port, *_] if is_host_name(host) and port_number(port):
            yield Host(name=host.lower(), port=port_number(port))


def _looked_up(words: list[str]) -> Iterator[Host]:
    names = [word for word in _operands(words) if is_host_name(word)]
    if names:
        yield Host(name=names[0].lower())


def _asked(words: list[str], port_option: str) -> Iterator[Host]:
    host = _option(words, "-h", "--host")
    if is_host_name(host):
        yield Host(name=host.lower(), port=port_number(_option(words, port_option, "--port")))


def _option(words: Sequence[str], short: str, long: str) -> str:
    for word, following in zip_longest(words, words[1:], fillvalue=""):
        if word in {short, long}:
            return following
        if word.startswith(f"{long}="):
            return word.partition("=")[2]
        if word.startswith(short) and not word.startswith("--") and len(word) > 2:
            return word[2:]
    return ""


def _fetched(words: list[str]) -> Iterator[Host]:
    """Yields the hosts of URLs; what a tool is told to fetch is a host, known or not."""
    for word in words:
        if "://" in word:
            reading = Reading(variable="url", source="", lookup=lambda _: None)
            yield from hosts_of_value(word, reading)


def _awaited(words: list[str]) -> Iterator[Host]:
    yield from _fetched(words)
    for word in words:
        name, colon, port = word.partition(":")
        if colon and is_host_name(name) and port_number(port):
            yield Host(name=name.lower(), port=port_number(port))


def _of_plain(words: Sequence[str], source: str, lookup: Lookup) -> Iterator[Host]:
    """Yields the hosts of flags, assignments, URLs and `host:port` words."""
    named = list(_all_named(words))
    numbers = {normal(name): value for name, value in named if name}
    for name, value in named:
        reading = Reading(
            variable=name, source=source, lookup=lookup, numbers=numbers, bare_words=False
        )
        yield from hosts_of_value(value, reading)
    for device in _DEVICE.finditer(" ".join(words)):
        if is_host_name(device["host"]):
            yield Host(name=device["host"].lower(), port=int(device["port"]), source=source)


def _all_named(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yields each word as a name and a value; the value of a telling flag is not told again."""
    before = ""
    for word, following in zip_longest(words, words[1:], fillvalue=""):
        name, value = _named(word, following)
        if name or not tells(before):
            yield name, value
        before = name if "=" not in word else ""


def _named(word: str, following: str) -> tuple[str, str]:
    """Returns the name and value that a word is, or begins; an empty name for a plain word."""
    flag = re.fullmatch(r"--?(?P<name>[A-Za-z][\w.-]+)(?:=(?P<value>.*))?", word)
    if flag:
        name, value = flag["name"], flag["value"]
        name = "bootstrap-servers" if normal(name) in _BOOTSTRAP else name
        return name, (following if value is None else value)
    assigned = _ASSIGNMENT.fullmatch(word)
    return (assigned["name"], assigned["value"].strip("\"'")) if assigned else ("", word)
