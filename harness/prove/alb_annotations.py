"""The annotations `alb.ingress.kubernetes.io/*` of one Ingress, and of the Services behind it.

Pure. Meaning and defaults are those of the AWS Load Balancer Controller (guide/ingress/annotations,
pkg/ingress/model_build_*.go): an annotation of the Service wins over one of the Ingress, one
`ssl-redirect` counts for the whole group. What AWS would refuse is a `Refusal`; what is known and
not imitated a note.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.model.refs import ObjectRef
from harness.prove.routing import Listener, Object, Refusal

PREFIX = "alb.ingress.kubernetes.io/"
SECONDS = {
    "healthcheck-interval-seconds": (5, 300),
    "healthcheck-timeout-seconds": (2, 120),
    "healthy-threshold-count": (2, 10),
    "unhealthy-threshold-count": (2, 10),
}
"""Annotation -> what AWS accepts (CreateTargetGroup, for HTTP and HTTPS health checks)."""
CHOICES = {
    "backend-protocol": ("HTTP", "HTTPS"),
    "healthcheck-protocol": ("HTTP", "HTTPS"),
    "target-type": ("ip", "instance"),
}
IMITATED = frozenset(
    {
        *("target-type", "listen-ports", "ssl-redirect", "certificate-arn", "backend-protocol"),
        *("healthcheck-path", "healthcheck-port", "healthcheck-protocol", "success-codes"),
        *SECONDS,
        *("group.name", "group.order"),
    }
)
WITHOUT_EFFECT = frozenset(
    {
        *("scheme", "ip-address-type", "load-balancer-name", "tags", "subnets", "ssl-policy"),
        *("security-groups", "manage-backend-security-group-rules"),
    }
)
"""Known, and nothing a request through the stand-in could tell."""
_CODES = re.compile(r"\d{3}(-\d{3})?(,\d{3}(-\d{3})?)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotations:
    """The annotations of one Ingress, or of one Service with those of its Ingress behind."""

    owners: tuple[tuple[ObjectRef, Mapping[str, str]], ...]
    """What is looked at, the first that has an annotation wins."""

    def get(self, name: str, default: str = "") -> str:
        """Returns the value of an annotation, named without prefix."""
        return next((v[PREFIX + name] for _, v in self.owners if PREFIX + name in v), default)

    def has(self, name: str) -> bool:
        """Tells whether an annotation is given."""
        return any(PREFIX + name in values for _, values in self.owners)

    def owner(self, name: str) -> ObjectRef:
        """Returns the object that gives an annotation, else the last that could."""
        found = (ref for ref, values in self.owners if PREFIX + name in values)
        return next(found, self.owners[-1][0])

    def number(self, name: str, default: int) -> int:
        """Returns an annotation as a number; the default where AWS would not take it as one."""
        text = self.get(name, str(default)).strip()
        low, high = SECONDS.get(name, (0, 65535))
        return int(text) if text.isdecimal() and low <= int(text) <= high else default

    def refusal(self, name: str, expected: str) -> Refusal:
        """Returns that the value of an annotation is not accepted."""
        return Refusal(
            object=self.owner(name),
            field=field_of(name),
            seen=f"{PREFIX}{name}: {self.get(name)}",
            expected=expected,
        )

    def over(self, service: Object) -> Annotations:
        """Returns the annotations that count for a Service behind this Ingress."""
        own = ObjectRef.of({**service, "kind": "Service"})
        return Annotations(owners=((own, _of(service)), *self.owners))


def field_of(name: str) -> str:
    """Returns the dotted path of an annotation."""
    return f"metadata.annotations[{PREFIX}{name}]"


def annotations_of(ingress: Object) -> Annotations:
    """Returns the annotations of an Ingress."""
    return Annotations(owners=((ObjectRef.of({**ingress, "kind": "Ingress"}), _of(ingress)),))


def _of(obj: Object) -> Mapping[str, str]:
    found: Any = obj["metadata"].get("annotations") or {}
    return {str(key): str(value) for key, value in found.items()}


def listeners(given: Annotations) -> tuple[Listener, ...]:
    """Returns the listeners of an Ingress: as declared, else 443 with a certificate, else 80.

    What cannot be read counts as not declared; `refusals` says so.
    """
    declared = _listen_ports(given.get("listen-ports"))
    if declared:
        return declared
    return (Listener(443, tls=True),) if given.get("certificate-arn") else (Listener(80),)


def _listen_ports(text: str) -> tuple[Listener, ...]:
    try:
        entries = json.loads(text) if text else []
        pairs = [pair for entry in entries for pair in entry.items()]
        ports = [(str(protocol), int(port)) for protocol, port in pairs]
    except (ValueError, TypeError, AttributeError):
        return ()
    if any(p not in {"HTTP", "HTTPS"} or not 0 < n < 65536 for p, n in ports):
        return ()
    return tuple(dict.fromkeys(Listener(port, tls=name == "HTTPS") for name, port in ports))


def ssl_redirect(given: Annotations) -> int:
    """Returns the port that plain listeners redirect to, or 0."""
    return given.number("ssl-redirect", 0)


def refusals(given: Annotations) -> tuple[Refusal, ...]:
    """Returns what AWS does not accept among the annotations of an Ingress or a Service."""
    numbers = (
        given.refusal(name, f"a number from {low} to {high}")
        for name, (low, high) in SECONDS.items()
        if given.has(name) and given.number(name, -1) < 0
    )
    choices = (
        given.refusal(name, " or ".join(values))
        for name, values in CHOICES.items()
        if given.has(name) and given.get(name) not in values
    )
    return (*numbers, *choices, *_form_refusals(given))


def _form_refusals(given: Annotations) -> Iterator[Refusal]:
    if given.has("listen-ports") and not _listen_ports(given.get("listen-ports")):
        yield given.refusal("listen-ports", 'a list such as [{"HTTP": 80}, {"HTTPS": 443}]')
    if not _CODES.fullmatch(_written_codes(given)):
        yield given.refusal("success-codes", "codes and ranges such as 200,301-302")
    timeout = given.number("healthcheck-timeout-seconds", 5)
    if timeout >= given.number("healthcheck-interval-seconds", 15):
        late = given.has("healthcheck-timeout-seconds")
        name = "healthcheck-timeout-seconds" if late else "healthcheck-interval-seconds"
        yield given.refusal(name, "a timeout below the interval (defaults: 5 and 15 seconds)")


def codes(given: Annotations) -> str:
    """Returns the success codes without spaces; the default where AWS would not take them."""
    found = _written_codes(given)
    return found if _CODES.fullmatch(found) else "200"


def _written_codes(given: Annotations) -> str:
    return given.get("success-codes", "200").replace(" ", "")


def not_imitated(given: Annotations) -> tuple[str, ...]:
    """Returns the annotations that would change an answer on AWS and do not here."""
    found = []
    for ref, values in given.owners:
        for key in sorted(values):
            name = key.removeprefix(PREFIX)
            known = name in IMITATED | WITHOUT_EFFECT or name.startswith("actions.")
            if key.startswith(PREFIX) and not known:
                found.append(f"{ref}: annotation {key} is not imitated by the load balancer")
    return tuple(found)
