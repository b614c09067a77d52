"""The annotations `alb.ingress.kubernetes.io/actions.*`: what a backend named there does.

Pure. A backend whose port is named `use-annotation` is no Service but an action of that name, in
JSON (the controller's guide/ingress/annotations, "actions"). Forwarding to several target groups by
weight and to groups that are named by ARN is not imitated: the first Service is taken.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from harness.prove.alb_annotations import Annotations
from harness.prove.routing import FixedResponse, Redirect

USE_ANNOTATION = "use-annotation"
_REDIRECT_KEYS = ("protocol", "host", "port", "path", "query")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """A Service and its port, as an Ingress backend names them."""

    service: str
    port: Mapping[str, Any]
    others: int = 0
    """How many further targets the action names."""


class ActionError(ValueError):
    """An action that the controller cannot read; the message says what would be right."""


def action(given: Annotations, name: str) -> Forward | Redirect | FixedResponse:
    """Returns what the action of that name does.

    Raises:
        ActionError: There is no such annotation, or its JSON says nothing known.
    """
    found = _json(given.get(f"actions.{name}"))
    match found.get("type"):
        case "redirect":
            return _redirect(_table(found, "redirectConfig"))
        case "fixed-response":
            return _fixed_response(_table(found, "fixedResponseConfig"))
        case "forward":
            return _forward(found)
    message = "JSON whose type is redirect, fixed-response or forward"
    raise ActionError(message)


def _json(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        message = "an action in JSON"
        raise ActionError(message)
    return {key[:1].lower() + key[1:]: value for key, value in found.items()}


def _table(found: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table = found.get(key)
    if not isinstance(table, dict):
        message = f"an object {key}"
        raise ActionError(message)
    return {k[:1].lower() + k[1:]: v for k, v in table.items()}


def _redirect(table: Mapping[str, Any]) -> Redirect:
    status = str(table.get("statusCode", ""))
    if status not in {"HTTP_301", "HTTP_302"}:
        message = "redirectConfig.statusCode HTTP_301 or HTTP_302"
        raise ActionError(message)
    defaults = {f.name: f.default for f in fields(Redirect)}
    texts = {key: str(table.get(key) or defaults[key]) for key in _REDIRECT_KEYS}
    return Redirect(**texts, status=int(status[-3:]))


def _fixed_response(table: Mapping[str, Any]) -> FixedResponse:
    status = str(table.get("statusCode", ""))
    if not (status.isdecimal() and 200 <= int(status) < 600 and not 300 <= int(status) < 400):
        message = "fixedResponseConfig.statusCode 2XX, 4XX or 5XX"
        raise ActionError(message)
    return FixedResponse(
        status=int(status),
        content_type=str(table.get("contentType") or "text/plain"),
        body=str(table.get("messageBody") or ""),
    )


def _forward(found: Mapping[str, Any]) -> Forward:
    config = found.get("forwardConfig")
    groups = config.get("targetGroups") if isinstance(config, dict) else None
    services = [g for g in groups or [] if isinstance(g, dict) and g.get("serviceName")]
    if not services:
        message = "forwardConfig.targetGroups with a serviceName; a target group of AWS is not here"
        raise ActionError(message)
    port = services[0].get("servicePort")
    is_number = str(port).isdecimal()
    return Forward(
        service=str(services[0]["serviceName"]),
        port={"number": int(str(port))} if is_number else {"name": str(port)},
        others=len(groups or []) - 1,
    )
