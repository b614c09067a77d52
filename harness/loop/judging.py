"""The goal of a round: synced at its revision, ready, and running the images that it delivered.

Pure but for reading the view. `unlike` keeps a verdict from being given twice while the cluster
goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from harness.images.running import pods_to_replace
from harness.io.clock import Clock
from harness.loop.verdicts import Word
from harness.model.finding import Diagnosis, Finding, Phase
from harness.model.repository import Declaration
from harness.watch.readiness import (
    application_statuses,
    declared_workloads,
    sync_judgement,
    workload_judgement,
)
from harness.watch.settle import Standing
from harness.watch.view import ClusterView

Object = Mapping[str, Any]
Judge = Callable[[ClusterView], Standing]
FindingKeys = frozenset[tuple[str, str]]
EARLY = frozenset({Phase.REPO, Phase.ARGOCD, Phase.CLUSTER})
"""What keeps a revision from being applied at all."""
EARLY_SECONDS = 6.0
AGAIN_SECONDS = 3.0


def deployed(
    declaration: Declaration,
    revision: str,
    digests: Mapping[str, str],
    clock: Clock,
    synced_now: Callable[[], None] = lambda: None,
) -> Judge:
    """Returns the judgement that a revision is deployed and everything of it is ready.

    Args:
        declaration: What the revision declares.
        revision: Its commit.
        digests: Declared image reference -> digest that its pods must run.
        clock: Tells the time.
        synced_now: Called whenever every Application is synced.
    """
    workloads = declared_workloads(declaration.applications)
    synced = sync_judgement(declaration.applications, revision)
    ready = workload_judgement(workloads, clock)

    def judge(view: ClusterView) -> Standing:
        first = synced(view)
        if first.reached:
            synced_now()
        if not workloads:
            return first
        second = ready(view)
        if not first.reached:
            return replace(first, objects=second.objects)
        old = pods_to_replace(
            [pod for ns in declaration.namespaces for pod in view.all("Pod", ns)], digests
        )
        if second.reached and old:
            names = ", ".join(str(pod["metadata"]["name"]) for pod, _ in old[:2])
            return replace(second, reached=False, line=f"{names} still runs an older image")
        return second

    return judge


def unlike(word: Word | None, known: FindingKeys, judge: Judge, found: Found) -> Judge:
    """Returns the judgement that only ends in another word, or with other findings.

    Args:
        word: The last verdict of the round; None before the first.
        known: Its findings.
        judge: Judges a moment.
        found: Returns the findings of that moment.
    """

    def again(view: ClusterView) -> Standing:
        standing = judge(view)
        if word is Word.HEALTHY:
            standing = replace(standing, reached=False)
        if standing.failed and word is not None and found() == known:
            standing = replace(standing, failed="")
        return standing

    return again


Found = Callable[[], FindingKeys]


def finding_keys(diagnosis: Diagnosis | None) -> FindingKeys:
    """Returns what tells the findings of two moments apart."""
    findings = diagnosis.findings if diagnosis else ()
    return frozenset(map(_key, findings))


def _key(finding: Finding) -> tuple[str, str]:
    return finding.cause, str(finding.object)


@dataclass(slots=True, kw_only=True)
class Fresh:
    """Holds a verdict back while it may still be that of the commit before.

    A claim or a pod of an older revision lives on until Argo CD and the controllers have acted. So
    nothing but Argo CD's own trouble counts before every Application is at the revision; and what
    the round before said already must last some seconds longer.
    """

    declaration: Declaration
    revision: str
    previous: FindingKeys
    """The findings of the round before."""
    clock: Clock
    began: float
    """Monotonic seconds at which the revision was published."""
    holding: bool = False
    """True while a verdict is held back."""
    _applied_since: float | None = None

    def judge(self, judge: Judge, findings: Callable[[], Sequence[Finding]]) -> Judge:
        """Returns the judgement that fails only for what is of this revision."""

        def fresh(view: ClusterView) -> Standing:
            standing = judge(view)
            self._look(view)
            self.holding = bool(standing.failed) and not all(map(self._counts, findings()))
            if not self.holding:
                return standing
            return replace(standing, failed="", line=f"waiting for {self.revision[:8]} to act")

        return fresh

    def _look(self, view: ClusterView) -> None:
        statuses = application_statuses(view, self.declaration.applications, self.revision)
        if self._applied_since is None and all(s.revision == self.revision for s in statuses):
            self._applied_since = self.clock.monotonic()

    def _counts(self, finding: Finding) -> bool:
        now, again = self.clock.monotonic(), _key(finding) in self.previous
        if finding.phase in EARLY:
            return not again or now - self.began >= EARLY_SECONDS
        if self._applied_since is None:
            return False
        return not again or now - self._applied_since >= AGAIN_SECONDS


def pod_start_seconds(pods: Sequence[Object], since: float) -> float | None:
    """Returns the time from the first creation to the last readiness of pods made after `since`.

    Pods of a rollout start one after the other; all of that is their own time. Whole seconds, as
    the API counts them; None where no pod was made.
    """
    made, ready = [], []
    for pod in pods:
        created = _epoch((pod.get("metadata") or {}).get("creationTimestamp"))
        at = _ready_at(pod)
        if created is not None and at is not None and created >= since - 1.0:
            made.append(created)
            ready.append(at)
    return max(0.0, max(ready) - min(made)) if made else None


def _ready_at(pod: Object) -> float | None:
    for condition in (pod.get("status") or {}).get("conditions") or []:
        if condition.get("type") == "Ready" and condition.get("status") == "True":
            return _epoch(condition.get("lastTransitionTime"))
    return None


def _epoch(stamp: Any) -> float | None:
    try:
        return datetime.fromisoformat(str(stamp)).timestamp()
    except ValueError:
        return None
