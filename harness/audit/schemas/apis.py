"""Whether the target's API server knows a kind in an API version, and what took its place. Pure.

Facts: the definitions of all known versions (`data/index.json`) and the removals of the deprecated
API migration guide (`facts.toml`). A group that is not Kubernetes' own is nobody's business here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.audit.schemas.hints import likeness, nearest
from harness.audit.schemas.table import by_kind, groups, index, is_stable, served

_ALIKE = 0.85


class Standing(StrEnum):
    """What becomes of an API."""

    REMOVED = "removed"
    DEPRECATED = "deprecated"
    TOO_NEW = "too-new"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Why an API version should not be used for a kind."""

    standing: Standing
    minor: int = 0
    """The minor version that removed, deprecated or brought it; 0 where nobody knows."""
    instead: str = ""
    """API version to write; empty where nothing came."""
    kind: str = ""
    """Kind to write; empty for the same one."""


def standing(api_version: str, kind: str, minor: int) -> Verdict | None:
    """Returns what is wrong with an API version of a kind; None for a good or a foreign one."""
    outdated = index()["removed"].get(api_version, {}).get(kind)
    if outdated:
        gone, instead = outdated
        state = Standing.REMOVED if gone <= minor else Standing.DEPRECATED
        return Verdict(standing=state, minor=gone, instead=instead)
    api = served(api_version, kind)
    if api is None:
        return _unknown(api_version, kind, minor)
    if api.since > minor:
        return Verdict(standing=Standing.TOO_NEW, minor=api.since, instead=_newest(kind, minor))
    if api.until < minor:
        instead = _newest(kind, minor, api_version)
        return Verdict(standing=Standing.REMOVED, minor=api.until + 1, instead=instead)
    return _deprecated(api_version, kind, minor)


def _deprecated(api_version: str, kind: str, minor: int) -> Verdict | None:
    since, instead = index()["deprecated"].get(f"{api_version} {kind}", (minor + 1, ""))
    if since <= minor:
        instead, _, kind = instead.partition(" ")
        return Verdict(standing=Standing.DEPRECATED, minor=since, instead=instead, kind=kind)
    stable = _newest(kind, minor, api_version)
    if not is_stable(api_version) and stable and is_stable(stable):
        return Verdict(standing=Standing.DEPRECATED, instead=stable)
    return None


def _newest(kind: str, minor: int, like: str = "") -> str:
    """Returns the best API version of a kind at a version; in the group of `like` if given."""
    for version, api in by_kind().get(kind, ()):
        same = not like or version.rpartition("/")[0] == like.rpartition("/")[0]
        if same and api.since <= minor <= api.until and version != like:
            return version
    return ""


def _unknown(api_version: str, kind: str, minor: int) -> Verdict | None:
    if api_version.rpartition("/")[0] not in groups():
        return None
    instead = _newest(kind, minor)
    if not instead:
        near = nearest(kind, index()["kinds"].get(api_version, {}))
        if not near or likeness(kind, near) < _ALIKE:
            return None
        return Verdict(standing=Standing.UNKNOWN, instead=api_version, kind=near)
    return Verdict(standing=Standing.UNKNOWN, instead=instead)
