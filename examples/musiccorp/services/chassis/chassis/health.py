"""Tells apart "this process is stuck" (liveness) from "do not send me work now" (readiness).

Liveness looks only at the process itself: every background worker is a living thread that came by
recently. It never asks a dependency, so that a database outage does not restart healthy services.
Readiness asks what a request needs. Next: `web` serves both as `/livez` and `/readyz`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["Check", "CheckResult", "Health", "Heart", "Lifecycle", "Report", "once_reached"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What one look at a dependency saw."""

    ok: bool
    detail: str


Check = Callable[[], CheckResult]


class Heart(Protocol):
    """Something in the background that must stay alive."""

    @property
    def name(self) -> str:
        """Names the worker in the report."""

    def pulse(self) -> CheckResult:
        """Says whether it still moves."""


class Lifecycle:
    """Remembers that the process was asked to end."""

    def __init__(self) -> None:
        self._draining = threading.Event()

    @property
    def is_draining(self) -> bool:
        """True from the first SIGTERM on."""
        return self._draining.is_set()

    def begin_draining(self) -> None:
        """Makes readiness false; requests are still answered."""
        self._draining.set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The answer of a probe: a verdict, and what was seen of every part."""

    ok: bool
    checks: Mapping[str, CheckResult]

    def as_json(self) -> dict[str, object]:
        """Returns the body that `/livez` and `/readyz` send."""
        checks = {name: {"ok": r.ok, "detail": r.detail} for name, r in self.checks.items()}
        return {"ok": self.ok, "checks": checks}


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The probes of one process."""

    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    checks: Mapping[str, Check] = field(default_factory=dict)
    hearts: tuple[Heart, ...] = ()

    def liveness(self) -> Report:
        """Fails when a background worker died or stands still."""
        return _report({heart.name: heart.pulse() for heart in self.hearts})

    def readiness(self) -> Report:
        """Fails while a dependency is out of reach, and from SIGTERM on."""
        if self.lifecycle.is_draining:
            return _report({"lifecycle": CheckResult(ok=False, detail="draining")})
        return _report({name: check() for name, check in self.checks.items()})


def once_reached(check: Check) -> Check:
    """Returns a check that demands the dependency once, and tolerates its absence afterwards.

    A new release that cannot reach it never becomes ready and so never replaces a working one; an
    outage later is reported in the detail but does not take the service out of the load balancer.
    """
    reached = threading.Event()

    def tolerant() -> CheckResult:
        seen = check()
        if seen.ok:
            reached.set()
        if seen.ok or not reached.is_set():
            return seen
        return CheckResult(ok=True, detail=f"degraded: {seen.detail}")

    return tolerant


def _report(checks: Mapping[str, CheckResult]) -> Report:
    return Report(ok=all(result.ok for result in checks.values()), checks=checks)
