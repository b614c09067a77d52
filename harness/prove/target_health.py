"""What HAProxy's own checks say about each target, and what that means for the routes.

Pure. States are read from the servers of `show stat` (management guide, section 9.1): a target
whose check fails takes no traffic. A target without a result yet is `initial`, one without a
declared check `unchecked`; neither counts as healthy or as wrong.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from harness.model.refs import ObjectRef
from harness.prove.alb_annotations import field_of
from harness.prove.routing import HealthCheck, Routing, Target, TargetGroup

Stats = Mapping[tuple[str, str], Mapping[str, str]]
"""(backend, server) -> fields."""


class State(StrEnum):
    """The state of one target, in the words of the ALB."""

    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    INITIAL = "initial"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetState:
    """One target as the load balancer sees it."""

    target: Target
    state: State
    reason: str = ""
    blames: str = ""
    """Name of the annotation, without prefix, that the reason is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupHealth:
    """The targets of one group and the routes that lead to it."""

    group: TargetGroup
    ingress: ObjectRef
    routes: tuple[str, ...]
    targets: tuple[TargetState, ...]

    @property
    def healthy(self) -> int:
        """How many targets take traffic."""
        return sum(t.state in {State.HEALTHY, State.UNCHECKED} for t in self.targets)

    @property
    def unhealthy(self) -> tuple[TargetState, ...]:
        """The targets whose check fails."""
        return tuple(t for t in self.targets if t.state is State.UNHEALTHY)

    @property
    def settled(self) -> bool:
        """True when every target has a result and none is failing."""
        return all(t.state in {State.HEALTHY, State.UNCHECKED} for t in self.targets)

    def __str__(self) -> str:
        count = f"{self.healthy} of {len(self.targets)} targets healthy"
        reasons = dict.fromkeys(t.reason for t in self.targets if t.reason)
        return ": ".join((f"route {self.routes[0]}", count, *filter(None, ["; ".join(reasons)])))


def read_stats(text: str) -> Stats:
    """Returns the servers of `show stat`; what cannot be read is left out."""
    rows = csv.DictReader(io.StringIO(text.strip().removeprefix("# ")))
    return {(str(row.get("pxname")), str(row.get("svname"))): row for row in rows}


def is_complete(stats: Stats) -> bool:
    """Tells whether no result lacks its code: HAProxy forgets it while it checks again."""
    return not any(
        str(row.get("check_status")).endswith("L7STS") and row.get("check_code") in {"0", ""}
        for row in stats.values()
    )


def target_health(routing: Routing, stats: Stats, subnet: str = "") -> tuple[GroupHealth, ...]:
    """Returns the health of every target group.

    Args:
        routing: What the load balancer is to do now.
        stats: What it says about its servers; a target that it does not know yet is `initial`.
        subnet: Where its requests come from, to be named where a connection times out.
    """
    return tuple(_group_health(routing, group, stats, subnet) for group in routing.groups)


def _group_health(routing: Routing, group: TargetGroup, stats: Stats, subnet: str) -> GroupHealth:
    routes = routing.routes_to(group)
    return GroupHealth(
        group=group,
        ingress=routes[0].ingress,
        routes=tuple(str(route) for route in routes),
        targets=tuple(_state(group, target, stats, subnet) for target in group.targets),
    )


def _state(group: TargetGroup, target: Target, stats: Stats, subnet: str) -> TargetState:
    row = stats.get((group.name, str(target)))
    if row is None:
        return TargetState(target=target, state=State.INITIAL, reason="not registered yet")
    if group.check is None:
        return TargetState(target=target, state=State.UNCHECKED)
    result = str(row.get("check_status") or "").removeprefix("* ")
    if result in {"", "INI"}:
        return TargetState(target=target, state=State.INITIAL, reason="not checked yet")
    if result in {"L7OK", "L7OKC"}:
        state = State.HEALTHY if str(row.get("status")).startswith("UP") else State.INITIAL
        reason = "" if state is State.HEALTHY else "its last check passed"
        return TargetState(target=target, state=state, reason=reason)
    reason, blames = _reason(group.check, target, result, row, subnet)
    return TargetState(target=target, state=State.UNHEALTHY, reason=reason, blames=blames)


def _reason(
    check: HealthCheck, target: Target, result: str, row: Mapping[str, str], subnet: str
) -> tuple[str, str]:
    default = "" if "healthcheck-path" in dict(check.declared) else " (the default path)"
    request = f"health check GET {check.path}{default}"
    port = check.port or target.port
    said = (row.get("last_chk") or row.get("check_desc") or result).strip()
    match result:
        case "L7STS":
            code = row.get("check_code")
            given = f"{request} gives {code if code not in {'', '0'} else 'another code'}"
            return f"{given}, {_declared_codes(check)}", "healthcheck-path"
        case "L4TOUT":
            source = f" from {subnet}" if subnet else ""
            text = f"health check gets no connection{source} to port {port}"
            # Without a port of its own it goes where traffic goes: no annotation is to blame.
            blames = "healthcheck-port" if check.port else ""
            return f"{text} within {check.timeout_seconds} s", blames
        case "L4CON" | "SOCKERR":
            return f"health check cannot connect to port {port}: {said}", "healthcheck-port"
        case "L6TOUT" | "L6RSP":
            return f"health check over TLS fails on port {port}: {said}", "healthcheck-protocol"
        case "L7TOUT":
            return f"{request} gets no answer within {check.timeout_seconds} s", "healthcheck-path"
    return f"{request} fails: {said} ({result})", "healthcheck-path"


def _declared_codes(check: HealthCheck) -> str:
    return f"declared success codes {check.codes}"


def declared_at(health: GroupHealth) -> tuple[ObjectRef, str]:
    """Returns the object and the field that a failing check is about.

    That is the annotation blamed, else another of the check's, else the annotations of the Ingress.
    """
    declared = dict(health.group.check.declared) if health.group.check else {}
    blamed = [t.blames for t in health.unhealthy if t.blames in declared]
    name = next(iter([*blamed, *declared]), "")
    return (declared[name], field_of(name)) if name else (health.ingress, "metadata.annotations")
