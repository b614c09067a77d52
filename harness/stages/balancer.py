"""The part of stage "prove" that opens the Ingresses: a load balancer stand-in, and its targets.

Starts the stand-in (or finds it at work on a kept cluster), tells it where the cluster is, waits
for its health checks, and fails where a declared route has a target that takes no traffic or where
AWS would refuse what is declared.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.io.kube import Kube
from harness.model.errors import ProofError
from harness.model.kinds import collection
from harness.model.refs import ObjectRef
from harness.model.run import ProofRecord
from harness.prove.healthy import Waited, await_healthy
from harness.prove.load_balancer import (
    PROGRAM,
    LoadBalancer,
    LoadBalancerSettings,
    container_spec,
    join_network,
    load_balancer_name,
    located,
    start_load_balancer,
    usable_subnets,
)
from harness.prove.routes import routing
from harness.prove.routing import Refusal, Routing, Snapshot
from harness.prove.target_health import (
    GroupHealth,
    State,
    Stats,
    declared_at,
    is_complete,
    read_stats,
    target_health,
)
from harness.repo.origin import Origins
from harness.stages.addresses import give_ingress_addresses
from harness.stages.balancer_files import (
    CA_FILE,
    Started,
    make_folder,
    node_addresses,
    remember,
    started_as,
    write_files,
)
from harness.stages.context import Context
from harness.stages.stage import Voice

MOST_LOOKS, LOOK_SECONDS = 10, 0.1
"""How often a result that is just being made is asked for again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedIngresses:
    """A stand-in at work, what it does, and where its files are."""

    balancer: LoadBalancer
    routing: Routing
    folder: Path

    @property
    def summary(self) -> str:
        """One line for people."""
        count = len(self.routing.routes)
        return f"{count} routes through a load balancer in {self.balancer.subnet}"

    @property
    def environment(self) -> dict[str, str]:
        """What a proof is told about it."""
        told = {
            "HARNESS_INGRESS_URL": self.balancer.url,
            "HARNESS_INGRESS_HOSTS": ",".join(self.routing.hosts),
        }
        if self.balancer.https_url:
            told["HARNESS_INGRESS_HTTPS_URL"] = self.balancer.https_url
            told["HARNESS_INGRESS_CA"] = str(self.folder / CA_FILE)
        return told


def open_ingresses(context: Context, voice: Voice) -> OpenedIngresses:
    """Brings every declared Ingress to life and proves that its targets take traffic.

    Raises:
        ProofError: AWS would refuse what is declared, or a target is not healthy.
        RunnerError: Docker refuses the network or the container.
    """
    voice.say("starting the load balancer stand-in")
    folder = make_folder(context)
    nodes = _pod_networks(context.kube.get())
    wanted = routing(read_snapshot(context, dict.fromkeys(nodes, "192.0.2.1")))
    if wanted.refusals:
        raise _refused(context, wanted.refusals[0])
    settings = LoadBalancerSettings(
        run_id=context.run_id,
        labels=context.labels,
        image=context.bundle.get().image("loadbalancer").reference,
        nodes=nodes,
        listeners=wanted.listeners,
        hosts=wanted.hosts,
        folder=folder,
    )
    balancer = _running(context, folder, settings) or _start(context, folder, settings)
    give_ingress_addresses(context, balancer.address)
    context.run.facts["load balancer"] = f"{balancer.url} ({balancer.address}, {balancer.subnet})"
    context.run.facts["ingress hosts"] = ", ".join(wanted.hosts)
    context.run.notes += wanted.notes
    _await_targets(context, balancer, folder, voice)
    return OpenedIngresses(balancer=balancer, routing=wanted, folder=folder)


def read_snapshot(context: Context, nodes: dict[str, str]) -> Snapshot:
    """Returns the live objects of the declared namespaces that a load balancer is made from."""
    kube, namespaces = context.kube.get(), context.declaration.get().namespaces

    def read(kind: str) -> tuple[dict[str, Any], ...]:
        return tuple(o for ns in namespaces for o in kube.items(collection(kind, ns)))

    return Snapshot(
        ingresses=read("Ingress"),
        services=read("Service"),
        slices=read("EndpointSlice"),
        classes=tuple(kube.items(collection("IngressClass"))),
        nodes=nodes,
    )


def _pod_networks(kube: Kube) -> dict[str, str]:
    return {
        str(n["metadata"]["name"]): str((n.get("spec") or {}).get("podCIDR") or "10.244.0.0/24")
        for n in kube.items(collection("Node"))
    }


def _running(context: Context, folder: Path, settings: LoadBalancerSettings) -> LoadBalancer | None:
    """Returns the stand-in that an earlier command has left at work, if it can go on."""
    started = started_as(folder)
    if started is None or started.fingerprint != _fingerprint(context, settings):
        return None
    name = load_balancer_name(context.run_id)
    found = context.docker.get().running(name, name)
    if found is None:
        return None
    # What its checks have found was before this deployment.
    code, _ = context.docker.get().execute(name, ("python3", "-m", PROGRAM, "refresh"))
    return located(found, started.subnet, settings.listeners) if code == 0 else None


def _fingerprint(context: Context, settings: LoadBalancerSettings) -> str:
    """Returns what a running stand-in cannot be changed in; the rest it follows by itself."""
    spec, declaration = container_spec(settings), context.declaration.get()
    programs = [m.source.read_text(encoding="utf-8") for m in spec.mounts if m.source.is_file()]
    parts = (
        *(spec.image, sorted(settings.nodes.items()), settings.listeners, settings.hosts, programs),
        *(declaration.namespaces, declaration.load_balancer_subnets),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _start(context: Context, folder: Path, settings: LoadBalancerSettings) -> LoadBalancer:
    docker, name = context.docker.get(), load_balancer_name(context.run_id)
    docker.remove_container(name)
    docker.remove_network(name)
    subnets = usable_subnets(context.declaration.get().load_balancer_subnets)
    subnet, addresses = join_network(context.run_id, subnets, list(settings.nodes), host=docker)
    write_files(context, folder, routing(read_snapshot(context, addresses)), addresses)
    settings = replace(settings, subnet=subnet, addresses=addresses)
    found = start_load_balancer(settings, host=docker)
    remember(folder, Started(fingerprint=_fingerprint(context, settings), subnet=subnet))
    return found


def _await_targets(context: Context, balancer: LoadBalancer, folder: Path, voice: Voice) -> None:
    """Waits for the health checks and records what they say.

    Raises:
        ProofError: A target fails its check and goes on failing, or never gets a result.
    """
    addresses = node_addresses(folder)
    waited = await_healthy(
        lambda: _look(context, balancer, addresses),
        clock=context.clock,
        stopped=context.stopped,
        say=voice.say,
    )
    _record(context, waited)
    if waited.failing is not None:
        raise _unhealthy(context, waited.failing, balancer.subnet)


def _look(
    context: Context, balancer: LoadBalancer, addresses: dict[str, str]
) -> tuple[GroupHealth, ...]:
    stats = _stats(context, balancer)
    for _ in range(MOST_LOOKS):
        if is_complete(stats):
            break
        context.clock.sleep(LOOK_SECONDS)
        stats = _stats(context, balancer)
    return target_health(routing(read_snapshot(context, addresses)), stats, balancer.subnet)


def _stats(context: Context, balancer: LoadBalancer) -> Stats:
    show = ("python3", "-m", PROGRAM, "show", "stat", "-1", "4", "-1")
    code, output = context.docker.get().execute(balancer.name, show)
    return read_stats(output if code == 0 else "")


def _record(context: Context, waited: Waited) -> None:
    context.run.proofs.append(
        ProofRecord(
            name="load balancer: health of the targets",
            passed=waited.failing is None,
            seconds=waited.seconds,
            output="\n".join(str(group) for group in waited.health),
        )
    )
    context.run.notes += [
        f"route {group.routes[0]} has no target: no pod of {group.group.service} is ready"
        for group in waited.health
        if not group.targets
    ]


def _unhealthy(context: Context, health: GroupHealth, subnet: str) -> ProofError:
    group = health.group
    waiting = [str(t.target) for t in health.targets if t.state is not State.HEALTHY]
    return ProofError(
        attempted="Sending requests through the load balancer by",
        subject=", ".join(health.routes[:3]),
        seen=str(health),
        expected=f"every target of {group.service} healthy; "
        f"{', '.join(waiting[:3])} takes no traffic",
        next_step=_remedy(context, health, subnet),
    )


def _remedy(context: Context, health: GroupHealth, subnet: str) -> str:
    if health.unhealthy and not any(t.blames for t in health.unhealthy):
        return f"admit {subnet} in the NetworkPolicies of the pods behind {health.group.service}"
    ref, field = declared_at(health)
    return f"correct {_place(context, ref, field) or f'{ref} {field}'}, or what answers there"


def _refused(context: Context, refusal: Refusal) -> ProofError:
    place = _place(context, refusal.object, refusal.field)
    return ProofError(
        attempted="Making a load balancer as the AWS Load Balancer Controller would from",
        subject=str(refusal.object),
        seen=refusal.seen,
        expected=refusal.expected,
        next_step=f"correct {place or f'{refusal.object} {refusal.field}'}",
    )


def _place(context: Context, ref: ObjectRef, field: str) -> str:
    declaration = context.declaration.get()
    origins = Origins(declaration.root, [a.application.path for a in declaration.applications])
    found = origins.locate(ref, field)
    return f"{found.file}:{found.line}" if found else ""
