"""The one service, and the kubelet's words, of the samples of the probe family."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.world import World, container

CATALOG = "Deployment musiccorp-dev/catalog"
POD = "catalog-h1-abcde"
IMAGE = "ghcr.io/musiccorp/musiccorp-catalog:1.4.0"
REFUSED = (
    'Get "http://10.244.0.12:8080/readyz": dial tcp 10.244.0.12:8080: connect: connection refused'
)
TIMEOUT = (
    'Get "http://10.244.0.12:8080/readyz": context deadline exceeded '
    "(Client.Timeout exceeded while awaiting headers)"
)
ACCESS = (
    '10.244.0.1 - - [22/Nov/2026:10:00:{:02d} +0000] "GET {} HTTP/1.1" {} 22 "-" "kube-probe/1.34"'
)
NO_EXECUTABLE = (
    "rpc error: code = Unknown desc = failed to exec in container: failed to start exec "
    '"0f3a": OCI runtime exec failed: exec failed: unable to start container process: exec: '
)


def http(path: str = "/readyz", port: int | str = 8080, **timing: int) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": port}, **timing}


def world() -> World:
    return World("musiccorp-dev")


def catalog(made: World, probe: dict[str, Any], **fields: Any) -> World:
    fields.setdefault("ports", [{"name": "http", "containerPort": 8080}])
    made.workload("catalog", container("catalog", IMAGE, readinessProbe=probe, **fields))
    made.service("catalog", 80)
    return made


def unhealthy(
    made: World, text: str, times: dict[float, int], *, kind: str = "Readiness",
    pod: str = POD, first: float | None = None, verb: str = "failed",
) -> None:  # fmt: skip
    """The kubelet counts one event up: `times` is moment and count."""
    begun = min(times) if first is None else first
    for moment, count in times.items():
        made.event(
            "Pod", pod, "Unhealthy", f"{kind} probe {verb}: {text}", moment,
            count=count, first=begun, key=f"Unhealthy-{kind}-{text[:60]}",
        )  # fmt: skip


def every(period: float, begin: float, count: int) -> dict[float, int]:
    return {begin + period * n: n + 1 for n in range(count)}
