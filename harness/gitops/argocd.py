"""Installs Argo CD and drives it: apply the bootstrap, refresh, see what it says.

Refreshing uses Argo CD's own annotations, because a failed ApplicationSet is otherwise tried again
after three minutes only and a repository error is hidden for as long (failures are then told late).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from harness.gitops.argocd_manifest import (
    NAMESPACE,
    configured_manifest,
    default_project,
    uses_default_project,
)
from harness.io.kube import KubeError
from harness.io.process import Runner
from harness.model.errors import EngineError
from harness.model.kinds import collection, object_path
from harness.model.refs import ObjectRef

Object = dict[str, Any]
APPLY_DEADLINE_SECONDS = 120


class ArgoApi(Protocol):
    """What driving Argo CD needs of the API."""

    def items(self, path: str, **query: str) -> list[Object]:
        """Returns the items of a list."""

    def apply(self, path: str, body: Mapping[str, Any]) -> Object:
        """Applies an object."""

    def merge(self, path: str, body: Mapping[str, Any]) -> Object:
        """Merges fields into an object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What installing needs on disk."""

    manifest: Path
    folder: Path
    kubectl: Path
    kubeconfig: Path


def install(
    installation: Installation, git_certificates: Mapping[str, str], *, runner: Runner
) -> None:
    """Applies Argo CD's manifests server-side; the CRDs are too big for client-side apply.

    Raises:
        EngineError: kubectl refuses them or does not answer.
    """
    text = installation.manifest.read_text(encoding="utf-8")
    path = installation.folder / "argocd.yaml"
    path.write_text(configured_manifest(text, git_certificates), encoding="utf-8")
    done = runner.run(
        [
            str(installation.kubectl),
            "--kubeconfig",
            str(installation.kubeconfig),
            "apply",
            "--server-side",
            "--force-conflicts",
            "--namespace",
            NAMESPACE,
            "--filename",
            str(path),
        ],
        deadline_seconds=APPLY_DEADLINE_SECONDS,
    )
    if not done.ok:
        raise EngineError(
            attempted="Installing Argo CD from",
            subject=str(installation.manifest),
            seen=done.explain(),
            expected="the API server to accept its manifests",
            next_step="kubectl --kubeconfig ... get events --namespace argocd",
        )


def apply_bootstrap(kube: ArgoApi, objects: Iterable[Object]) -> None:
    """Applies the repository's AppProjects, Applications and ApplicationSets as they are.

    Raises:
        EngineError: Argo CD's schema refuses one of them.
    """
    listed = list(objects)
    if uses_default_project(listed):
        listed.insert(0, default_project())
    for obj in sorted(listed, key=lambda o: o.get("kind") != "AppProject"):
        ref = ObjectRef.of(obj, NAMESPACE)
        try:
            kube.apply(_path(obj, ref), obj)
        except (KubeError, KeyError) as error:
            raise EngineError(
                attempted="Applying",
                subject=str(ref),
                seen=str(error)
                if isinstance(error, KubeError)
                else f"kind {error} is unknown here",
                expected="an AppProject, Application or ApplicationSet that Argo CD accepts",
                next_step="correct the manifest in the bootstrap folder",
            ) from error


def _path(obj: Object, ref: ObjectRef) -> str:
    if obj.get("kind") == "Namespace":
        return f"/api/v1/namespaces/{ref.name}"
    return object_path(ref)


SET_REFRESH = "argocd.argoproj.io/application-set-refresh"
REFRESH = "argocd.argoproj.io/refresh"


def refresh(kube: ArgoApi) -> None:
    """Asks Argo CD to look at Git again now: every ApplicationSet, then every Application."""
    for obj in kube.items(collection("ApplicationSet", NAMESPACE)):
        _ask_again(kube, "ApplicationSet", obj, SET_REFRESH, "true")
    for obj in kube.items(collection("Application", NAMESPACE)):
        _ask_again(kube, "Application", obj, REFRESH, "hard")


def refresh_failed(kube: ArgoApi) -> None:
    """Asks again only what has failed, for example because the repo server was not up yet."""
    for obj in kube.items(collection("ApplicationSet", NAMESPACE)):
        if has_failed(obj):
            _ask_again(kube, "ApplicationSet", obj, SET_REFRESH, "true")
    for obj in kube.items(collection("Application", NAMESPACE)):
        if has_failed(obj):
            _ask_again(kube, "Application", obj, REFRESH, "hard")


def has_failed(obj: Object) -> bool:
    """Tells whether an ApplicationSet or Application reports an error."""
    for condition in (obj.get("status") or {}).get("conditions") or []:
        kind = str(condition.get("type"))
        if kind == "ErrorOccurred" and condition.get("status") == "True":
            return True
        if kind.endswith("Error"):
            return True
    return False


def _ask_again(kube: ArgoApi, kind: str, obj: Object, annotation: str, value: str) -> None:
    path = object_path(ObjectRef(kind, NAMESPACE, str(obj["metadata"]["name"])))
    if annotation in (obj["metadata"].get("annotations") or {}):
        # A failed look leaves the annotation, and setting it again would change nothing.
        kube.merge(path, {"metadata": {"annotations": {annotation: None}}})
    kube.merge(path, {"metadata": {"annotations": {annotation: value}}})
