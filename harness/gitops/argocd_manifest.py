"""Prepares Argo CD's own manifests for a run: the same objects, with the run's settings filled in.

Pure. Only ConfigMaps that Argo CD documents as configuration are changed: the Git certificates
(`argocd-tls-certs-cm`), command parameters (`argocd-cmd-params-cm`) and `argocd-cm`. Keys: Argo CD
`docs/operator-manual/argocd-cmd-params-cm.yaml`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import yaml

Object = dict[str, Any]
NAMESPACE = "argocd"
PARAMETERS = {
    # Submodules point at hosts that only exist outside; their absence is reported by us.
    "reposerver.enable.git.submodule": "false",
    # Since 3.0 the health of resources is no longer stored in the Application unless asked for.
    "controller.resource.health.persist": "true",
}
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def configured_manifest(text: str, git_certificates: Mapping[str, str]) -> str:
    """Returns the manifests with the run's settings, as YAML.

    Args:
        text: Argo CD's `core-install.yaml`.
        git_certificates: Git host -> PEM of the certificate authority that signed its certificate.
    """
    objects = [o for o in yaml.load_all(text, Loader=Loader) if o]
    for obj in objects:
        _configure(obj, git_certificates)
    return str(yaml.dump_all(objects, Dumper=Dumper, sort_keys=False))


def _configure(obj: Object, git_certificates: Mapping[str, str]) -> None:
    if obj.get("kind") != "ConfigMap":
        return
    data: dict[str, str] = {}
    match obj["metadata"]["name"]:
        case "argocd-tls-certs-cm":
            data = dict(git_certificates)
        case "argocd-cmd-params-cm":
            data = PARAMETERS
        case _:
            return
    obj["data"] = {**(obj.get("data") or {}), **data}


@lru_cache(maxsize=2)  # half a second to parse, and asked several times a run
def images_of(text: str) -> tuple[str, ...]:
    """Returns the images that Argo CD's manifests name."""
    found: dict[str, None] = {}
    for obj in yaml.load_all(text, Loader=Loader):
        spec = (((obj or {}).get("spec") or {}).get("template") or {}).get("spec") or {}
        for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
            found[str(container["image"])] = None
    return tuple(found)


def workload_names(text: str) -> tuple[tuple[str, str], ...]:
    """Returns `(kind, name)` of the workloads that Argo CD's manifests create."""
    return tuple(
        (str(obj["kind"]), str(obj["metadata"]["name"]))
        for obj in yaml.load_all(text, Loader=Loader)
        if obj and obj.get("kind") in {"Deployment", "StatefulSet"}
    )


def default_project() -> Object:
    """Returns the `default` AppProject, which Argo CD's API server makes and its core lacks."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": "default", "namespace": NAMESPACE},
        "spec": {
            "sourceRepos": ["*"],
            "destinations": [{"server": "*", "namespace": "*"}],
            "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
        },
    }


def uses_default_project(objects: Iterable[Object]) -> bool:
    """Tells whether an Application or ApplicationSet is in the project `default`."""
    for obj in objects:
        spec = obj.get("spec") or {}
        inner = ((spec.get("template") or {}).get("spec") or {}) if "template" in spec else spec
        is_ours = obj.get("kind") in {"Application", "ApplicationSet"}
        if is_ours and (inner.get("project") or "default") == "default":
            return True
    return False
