"""Addresses of Git repositories: which mean the same one, and which part differs. Pure.

Argo CD compares them without regard to case, to a trailing `.git` and to the form of SSH addresses
(argo-cd `util/git/git.go`); here the scheme and the user do not count either, since a person's
remote is often SSH where the Application has HTTPS.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://")
_USER = re.compile(r"^[^/@]*@")
_PORT = re.compile(r"^(?P<host>[^/:]+):\d+(?=/)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A repository's address in parts, all in lower case."""

    host: str
    owner: str
    """Everything between host and name; with slashes where groups are nested."""
    name: str


def address(url: str) -> Address:
    """Returns the parts of an address; those that are not there are empty."""
    bare = url.strip().lower().rstrip("/").removesuffix(".git")
    has_scheme = bool(_SCHEME.match(bare))
    bare = _USER.sub("", _SCHEME.sub("", bare))
    bare = _PORT.sub(r"\g<host>", bare) if has_scheme else bare.replace(":", "/", 1)
    host, _, path = bare.partition("/")
    owner, _, name = path.strip("/").rpartition("/")
    return Address(host=host, owner=owner, name=name)


def normalized(url: str) -> str:
    """Returns an address as Argo CD compares it."""
    found = url.strip().lower()
    if not _SCHEME.match(found) and re.match(r"^[^/:]*@[^@]+$", found):
        found = found.replace(":", "/", 1)
    return found.removesuffix(".git").removeprefix("ssh://")


def is_one_of(url: str, urls: Iterable[str]) -> bool:
    """Tells whether an address means one of some repositories."""
    return bool(url) and address(url) in {address(other) for other in urls}


def sisters(url: str, urls: Sequence[str]) -> tuple[str, ...]:
    """Returns the repositories of the same host and name that belong to another owner."""
    own = address(url)
    if not own.name or is_one_of(url, urls):
        return ()
    found = ((other, address(other)) for other in urls)
    return tuple(o for o, a in found if (a.host, a.name) == (own.host, own.name))
