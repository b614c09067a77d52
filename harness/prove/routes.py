"""Turns live Ingresses, Services and EndpointSlices into what a load balancer is to do.

Pure. Class `alb` is read by `prove.alb_rules` as the AWS Load Balancer Controller reads it; every
other class by host and path alone: exact before prefix, long before short, as ingress controllers
do. Traffic goes to pod addresses on the target port without translation, so that declared `ipBlock`
rules are exercised as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from harness.model.refs import ObjectRef
from harness.prove.alb_rules import alb_routing, is_alb
from harness.prove.routing import Listener, Object, PathMatch, Route, Routing, Snapshot
from harness.prove.target_groups import plain_group

_FOREIGN = re.compile(r"ingress\.[a-z.]+/|^haproxy\.|^konghq\.|^projectcontour\.")
"""Annotations of ingress controllers other than the AWS one."""
_RANK = {PathMatch.EXACT: 0, PathMatch.PREFIX: 1, PathMatch.GLOB: 2}


def routing(snapshot: Snapshot) -> Routing:
    """Returns what one load balancer does that stands for those of all Ingresses."""
    alb = [i for i in snapshot.ingresses if is_alb(i, snapshot.classes)]
    others = [i for i in snapshot.ingresses if not is_alb(i, snapshot.classes)]
    found = alb_routing(alb, snapshot)
    plain = sorted(
        (r for ingress in others for r in _plain_routes(ingress, snapshot)), key=_specific_first
    )
    together = (*found.routes, *plain)
    if plain:  # they share ports here, as they would not elsewhere
        together = tuple(sorted(together, key=lambda r: not r.host))
    notes = (*found.notes, *(note for ingress in others for note in _notes(ingress)))
    return _one_protocol(Routing(routes=together, refusals=found.refusals, notes=notes))


def _one_protocol(found: Routing) -> Routing:
    """Leaves a port that is declared with and without TLS to TLS."""
    double = {
        i for i in found.listeners if not i.tls and Listener(i.port, tls=True) in found.listeners
    }
    if not double:
        return found
    kept = (
        replace(r, listeners=tuple(i for i in r.listeners if i not in double)) for r in found.routes
    )
    said = (f"port {i.port} is declared with and without TLS; here it has TLS" for i in double)
    return replace(found, routes=tuple(kept), notes=(*found.notes, *said))


def _specific_first(route: Route) -> tuple[bool, bool, int, int, str]:
    wild = "*" in route.host
    return not route.host, wild, _RANK[route.match], -len(route.path), str(route.ingress)


def _plain_routes(ingress: Object, snapshot: Snapshot) -> Iterator[Route]:
    ref = ObjectRef.of({**ingress, "kind": "Ingress"})
    spec = ingress.get("spec") or {}
    ports = (Listener(80), Listener(443, tls=True)) if spec.get("tls") else (Listener(80),)
    for rule in spec.get("rules") or []:
        for path in (rule.get("http") or {}).get("paths") or []:
            yield Route(
                ingress=ref,
                host=str(rule.get("host") or ""),
                path=str(path.get("path") or "/").rstrip("*") or "/",
                match=PathMatch.EXACT if path.get("pathType") == "Exact" else PathMatch.PREFIX,
                listeners=ports,
                action=plain_group(ref, _service(path.get("backend")), snapshot),
            )
    if spec.get("defaultBackend"):
        group = plain_group(ref, _service(spec["defaultBackend"]), snapshot)
        yield Route(ingress=ref, listeners=ports, action=group)


def _notes(ingress: Object) -> Iterator[str]:
    ref = ObjectRef.of({**ingress, "kind": "Ingress"})
    for key in sorted(ingress["metadata"].get("annotations") or {}):
        if _FOREIGN.search(key):
            yield f"{ref}: annotation {key} is not imitated by the load balancer"


def _service(backend: Object | None) -> Object:
    return (backend or {}).get("service") or {}
