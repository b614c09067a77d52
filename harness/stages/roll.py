"""On a reused cluster: pods that run an older image of the same tag are replaced.

A tag that stays while its content changes is what people have on a laptop. Nodes keep the old
image, so it is removed there, and the pods are deleted; their controllers make new ones.
"""

from __future__ import annotations

from harness.images.running import pods_to_replace
from harness.model.kinds import collection, object_path
from harness.model.refs import ObjectRef
from harness.stages.context import Context

CRICTL = ("crictl", "rmi")


def roll_changed_images(context: Context) -> int:
    """Replaces the pods whose digest is not the delivered one; returns how many there were."""
    kube, docker = context.kube.get(), context.docker.get()
    namespaces = context.declaration.get().namespaces
    pods = [p for ns in namespaces for p in kube.items(collection("Pod", ns))]
    wanted = {image.declared: image.digest for image in context.run.images}
    outdated = pods_to_replace(pods, wanted)
    images = sorted({image for _, stale in outdated for image in stale})
    for node in context.nodes:
        for image in images:
            docker.execute(node, (*CRICTL, image))
    for pod, _ in outdated:  # after the image: a pod that is made while it is there starts from it
        kube.delete(object_path(ObjectRef.of({**pod, "kind": "Pod"})))
    return len(outdated)
