"""The part of stage "prove" that makes the policy matrix, and the same for `harness policies`.

Joins `harness.policies` with Docker (nodes, the outside, the load balancer), with the repository
(lines of rules) and with the cluster. A difference fails the run, and so does a cluster that does
not enforce policies: what was proven there would hold nowhere else.
"""

from __future__ import annotations

import contextlib
import ipaddress
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from harness.io.clock import Clock
from harness.io.docker import DockerDaemon
from harness.io.kube import Kube, KubeError
from harness.manifests.pods import Object, containers, workloads
from harness.model.containers import LABEL
from harness.model.errors import ProofError, RunnerError
from harness.model.kinds import collection
from harness.model.policies import Control, PartyKind, PolicyMatrix
from harness.model.refs import ObjectRef
from harness.model.repository import Declaration
from harness.policies.control import Experiment, control
from harness.policies.ends import Outsider
from harness.policies.outside import OutsideSettings, outside
from harness.policies.plan import MOST_PAIRS
from harness.policies.probe_pod import selected_by
from harness.policies.probes import Prober, Stand, Together
from harness.policies.snapshot import is_core_policy, read_snapshot
from harness.policies.survey import Means, Question, survey
from harness.policies.through_nodes import ThroughNodes
from harness.policies.through_pods import PodSettings, ThroughPods
from harness.prove.load_balancer import LoadBalancer, usable_subnets
from harness.repo.origin import Origins
from harness.stages.context import Context
from harness.stages.policy_verdict import fail_on_difference, one_sentence
from harness.stages.stage import Voice

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What Docker has around a cluster of ours; nothing of it for one of somebody else."""

    docker: DockerDaemon
    network: str
    """Docker network of the nodes."""
    run_id: str
    image: str
    """Image of the outside; empty where none is known."""
    folder: Path
    """Where the outside's configuration is written."""
    balancer: Outsider | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be probed, and how."""

    declaration: Declaration
    every_pod: bool = False
    most: int = MOST_PAIRS
    probe_image: str = ""
    """An image with bash for short-lived pods; empty for the image of each pod itself."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Marks the control's namespace as ours."""


def policies(context: Context, voice: Voice, balancer: LoadBalancer | None) -> str:
    """Makes the matrix of the run and says it in one line.

    Raises:
        ProofError: Somebody reaches what is denied, or not what is allowed, or the cluster does
            not enforce policies.
    """
    declaration = context.declaration.get()
    if not context.settings.prove.policies:
        context.run.notes.append("policies were not judged: [prove] policies = false")
        return "policies not judged"
    around = Surroundings(
        docker=context.docker.get(),
        network=context.folder.state.network,
        run_id=context.run_id,
        image=context.bundle.get().image("loadbalancer").reference,
        folder=context.folder.path,
        balancer=_standing(balancer.name, balancer.address) if balancer else None,
    )
    order = Order(declaration=declaration, labels=context.kube_labels)
    matrix = make_matrix(order, context.kube.get(), around, context.clock, voice.say)
    context.run.policies = matrix
    fail_on_difference(matrix)
    return one_sentence(matrix)


def make_matrix(
    order: Order, kube: Kube, around: Surroundings | None, clock: Clock, say: Say
) -> PolicyMatrix:
    """Returns the matrix of an environment in a cluster.

    Raises:
        ProofError: The pods cannot be listed.
        RunnerError: Docker refuses the outside.
    """
    objects = tuple(o for app in order.declaration.applications for o in app.objects)
    notes: list[str] = []
    with contextlib.ExitStack() as stack:
        name = f"gitops-harness-control-{secrets.token_hex(4)}"
        settings = _pod_settings(order, objects, name)
        prober = _prober(kube, around, clock, stack, settings)
        people = tuple(stack.enter_context(_outsiders(order, kube, around, notes)))
        means = Means(
            prober=prober,
            control=lambda: _control(name, order, kube, prober, clock),
            read=partial(read_snapshot, kube, order.declaration.namespaces),
            locate=locator(order.declaration),
            clock=clock,
            say=say,
        )
        question = Question(
            declared=objects,
            outsiders=people,
            every_pod=order.every_pod,
            most=order.most,
            notes=tuple(notes),
        )
        try:
            return survey(question, means)
        except KubeError as error:
            raise ProofError(
                attempted="Probing the policies of",
                subject=order.declaration.environment,
                seen=str(error),
                expected="the right to list pods in its namespaces",
                next_step="kubectl auth can-i list pods --all-namespaces",
            ) from error


def _pod_settings(order: Order, objects: tuple[Object, ...], control_name: str) -> PodSettings:
    # The image of the control's own pods has no shell; a workload's is on the nodes already.
    images = [c["image"] for _, spec in workloads(objects) for c in containers(spec)]
    return PodSettings(
        image=order.probe_image,
        images={control_name: str(images[-1])} if images else {},
        keep_labels=selected_by(o for o in objects if is_core_policy(o)),
    )


def _prober(
    kube: Kube,
    around: Surroundings | None,
    clock: Clock,
    stack: contextlib.ExitStack,
    settings: PodSettings,
) -> Prober:
    nodes = ThroughNodes(around.docker.execute) if around else None
    if nodes is not None and not settings.image:
        return nodes
    pods = stack.enter_context(ThroughPods(api=kube, clock=clock, settings=settings))
    return Together(pods, nodes)


def _control(name: str, order: Order, kube: Kube, prober: Prober, clock: Clock) -> Control:
    labels = {**order.labels, LABEL: "control"}
    experiment = Experiment(name=name, labels=labels, client_stands_in=_stand)
    return control(kube, prober, experiment, clock)


def _stand(pod: Object) -> Stand:
    ref = ObjectRef.of({**pod, "kind": "Pod"})
    return Stand(
        name=f"{ref.namespace}/{ref.name}",
        pod=ref,
        uid=str(pod["metadata"]["uid"]),
        address=str(pod["status"]["podIP"]),
        node=str(pod["spec"]["nodeName"]),
    )


@contextlib.contextmanager
def _outsiders(
    order: Order, kube: Kube, around: Surroundings | None, notes: list[str]
) -> Iterator[tuple[Outsider, ...]]:
    """Yields who stands outside the cluster; containers of ours live as long as the context."""
    if around is None or not around.image:
        notes.append("the outside was not probed: the nodes are not containers of this machine")
        yield ()
        return
    found = [around.balancer] if around.balancer else []
    with contextlib.ExitStack() as stack:
        for settings in _stand_ins(order, around, pod_networks(kube)):
            try:
                found.append(stack.enter_context(outside(settings, around.docker)))
            except RunnerError as error:
                notes.append(f"the {settings.kind} was not probed: {error.seen}")
        yield tuple(found)


def _stand_ins(
    order: Order, around: Surroundings, nodes: Mapping[str, str]
) -> Iterator[OutsideSettings]:
    """Yields a load balancer's place where one is declared and none runs, and the outside."""
    anybody = OutsideSettings(
        name=f"gitops-harness-{around.run_id}-outside",
        run_id=around.run_id,
        network=around.network,
        image=around.image,
        nodes=nodes,
        config=around.folder / "outside.cfg",
    )
    subnets = declared_subnets(order.declaration)
    if around.balancer is None and order.declaration.ingresses and subnets:
        yield replace(
            anybody,
            name=f"gitops-harness-{around.run_id}-policies",
            kind=PartyKind.LOAD_BALANCER,
            subnets=subnets,
        )
    yield anybody


def declared_subnets(declaration: Declaration) -> tuple[str, ...]:
    """Returns the subnets, inside those that the policies name, that a Docker network can have."""
    declared = [ipaddress.ip_network(s, strict=False) for s in declaration.load_balancer_subnets]
    usable = [ipaddress.ip_network(s) for s in usable_subnets(declaration.load_balancer_subnets)]
    return tuple(
        str(part)
        for part in usable
        if any(part.version == n.version and part.overlaps(n) for n in declared)
    )


def pod_networks(kube: Kube) -> dict[str, str]:
    """Returns the pod CIDR of each node."""
    return {
        str(node["metadata"]["name"]): str(cidr)
        for node in kube.items(collection("Node"))
        if (cidr := (node.get("spec") or {}).get("podCIDR"))
    }


def balancer_of(docker: DockerDaemon, name: str) -> Outsider | None:
    """Returns the load balancer stand-in of a run, where it runs."""
    found = docker.running(name, name)
    return _standing(name, found.address) if found else None


def _standing(name: str, address: str) -> Outsider:
    return Outsider(kind=PartyKind.LOAD_BALANCER, container=name, address=address)


def locator(declaration: Declaration) -> Callable[[ObjectRef, str], tuple[str, int]]:
    """Returns what finds the line of a field of a declared policy."""
    origins = Origins(declaration.root, [a.application.path for a in declaration.applications])
    folders = {
        ObjectRef.of(obj): app.application.path
        for app in declaration.applications
        for obj in app.objects
    }

    def locate(ref: ObjectRef, field: str) -> tuple[str, int]:
        found = origins.locate(ref, field, folders.get(ref, ""))
        return (found.file, found.line) if found else ("", 0)

    return locate
