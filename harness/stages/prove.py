"""Stage "prove": what is ready also works, seen from outside, with the images that were built."""

from __future__ import annotations

from dataclasses import replace

from harness.gitops.argocd_manifest import NAMESPACE
from harness.images.running import running_digests
from harness.model.errors import EngineError, ProofError
from harness.model.kinds import collection
from harness.model.run import ProofRecord
from harness.prove.command import run_proof
from harness.stages.adaptation import addon_namespaces
from harness.stages.addresses import give_service_addresses
from harness.stages.balancer import OpenedIngresses, open_ingresses
from harness.stages.context import Context
from harness.stages.disruption import disrupt
from harness.stages.policies import policies
from harness.stages.stage import Voice
from harness.watch.readiness import application_statuses
from harness.watch.settle import Standing, settle
from harness.watch.view import ClusterView

HEALTHY_DEADLINE_SECONDS = 60.0


def prove(context: Context, voice: Voice) -> str:
    """Compares running digests, opens the Ingresses, runs the repository's own proof."""
    _compare_digests(context)
    lines = [f"{len(context.run.images)} images run at the digest that was delivered"]
    declaration, command = context.declaration.get(), context.settings.prove.command
    opened: OpenedIngresses | None = None
    if declaration.ingresses:
        opened = open_ingresses(context, voice)
        lines.append(opened.summary)
    give_service_addresses(context)
    _applications_healthy(context, voice)
    lines.append(policies(context, voice, opened.balancer if opened else None))
    if command:
        voice.say(" ".join(command))
        record = _run_command(context, opened)
        lines.append(record.output.splitlines()[-1] if record.output else record.name)
    if context.settings.prove.disruptive:
        lines.append(disrupt(context, voice))
        if command:
            voice.say(f"{' '.join(command)}, once more")
            _run_command(context, opened)
    return "; ".join(lines)


def _compare_digests(context: Context) -> None:
    kube, declaration = context.kube.get(), context.declaration.get()
    namespaces = dict.fromkeys((*declaration.namespaces, NAMESPACE, *addon_namespaces(context)))
    pods = [p for ns in namespaces for p in kube.items(collection("Pod", ns))]
    running = running_digests(pods)
    different, updated = [], []
    for image in context.run.images:
        seen = running.get(image.declared, frozenset())
        updated.append(replace(image, running_digest=", ".join(sorted(seen))))
        if seen and seen != {image.digest}:
            different.append(f"{image.declared} runs {', '.join(sorted(seen))}, not {image.digest}")
    context.run.images = updated
    if different:
        raise ProofError(
            attempted="Comparing",
            subject="running images with what was delivered",
            seen="; ".join(different),
            expected="the same digests",
            next_step="look for a second image of that name, or a pod of an older template",
        )


def _applications_healthy(context: Context, voice: Voice) -> None:
    declaration, revision = context.declaration.get(), context.revision.get()

    def judge(view: ClusterView) -> Standing:
        statuses = application_statuses(view, declaration.applications, revision)
        context.run.applications = statuses
        waiting = [s for s in statuses if not s.passed or s.health != "Healthy"]
        line = f"{len(statuses) - len(waiting)} of {len(statuses)} Applications healthy"
        if waiting:
            line += f"; {waiting[0].name} is {waiting[0].health} {waiting[0].message}".rstrip()
        return Standing(reached=not waiting, line=line)

    with ClusterView(context.kube.get(), [("Application", NAMESPACE)]) as view:
        ended = settle(
            view,
            judge,
            clock=context.clock,
            deadline_seconds=HEALTHY_DEADLINE_SECONDS,
            on_change=lambda s: voice.say(s.line),
            cancelled=context.stopped,
        )
    if not ended.ok:
        raise EngineError(
            attempted="Asking Argo CD about",
            subject=f"the Applications of {declaration.environment}",
            seen=ended.standing.line,
            expected="all Healthy, as every workload is ready",
            next_step="read argocd/Application.json in the evidence folder",
        )


def _run_command(context: Context, opened: OpenedIngresses | None) -> ProofRecord:
    environment = {"KUBECONFIG": str(context.folder.path / "kubeconfig")}
    if opened:
        environment |= opened.environment
    record = run_proof(
        context.settings.prove.command,
        root=context.options.repository,
        environment=environment,
        deadline_seconds=context.settings.prove.deadline_seconds,
        runner=context.runner,
        clock=context.clock,
    )
    context.run.proofs.append(record)
    if not record.passed:
        raise ProofError(
            attempted="Running the proof",
            subject=record.name,
            seen=" | ".join(record.output.splitlines()[-6:]) or "it printed nothing and failed",
            expected="exit code 0",
            next_step="read the logs of the services in the evidence folder",
        )
    return record
