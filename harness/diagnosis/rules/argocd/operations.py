"""An Application's sync operation as Argo CD's status has it: phase, revision, tries, results.

Pure reading; nothing is judged here. While Argo CD retries, the phase stays `Running`, `finishedAt`
is set and the results of the last attempt stay until the next one begins; `startedAt` is that of
the first attempt, and a retry keeps the revision of the first one unless `retry.refresh` is set
(argo-cd `controller/appcontroller.go`; argo-cd#23038, #16489). Such an operation of an older
commit never fails by itself: `is_older` tells the harness to end it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.diagnosis.events import epoch
from harness.model.refs import ObjectRef

Object = Mapping[str, Any]
_COMMIT = re.compile(r"^[0-9a-f]{40}$|^[0-9a-f]{64}$")
_UNFINISHED = frozenset({"Running", "Terminating"})
_FAILED = frozenset({"Failed", "Error"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncResult:
    """What became of one object in a sync."""

    ref: ObjectRef
    group: str
    version: str
    status: str
    """`Synced`, `SyncFailed`, `Pruned`, `PruneSkipped`; empty for hooks."""
    message: str
    hook: str = ""
    """`PreSync`, `Sync`, `PostSync`, `SyncFail`; empty for what is no hook."""
    hook_phase: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """The running or last operation of an Application."""

    phase: str
    message: str
    revisions: tuple[str, ...]
    """Commits it syncs, one per source; empty where it does not say."""
    started: float
    finished: float
    """Epoch seconds of its end, or of the last attempt's while it is retried; else 0."""
    retries: int
    results: tuple[SyncResult, ...]

    @property
    def running(self) -> bool:
        """True while it is not over, also between two attempts."""
        return self.phase in _UNFINISHED

    @property
    def retrying(self) -> bool:
        """True between two attempts: the results are those of the attempt that failed."""
        return self.running and bool(self.finished)

    @property
    def failed(self) -> bool:
        """True when it is over and Argo CD will not try again by itself."""
        return self.phase in _FAILED

    @property
    def attempts(self) -> int:
        """How often it was tried, the present attempt included."""
        return self.retries + (0 if self.retrying else 1)

    @property
    def ended(self) -> float:
        """Epoch seconds of its end, or of its begin where it has none."""
        return self.finished or self.started


def operation_of(app: Object) -> Operation | None:
    """Returns the running or last operation of an Application; None when there was none."""
    state = (app.get("status") or {}).get("operationState") or {}
    if not state:
        return None
    result = state.get("syncResult") or {}
    asked = (state.get("operation") or {}).get("sync") or {}
    return Operation(
        phase=str(state.get("phase") or ""),
        message=str(state.get("message") or ""),
        revisions=_revisions(result) or _revisions(asked),
        started=epoch(state.get("startedAt")),
        finished=epoch(state.get("finishedAt")),
        retries=int(state.get("retryCount") or 0),
        results=tuple(_result(r) for r in result.get("resources") or []),
    )


def is_older(app: Object, wanted: str) -> bool:
    """Tells whether an unfinished operation is pinned to another commit than `wanted`.

    False when nothing runs, when no commit is wanted, and when the operation names none (a branch
    is not a commit). A source of another repository has other commits: one source at `wanted` is
    enough.
    """
    operation = operation_of(app)
    if operation is None or not operation.running or not wanted:
        return False
    commits = [r for r in operation.revisions if _COMMIT.match(r)]
    return bool(commits) and wanted not in commits


def _revisions(holder: Object) -> tuple[str, ...]:
    several = [str(r) for r in holder.get("revisions") or [] if r]
    one = str(holder.get("revision") or "")
    return tuple(several) or ((one,) if one else ())


def _result(item: Object) -> SyncResult:
    return SyncResult(
        ref=ObjectRef(
            str(item.get("kind") or ""),
            str(item.get("namespace") or ""),
            str(item.get("name") or ""),
        ),
        group=str(item.get("group") or ""),
        version=str(item.get("version") or ""),
        status=str(item.get("status") or ""),
        message=str(item.get("message") or ""),
        hook=str(item.get("hookType") or ""),
        hook_phase=str(item.get("hookPhase") or ""),
    )
