"""Writes what a load balancer is to do as an HAProxy configuration (2.6 and later).

Pure. Every action is a backend of its own, so that the order of routes is the order of rules.
Text from manifests is quoted or escaped byte by byte (configuration manual, section 2.2), so that
nothing in it can become a directive.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from harness.prove.routing import (
    FixedResponse,
    HealthCheck,
    Listener,
    PathMatch,
    Redirect,
    Route,
    Routing,
    Target,
    TargetGroup,
)

FOLDER = "/etc/gitops-harness/load-balancer"
CERTIFICATE = f"{FOLDER}/server.pem"
SOCKET = "/run/gitops-harness-haproxy.sock"
STATE = "/run/gitops-harness-haproxy.state"
QUICK_SECONDS = 1
"""Between checks of a target whose state is about to change, or that takes no traffic."""
NOT_FOUND = "no_route"
_GLOBAL = f"""\
global
  log stdout format raw local0 info
  maxconn 1000
  stats socket {SOCKET} mode 600 level admin expose-fd listeners
  server-state-file {STATE}
  max-spread-checks 500ms
  hard-stop-after 30s
  ssl-default-bind-options ssl-min-ver TLSv1.2
  ssl-server-verify none
defaults
  mode http
  log global
  option httplog
  option forwardfor
  load-server-state-from-file global
  timeout connect 5s
  timeout client 60s
  timeout server 60s
"""
_PLACEHOLDERS = {
    "host": "%[req.hdr(host),field(1,:)]",
    "path": "%[path,regsub(^/,)]",
    "protocol": "%[ssl_fc,iif(https,http)]",
    "port": "%[dst_port]",
    "query": "%[query]",
}
_TEMPLATE = re.compile(r"#\{(host|path|port|protocol|query)\}")


def configuration(routing: Routing) -> str:
    """Returns the whole configuration; the same text for the same routing."""
    lines = [line for item in routing.listeners for line in _frontend(item, routing)]
    lines += [line for group in routing.groups for line in _group(group)]
    answers = {_backend(r): r.action for r in routing.routes}
    for name, action in answers.items():
        if not isinstance(action, TargetGroup):
            lines += [f"backend {name}", *_answer(action)]
    lines += [f"backend {NOT_FOUND}", *_answer(FixedResponse(status=404))]
    return _GLOBAL + "\n".join(lines) + "\n"


def word(text: str) -> str:
    """Returns a text as one word of a configuration, whatever is in it."""
    parts = re.split(r"([^\x20-\x26\x28-\x7e]+)", text)
    return "".join(
        "".join(f"\\x{byte:02x}" for byte in part.encode()) if odd % 2 else f"'{part}'"
        for odd, part in enumerate(parts)
        if part or len(parts) == 1
    )


def _frontend(listener: Listener, routing: Routing) -> Iterator[str]:
    yield f"frontend {listener.scheme}_{listener.port}"
    tls = f" ssl crt {CERTIFICATE} alpn h2,http/1.1" if listener.tls else ""
    yield f"  bind :{listener.port}{tls}"
    yield f"  http-request set-header X-Forwarded-Proto {listener.scheme}"
    yield f"  http-request set-header X-Forwarded-Port {listener.port}"
    for number, route in enumerate(routing.routes):
        if listener in route.listeners:
            yield from _rule(number, route)
    yield f"  default_backend {NOT_FOUND}"


def _rule(number: int, route: Route) -> Iterator[str]:
    conditions = []
    if route.host:
        host = "^" + _regex(route.host, globs=True) + "$"
        yield f"  acl host{number} req.hdr(host),field(1,:) -m reg -i {word(host)}"
        conditions.append(f"host{number}")
    path = _path(route)
    if path:
        yield f"  acl path{number} {path}"
        conditions.append(f"path{number}")
    condition = f" if {' '.join(conditions)}" if conditions else ""
    yield f"  use_backend {_backend(route)}{condition}"


def _path(route: Route) -> str:
    match route.match:
        case PathMatch.EXACT:
            return f"path -m str -- {word(route.path)}"
        case PathMatch.GLOB:
            pattern = f"^{_regex(route.path, globs=True)}$"
            return "" if route.path == "/*" else f"path -m reg -- {word(pattern)}"
        case PathMatch.PREFIX:
            stem = _regex(route.path.rstrip("/"), globs=False)
            return f"path -m reg -- {word(f'^{stem}(/|$)')}" if stem else ""


def _regex(text: str, *, globs: bool) -> str:
    wild = {"*": ".*", "?": "."} if globs else {}
    return "".join(wild.get(c) or re.escape(c) for c in text)


def _backend(route: Route) -> str:
    if isinstance(route.action, TargetGroup):
        return route.action.name
    return "answer_" + hashlib.sha256(repr(route.action).encode()).hexdigest()[:12]


def _answer(action: Redirect | FixedResponse) -> Iterator[str]:
    if isinstance(action, FixedResponse):
        kind = f" content-type {word(action.content_type)}"
        body = f"{kind} string {word(action.body)}" if action.body else ""
        yield f"  http-request return status {action.status}{body}"
        return
    base = f"{action.protocol.lower()}://{action.host}:{action.port}{action.path}"
    with_query = word(_log_format(f"{base}?{action.query}" if action.query else base))
    code = f"code {action.status}"
    if action.query == "#{query}":  # no question mark where the request has none
        yield f"  http-request redirect location {with_query} {code} if {{ query,length gt 0 }}"
        with_query = word(_log_format(base))
    yield f"  http-request redirect location {with_query} {code}"


def _log_format(text: str) -> str:
    parts = _TEMPLATE.split(text)
    return "".join(
        _PLACEHOLDERS[part] if odd % 2 else part.replace("%", "%%")
        for odd, part in enumerate(parts)
    )


def _group(group: TargetGroup) -> Iterator[str]:
    yield f"backend {group.name}"
    if group.check is not None:
        yield from _check(group.check)
    for target in group.targets:
        yield _server(target, group)


def _check(check: HealthCheck) -> Iterator[str]:
    yield "  option httpchk"
    yield "  http-check connect default linger"  # else it ends with a reset, which pods log
    yield (
        f"  http-check send meth GET uri {word(check.path)} ver HTTP/1.1"
        " hdr Host %[srv_name] hdr User-Agent ELB-HealthChecker/2.0"
    )
    yield f"  http-check expect status {check.codes}"
    yield f"  timeout check {check.timeout_seconds}s"


def _server(target: Target, group: TargetGroup) -> str:
    # Named by its address, which is also the Host header that the ALB's checks send.
    line = f"  server {target} {target}" + (" ssl verify none" if group.tls else "")
    check = group.check
    if check is None:
        return line
    tls = " check-ssl" if check.tls else " no-check-ssl"
    port = f" port {check.port}" if check.port else ""
    quick = min(QUICK_SECONDS, check.interval_seconds)
    return (
        f"{line} check{tls}{' verify none' if check.tls and not group.tls else ''}{port}"
        f" inter {check.interval_seconds}s fastinter {quick}s downinter {quick}s"
        f" rise {check.healthy} fall {check.unhealthy}"
    )
