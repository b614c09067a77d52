"""What a repository declares, as values: rendered overlays, Applications, what they refer to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.model.refs import ImageReference, ObjectRef

Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedApplication:
    """An Application that the repository's ApplicationSet or files must bring about."""

    name: str
    """Empty where the template cannot be resolved without Argo CD."""
    path: str
    """Folder in the repository, POSIX, without leading `./`."""
    namespace: str
    repo_url: str
    revision: str
    origin: str
    """File that declares it, relative to the repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedApplication:
    """The objects that one Application declares, namespaces filled in."""

    application: ExpectedApplication
    objects: tuple[Object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageUse:
    """An image the repository names, who uses it, and the pull secrets those users name."""

    reference: ImageReference
    declared: str
    users: tuple[ObjectRef, ...]
    pull_secrets: tuple[tuple[str, str], ...]
    """(namespace, secret name)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretUse:
    """A secret that workloads refer to and nobody declares."""

    namespace: str
    name: str
    keys: tuple[str, ...]
    """Keys that references name; empty when the whole secret is mounted or it is a pull secret."""
    is_pull_secret: bool
    users: tuple[ObjectRef, ...]
    hosts: tuple[str, ...] = ()
    """Registry hosts of the images pulled with it."""
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """Everything one environment of the repository declares."""

    root: Path
    environment: str
    bootstrap: tuple[Object, ...]
    """AppProjects, ApplicationSets and Applications to apply by hand, as a person would."""
    generated_bootstrap: bool
    """True when the repository has no ApplicationSet and the harness made one."""
    applications: tuple[RenderedApplication, ...]
    repo_urls: tuple[str, ...]
    images: tuple[ImageUse, ...]
    secrets: tuple[SecretUse, ...]
    ingresses: tuple[Object, ...]
    load_balancer_subnets: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces the Applications deploy into, sorted."""
        found = {app.application.namespace for app in self.applications}
        found |= {
            str(o["metadata"].get("namespace") or "")
            for app in self.applications
            for o in app.objects
        }
        return tuple(sorted(found - {""}))
