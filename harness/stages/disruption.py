"""A proof on request: every StatefulSet loses a pod, and it comes back with the volumes it had.

Asked for with `prove.disruptive`. Pods are deleted one after the other, as a drain would; whether
the application survived that is told by the repository's own proof, which runs again afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.health.pods import is_pod_ready
from harness.io.kube import Kube
from harness.model.errors import ProofError
from harness.model.kinds import collection, object_path
from harness.model.refs import ObjectRef
from harness.model.run import ProofRecord
from harness.model.wording import counted
from harness.stages.context import Context
from harness.stages.stage import Voice

LOOK_SECONDS = 1.0
Object = dict[str, Any]


def disrupt(context: Context, voice: Voice) -> str:
    """Deletes a pod of every declared StatefulSet; returns what came of it.

    Raises:
        ProofError: A pod does not come back, or comes back with other volumes.
    """
    applications = context.declaration.get().applications
    sets = [
        ObjectRef.of(obj, rendered.application.namespace)
        for rendered in applications
        for obj in rendered.objects
        if obj.get("kind") == "StatefulSet"
    ]
    for ref in sets:
        voice.say(f"{ref} loses a pod")
        _lose_a_pod(context, ref)
    return f"{counted(len(sets), 'StatefulSet')} lost a pod each, and got it back with its volumes"


def _lose_a_pod(context: Context, ref: ObjectRef) -> None:
    kube, clock = context.kube.get(), context.clock
    pods = pods_of(kube.items(collection("Pod", ref.namespace)), ref)
    if not pods:
        return
    began, pod = clock.monotonic(), pods[0]
    before = _volumes(kube, pod)
    path = object_path(ObjectRef("Pod", ref.namespace, str(pod["metadata"]["name"])))
    kube.delete(path)
    later = _next_pod(context, path, str(pod["metadata"]["uid"]), began)
    after = _volumes(kube, later) if later else {}
    record = ProofRecord(
        name=f"{ref} gets {pod['metadata']['name']} back",
        passed=later is not None and after == before,
        seconds=clock.monotonic() - began,
        output=_told(before, after, is_back=later is not None),
    )
    context.run.proofs.append(record)
    if not record.passed:
        raise ProofError(
            attempted="Deleting",
            subject=f"pod {pod['metadata']['name']} of {ref}",
            seen=record.output,
            expected="a pod of the same name, ready, with the same volumes",
            next_step="read the events of the pod in the evidence folder",
        )


def pods_of(pods: Sequence[Object], ref: ObjectRef) -> list[Object]:
    """Returns the ready pods of a StatefulSet, by name."""

    def is_owned(pod: Object) -> bool:
        owners = pod["metadata"].get("ownerReferences") or []
        return any(o.get("kind") == ref.kind and o.get("name") == ref.name for o in owners)

    found = [pod for pod in pods if is_owned(pod) and is_pod_ready(pod)]
    return sorted(found, key=lambda pod: str(pod["metadata"]["name"]))


def claims_of(pod: Object) -> tuple[str, ...]:
    """Returns the names of the claims that a pod mounts."""
    volumes = (pod.get("spec") or {}).get("volumes") or []
    claims = (v.get("persistentVolumeClaim") or {} for v in volumes)
    return tuple(str(c["claimName"]) for c in claims if c.get("claimName"))


def _volumes(kube: Kube, pod: Object) -> dict[str, str]:
    """Returns the volume behind each claim of a pod."""
    namespace = str(pod["metadata"]["namespace"])
    return {
        name: str(
            kube.get(object_path(ObjectRef("PersistentVolumeClaim", namespace, name)))["spec"].get(
                "volumeName"
            )
        )
        for name in claims_of(pod)
    }


def _next_pod(context: Context, path: str, uid: str, began: float) -> Object | None:
    deadline = began + context.settings.deadlines.ready
    while context.clock.monotonic() < deadline and not context.stopped.is_set():
        found = context.kube.get().find(path)
        if found is not None and found["metadata"]["uid"] != uid and is_pod_ready(found):
            return found
        context.clock.sleep(LOOK_SECONDS)
    return None


def _told(before: Mapping[str, str], after: Mapping[str, str], *, is_back: bool) -> str:
    if not is_back:
        return "it did not become ready again"
    changed = [name for name, volume in before.items() if after.get(name) != volume]
    if changed:
        return f"other volumes behind {', '.join(changed)}"
    return f"ready again with {', '.join(before) or 'no claim'}"
