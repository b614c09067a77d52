"""Probes from short-lived pods: for clusters whose nodes cannot be entered.

One pod for each stand and call; the script waits a moment first, so that the policy engine knows
the new pod. What the pods say is read from their logs. One ConfigMap per namespace owns them all
and is removed at the end, the pods with it, whatever happens.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from harness.io.clock import Clock
from harness.io.kube import KubeError
from harness.manifests.pods import Object
from harness.model.containers import LABEL
from harness.model.kinds import collection, object_path
from harness.model.refs import ObjectRef
from harness.policies.probe_pod import probe_pod, would_serve
from harness.policies.probes import Answer, Goal, Probe, Stand, not_probed
from harness.policies.script import read_output, script

START_SECONDS = 45.0
TICK_SECONDS = 0.5
KNOWN_AFTER_SECONDS = 3
"""How long a policy engine may take to know a new pod."""
ENDED = {"Succeeded", "Failed"}


class Api(Protocol):
    """What is needed of the API server."""

    def items(self, path: str, **query: str) -> list[Object]:
        """Returns the items of a list."""

    def find(self, path: str) -> Object | None:
        """Returns an object, or None."""

    def create(self, path: str, body: Mapping[str, Any]) -> Object:
        """Creates an object and returns it."""

    def delete(self, path: str, *, grace_seconds: int | None = None) -> None:
        """Deletes an object; absent is fine."""

    def logs(
        self, namespace: str, pod: str, container: str, *, previous: bool = False, lines: int = 200
    ) -> str:
        """Returns the last lines of a log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodSettings:
    """How probe pods are made."""

    image: str = ""
    """An image with bash; empty for the image of each pod itself."""
    images: Mapping[str, str] = field(default_factory=dict)
    """The image for the pods of a namespace, where none is named for all."""
    keep_labels: frozenset[str] = frozenset()
    label: str = "probe"
    """The value of our label on the ConfigMap."""


@dataclass(slots=True, kw_only=True)
class ThroughPods:
    """A prober that starts a pod for each stand; use it as a context, which removes them."""

    api: Api
    clock: Clock
    settings: PodSettings = field(default_factory=PodSettings)
    _owners: dict[str, Object] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for namespace, owner in self._owners.items():
            ref = ObjectRef("ConfigMap", namespace, str(owner["metadata"]["name"]))
            with contextlib.suppress(KubeError):
                self.api.delete(object_path(ref))
        self._owners.clear()

    def __call__(self, probes: Sequence[Probe]) -> Mapping[Probe, Answer]:
        """Returns an answer to every probe."""
        by_stand: dict[Stand, dict[Goal, None]] = {}
        for probe in probes:
            by_stand.setdefault(probe.stand, {})[probe.goal] = None
        started: list[tuple[Stand, list[Goal], ObjectRef]] = []
        found: dict[Probe, Answer] = {}
        for stand, goals in by_stand.items():
            try:
                started.append((stand, list(goals), self._start(stand, list(goals))))
            except (KubeError, LookupError) as error:
                found |= not_probed([Probe(stand=stand, goal=g) for g in goals], str(error))
        for stand, own, ref in started:
            found |= self._ended(stand, own, ref)
        return found

    def _start(self, stand: Stand, goals: list[Goal]) -> ObjectRef:
        """Creates the pod of a stand.

        Raises:
            LookupError: The pod it stands in for is gone, or a Service would use the new one.
            KubeError: The API server refuses it.
        """
        if stand.pod is None:
            message = f"{stand.name} is no pod"
            raise LookupError(message)
        original = self.api.find(object_path(stand.pod))
        if original is None:
            message = f"{stand.name} does not exist any more"
            raise LookupError(message)
        services = self.api.items(collection("Service", stand.pod.namespace))
        if serving := would_serve(original, services):
            message = f"Service {serving} would send traffic to a short-lived pod like {stand.name}"
            raise LookupError(message)
        body = self._pod(original, stand, goals)
        self.api.create(collection("Pod", stand.pod.namespace), body)
        return ObjectRef.of(body)

    def _pod(self, original: Object, stand: Stand, goals: list[Goal]) -> Object:
        namespace = stand.pod.namespace if stand.pod else ""
        own = str(original["spec"]["containers"][0]["image"])
        image = self.settings.image or self.settings.images.get(namespace, own)
        return probe_pod(
            original,
            name=f"gitops-harness-probe-{secrets.token_hex(4)}x",
            owner=self._owner(namespace),
            image=image,
            script=f"exec 2>&1\nsleep {KNOWN_AFTER_SECONDS}\n{script(goals)}",
            keep_labels=self.settings.keep_labels,
        )

    def _owner(self, namespace: str) -> Object:
        if namespace not in self._owners:
            meta = {
                "name": f"gitops-harness-probes-{secrets.token_hex(4)}",
                "labels": {LABEL: self.settings.label},
            }
            body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}
            self._owners[namespace] = self.api.create(collection("ConfigMap", namespace), body)
        return self._owners[namespace]

    def _ended(self, stand: Stand, goals: list[Goal], ref: ObjectRef) -> dict[Probe, Answer]:
        probes = [Probe(stand=stand, goal=goal) for goal in goals]
        try:
            phase, why = self._wait(ref)
            output = self.api.logs(ref.namespace, ref.name, "probe", lines=20_000)
            self.api.delete(object_path(ref), grace_seconds=0)
        except KubeError as error:
            return not_probed(probes, f"the probe pod of {stand.name}: {error}")
        if phase not in ENDED or "s0 ended" not in output:
            said = why or output.strip()[-200:] or phase
            return not_probed(probes, f"the probe pod of {stand.name} did not end: {said}")
        return read_output(output, {0: (stand, goals)})

    def _wait(self, ref: ObjectRef) -> tuple[str, str]:
        """Returns the phase in which a pod ended, else the last one and why it waits."""
        deadline = self.clock.monotonic() + START_SECONDS
        while True:
            found = self.api.find(object_path(ref)) or {}
            phase, why = str((found.get("status") or {}).get("phase") or "Pending"), waits(found)
            hopeless = any(word in why for word in ("ErrImage", "ImagePull", "CreateContainer"))
            if phase in ENDED or hopeless or self.clock.monotonic() > deadline:
                return phase, why
            self.clock.sleep(TICK_SECONDS)


def waits(pod: Object) -> str:
    """Returns why a pod's container waits or failed to start; empty where it does not."""
    return "; ".join(_reasons(pod))


def _reasons(pod: Object) -> Iterator[str]:
    for status in (pod.get("status") or {}).get("containerStatuses") or []:
        for state in ("waiting", "terminated"):
            found = (status.get("state") or {}).get(state) or {}
            reason = str(found.get("reason") or "")
            if reason and reason != "Completed":
                yield f"{reason} {found.get('message') or ''}".strip()
