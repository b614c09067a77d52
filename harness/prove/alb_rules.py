"""The listeners and rules of Ingresses of class `alb`, as the AWS controller makes them.

Pure. Order of rules and meaning of paths: pkg/ingress/model_build_listener_rules.go (within a group
by `group.order`, then by name; within a rule exact paths, then prefixes, longest first, then
`ImplementationSpecific` as listed, which are path patterns with `*` and `?`). On AWS every group is
a load balancer of its own; here all share one, so that rules without host come last where there
are several.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from harness.model.refs import ObjectRef
from harness.prove.alb_actions import ActionError, Forward, action
from harness.prove.alb_annotations import (
    Annotations,
    annotations_of,
    listeners,
    not_imitated,
    refusals,
    ssl_redirect,
)
from harness.prove.routing import (
    Action,
    Listener,
    Object,
    PathMatch,
    Redirect,
    Refusal,
    Route,
    Routing,
    Snapshot,
    TargetGroup,
)
from harness.prove.target_groups import RefusedError, alb_group
from harness.prove.targets import find_service

CONTROLLER = "ingress.k8s.aws/alb"
CLASS = "alb"
_CLASS_ANNOTATION = "kubernetes.io/ingress.class"
_RANK = {"Exact": 0, "Prefix": 1}
_MATCH = {"Exact": PathMatch.EXACT, "Prefix": PathMatch.PREFIX}


def is_alb(ingress: Object, classes: Iterable[Object]) -> bool:
    """Tells whether the controller would take an Ingress.

    A class that does not exist counts by its name: the controller brings its own class `alb`.
    """
    named = (ingress.get("spec") or {}).get("ingressClassName")
    annotation = (ingress["metadata"].get("annotations") or {}).get(_CLASS_ANNOTATION)
    if annotation is not None:
        return bool(annotation == CLASS)
    found = next((c for c in classes if c["metadata"]["name"] == named), None)
    if found is None:
        return bool(named == CLASS)
    return bool((found.get("spec") or {}).get("controller") == CONTROLLER)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    """One Ingress of a group."""

    ref: ObjectRef
    ingress: Object
    given: Annotations
    plain_to_tls: int = 0
    """Port that plain listeners of the group redirect to; 0 for none."""

    @property
    def spec(self) -> Object:
        return self.ingress.get("spec") or {}

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """The listeners that rules are for."""
        found = listeners(self.given)
        return tuple(item for item in found if item.tls) if self.plain_to_tls else found


@dataclass(slots=True, kw_only=True)
class _Said:
    """What is found on the way besides routes."""

    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def alb_routing(ingresses: Sequence[Object], snapshot: Snapshot) -> Routing:
    """Returns the routes of all Ingresses of class `alb`, with what AWS would refuse."""
    groups = _groups(ingresses)
    said = _Said()
    found: list[Route] = []
    for members in groups:
        hosts = _hosts(members) if len(groups) > 1 else ("",)
        found += _redirects(members, hosts)
        said.refusals += _redirect_refusals(members)
        for member in members:
            said.refusals += refusals(member.given)
            said.notes += not_imitated(member.given)
            found += _rules(member, snapshot, said)
    for members in groups:
        found += [r for m in members for r in _default(m, snapshot, said)]
    if len(groups) > 1:
        found.sort(key=lambda r: not r.host)
    unique = tuple(dict.fromkeys(said.refusals))
    return Routing(routes=tuple(found), refusals=unique, notes=tuple(dict.fromkeys(said.notes)))


def _groups(ingresses: Iterable[Object]) -> list[list[_Member]]:
    members = [
        _Member(ref=ObjectRef.of({**i, "kind": "Ingress"}), ingress=i, given=annotations_of(i))
        for i in ingresses
    ]
    members.sort(key=lambda m: (_group(m), m.given.number("group.order", 0), m.ref))
    return [_together(list(found)) for _, found in groupby(members, key=_group)]


def _group(member: _Member) -> tuple[str, str]:
    name = member.given.get("group.name")
    return (name, "") if name else ("", f"{member.ref.namespace}/{member.ref.name}")


def _together(members: list[_Member]) -> list[_Member]:
    port = max(ssl_redirect(m.given) for m in members)
    return [
        _Member(ref=m.ref, ingress=m.ingress, given=m.given, plain_to_tls=port) for m in members
    ]


def _hosts(members: Iterable[_Member]) -> tuple[str, ...]:
    rules = [rule for m in members for rule in m.spec.get("rules") or []]
    return tuple(dict.fromkeys(str(rule.get("host") or "") for rule in rules)) or ("",)


def _redirects(members: Sequence[_Member], hosts: Sequence[str]) -> Iterator[Route]:
    plain = {item for m in members for item in listeners(m.given) if not item.tls}
    port = members[0].plain_to_tls
    if not port or not plain:
        return
    for host in hosts:
        yield Route(
            ingress=members[0].ref,
            host=host,
            listeners=tuple(sorted(plain)),
            action=Redirect(protocol="HTTPS", port=str(port)),
        )


def _redirect_refusals(members: Sequence[_Member]) -> Iterator[Refusal]:
    port = members[0].plain_to_tls
    together = {item for m in members for item in listeners(m.given)}
    if port and Listener(port, tls=True) not in together:
        asking = next(m for m in members if ssl_redirect(m.given) == port)
        yield asking.given.refusal("ssl-redirect", "the port of an HTTPS listener in listen-ports")


def _rules(member: _Member, snapshot: Snapshot, said: _Said) -> Iterator[Route]:
    for rule in member.spec.get("rules") or []:
        paths = (rule.get("http") or {}).get("paths") or []
        for path in sorted(paths, key=_path_order):
            taken = _action(member, path.get("backend") or {}, snapshot, said)
            if taken is not None:
                yield _route(member, str(rule.get("host") or ""), path, taken, said)


def _path_order(path: Object) -> tuple[int, int]:
    rank = _RANK.get(str(path.get("pathType")), 2)
    return rank, -len(str(path.get("path") or "")) if rank == 1 else 0


def _route(member: _Member, host: str, path: Object, taken: Action, said: _Said) -> Route:
    text, kind = str(path.get("path") or ""), str(path.get("pathType"))
    if kind in _MATCH and any(c in text for c in "*?"):
        said.refusals.append(
            Refusal(
                object=member.ref,
                field="spec.rules",
                seen=f"path {text} of pathType {kind} holds a wildcard",
                expected="pathType ImplementationSpecific",
            )
        )
    return Route(
        ingress=member.ref,
        host=host,
        path=text or "/*",
        match=_MATCH.get(kind, PathMatch.GLOB) if text else PathMatch.GLOB,
        listeners=member.listeners,
        action=taken,
    )


def _default(member: _Member, snapshot: Snapshot, said: _Said) -> Iterator[Route]:
    backend = member.spec.get("defaultBackend")
    taken = _action(member, backend, snapshot, said) if backend else None
    if taken is not None:
        yield Route(ingress=member.ref, listeners=member.listeners, action=taken)


def _action(member: _Member, backend: Object, snapshot: Snapshot, said: _Said) -> Action | None:
    named: Any = backend.get("service") or {}
    service, port = str(named.get("name")), named.get("port") or {}
    try:
        if port.get("name") != "use-annotation":
            return _target_group(member, service, port, snapshot, said)
        found = action(member.given, service)
        if not isinstance(found, Forward):
            return found
        if found.others:
            text = f"{member.ref}: action {service} forwards to several target groups"
            said.notes.append(f"{text}; only the first, {found.service}, is used")
        return _target_group(member, found.service, found.port, snapshot, said)
    except ActionError as error:
        said.refusals.append(member.given.refusal(f"actions.{service}", str(error)))
    except RefusedError as error:
        said.refusals.append(error.refusal)
    return None


def _target_group(
    member: _Member, name: str, port: Mapping[str, Any], snapshot: Snapshot, said: _Said
) -> TargetGroup:
    found = alb_group(member.ref, member.given, name, port, snapshot)
    service = find_service(snapshot, member.ref.namespace, name)
    if service is not None:
        merged = member.given.over(service)
        said.refusals += refusals(merged)
        said.notes += not_imitated(merged)
    return found
