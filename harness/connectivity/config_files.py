"""Host names in a configuration file that a ConfigMap holds: YAML, properties, JSON, nginx. Pure.

Read line by line, as `key: value` or `key=value` where the line is one, with the port of a key
beside it (`host:` and `port:`); formats are not parsed. A file speaks of many things, so a bare
word counts only under a key that promises a host. Comments are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.connectivity.hosts import Host, Lookup, Reading, hosts_of_value
from harness.connectivity.scripts import hosts_of_script
from harness.connectivity.variable_names import normal, says_host

LONGEST_FILE = 100_000
"""Characters; longer files are data rather than configuration."""
NEIGHBOUR_LINES = 3
_PAIR = re.compile(r"\s*(?:- )?[\"']?(?P<key>[A-Za-z][\w.-]*)[\"']?\s*[:=]\s*(?P<value>\S.*)")
_COMMENT = re.compile(r"(?m)^\s*(?:#|//|;|<!--).*$|\s#\s.*$")
_WRAPPING = re.compile(r"[\[\]{}()\"'<>;,]+")


def is_file(text: str) -> bool:
    """Whether a ConfigMap's value is a file rather than the value of one variable."""
    return "\n" in text.strip()


def hosts_of_file(name: str, text: str, source: str, lookup: Lookup) -> tuple[Host, ...]:
    """Returns the hosts that a file names; shell scripts are read as scripts."""
    if len(text) > LONGEST_FILE:
        return ()
    if name.endswith(".sh") or text.startswith("#!"):
        return hosts_of_script(text, source, lookup, {})
    lines = _COMMENT.sub("", text).splitlines()
    found = [host for at in range(len(lines)) for host in _of_line(lines, at, source, lookup)]
    return tuple(dict.fromkeys(found))


def _of_line(lines: Sequence[str], at: int, source: str, lookup: Lookup) -> Iterator[Host]:
    pair = _pair(lines[at])
    key, value = pair or ("", lines[at])
    if key and says_host(key):
        near = lines[max(0, at - NEIGHBOUR_LINES) : at + NEIGHBOUR_LINES + 1]
        numbers = {normal(k): v for k, v in filter(None, map(_pair, near))}
        reading = Reading(
            variable=key, source=source, lookup=lookup, numbers=numbers, bare_words=False
        )
        for host in hosts_of_value(value, reading):
            is_sure = "." in host.name or lookup(host.name) is not None
            yield replace(host, is_certain=is_sure and host.is_certain)
        return
    for word in _WRAPPING.sub(" ", value).split():
        reading = Reading(variable="", source=source, lookup=lookup, bare_words=False)
        yield from hosts_of_value(word, reading)


def _pair(line: str) -> tuple[str, str] | None:
    found = _PAIR.fullmatch(line.rstrip())
    if found is None or found["value"].startswith("//"):
        return None
    return found["key"], _WRAPPING.sub(" ", found["value"]).strip()
