"""What the keys of the loop do: a log, the evidence of this moment, the proof of a full run."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.aftermath import collect_evidence
from harness.evidence.cassette import FILE_NAME as TIMELINE
from harness.evidence.cassette import write_cassette
from harness.io.kube import Kube
from harness.loop.screen import LoopScreen
from harness.loop.steps import Steps
from harness.loop.trouble import trouble_of
from harness.loop.verdicts import LoopVerdict, Trigger, Word
from harness.loop.waiting import Round
from harness.model.errors import HarnessError
from harness.model.refs import ObjectRef
from harness.report.write import write_reports
from harness.stages.context import Context
from harness.stages.prove import prove
from harness.watch.container_logs import container_statuses
from harness.watch.observer import Observer
from harness.watch.readiness import owned

Object = dict[str, Any]
LOG_LINES = 40


def show_log(context: Context | None, screen: LoopScreen) -> None:
    """Shows the end of the log of the marked workload."""
    marked = screen.select(0)
    if context is None or not context.observer.known or marked is None:
        screen.log("", "")
        return
    watching = context.observer.get()
    pods = _pods_of(watching, marked.ref)
    if not pods:
        screen.log(f"{marked.ref} has no pod", "(no pod)")
        return
    pod, container = worst(pods)
    name = str(pod["metadata"]["name"])
    text = _log(context.kube.get(), marked.ref.namespace, name, container)
    screen.log(f"log of {name}, container {container}", text or "(nothing was written)")


def _pods_of(watching: Observer, ref: ObjectRef) -> list[Object]:
    view = watching.view
    return [pod for pod in view.all("Pod", ref.namespace) if owned(view, pod, ref)]


def worst(pods: Sequence[Object]) -> tuple[Object, str]:
    """Returns a pod and its container that is not ready; the first of both where all are."""
    for pod in pods:
        for status in container_statuses(pod):
            ended = (status.get("state") or {}).get("terminated") or {}
            if not status.get("ready") and ended.get("exitCode") != 0:
                return pod, str(status["name"])
    return pods[0], str(pods[0]["spec"]["containers"][0]["name"])


def _log(kube: Kube, namespace: str, pod: str, container: str) -> str:
    now = kube.logs(namespace, pod, container, lines=LOG_LINES)
    if now.strip():
        return now
    return kube.logs(namespace, pod, container, previous=True, lines=LOG_LINES)


def take_evidence(context: Context, screen: LoopScreen) -> None:
    """Writes the evidence and the reports of this moment."""
    output = context.options.output
    output.mkdir(parents=True, exist_ok=True)
    if context.observer.known:
        with contextlib.suppress(OSError):
            write_cassette(context.observer.get().cassette(), output / TIMELINE)
    collect_evidence(context)
    write_reports(context.run, output, secrets=context.secrets)
    screen.note(f"evidence of {context.clock.now():%H:%M:%S}: {context.run.evidence}")


def full_run(context: Context, round_: Round, screen: LoopScreen, output: Path) -> LoopVerdict:
    """Proves what is ready, as a run does, and returns the verdict."""
    began = context.clock.monotonic()
    steps, error = Steps(context.run, screen, context.clock), None
    try:
        steps.do("prove", "Prove", lambda voice: prove(context, voice))
    except HarnessError as raised:
        error = raised
    write_reports(context.run, output, secrets=context.secrets)
    detail = context.run.stages[-1].detail
    return LoopVerdict(
        round=round_.number,
        word=Word.FAILED if error else Word.HEALTHY,
        trigger=Trigger.FULL,
        at=context.clock.now().timestamp(),
        seconds=context.clock.monotonic() - began,
        revision=context.revision.get(),
        line=f"proven: {detail}" if not error else error.attempted,
        trouble=trouble_of(error, context.options.repository) if error else None,
    )
