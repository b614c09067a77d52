"""Edits CoreDNS's Corefile so that the declared Git hosts resolve to the gate. Pure.

Entries go into a `hosts` block of the server block for port 53 and the root zone. CoreDNS allows
one `hosts` block there and orders plugins itself (its `plugin.cfg`), so an existing block is
added to. Between two marks, what is ours can be replaced and removed. Applying the ConfigMap and
restarting CoreDNS (it re-reads the file only every 30 s) is the cluster's affair.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_BEGIN = "# gitops-harness: declared names"
_END = "# gitops-harness: end"
_OURS = re.compile(rf"^[ \t]*{_BEGIN}\n.*?^[ \t]*{_END}\n", re.DOTALL | re.MULTILINE)
_ROOT_ZONES = {".", ".:53", "dns://.", "dns://.:53"}


def with_names(corefile: str, addresses: Mapping[str, str]) -> str:
    """Returns the Corefile in which each host has the given address, and no earlier ones of ours.

    Raises:
        ValueError: No server block serves the root zone on port 53.
    """
    clean = without_names(corefile)
    if not addresses:
        return clean
    lines = clean.splitlines()
    first = _root_block(lines)
    entries = [f"{address} {host}" for host, address in sorted(addresses.items())]
    existing = _hosts_block(lines, first)
    if existing is not None:
        where, indent = existing + 1, " " * 8
        ours = entries
    else:
        where, indent = first + 1, " " * 4
        # NODATA, not NXDOMAIN, answers AAAA for these; everything else falls through.
        ours = ["hosts {", *(f"    {entry}" for entry in entries), "    fallthrough", "}"]
    block = [f"{indent}{line}" for line in (_BEGIN, *ours, _END)]
    return "\n".join([*lines[:where], *block, *lines[where:]]) + "\n"


def without_names(corefile: str) -> str:
    """Returns the Corefile without what `with_names` added."""
    text = corefile if corefile.endswith("\n") else f"{corefile}\n"
    return _OURS.sub("", text)


def _root_block(lines: list[str]) -> int:
    for number, line in enumerate(lines):
        head, brace, _ = line.partition("{")
        zones = set(head.replace(",", " ").split())
        if brace and not line[:1].isspace() and zones & _ROOT_ZONES:
            return number
    message = f"no server block for the root zone: {' '.join(' '.join(lines).split())[:200]!r}"
    raise ValueError(message)


def _hosts_block(lines: list[str], first: int) -> int | None:
    """Returns the line that opens the server block's own `hosts` block, if it has one."""
    depth = 0
    for number in range(first, len(lines)):
        words = lines[number].split("#", 1)[0].split()
        if depth == 1 and words[:1] == ["hosts"] and words[-1] == "{":
            return number
        depth += words.count("{") - words.count("}")
        if depth == 0:
            break
    return None
