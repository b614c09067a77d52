"""What `assert_ready`, `assert_reaches` and `assert_in_sync` say of a live cluster.

Each looks at the cluster as it is now, not at the record of the deployment, and raises
AssertionError with the cause. Workloads are named as people do: `order`, `Deployment/order`,
`shop-dev/order`. Effects come from the `World`.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from harness.model.finding import Diagnosis
from harness.model.refs import ObjectRef
from harness.model.run import Health, ObjectStatus
from harness.pytest_plugin.attached import own_findings
from harness.pytest_plugin.deployment import Deployment, Order, Workload, World
from harness.report.drift_text import drift_text
from harness.report.findings import finding_lines

READY_SECONDS = 60.0
REACH_SECONDS = 3.0


class Asserting:
    """The assertions of one test run."""

    def __init__(self, world: World, order: Order, deployment: Deployment) -> None:
        self._world, self._order, self._deployment = world, order, deployment
        self._declared: Sequence[Workload] = ()

    def ready(self, *names: str, within: float = READY_SECONDS) -> None:
        """Asserts that the named workloads, or all, are ready now or become so in time."""
        __tracebackhide__ = True
        wanted = [self._named(name) for name in names]
        found = self._world.readiness(self._deployment, self._order, within=within)
        judged = {status.ref: status for status in found.objects}
        chosen = [judged.get(ref) or _missing(ref) for ref in wanted] or list(found.objects)
        bad = [s for s in chosen if s.health is not Health.READY]
        if bad or not chosen:
            lines = [_status_text(s, found.diagnosis) for s in bad]
            raise AssertionError("\n".join(lines) or "no workload is declared")

    def reaches(
        self, client: str, target: str, *, expected: bool = True, within: float = REACH_SECONDS
    ) -> None:
        """Asserts that a workload's pod can connect to `host:port`, or, with `expected=False`, not.

        That it cannot counts only where the same address answers the node: where nobody listens,
        nothing was blocked.
        """
        __tracebackhide__ = True
        ref = self._named(client)
        seen = self._world.reach(self._deployment, ref, target, within=within)
        if seen.is_open == expected and (expected or seen.listens):
            return
        if not expected and not seen.is_open:
            message = (
                f"{ref} -> {target}: nobody listens there, so nothing was proven ({seen.word})"
            )
        else:
            wanted = "a connection" if expected else "none"
            message = f"{ref} -> {target}: {seen.word}; expected {wanted}"
        raise AssertionError(message)

    def in_sync(self, application: str = "") -> None:
        """Asserts that the cluster runs what the repository declares, in all or one Application.

        What could not be compared is not in sync.
        """
        __tracebackhide__ = True
        gap = self._world.gap(self._deployment, self._order, application=application)
        if gap.findings or gap.not_judged or not gap.declared:
            raise AssertionError(drift_text(gap))

    def _named(self, name: str) -> ObjectRef:
        self._declared = self._declared or self._world.declared(self._order)
        found = [w.ref for w in self._declared if name in spellings(w.ref)]
        if len(found) == 1:
            return found[0]
        known = ", ".join(f"{w.ref.kind}/{w.ref.name}" for w in self._declared)
        problem = "stands for several" if found else "is not declared"
        message = f"workload {name!r} {problem}; this environment has: {known}"
        raise pytest.UsageError(message)


def spellings(ref: ObjectRef) -> tuple[str, ...]:
    """Returns the ways in which people may name a workload."""
    return (
        ref.name,
        f"{ref.kind}/{ref.name}",
        f"{ref.kind.lower()}/{ref.name}",
        f"{ref.namespace}/{ref.name}",
        str(ref),
    )


def _missing(ref: ObjectRef) -> ObjectStatus:
    return ObjectStatus(ref=ref, health=Health.MISSING, message="it is not in the cluster")


def _status_text(status: ObjectStatus, diagnosis: Diagnosis | None) -> str:
    said = f": {status.message}" if status.message else ""
    lines = [f"{status.ref} is {status.health}{said}"]
    for finding in own_findings(diagnosis, status.ref):
        lines += finding_lines(finding)
    return "\n".join(lines)
