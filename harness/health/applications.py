"""Judges Argo CD Applications in our words: what was expected, at this revision, with resources.

Synced and Healthy with nothing applied is a failure here (Argo CD calls an Application without
resources Healthy, `controller/health.go`). Argo CD's health of an Application is recorded, but
workloads are judged from the live objects, because Argo CD waits for ever where it cannot know.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from harness.model.repository import ExpectedApplication
from harness.model.run import ApplicationStatus

Object = Mapping[str, Any]


def find_application(expected: ExpectedApplication, live: Iterable[Object]) -> Object | None:
    """Returns the live Application that was expected: by name, else by path and namespace."""
    candidates = list(live)
    for app in candidates:
        if expected.name and app["metadata"]["name"] == expected.name:
            return app
    return next((a for a in candidates if expected.path in _paths(a)), None)


def _paths(app: Object) -> list[str]:
    spec = app.get("spec") or {}
    sources = spec.get("sources") or [spec.get("source") or {}]
    return [str(s.get("path") or "").removeprefix("./").strip("/") for s in sources]


def judge_application(
    expected: ExpectedApplication, app: Object | None, *, revision: str, declared: int
) -> ApplicationStatus:
    """Returns the status of an expected Application against the published revision.

    Args:
        expected: What the repository must bring about.
        app: The live Application, or None.
        revision: The commit that was published for this run.
        declared: How many objects its folder renders to.
    """
    if app is None:
        return ApplicationStatus(
            name=expected.name or expected.path,
            path=expected.path,
            revision="",
            sync="",
            health="",
            operation="",
            resources=0,
            message="the ApplicationSet has not created it",
        )
    status = app.get("status") or {}
    sync, operation = status.get("sync") or {}, status.get("operationState") or {}
    resources = [r for r in status.get("resources") or [] if not r.get("hook")]
    found = ApplicationStatus(
        name=str(app["metadata"]["name"]),
        path=expected.path,
        revision=_revision(sync),
        sync=str(sync.get("status") or "Unknown"),
        health=str((status.get("health") or {}).get("status") or "Unknown"),
        operation=str(operation.get("phase") or "None"),
        resources=len(resources),
        message="",
    )
    message = _objection(found, app, revision=revision, declared=declared)
    return _with(found, message)


def _revision(sync: Mapping[str, Any]) -> str:
    revisions = sync.get("revisions") or []
    return str(sync.get("revision") or (revisions[0] if revisions else ""))


def _with(found: ApplicationStatus, message: str) -> ApplicationStatus:
    return ApplicationStatus(
        name=found.name,
        path=found.path,
        revision=found.revision,
        sync=found.sync,
        health=found.health,
        operation=found.operation,
        resources=found.resources,
        message=message,
        passed=not message,
    )


def _objection(found: ApplicationStatus, app: Object, *, revision: str, declared: int) -> str:
    conditions = error_conditions(app)
    operation = (app.get("status") or {}).get("operationState") or {}
    if conditions:
        return conditions[0]
    if found.revision != revision:
        return f"at revision {found.revision[:8] or 'none'}, not {revision[:8]}"
    if found.operation != "Succeeded":
        return f"operation {found.operation}: {operation.get('message', 'not started')}"
    if found.sync != "Synced":
        return f"{found.sync}: {', '.join(out_of_sync(app)) or 'no resource named'}"
    return _emptiness(found.resources, declared)


def _emptiness(live: int, declared: int) -> str:
    if live == 0:
        return "Synced, but nothing was applied"
    return f"{live} resources live, {declared} declared" if live < declared else ""


def error_conditions(app: Object) -> list[str]:
    """Returns the messages of the Application's error conditions."""
    conditions = (app.get("status") or {}).get("conditions") or []
    return [
        f"{c.get('type')}: {c.get('message')}"
        for c in conditions
        if str(c.get("type", "")).endswith("Error")
    ]


def out_of_sync(app: Object) -> list[str]:
    """Returns the resources Argo CD calls out of sync."""
    return [
        f"{r.get('kind')} {r.get('name')}"
        for r in (app.get("status") or {}).get("resources") or []
        if r.get("status") == "OutOfSync"
    ]
