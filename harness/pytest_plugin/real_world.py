"""The plugin's effects in the real world: rendering, Docker, the cluster.

Clusters of test runs live in a state folder of their own beside `runs`, so that no test run takes
over a cluster that a person keeps, and none is kept by mistake: what a killed test run left there
is removed by the next one.
"""

from __future__ import annotations

import base64
import os
import secrets
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from platformdirs import user_cache_path

from harness.cluster.cleanup import belongings, remove_belongings, remove_left_behind
from harness.cluster.runs import RunFolder
from harness.commands.aftermath import follow_up
from harness.commands.e2e import APPLICATION, run_options, runs_folder, sessions_folder
from harness.compose import Handles, run
from harness.evidence.collect import EvidenceFolder, collect_cluster
from harness.examine.repository import read_repository
from harness.io.clock import SystemClock
from harness.io.docker import DockerDaemon
from harness.io.kube import Kube
from harness.io.process import ProcessRunner
from harness.model.drift import Gap
from harness.model.errors import HarnessError
from harness.model.refs import ObjectRef
from harness.model.run import RunRecord
from harness.model.secret import Secret
from harness.pytest_plugin.deployment import Deployment, Order, Reach, Readiness, Workload
from harness.pytest_plugin.probe import probe
from harness.repo.origin import Origins
from harness.report.json_report import run_from_json
from harness.report.screen import choose_screen
from harness.report.write import write_reports
from harness.stages.context import RunOptions
from harness.watch.readiness import WATCHED_KINDS, declared_workloads, workload_judgement
from harness.watch.redacted import recordable
from harness.watch.settle import settle
from harness.watch.view import ClusterView

STABLE_SECONDS = 1.0
DIAGNOSIS_SECONDS = 8.0


class RealWorld:
    """Renders, deploys, looks and removes for real."""

    def declared(self, order: Order) -> Sequence[Workload]:
        """Returns the declared workloads with the lines that declare them."""
        declaration = read_repository(order.repository, order.environment).declaration
        folders = [a.application.path for a in declaration.applications]
        origins = Origins(declaration.root, folders)
        return [_placed(ref, origins) for ref in declared_workloads(declaration.applications)]

    def deploy(self, order: Order) -> Deployment:
        """Deploys the repository, and keeps the cluster where somebody needs it."""
        runs = sessions_folder() if order.alive and not order.keep else runs_folder()
        if order.alive and not order.keep:
            _remove_dead(runs)
        options = _options(order)
        with ExitStack() as stack:
            stream = sys.stdout
            if order.log is not None:
                stream = stack.enter_context(order.log.open("w", encoding="utf-8"))
            clock = SystemClock()
            screen = choose_screen(stream, os.environ, False, clock=clock)
            handles = Handles(runner=ProcessRunner(), clock=clock, screen=screen, runs=runs)
            record = run(options, handles, command=order.command)
            follow_up(record, options.output, environ=os.environ, out=stream, history=order.history)
        folder = runs / record.run_id
        return Deployment(run=record, folder=folder if folder.is_dir() else None)

    def remove(self, deployment: Deployment, order: Order) -> list[str]:
        """Removes the cluster of a test run and corrects its report."""
        if deployment.folder is None:
            return []
        folder = RunFolder(deployment.folder)
        if not folder.acquire():  # somebody still uses it, and removes it when he is done
            return []
        docker = DockerDaemon.connect()
        remove_belongings(docker, folder)
        left = [f"{i.kind} {i.name}" for i in belongings(docker, folder)]
        if not left:
            folder.remove()
        _correct_report(_options(order).output, deployment.run.run_id, left)
        return left

    def readiness(self, deployment: Deployment, order: Order, *, within: float) -> Readiness:
        """Watches until all is ready; says why not where it is not."""
        declaration = read_repository(order.repository, order.environment).declaration
        workloads, clock = declared_workloads(declaration.applications), SystemClock()
        namespaces = {ref.namespace for ref in workloads}
        targets = [(kind, ns) for kind in WATCHED_KINDS for ns in sorted(namespaces)]
        with ClusterView(_kube(deployment), targets) as view:
            ended = settle(
                view,
                workload_judgement(workloads, clock),
                clock=clock,
                deadline_seconds=within,
                stable_seconds=STABLE_SECONDS,
            )
        objects = ended.standing.objects
        if ended.ok or deployment.kubeconfig is None:
            return Readiness(objects=objects)
        from harness.examine import Question, examine_live  # noqa: PLC0415 -- only then

        question = Question(
            kubeconfig=deployment.kubeconfig,
            repository=order.repository,
            environment=order.environment,
            seconds=DIAGNOSIS_SECONDS,
        )
        return Readiness(objects=objects, diagnosis=examine_live(question))

    def gap(self, deployment: Deployment, order: Order, *, application: str) -> Gap:
        """Compares the repository with the cluster."""
        from harness.comparison.ask import ask  # noqa: PLC0415 -- only then
        from harness.comparison.question import DriftQuestion  # noqa: PLC0415

        return ask(
            DriftQuestion(
                repository=order.repository,
                environment=order.environment,
                kubeconfig=deployment.kubeconfig,
                application=application,
                runs=sessions_folder(),
                cache=user_cache_path(APPLICATION),
            )
        )

    def reach(
        self, deployment: Deployment, client: ObjectRef, target: str, *, within: float
    ) -> Reach:
        """Connects from the network namespace of the client's pod."""
        node = DockerDaemon.connect().execute
        return probe(_kube(deployment), node, client, target, seconds=within)

    def evidence(self, deployment: Deployment, folder: Path) -> None:
        """Writes what the live cluster holds; nothing of a Secret but its keys."""
        kube, masked = _kube(deployment), partial(recordable, salt=secrets.token_bytes(16))
        kept = EvidenceFolder(path=folder, secrets=_secret_values(kube))
        namespaces = [
            str(ns["metadata"]["name"])
            for ns in kube.items("/api/v1/namespaces")
            if not str(ns["metadata"]["name"]).startswith(("kube-node", "kube-public"))
        ]
        collect_cluster(kept, kube, namespaces, keep=masked)
        kept.finish()


def _placed(ref: ObjectRef, origins: Origins) -> Workload:
    found = origins.locate(ref, "metadata.name")
    return Workload(ref=ref, file=found.file if found else "", line=found.line if found else 0)


def _options(order: Order) -> RunOptions:
    return run_options(
        order.repository,
        order.environment,
        output=order.output,
        keep=order.keep or order.alive,
        bundle=order.bundle,
        kind_config=order.kind_config,
    )


def _kube(deployment: Deployment) -> Kube:
    if deployment.kubeconfig is None:
        message = "there is no cluster to look at"
        raise LookupError(message)
    return Kube(deployment.kubeconfig)


def _secret_values(kube: Kube) -> list[Secret]:
    """Returns the values of all Secrets of the cluster, to be masked in its logs."""
    found = [
        base64.b64decode(value).decode(errors="ignore")
        for obj in kube.items("/api/v1/secrets")
        for value in (obj.get("data") or {}).values()
    ]
    return [Secret(text) for text in found if text]


def _remove_dead(base: Path) -> None:
    with suppress(HarnessError):  # without Docker, the run itself says so
        remove_left_behind(DockerDaemon.connect(), base)


def _correct_report(output: Path, run_id: str, left: list[str]) -> None:
    """Writes the report of the run again: its cluster is not kept any more."""
    path = output / "run.json"
    with suppress(HarnessError, OSError):
        record: RunRecord = run_from_json(path.read_text(encoding="utf-8"), str(path))
        if record.run_id == run_id:
            notes = [n for n in record.notes if not n.startswith("the cluster is kept:")]
            write_reports(replace(record, notes=notes, leftovers=left), output)
