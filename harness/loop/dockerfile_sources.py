"""Which files of its build context a Dockerfile uses: the sources of COPY and ADD. Pure.

Services that share one build context are then not all built when one of them changes. Where it
cannot be known (a variable in a source, a bind mount of the context) the answer is "all of them"
(Dockerfile reference: COPY, ADD, RUN --mount).
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

_INSTRUCTION = re.compile(r"^\s*(COPY|ADD|RUN)\s+(.*)$", re.IGNORECASE | re.DOTALL)
_FLAG = re.compile(r"^--(?P<name>[a-z-]+)(?:=(?P<value>\S*))?\s+(?P<rest>.*)$", re.DOTALL)
_BIND = re.compile(r"--mount=(?!\S*type=(?:cache|secret|ssh|tmpfs))(?!\S*\bfrom=)\S*")
_REMOTE = ("http://", "https://", "git@", "git://")


def sources(dockerfile: str) -> tuple[str, ...] | None:
    """Returns the sources in the build context, as written; None when it may be any file."""
    found: list[str] = []
    for line in _instructions(dockerfile):
        match = _INSTRUCTION.match(line)
        if match is None:
            continue
        word, rest = match[1].upper(), match[2].strip()
        if word == "RUN":
            if _BIND.search(rest):
                return None
            continue
        named = _named(rest)
        if named is None or any("$" in name for name in named):
            return None
        found += named
    return tuple(dict.fromkeys(found))


def _instructions(text: str) -> Iterator[str]:
    """Yields the instructions with their continued lines joined, comments left out."""
    joined: list[str] = []
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            continue
        part = line.rstrip()
        joined.append(part.removesuffix("\\"))
        if not part.endswith("\\"):
            yield " ".join(joined)
            joined = []
    yield " ".join(joined)


def _named(rest: str) -> list[str] | None:
    """Returns the sources of one COPY or ADD; None when they cannot be read."""
    while match := _FLAG.match(rest):
        if match["name"] == "from":
            return []
        rest = match["rest"].strip()
    if rest.startswith("<<"):
        return []
    words = _words(rest)
    if words is None or len(words) < 2:
        return None
    return [word for word in words[:-1] if not word.startswith((*_REMOTE, "<<"))]


def _words(rest: str) -> list[str] | None:
    if not rest.startswith("["):
        return rest.split()
    try:
        read = json.loads(rest)
    except ValueError:
        return None
    return [str(word) for word in read] if isinstance(read, list) else None


def used(names: Iterable[str], wanted: tuple[str, ...] | None, dockerfile: str) -> list[str]:
    """Returns the files of a context that an image is made from, sorted.

    Args:
        names: Files of the context, POSIX, relative to it.
        wanted: What `sources` returned.
        dockerfile: The Dockerfile's own name; it always counts.
    """
    if wanted is None:
        return sorted(names)
    patterns = [posixpath.normpath(w.lstrip("/") or ".") for w in wanted]
    return sorted(n for n in names if n == dockerfile or any(_is_in(n, p) for p in patterns))


def _is_in(name: str, pattern: str) -> bool:
    if pattern == ".":
        return True
    depth = pattern.count("/") + 1
    head = "/".join(name.split("/")[:depth])
    return head == pattern or fnmatchcase(head, pattern)
