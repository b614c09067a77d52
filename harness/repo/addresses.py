"""Whether a Git address names this repository.

The same repository has many addresses: https or ssh, with or without `.git`, upper or lower case, a
user, a port. Where nobody says which addresses are this tree's, one counts as its own when a path
named with it exists here. Source: Argo CD v3.5 `util/git/git.go` (`NormalizeGitURL`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.repo.globs import literal_prefix
from harness.repo.repository_files import RepositoryFiles

_SCHEME = re.compile(r"\A[a-z][a-z0-9+.-]*://(?:[^/@]*@)?(?P<host>\[[^\]]*\]|[^/:]*)(?::\d*)?/?")
_SHORT = re.compile(r"\A(?:[^/@:]+@)?(?P<host>[^/:]+):/?(?!/)")
_OTHER_NAMES = {"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com"}


def normalized(url: str) -> str:
    """Returns host and path of an address, in lower case and without `.git`."""
    text = url.strip().lower()
    match = _SCHEME.match(text) or _SHORT.match(text)
    if match:
        host = match["host"]
        text = f"{_OTHER_NAMES.get(host, host)}/{text[match.end() :]}"
    text = text.replace("ssh.dev.azure.com/v3/", "dev.azure.com/").replace("/_git/", "/")
    return re.sub(r"/+", "/", text).strip("/").removesuffix(".git").rstrip("/")


def is_own(url: str, own_urls: Collection[str]) -> bool:
    """Tells whether an address names the same repository as one of this tree's addresses."""
    return bool(url.strip()) and normalized(url) in {normalized(own) for own in own_urls}


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Which addresses are this tree's."""

    own: frozenset[str]
    """Normalized."""
    is_every: bool = False
    """Every address is: the harness' own Git server answers to all of them."""

    def has(self, url: str) -> bool:
        """Tells whether an address is this tree's."""
        return self.is_every or normalized(url) in self.own


def addresses(
    own_urls: Collection[str], objects: Iterable[Any], files: RepositoryFiles
) -> Addresses:
    """Returns the addresses that are this tree's.

    Where some are known, a fork or a mirror counts, too: the same repository name, and a path that
    exists here.

    Args:
        own_urls: The known ones; may be empty.
        objects: Everything that may name an address together with a path.
        files: The tree.
    """
    known = frozenset(normalized(url) for url in own_urls)
    names = {_repository(address) for address in known}
    places = frozenset(files.files)
    found = set(known)
    for url, paths in _named(list(objects)):
        address = normalized(url)
        if known and _repository(address) not in names:
            continue
        prefixes = [prefix for prefix in map(literal_prefix, paths) if prefix]
        if any(prefix in places or files.is_folder(prefix) for prefix in prefixes):
            found.add(address)
    return Addresses(own=frozenset(found))


def _repository(address: str) -> str:
    return address.rpartition("/")[2]


def _named(value: Any) -> Iterator[tuple[str, list[str]]]:
    """Yields every address with the paths that stand beside it, at any depth."""
    if isinstance(value, list):
        for item in value:
            yield from _named(item)
    if not isinstance(value, dict):
        return
    url = value.get("repoURL")
    if isinstance(url, str) and url and "{{" not in url and not value.get("chart"):
        yield url, list(_paths(value))
    for entry in value.values():
        yield from _named(entry)


def _paths(value: dict[str, Any]) -> Iterator[str]:
    if isinstance(value.get("path"), str):
        yield value["path"]
    for key in ("directories", "files"):
        entries = value.get(key)
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict) and isinstance(entry.get("path"), str):
                yield entry["path"]
