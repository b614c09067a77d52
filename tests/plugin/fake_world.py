"""A world without Docker and cluster, as a conftest; `world.json` beside it says how it is."""

from __future__ import annotations

# ruff: noqa: ARG002 -- the world of a fake is a file, whatever it is asked
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from harness.cluster.runs import RunFolder
from harness.model.drift import ApplicationGap, DriftFinding, DriftKind, Gap
from harness.model.errors import RootCauseError, UsageError
from harness.model.finding import Diagnosis, Finding, Outcome, Phase
from harness.model.refs import ObjectRef
from harness.model.run import Health, ObjectStatus, RunRecord, StageRecord, StageState
from harness.pytest_plugin import WORLD
from harness.pytest_plugin.deployment import Deployment, Order, Reach, Readiness, Workload

HERE = Path(__file__).parent
API, WEB = ObjectRef("Deployment", "shop-dev", "api"), ObjectRef("Deployment", "shop-dev", "web")
SECRET = ObjectRef("Secret", "shop-dev", "tokens")
SAID: dict[str, Any] = json.loads((HERE / "world.json").read_text())


def note(word: str) -> None:
    with (HERE / "happened.txt").open("a") as stream:
        stream.write(f"{word} {os.getpid()}\n")


class FakeWorld:
    """Does what `harness.pytest_plugin.deployment.World` says, to files."""

    def declared(self, order: Order) -> list[Workload]:
        if SAID.get("unrenderable"):
            raise UsageError(attempted="Rendering", subject="shop", seen="a typo")
        return [Workload(ref=API, file="api.yaml", line=3), Workload(ref=WEB, file="web.yaml")]

    def deploy(self, order: Order) -> Deployment:
        note(f"deploy-alive-{order.alive}")
        if SAID.get("no_docker"):
            raise UsageError(attempted="Asking", subject="Docker", seen="no answer")
        if SAID.get("dies") and not (HERE / "died").exists():
            (HERE / "died").touch()
            os._exit(9)
        time.sleep(SAID.get("seconds", 0))
        folder = RunFolder.create(HERE / "sessions", repository=HERE, environment="dev", created="")
        if order.alive or order.keep:
            (folder.path / "kubeconfig").write_text("")
            folder.update(kept=True)
            folder.release()
        else:
            folder.remove()
        kept = folder.path if folder.path.is_dir() else None
        return Deployment(run=record(folder.path.name), folder=kept)

    def remove(self, deployment: Deployment, order: Order) -> list[str]:
        assert deployment.folder is not None
        folder = RunFolder(deployment.folder)
        note("remove" if folder.acquire() else "still-used")
        folder.remove()
        return []

    def readiness(self, deployment: Deployment, order: Order, *, within: float) -> Readiness:
        run = record("live")
        return Readiness(objects=tuple(run.objects), diagnosis=run.diagnosis)

    def gap(self, deployment: Deployment, order: Order, *, application: str) -> Gap:
        found = DriftFinding(
            kind=DriftKind.DIFFERENT,
            object=WEB,
            application="web",
            field="spec.replicas",
            declared="1",
            live="3",
        )
        findings = (found,) if SAID.get("drifted") else ()
        return Gap(
            applications=(ApplicationGap(name="web", title="web", exact=1, findings=findings),)
        )

    def reach(
        self, deployment: Deployment, client: ObjectRef, target: str, *, within: float
    ) -> Reach:
        word, listens = SAID["reach"]
        return Reach(client=str(client), target=target, word=word, listens=listens)

    def evidence(self, deployment: Deployment, folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "Pod.json").write_text("[]")


def record(run_id: str) -> RunRecord:
    broken = bool(SAID.get("broken"))
    health = Health.STUCK if broken else Health.READY
    finding = Finding(
        cause="S01",
        phase=Phase.SECRET,
        object=SECRET,
        seen="no such Secret",
        expected="a Secret",
        fix="declare it",
        file="tokens.yaml",
        line=7,
        victims=(API,),
    )
    error = (
        RootCauseError(attempted="Bringing up", subject=str(SECRET), seen="S01") if broken else None
    )
    state = StageState.FAILED if broken else StageState.PASSED
    return RunRecord(
        run_id=run_id,
        environment="dev",
        repository="shop",
        command="",
        started_at="",
        stages=[StageRecord(name="ready", title="Ready", state=state, error=error)],
        objects=[
            ObjectStatus(ref=API, health=health, message="no container"),
            ObjectStatus(
                ref=WEB, health=Health.NOT_JUDGED if SAID.get("unjudged") else Health.READY
            ),
        ],
        diagnosis=Diagnosis(outcome=Outcome.FAILED, findings=(finding,)) if broken else None,
        evidence=str(HERE / "evidence") if broken else "",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[WORLD] = FakeWorld()
