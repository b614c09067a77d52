"""The control: does this cluster enforce policies at all.

In a namespace of ours a server and a client start from an image that the nodes have already, that
of the cluster's DNS. The client must reach the server; then a policy of ours denies it, and the
client must not reach it any more. The namespace is removed, whatever happens.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from harness.io.clock import Clock
from harness.io.kube import KubeError
from harness.manifests.pods import Object
from harness.model.kinds import collection, object_path
from harness.model.policies import Control, Enforcement, Reply
from harness.model.refs import ObjectRef
from harness.policies.ends import DNS_LABELS, is_ready
from harness.policies.probes import Answer, Goal, Probe, Prober, Stand
from harness.policies.snapshot import DNS_NAMESPACE

PORT = 5353
START_SECONDS = 30.0
DENY_SECONDS = 12.0
"""How long a policy engine may take to see a policy; kindnet's takes well under one."""
TICK_SECONDS = 0.3


class Writing(Protocol):
    """What the control needs of the API server."""

    def items(self, path: str, **query: str) -> list[Object]:
        """Returns the items of a list."""

    def find(self, path: str) -> Object | None:
        """Returns an object, or None."""

    def create(self, path: str, body: Mapping[str, Any]) -> Object:
        """Creates an object."""

    def delete(self, path: str, *, grace_seconds: int | None = None) -> None:
        """Deletes an object; absent is fine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """What one control is made with."""

    name: str
    """Of the namespace."""
    labels: Mapping[str, str]
    """What marks it as ours."""
    client_stands_in: Callable[[Object], Stand]
    """The stand of the client's pod."""


def control(kube: Writing, prober: Prober, experiment: Experiment, clock: Clock) -> Control:
    """Returns whether policies are enforced; never raises for what the cluster refuses."""
    began = clock.monotonic()

    def ended(state: Enforcement, detail: str) -> Control:
        return Control(state=state, detail=detail, seconds=clock.monotonic() - began)

    try:
        return ended(*_run(kube, prober, experiment, clock))
    except (KubeError, TimeoutError, LookupError) as error:
        return ended(Enforcement.NOT_TESTED, f"the control could not be made: {error}")
    finally:
        with contextlib.suppress(KubeError):
            kube.delete(object_path(ObjectRef("Namespace", "", experiment.name)))


def _run(
    kube: Writing, prober: Prober, experiment: Experiment, clock: Clock
) -> tuple[Enforcement, str]:
    image = dns_image(kube)
    kube.create(collection("Namespace"), namespace(experiment))
    for role in ("server", "client"):
        _create_pod(kube, experiment.name, pod(experiment, role, image), clock)
    server, client = (_started(kube, experiment, role, clock) for role in ("server", "client"))
    goal = Goal(address=str(server["status"]["podIP"]), port=PORT)
    probe = Probe(stand=experiment.client_stands_in(client), goal=goal)
    before = _asked_until(prober, probe, clock, answered=True)
    if before.reply is not Reply.ANSWERED:
        said = f"{before.reply} {before.text}".strip()
        return (
            Enforcement.NOT_TESTED,
            f"without a policy the control's server did not answer: {said}",
        )
    kube.create(collection("NetworkPolicy", experiment.name), denial(experiment))
    after = _asked_until(prober, probe, clock, answered=False)
    if after.reply is Reply.ANSWERED:
        return (
            Enforcement.NOT_ENFORCED,
            f"a policy of ours denied all ingress of a pod of ours, which still answered after "
            f"{DENY_SECONDS:.0f} s",
        )
    if after.reply is Reply.NOT_PROBED:
        return Enforcement.NOT_TESTED, after.text
    return Enforcement.ENFORCED, f"a pod of ours answered until a policy denied it: {after.reply}"


def dns_image(kube: Writing) -> str:
    """Returns the image of the cluster's DNS, which its nodes have.

    Raises:
        LookupError: No such pod runs.
    """
    selector = ",".join(f"{key}={value}" for key, value in DNS_LABELS.items())
    for found in kube.items(collection("Pod", DNS_NAMESPACE), labelSelector=selector):
        for container in found["spec"]["containers"]:
            if "coredns" in str(container.get("image")):
                return str(container["image"])
    message = "no pod of the cluster's DNS runs CoreDNS"
    raise LookupError(message)


def namespace(experiment: Experiment) -> Object:
    """Returns the namespace of the control."""
    meta = {"name": experiment.name, "labels": dict(experiment.labels)}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}


def pod(experiment: Experiment, role: str, image: str) -> Object:
    """Returns the server or the client: CoreDNS without a configuration, which listens."""
    meta = {"name": role, "labels": {**experiment.labels, "role": role}}
    security = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    container = {
        "name": role,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "args": [f"-dns.port={PORT}"],
        "securityContext": security,
        "resources": {"requests": {"cpu": "1m", "memory": "16Mi"}},
    }
    spec = {
        "containers": [container],
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 0,
        "restartPolicy": "Never",
        "tolerations": [{"operator": "Exists"}],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


def denial(experiment: Experiment) -> Object:
    """Returns the policy that denies all ingress of the server."""
    meta = {"name": "deny", "labels": dict(experiment.labels)}
    spec = {"podSelector": {"matchLabels": {"role": "server"}}, "policyTypes": ["Ingress"]}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": meta,
        "spec": spec,
    }


def _create_pod(kube: Writing, namespace_name: str, body: Object, clock: Clock) -> None:
    """Creates a pod; a new namespace refuses pods until it has its ServiceAccount."""
    deadline = clock.monotonic() + START_SECONDS
    while True:
        try:
            kube.create(collection("Pod", namespace_name), body)
        except KubeError as error:
            if error.status != 403 or clock.monotonic() > deadline:
                raise
            clock.sleep(TICK_SECONDS)
        else:
            return


def _started(kube: Writing, experiment: Experiment, role: str, clock: Clock) -> Object:
    path = object_path(ObjectRef("Pod", experiment.name, role))
    deadline = clock.monotonic() + START_SECONDS
    while True:
        found = kube.find(path) or {}
        if is_ready(found) and (found.get("status") or {}).get("podIP"):
            return found
        if clock.monotonic() > deadline:
            message = f"the {role} of the control did not start within {START_SECONDS:.0f} s"
            raise TimeoutError(message)
        clock.sleep(TICK_SECONDS)


def _asked_until(prober: Prober, probe: Probe, clock: Clock, *, answered: bool) -> Answer:
    """Returns the answer as soon as it is the wanted one, else the last before the deadline."""
    deadline = clock.monotonic() + DENY_SECONDS
    while True:
        answer = prober([probe])[probe]
        is_wanted = (answer.reply is Reply.ANSWERED) is answered
        if is_wanted or answer.reply is Reply.NOT_PROBED or clock.monotonic() > deadline:
            return answer
        clock.sleep(TICK_SECONDS)
