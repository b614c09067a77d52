"""Kubernetes Events as facts: newest count and times, whichever fields the writer filled.

Times come from the newest of `lastTimestamp`, `eventTime` and `series.lastObservedTime`
(events.k8s.io writers leave the old fields empty). The kubelet names the container in
`involvedObject.fieldPath`, e.g. `spec.initContainers{migrate}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.model.moments import epoch
from harness.model.refs import ObjectRef

__all__ = ["EventFact", "epoch", "event_fact"]
_CONTAINER = re.compile(r"spec\.(?:init|ephemeral)?[cC]ontainers\{(.+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFact:
    """One event, deduplicated by the API server."""

    ref: ObjectRef
    uid: str
    """Of the object it is about, so that events of a gone namesake do not count."""
    type: str
    """`Normal` or `Warning`."""
    reason: str
    message: str
    count: int
    first: float
    last: float
    component: str = ""
    container: str = ""
    """The container of a pod that it is about; empty where it does not say or is about all."""


def event_fact(obj: Mapping[str, Any], seen_at: float) -> EventFact:
    """Returns the fact of an Event object of core/v1."""
    about, series = obj.get("involvedObject") or {}, obj.get("series") or {}
    created = epoch((obj.get("metadata") or {}).get("creationTimestamp"))
    first = epoch(obj.get("firstTimestamp")) or epoch(obj.get("eventTime")) or created or seen_at
    newest = max(
        epoch(obj.get("lastTimestamp")),
        epoch(obj.get("eventTime")),
        epoch(series.get("lastObservedTime")),
    )
    return EventFact(
        ref=ObjectRef(
            str(about.get("kind") or ""),
            str(about.get("namespace") or ""),
            str(about.get("name") or ""),
        ),
        uid=str(about.get("uid") or ""),
        type=str(obj.get("type") or "Normal"),
        reason=str(obj.get("reason") or ""),
        message=str(obj.get("message") or ""),
        count=max(int(obj.get("count") or 1), int(series.get("count") or 1)),
        first=first,
        last=max(newest, first),
        component=str((obj.get("source") or {}).get("component") or ""),
        container=_container(str(about.get("fieldPath") or "")),
    )


def _container(path: str) -> str:
    found = _CONTAINER.fullmatch(path)
    return found[1] if found else ""
