"""The process that is measured while it observes thousands of pods: KUBECONFIG PODS PATCHES.

Prints one JSON object. It writes statuses itself, one after the other, so that one clock gives both
the moment of writing and the moment of the entry.
"""

from __future__ import annotations

import json
import sys
import threading
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

MARKS = ("2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z")
"""Start of the containers in the statuses that are written in each of two rounds."""
SETTLE_SECONDS = 2.0
PAUSE_SECONDS = 0.01
DIAGNOSES = 5
LOOK_SECONDS = 0.5
"""How often a busy observer is asked for a diagnosis; `harness diagnose` does it as often."""


def observe(kubeconfig: Path, pods: int, patches: int) -> dict[str, Any]:
    """Returns what observing this many pods cost."""
    kube = Kube(kubeconfig)
    found: dict[str, Any] = {"pods": pods, "patches": patches}
    found["rss_before_mib"] = _mebibytes()
    header = Header(started=time.time(), namespaces=(NAMESPACE,))
    observer = Observer(kube, header, clock=SystemClock(), watch=(NAMESPACE,))
    began = time.monotonic()
    with observer:
        found["listed_seconds"] = round(_listed(observer, pods) - began, 2)
        found["known_seconds"] = round(_known(observer, pods) - began, 2)
        found["rss_complete_mib"] = _mebibytes()
        found |= _diagnoses(observer)
        found |= _quiet(kube, observer, patches)
        found |= _busy(kube, observer, patches)
        found["diagnosis_after_changes_seconds"] = round(_timed_diagnosis(observer), 2)
    return {**found, "rss_end_mib": _mebibytes()}


def _listed(observer: Observer, pods: int) -> float:
    while not observer.view.complete:
        time.sleep(0.02)
    at = time.monotonic()
    seen = len(observer.view.all("Pod", NAMESPACE))
    if seen != pods:
        message = f"{seen} of {pods} pods are in the view"
        raise LookupError(message)
    return at


def _known(observer: Observer, pods: int) -> float:
    """Waits until a diagnosis knows every pod: the listing reaches the timeline bit by bit."""
    while True:
        _, facts = observer.diagnosis()
        if len(facts.all("Pod", NAMESPACE)) == pods:
            return time.monotonic()
        time.sleep(0.1)


def _diagnoses(observer: Observer) -> dict[str, Any]:
    times = [_timed_diagnosis(observer) for _ in range(DIAGNOSES)]
    median = round(quantile(times, 0.5), 2)
    return {"diagnosis_seconds": median, "rss_diagnosed_mib": _mebibytes()}


def _quiet(kube: Kube, observer: Observer, patches: int) -> dict[str, Any]:
    """Returns latencies while nobody asks for a diagnosis."""
    return latencies("quiet", observer, _written(kube, patches, ready=False, mark=MARKS[0]), 0)


def _busy(kube: Kube, observer: Observer, patches: int) -> dict[str, Any]:
    """Returns latencies while diagnoses are made all the time."""
    stopped = threading.Event()

    def ask() -> None:
        while not stopped.wait(LOOK_SECONDS):
            observer.diagnosis()

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    sent = _written(kube, patches, ready=True, mark=MARKS[1])
    found = latencies("busy", observer, sent, 1)
    stopped.set()
    asking.join()
    return found


def latencies(
    name: str, observer: Observer, sent: Mapping[str, float], mark: int
) -> dict[str, Any]:
    """Returns the latencies of what was sent, under the name of the situation."""
    time.sleep(SETTLE_SECONDS)
    found = arrivals(observer.cassette(), sent, MARKS[mark])
    return {
        f"{name}_seen": len(found),
        f"{name}_p50_ms": round(quantile(found, 0.5) * 1000, 1),
        f"{name}_p99_ms": round(quantile(found, 0.99) * 1000, 1),
    }


def _timed_diagnosis(observer: Observer) -> float:
    began = time.monotonic()
    observer.diagnosis()
    return time.monotonic() - began


def _written(kube: Kube, patches: int, *, ready: bool, mark: str) -> dict[str, float]:
    """Writes statuses; returns by pod when each was sent (epoch seconds)."""
    sent = {}
    for number in range(1, patches + 1):
        sent[pod_name(number)] = time.time()
        kube.merge(status_path(number), {"status": status(number, ready=ready, started=mark)})
        time.sleep(PAUSE_SECONDS)
    return sent


def arrivals(cassette: Cassette, sent: Mapping[str, float], mark: str) -> list[float]:
    """Returns for each status that was written the seconds until its entry."""
    found: dict[str, float] = {}
    for entry in cassette.entries:
        at = sent.get(entry.ref.name)
        if (
            entry.kind is EntryKind.OBJECT
            and at is not None
            and _is_marked(entry.object or {}, mark)
        ):
            found.setdefault(entry.ref.name, entry.at - at)
    return list(found.values())


def _is_marked(obj: Mapping[str, Any], mark: str) -> bool:
    for container in (obj.get("status") or {}).get("containerStatuses") or []:
        if ((container.get("state") or {}).get("running") or {}).get("startedAt") == mark:
            return True
    return False


def _mebibytes() -> int:
    return int(psutil.Process().memory_info().rss / 2**20)


if __name__ == "__main__":
    print(json.dumps(observe(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
