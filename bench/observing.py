"""The process that is measured while it observes thousands of pods: KUBECONFIG PODS PATCHES.

Prints one JSON object. It writes statuses itself, one after the other, so that one clock gives both
the moment of writing and the moment of the entry.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from bench.many_pods import NAMESPACE, pod_name, status, status_path
from bench.results import quantile
from harness.io.clock import SystemClock
from harness.io.kube import Kube
from harness.model.timeline import Cassette, EntryKind, Header
from harness.watch.observer import Observer

MARK = "2026-01-02T00:00:00Z"
"""Start of the containers in the statuses that are written while observing."""
SETTLE_SECONDS = 2.0
PAUSE_SECONDS = 0.01
DIAGNOSES = 5


def observe(kubeconfig: Path, pods: int, patches: int) -> dict[str, Any]:
    """Returns what observing this many pods cost."""
    kube, before = Kube(kubeconfig), _mebibytes()
    header = Header(started=time.time(), namespaces=(NAMESPACE,))
    observer = Observer(kube, header, clock=SystemClock(), watch=(NAMESPACE,))
    began = time.monotonic()
    with observer:
        complete = _completed(observer, pods) - began
        after_list = _mebibytes()
        diagnoses = [_timed_diagnosis(observer) for _ in range(DIAGNOSES)]
        after_diagnosis = _mebibytes()
        written = _write(kube, patches)
        time.sleep(SETTLE_SECONDS)
        latencies = arrivals(observer.cassette(), written)
        after_change = _timed_diagnosis(observer)
    return {
        "pods": pods,
        "rss_before_mib": before,
        "rss_complete_mib": after_list,
        "rss_diagnosed_mib": after_diagnosis,
        "rss_end_mib": _mebibytes(),
        "complete_seconds": round(complete, 2),
        "first_diagnosis_seconds": round(diagnoses[0], 2),
        "diagnosis_seconds": round(quantile(diagnoses[1:], 0.5), 2),
        "diagnosis_after_changes_seconds": round(after_change, 2),
        "patches": len(written),
        "seen": len(latencies),
        "latency_p50_ms": round(quantile(latencies, 0.5) * 1000, 1),
        "latency_p99_ms": round(quantile(latencies, 0.99) * 1000, 1),
    }


def _completed(observer: Observer, pods: int) -> float:
    while not observer.view.complete:
        time.sleep(0.02)
    at = time.monotonic()
    seen = len(observer.view.all("Pod", NAMESPACE))
    if seen != pods:
        message = f"{seen} of {pods} pods are in the view"
        raise LookupError(message)
    return at


def _timed_diagnosis(observer: Observer) -> float:
    began = time.monotonic()
    observer.diagnosis()
    return time.monotonic() - began


def _write(kube: Kube, patches: int) -> dict[str, float]:
    """Writes statuses; returns by pod when each was sent (epoch seconds)."""
    sent = {}
    for number in range(1, patches + 1):
        sent[pod_name(number)] = time.time()
        kube.merge(status_path(number), {"status": status(number, ready=False, started=MARK)})
        time.sleep(PAUSE_SECONDS)
    return sent


def arrivals(cassette: Cassette, sent: Mapping[str, float]) -> list[float]:
    """Returns for each status that was written the seconds until its entry."""
    found: dict[str, float] = {}
    for entry in cassette.entries:
        at = sent.get(entry.ref.name)
        if entry.kind is EntryKind.OBJECT and at is not None and _is_marked(entry.object or {}):
            found.setdefault(entry.ref.name, entry.at - at)
    return list(found.values())


def _is_marked(obj: Mapping[str, Any]) -> bool:
    for container in (obj.get("status") or {}).get("containerStatuses") or []:
        if ((container.get("state") or {}).get("running") or {}).get("startedAt") == MARK:
            return True
    return False


def _mebibytes() -> int:
    return int(psutil.Process().memory_info().rss / 2**20)


if __name__ == "__main__":
    print(json.dumps(observe(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
