"""The spelling of image references: what is one, and what was probably meant. Pure.

The grammar is that of distribution/reference: a lower-case repository, no scheme, no spaces, a tag
of word characters, dots and dashes. A first part with a capital letter is a registry's host there
(`splitDockerDomain` in `normalize.go`), so that `MyOrg/app` is asked of a host called MyOrg.
"""

from __future__ import annotations

import re

_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::\d+)?"
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?:(?P<host>{_HOST})/)?(?P<path>{_PART}(?:/{_PART})*)(?::(?P<tag>\w[\w.-]{{0,127}}))?"
    r"(?:@(?P<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,}))?",
    re.ASCII,
)


def is_reference(text: str) -> bool:
    """Tells whether a text is an image reference that can be pulled by its spelling."""
    found = _REFERENCE.fullmatch(text)
    return found is not None and not is_host_by_capitals(text)


def is_host_by_capitals(text: str) -> bool:
    """Tells whether the first part is taken for a registry only because of a capital letter."""
    head, slash, _ = text.partition("/")
    is_host = "." in head or ":" in head or head == "localhost"
    return bool(slash) and not is_host and head != head.lower()


def corrected(text: str) -> str:
    """Returns the valid reference that was probably meant, or nothing."""
    bare = re.sub(r"^\w+://", "", "".join(text.split()))
    bare = re.sub(r"/{2,}", "/", re.sub(r":{2,}", ":", bare)).strip("/:")
    rest, at, digest = bare.partition("@")
    head, colon, tag = rest.rpartition(":")
    name = f"{head.lower()}:{tag}" if colon and "/" not in tag else rest.lower()
    found = f"{name}{at}{digest}"
    return found if found != text and is_reference(found) else ""
