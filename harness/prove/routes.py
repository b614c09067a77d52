"""Turns live Ingresses and EndpointSlices into routes, and routes into an HAProxy configuration.

Pure. Like an ALB with `target-type: ip`, traffic goes to pod addresses on the Service's target port
without translation, so that declared `ipBlock` rules are exercised as they are. Not imitated: TLS
certificates, redirects, authentication, weights; `ImplementationSpecific` counts as prefix.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One rule of an Ingress: host and path to the ready addresses behind its Service."""

    host: str
    path: str
    exact: bool
    service: str
    backends: tuple[tuple[str, int], ...]


def routes(
    ingresses: Iterable[Object], services: Iterable[Object], slices: Iterable[Object]
) -> tuple[Route, ...]:
    """Returns the routes of all Ingresses, most specific first."""
    by_name = {_key(s): s for s in services}
    listed = list(slices)
    found = []
    for ingress in ingresses:
        namespace = str(ingress["metadata"].get("namespace"))
        for rule in (ingress.get("spec") or {}).get("rules") or []:
            for path in (rule.get("http") or {}).get("paths") or []:
                backend = (path.get("backend") or {}).get("service") or {}
                service = by_name.get((namespace, str(backend.get("name"))))
                found.append(
                    Route(
                        host=str(rule.get("host") or ""),
                        path=str(path.get("path") or "/").rstrip("*") or "/",
                        exact=path.get("pathType") == "Exact",
                        service=f"{namespace}/{backend.get('name')}",
                        backends=_backends(service, backend.get("port") or {}, listed),
                    )
                )
    return tuple(sorted(found, key=lambda r: (not r.host, not r.exact, -len(r.path), r.service)))


def _key(obj: Object) -> tuple[str, str]:
    return str(obj["metadata"].get("namespace")), str(obj["metadata"]["name"])


def _backends(
    service: Object | None, port: Mapping[str, Any], slices: Iterable[Object]
) -> tuple[tuple[str, int], ...]:
    if service is None:
        return ()
    name = _port_name(service, port)
    if name is None:
        return ()
    found: list[tuple[str, int]] = []
    for item in slices:
        labels = item["metadata"].get("labels") or {}
        same = item["metadata"].get("namespace") == service["metadata"].get("namespace")
        if not same or labels.get("kubernetes.io/service-name") != service["metadata"]["name"]:
            continue
        ports = [p["port"] for p in item.get("ports") or [] if (p.get("name") or "") == name]
        for endpoint in item.get("endpoints") or []:
            if (endpoint.get("conditions") or {}).get("ready") is not False:
                found += [(a, int(p)) for a in endpoint.get("addresses") or [] for p in ports]
    return tuple(sorted(set(found)))


def _port_name(service: Object, wanted: Mapping[str, Any]) -> str | None:
    for port in (service.get("spec") or {}).get("ports") or []:
        if port.get("port") == wanted.get("number") or (
            wanted.get("name") and port.get("name") == wanted.get("name")
        ):
            return str(port.get("name") or "")
    return None


def haproxy_config(found: Iterable[Route], listen: int) -> str:
    """Returns an HAProxy configuration that serves the routes on one port."""
    lines = [
        "global",
        "  log stdout format raw local0 info",
        "  maxconn 1000",
        "defaults",
        "  mode http",
        "  log global",
        "  option httplog",
        "  option forwardfor",
        "  timeout connect 3s",
        "  timeout client 30s",
        "  timeout server 30s",
        "frontend ingress",
        f"  bind :{listen}",
    ]
    backends = []
    for number, route in enumerate(found):
        lines += [f"  acl host{number} hdr(host),field(1,:) -i {route.host}"] if route.host else []
        lines.append(f"  acl path{number} {_path_acl(route)}")
        condition = f"host{number} path{number}" if route.host else f"path{number}"
        lines.append(f"  use_backend b{number} if {condition}")
        backends += [f"backend b{number}", f"  # {route.service}"]
        backends += [
            f"  server s{i} {address}:{port}" for i, (address, port) in enumerate(route.backends)
        ]
    return "\n".join([*lines, *backends]) + "\n"


def _path_acl(route: Route) -> str:
    if route.path == "/" and not route.exact:
        return "path_beg /"
    if route.exact:
        return f"path {route.path}"
    stem = route.path.rstrip("/")
    return f"path_reg ^{_escaped(stem)}(/|$)"


def _escaped(text: str) -> str:
    return "".join(c if c.isalnum() or c in "/_-" else f"\\{c}" for c in text)


def hosts(found: Iterable[Route]) -> tuple[str, ...]:
    """Returns the declared host names, in order of appearance."""
    return tuple(dict.fromkeys(r.host for r in found if r.host))
