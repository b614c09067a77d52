"""Finds the Argo CD of a cluster: whether its kinds are served, where it runs, which version.

Discovery is open to every user, so that the answer does not depend on the right to read CRDs. The
namespace is that of the workloads with Argo CD's own label `app.kubernetes.io/part-of: argocd`
(argo-cd `manifests/core-install.yaml`); of several the one whose Applications were expected.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from harness.gitops.argocd_manifest import NAMESPACE
from harness.io.kube import Kube, KubeError
from harness.manifests.pods import workloads
from harness.model.kinds import ARGO, collection
from harness.model.refs import ImageReference, ObjectRef
from harness.stages.existing.place import ArgoCd

Object = dict[str, Any]
LABEL = "app.kubernetes.io/part-of=argocd"
CONTROLLER = "argocd-application-controller"
NAME_LABEL = "app.kubernetes.io/name"


def is_served(kube: Kube) -> bool:
    """Tells whether the API server serves Applications."""
    listed = (kube.find(ARGO) or {}).get("resources") or []
    return any(r.get("name") == "applications" for r in listed)


def find_argocd(kube: Kube, expected: Collection[str]) -> ArgoCd | None:
    """Returns the Argo CD of a cluster; None where its kinds are not served.

    Args:
        kube: The API.
        expected: Names of the Applications of the environment.

    Raises:
        KubeError: The API server does not answer.
    """
    if not is_served(kube):
        return None
    found, is_whole = _workloads(kube)
    places = {str(o["metadata"]["namespace"]) for o in found}
    live = applications(kube, "")
    homes = [ns for ns in _homes(live or (), expected) if ns in places or not is_whole]
    namespace = next(iter([*homes, *sorted(places)]), NAMESPACE)
    own = [o for o in found if o["metadata"]["namespace"] == namespace]
    return ArgoCd(
        namespace=namespace,
        version=_version(own),
        workloads=tuple(ObjectRef.of(o) for o in own),
    )


def applications(kube: Kube, namespace: str) -> tuple[Object, ...] | None:
    """Returns the live Applications of a namespace or of all; None where they may not be listed."""
    try:
        return tuple(kube.items(collection("Application", namespace)))
    except KubeError:
        return None


def _workloads(kube: Kube) -> tuple[list[Object], bool]:
    """Returns Argo CD's workloads, and whether the whole cluster could be searched."""
    try:
        return _labelled(kube, ""), True
    except KubeError:
        pass
    try:
        return _labelled(kube, NAMESPACE), False
    except KubeError:
        return [], False


def _labelled(kube: Kube, namespace: str) -> list[Object]:
    return [
        {**obj, "kind": kind}
        for kind in ("Deployment", "StatefulSet")
        for obj in kube.items(collection(kind, namespace), labelSelector=LABEL)
    ]


def _homes(live: Iterable[Object], expected: Collection[str]) -> Sequence[str]:
    """Returns the namespaces that hold expected Applications, the fullest first."""
    spaces = [
        str(a["metadata"]["namespace"]) for a in live if str(a["metadata"]["name"]) in expected
    ]
    return sorted(set(spaces), key=lambda ns: (-spaces.count(ns), ns))


def _version(own: Iterable[Object]) -> str:
    """Returns the tag of the controller's image."""
    for obj in own:
        if (obj["metadata"].get("labels") or {}).get(NAME_LABEL) != CONTROLLER:
            continue
        for _, spec in workloads([obj]):
            for container in spec.get("containers") or []:
                return _tag(str(container.get("image") or ""))
    return ""


def _tag(image: str) -> str:
    try:
        return ImageReference.parse(image).tag
    except ValueError:
        return ""
