"""Stage "prove": what is ready also works, seen from outside, with the images that were built."""

from __future__ import annotations

from dataclasses import replace

from harness.gitops.argocd_manifest import NAMESPACE
from harness.images.running import running_digests
from harness.io.kube import Kube
from harness.model.errors import EngineError, ProofError
from harness.model.kinds import collection, object_path
from harness.model.refs import ObjectRef
from harness.model.run import ProofRecord
from harness.prove.command import run_proof
from harness.prove.load_balancer import (
    PORT,
    LoadBalancer,
    LoadBalancerSettings,
    load_balancer_name,
    start_load_balancer,
)
from harness.prove.routes import Route, haproxy_config, hosts, routes
from harness.prove.service_addresses import assigned
from harness.stages.context import Context
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
    balancer: LoadBalancer | None = None
    if declaration.ingresses:
        voice.say("starting the load balancer stand-in")
        balancer, found = _open_ingresses(context)
        lines.append(f"{len(found)} routes through a load balancer in {balancer.subnet}")
    _give_addresses(context)
    _applications_healthy(context, voice)
    if command:
        voice.say(" ".join(command))
        record = _run_command(context, balancer)
        lines.append(record.output.splitlines()[-1] if record.output else record.name)
    return "; ".join(lines)


def _compare_digests(context: Context) -> None:
    kube, declaration = context.kube.get(), context.declaration.get()
    namespaces = dict.fromkeys((*declaration.namespaces, NAMESPACE))
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


def _open_ingresses(context: Context) -> tuple[LoadBalancer, tuple[Route, ...]]:
    kube, declaration = context.kube.get(), context.declaration.get()

    def read(kind: str) -> list[dict[str, object]]:
        return [o for ns in declaration.namespaces for o in kube.items(collection(kind, ns))]

    found = routes(read("Ingress"), read("Service"), read("EndpointSlice"))
    config = context.folder.path / "haproxy.cfg"
    config.write_text(haproxy_config(found, PORT), encoding="utf-8")
    docker = context.docker.get()
    name = load_balancer_name(context.run_id)
    docker.remove_container(name)
    docker.remove_network(name)
    balancer = start_load_balancer(
        LoadBalancerSettings(
            run_id=context.run_id,
            labels=context.labels,
            image=context.bundle.get().image("loadbalancer").reference,
            subnets=declaration.load_balancer_subnets,
            nodes=_pod_networks(kube),
            config=config,
        ),
        host=docker,
    )
    for ingress in read("Ingress"):
        _publish_address(kube, ObjectRef.of(ingress | {"kind": "Ingress"}), balancer.address)
    context.run.facts["load balancer"] = f"{balancer.url} ({balancer.address}, {balancer.subnet})"
    context.run.facts["ingress hosts"] = ", ".join(hosts(found))
    return balancer, found


def _publish_address(kube: Kube, ref: ObjectRef, address: str) -> None:
    # A load balancer controller does this; without it Argo CD calls an Ingress Progressing.
    kube.merge(
        f"{object_path(ref)}/status", {"status": {"loadBalancer": {"ingress": [{"ip": address}]}}}
    )


def _give_addresses(context: Context) -> None:
    """Does what a cloud does for Services of type LoadBalancer; without it Argo CD waits."""
    kube, namespaces = context.kube.get(), context.declaration.get().namespaces
    services = [s for ns in namespaces for s in kube.items(collection("Service", ns))]
    nodes = [
        str(address["address"])
        for node in kube.items("/api/v1/nodes")
        for address in (node.get("status") or {}).get("addresses") or []
        if address.get("type") == "InternalIP"
    ]
    for found in assigned(services, nodes):
        if found.address:
            _publish_address(kube, found.service, found.address)
        what = found.address or "none: its ports are taken on every node"
        context.run.notes.append(f"address of {found.service} (type LoadBalancer): {what}")


def _pod_networks(kube: Kube) -> dict[str, str]:
    return {
        str(n["metadata"]["name"]): str((n.get("spec") or {}).get("podCIDR") or "10.244.0.0/24")
        for n in kube.items("/api/v1/nodes")
    }


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


def _run_command(context: Context, balancer: LoadBalancer | None) -> ProofRecord:
    environment = {"KUBECONFIG": str(context.folder.path / "kubeconfig")}
    if balancer:
        environment["HARNESS_INGRESS_URL"] = balancer.url
        environment["HARNESS_INGRESS_HOSTS"] = context.run.facts["ingress hosts"].replace(" ", "")
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
