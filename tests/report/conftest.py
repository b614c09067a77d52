"""Runs as people meet them: passed, failed at images, not ready, interrupted, awkward."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from harness.model.errors import HarnessError, ImageError, NotReadyError, RootCauseError
from harness.model.refs import ObjectRef
from harness.model.run import (
    ApplicationStatus,
    Health,
    ImageDelivery,
    ObjectStatus,
    ProofRecord,
    RunRecord,
    StageRecord,
    StageState,
)
from tests.report import pictures

SERVICES = ("catalog", "customer", "notification", "order", "payment")
DATABASES = ("catalog-db", "customer-db", "order-db")
REVISION = "4f0c9d2a7be15d3f66a81c20e5b7d9a3c4e8f012"
PLAN = (
    ("doctor", "Check this machine", 0.0, 1.3),
    ("audit", "Render the overlays", 1.3, 2.4),
    ("cluster", "Start the cluster", 3.7, 31.2),
    ("images", "Build and deliver images", 3.7, 44.9),
    ("secrets", "Create expected secrets", 48.6, 0.6),
    ("engine", "Install Argo CD", 49.2, 23.1),
    ("sync", "Synchronise Applications", 72.3, 11.8),
    ("ready", "Wait for workloads", 84.1, 38.4),
    ("prove", "Prove it from outside", 122.5, 6.2),
)


class HandClock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def digest(seed: str) -> str:
    return "sha256:" + (seed.encode().hex() * 64)[:64]


def stages(until: str = "", state: StageState = StageState.PASSED) -> list[StageRecord]:
    """Every stage of the plan; the one named `until` has `state`, those after it never began."""
    records, reached = [], False
    for name, title, started, seconds in PLAN:
        if reached:
            records.append(StageRecord(name=name, title=title))
            continue
        reached = name == until
        own = state if reached else StageState.PASSED
        records.append(
            StageRecord(name=name, title=title, state=own, started=started, seconds=seconds)
        )
    return records


def workload(kind: str, name: str, seconds: float | None, **more: object) -> ObjectStatus:
    values = {"health": Health.READY, "message": "", **more}
    ref = ObjectRef(kind, "musiccorp-dev", name)
    return ObjectStatus(ref=ref, ready_after_seconds=seconds, **values)  # type: ignore[arg-type]


def image(declared: str, origin: str, source: str, seconds: float = 0.0) -> ImageDelivery:
    return ImageDelivery(
        declared=declared,
        origin=origin,
        source=source,
        digest=digest(declared),
        seconds=seconds,
        running_digest=digest(declared),
    )


def application(name: str, *, passed: bool = True, message: str = "") -> ApplicationStatus:
    return ApplicationStatus(
        name=f"{name}-dev",
        path=f"gitops-deploys/{name}/overlays/dev",
        revision=REVISION,
        sync="Synced",
        health="Healthy" if passed else "Progressing",
        operation="Succeeded",
        resources=7,
        passed=passed,
        message=message,
    )


def passed() -> RunRecord:
    """A green run of all of MusicCorp, with two substituted images."""
    run = RunRecord(
        run_id="20261122-120004-k3f9",
        environment="dev",
        repository="/home/ada/src/musiccorp",
        command="harness e2e --env dev",
        started_at="2026-11-22T12:00:04+00:00",
        seconds=128.7,
        stages=stages(),
    )
    run.stages[1].detail = "9 overlays, 61 objects"
    run.stages[3].detail = "5 built, 2 substituted"
    run.stages[6].detail = "9 Applications at 4f0c9d2a"
    run.stages[7].detail = "9 of 9 workloads ready"
    run.applications = [application(name) for name in (*SERVICES, *DATABASES, "kafka")]
    databases = [
        workload("StatefulSet", name, 7.9 + 2.5 * number) for number, name in enumerate(DATABASES)
    ]
    services = [
        workload("Deployment", name, 20.1 + 3.1 * number) for number, name in enumerate(SERVICES)
    ]
    run.objects = [workload("StatefulSet", "kafka", 17.4), *databases, *services]
    run.images = [
        *(
            image(f"ghcr.io/musiccorp/musiccorp-{name}:dev", "built here", f"{name}/", 8.5)
            for name in SERVICES
        ),
        image("docker.io/library/postgres:17", "substituted", "Debian postgresql-17 17.6"),
        image("docker.io/apache/kafka:4.1.0", "substituted", "Maven artefacts 4.1.0, JRE 21"),
    ]
    run.proofs = [
        ProofRecord(
            name="An order is stored, settled and notified",
            passed=True,
            seconds=4.8,
            output="order 7c1 stored\nsettlement for 7c1 seen\ncustomer 42 told of 7c1",
        ),
        ProofRecord(name="The catalogue answers", passed=True, seconds=0.4, output=""),
    ]
    run.notes = ["Two images were made from packages, because no image registry is in reach."]
    run.facts = {
        "Kubernetes": "1.36.1",
        "Argo CD": "3.3.0",
        "bundle": "built here, key 9d1c44e0",
        "revision": f"{REVISION} (working tree with 3 uncommitted files)",
        "host": "Debian 12, 2 processors, 24 GiB, cgroup v1",
        "node memory": "3.1 GiB of 8 GiB",
    }
    return run


def image_error() -> HarnessError:
    return ImageError(
        attempted="Building the image",
        subject="ghcr.io/musiccorp/musiccorp-order:dev",
        seen="step 6 of 9 `pip install -r requirements.txt` ended with exit code 1: "
        "No matching distribution found for confluent-kafkaa==2.11.1 <which & [is] *wrong*>",
        expected="a build that ends with exit code 0",
        next_step="docker build examples/musiccorp/order",
        log="report/evidence/build-order.log",
    )


def failed_at_images() -> RunRecord:
    """A run that an image build ended; the cluster beside it came up."""
    run = passed()
    run.stages = stages("images", StageState.FAILED)
    run.stages[3].error = image_error()
    run.stages[3].seconds = 12.6
    run.stages[3].detail = "building order 3/5"
    run.applications, run.objects, run.proofs = [], [], []
    run.images = run.images[:2]
    run.seconds = 36.4
    run.evidence = "/home/ada/src/musiccorp/report/evidence"
    return run


def not_ready(number: int = 200) -> RunRecord:
    """A run whose deadline passed with `number` workloads, some stuck, one not judged."""
    run = passed()
    run.stages = stages("ready", StageState.FAILED)
    run.stages[7].seconds = 600.0
    run.stages[7].detail = f"{number - 8} of {number} workloads ready"
    run.stages[7].error = NotReadyError(
        attempted="Waiting for",
        subject=f"{number} workloads",
        seen="7 are not ready after 10 min, first StatefulSet musiccorp-dev/kafka-0: "
        "readiness probe failed: dial tcp 10.244.0.9:9092: connection refused",
        expected="every workload ready and stable for 5 s",
        next_step="kubectl --namespace musiccorp-dev describe pod kafka-0",
    )
    run.seconds = 690.2
    run.evidence = "/home/ada/src/musiccorp/report/evidence"
    run.leftovers = ["cluster gitops-k3f9, kept because of --keep"]
    run.proofs = []
    bad = [
        *((Health.STUCK, "CrashLoopBackOff: exit code 1, restarted 6 times"),) * 3,
        (Health.PROGRESSING, "0 of 1 pods ready: readiness probe failed"),
        (Health.PROGRESSING, "0 of 3 pods ready: waiting for order-db"),
        (Health.MISSING, "declared, but not in the cluster"),
        (Health.TERMINATING, "being deleted for 340 s, finalizer foregroundDeletion"),
        (Health.NOT_JUDGED, "no rule for the kind RedisCluster of cache.example.org"),
    ]
    run.objects = [
        workload("StatefulSet", f"shard-{i}", None, health=health, message=message)
        for i, (health, message) in enumerate(bad)
    ]
    run.objects += [
        workload("Deployment", f"service-{i:03d}", 6 + 60 * (i / number) ** 2 + i % 7)
        for i in range(number - len(bad))
    ]
    return run


def interrupted() -> RunRecord:
    """A run that Ctrl-C ended while two stages went on side by side."""
    run = passed()
    run.stages = stages("images", StageState.RUNNING)
    run.stages[2].state = StageState.RUNNING
    run.stages[2].seconds = run.stages[3].seconds = 0.0
    run.stages[3].detail = "building order 3/5"
    run.applications, run.objects, run.proofs, run.images = [], [], [], []
    run.seconds = 20.0
    run.interrupted = "Ctrl-C"
    return run


def awkward() -> RunRecord:
    """Three objects with names and messages as long as Kubernetes allows, and hostile text."""
    run = passed()
    name = "the-service-that-was-named-by-a-committee-which-did-not-know-when-to-stop" * 3
    message = (
        "<script>alert('x')</script> | `a` [b](http://example.org) ]]> \x1b[31mred\x1b[0m\x00 "
    )
    run.objects = [
        workload("Deployment", name, None, health=Health.STUCK, message=message * 6),
        workload("StatefulSet", f"{name[:240]}-0", 3.0, message="fine"),
        workload("DaemonSet", "a", 128.6),
    ]
    run.images[0] = image(
        f"registry.example.org:5000/{'very/' * 30}long:{'1' * 120}", "pulled", "x"
    )
    run.stages[0].title = "Check this machine, its tools, its disk, its memory and its registries"
    run.stages[0].detail = message * 3
    run.proofs[0] = ProofRecord(name=name, passed=False, seconds=1.0, output=message * 20)
    run.facts[name] = message
    run.notes.append(message)
    return run


def pictured() -> RunRecord:
    """A green run with everything that a page can draw."""
    run = passed()
    run.pods = pictures.musiccorp_pods(run.seconds)
    run.policies = pictures.musiccorp_matrix()
    run.gap = pictures.honest_gap()
    return run


def broken() -> RunRecord:
    """A run that a missing image ended, with differences of every kind."""
    run = passed()
    run.stages = stages("ready", StageState.FAILED)
    run.stages[7].error = RootCauseError(
        attempted="Waiting for",
        subject="9 workloads",
        seen="I01 on Deployment musiccorp-dev/order",
        expected="an image that ghcr.io has",
        next_step="push it",
    )
    run.diagnosis = pictures.missing_image()
    run.excerpts = pictures.some_excerpts()
    run.pods = pictures.troubled_pods(run.seconds)
    run.policies = pictures.musiccorp_matrix(broken=True)
    run.gap = pictures.wide_gap()
    run.evidence = "/home/ada/src/musiccorp/report/evidence"
    run.proofs = []
    return run


def large() -> RunRecord:
    """Two hundred workloads with three pods each, and every pair of them probed."""
    run = not_ready(200)
    run.pods = pictures.many_pods(200, 3, run.seconds)
    run.policies = pictures.large_matrix(60)
    run.gap = pictures.wide_gap()
    return run


RUNS: dict[str, Callable[[], RunRecord]] = {
    "passed": passed,
    "failed_at_images": failed_at_images,
    "not_ready": not_ready,
    "interrupted": interrupted,
    "awkward": awkward,
    "pictured": pictured,
    "broken": broken,
}


@pytest.fixture(params=sorted(RUNS))
def any_run(request: pytest.FixtureRequest) -> RunRecord:
    return RUNS[request.param]()


@pytest.fixture
def pictured_run() -> RunRecord:
    return pictured()


@pytest.fixture
def broken_run() -> RunRecord:
    return broken()


@pytest.fixture
def large_run() -> RunRecord:
    return large()


@pytest.fixture
def passed_run() -> RunRecord:
    return passed()


@pytest.fixture
def failed_run() -> RunRecord:
    return failed_at_images()


@pytest.fixture
def unready_run() -> RunRecord:
    return not_ready()


@pytest.fixture
def interrupted_run() -> RunRecord:
    return interrupted()


@pytest.fixture
def awkward_run() -> RunRecord:
    return awkward()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()
