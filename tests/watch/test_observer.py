"""The observer: what the API shows becomes a diagnosis, a recording, and requests for logs."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Self

from harness.diagnosis.fold import folded
from harness.io.kube import KubeError
from harness.model.finding import Diagnosis, Outcome
from harness.model.kinds import collection
from harness.model.timeline import DeclaredObject, EntryKind, Header
from harness.watch.observer import Observer, targets

Object = dict[str, Any]
LABELS = {"app": "web"}
TEMPLATE = {
    "metadata": {"labels": LABELS},
    "spec": {
        "containers": [
            {
                "name": "web",
                "image": "ghcr.io/shop/web:1",
                "env": [
                    {"name": "K", "valueFrom": {"secretKeyRef": {"name": "login", "key": "k"}}}
                ],
            }
        ]
    },
}


def meta(name: str, **fields: object) -> Object:
    return {"name": name, "namespace": "shop", "uid": name, "resourceVersion": "5", **fields}


DEPLOYMENT: Object = {
    "kind": "Deployment",
    "metadata": meta("web", generation=1),
    "spec": {"replicas": 1, "selector": {"matchLabels": LABELS}, "template": TEMPLATE},
    "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1},
}
POD: Object = {
    "kind": "Pod",
    "metadata": meta("web-0", ownerReferences=[{"kind": "Deployment", "name": "web"}]),
    "spec": {**TEMPLATE["spec"], "nodeName": "node"},
    "status": {
        "phase": "Pending",
        "conditions": [{"type": "Ready", "status": "False"}],
        "containerStatuses": [
            {
                "name": "web",
                "ready": False,
                "restartCount": 0,
                "state": {
                    "waiting": {
                        "reason": "CreateContainerConfigError",
                        "message": 'secret "login" not found',
                    }
                },
            }
        ],
    },
}
TOKEN: Object = {
    "kind": "Secret",
    "metadata": meta("token"),
    "type": "Opaque",
    "data": {"value": "aHVudGVyMg=="},
}


class Stream:
    """A watch in which nothing happens until it is closed."""

    def __init__(self) -> None:
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[tuple[str, Object]]:
        self._closed.wait(20)
        return iter(())

    def close(self) -> None:
        self._closed.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Api:
    """An API server that holds a few objects."""

    def __init__(self, *objects: Object) -> None:
        self._objects: dict[str, list[Object]] = {}
        for obj in objects:
            self._objects.setdefault(collection(obj["kind"], "shop"), []).append(obj)

    def get(self, path: str, **_: str) -> Object:
        return {"items": self._objects.get(path, []), "metadata": {"resourceVersion": "9"}}

    def watch(self, path: str, resource_version: str, *, seconds: int = 240) -> Stream:
        assert path.startswith("/api")
        assert resource_version == "9"
        assert seconds > 0
        return Stream()

    def logs(
        self, namespace: str, pod: str, container: str, *, previous: bool = False, lines: int = 200
    ) -> str:
        assert (namespace, pod, container) == ("shop", "web-0", "web")
        assert lines > 0
        return "previous" if previous else ""


class Clock:
    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return datetime.now(tz=UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline, "waited for 10 s"
        time.sleep(0.01)


def observed(*objects: Object, header: Header) -> tuple[Diagnosis, Observer]:
    watched = Observer(Api(*objects), header, clock=Clock(), watch=("shop",))
    with watched:
        wait_until(lambda: not watched.unread(watched.diagnosis()[1]))
        found, _ = watched.diagnosis()
    return found, watched


def header() -> Header:
    declared = (DeclaredObject(object=DEPLOYMENT, application="shop"),)
    return Header(started=time.time() - 5, namespaces=("shop",), declared=declared)


def test_what_the_api_shows_becomes_a_diagnosis() -> None:
    found, _ = observed(DEPLOYMENT, POD, header=header())

    assert found.outcome is Outcome.FAILED
    assert [(f.cause, str(f.object)) for f in found.findings] == [("S07", "Secret shop/login")]


def test_the_recording_leads_to_the_same_diagnosis() -> None:
    found, watched = observed(DEPLOYMENT, POD, header=header())
    cassette = watched.cassette()

    facts = folded(cassette)

    assert any(e.kind is EntryKind.LISTED for e in cassette.entries)
    assert facts.find(found.findings[0].victims[0]) is not None


def test_no_secret_value_is_recorded() -> None:
    _, watched = observed(TOKEN, header=header())

    recorded = json.dumps([e.object for e in watched.cassette().entries])

    assert '"token"' in recorded
    assert "aHVudGVyMg" not in recorded
    assert "hunter2" not in recorded


def test_the_values_of_declared_secrets_do_not_enter_the_header() -> None:
    declared = (DeclaredObject(object={**TOKEN, "stringData": {"other": "tr0ub4dor"}}),)

    _, watched = observed(header=Header(started=time.time(), declared=declared))

    kept = json.dumps([d.object for d in watched.header.declared])
    assert "aHVudGVyMg" not in kept
    assert "tr0ub4dor" not in kept


def test_without_namespaces_the_whole_cluster_is_watched_once_per_kind() -> None:
    found = targets((), "argocd")

    assert ("Pod", "") in found
    assert ("Application", "argocd") in found
    assert len(found) == len(set(found))


class SlowMask:
    """Holds the recording up at one text until it is let go."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.reached, self.go = threading.Event(), threading.Event()

    def __call__(self, text: str) -> str:
        if self._text in text:
            self.reached.set()
            assert self.go.wait(10)
        return text


def test_what_is_listed_and_not_recorded_yet_is_unread() -> None:
    mask = SlowMask('secret "login" not found')
    watched = Observer(Api(DEPLOYMENT, POD), header(), clock=Clock(), watch=("shop",), mask=mask)
    with watched:
        assert mask.reached.wait(10)
        wait_until(lambda: watched.view.complete)
        early, facts = watched.diagnosis()
        unread = watched.unread(facts)
        mask.go.set()
        wait_until(lambda: not watched.unread(watched.diagnosis()[1]))
        late, _ = watched.diagnosis()

    assert not early.findings
    assert ("Pod", "shop") in unread
    assert [f.cause for f in late.findings] == ["S07"]


class GuardedApi(Api):
    """Refuses to list pods."""

    def get(self, path: str, **query: str) -> Object:
        if path == collection("Pod", "shop"):
            message = "pods is forbidden"
            raise KubeError(message, 403)
        return super().get(path, **query)


def test_what_may_not_be_listed_is_not_waited_for() -> None:
    watched = Observer(GuardedApi(DEPLOYMENT), header(), clock=Clock(), watch=("shop",))
    with watched:
        wait_until(lambda: not watched.unread(watched.diagnosis()[1]))

    assert watched.view.refused == {("Pod", "shop")}
