"""Puts together everything one environment declares: the input of all later stages.

Renders the bootstrap and every Application's folder, fills in namespaces as Argo CD does, and
collects images, secrets, Ingresses and load balancer subnets.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.config import Settings
from harness.io.process import Runner
from harness.manifests.scoping import with_namespace
from harness.model.errors import RepositoryError
from harness.model.repository import (
    Declaration,
    ExpectedApplication,
    RenderedApplication,
)
from harness.repo.discovery import ENGINE_KINDS, Environment, find_environment
from harness.repo.expansion import expand
from harness.repo.references import image_uses, missing_secrets
from harness.repo.render import render
from harness.repo.repository_files import RepositoryTree
from harness.repo.yaml_files import parse_objects

Object = dict[str, Any]
OWN_REPO_URL = "https://git.gitops-harness.internal/repository.git"
"""Answers for a repository whose tree names no Git address of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What rendering needs: the kustomize program and a way to run it."""

    kustomize: Path
    runner: Runner


def declare(root: Path, environment: str, settings: Settings, tools: Tools) -> Declaration:
    """Returns what `environment` of the repository at `root` declares.

    Raises:
        UsageError: There is no such environment.
        RepositoryError: Something does not render, or no Application could be worked out.
    """
    place = find_environment(root, environment, settings)
    bootstrap, origin = _bootstrap(root, place, tools)
    generated = not any(o.get("kind") in {"Application", "ApplicationSet"} for o in bootstrap)
    if generated:
        bootstrap = (*bootstrap, own_application_set(place, OWN_REPO_URL))
    expansion = expand([(o, origin) for o in bootstrap], RepositoryTree(root))
    if not expansion.applications:
        raise RepositoryError(
            attempted="Working out the Applications of",
            subject=f"environment {environment!r} in {root}",
            seen="; ".join(expansion.notes) or "no generator matches a folder of this tree",
            expected="at least one Application with a path in this repository",
            next_step="compare the generator's paths with the folders of the repository",
        )
    rendered = _render_all(root, expansion.applications, tools)
    return _collect(root, place, bootstrap, generated, rendered, expansion.notes)


def _collect(
    root: Path,
    place: Environment,
    bootstrap: tuple[Object, ...],
    generated: bool,
    rendered: tuple[RenderedApplication, ...],
    notes: tuple[str, ...],
) -> Declaration:
    objects = [o for app in rendered for o in app.objects]
    images, image_notes = image_uses(objects)
    ingresses = tuple(o for o in objects if o.get("kind") == "Ingress")
    return Declaration(
        root=root,
        environment=place.name,
        bootstrap=bootstrap,
        generated_bootstrap=generated,
        applications=rendered,
        repo_urls=tuple(dict.fromkeys(a.application.repo_url for a in rendered)),
        images=images,
        secrets=missing_secrets(objects),
        ingresses=ingresses,
        load_balancer_subnets=load_balancer_subnets(objects) if ingresses else (),
        notes=(*notes, *image_notes),
    )


def _bootstrap(root: Path, place: Environment, tools: Tools) -> tuple[tuple[Object, ...], str]:
    if place.bootstrap:
        objects = render(
            root / place.bootstrap, root=root, kustomize=tools.kustomize, runner=tools.runner
        )
        return objects, place.bootstrap
    found = [
        o
        for name in place.bootstrap_files
        for o in parse_objects((root / name).read_text(encoding="utf-8"), name)
        if o.get("kind") in ENGINE_KINDS
    ]
    order = {kind: number for number, kind in enumerate(ENGINE_KINDS)}
    found.sort(key=lambda o: order[str(o["kind"])])
    return tuple(found), ", ".join(place.bootstrap_files)


def own_application_set(place: Environment, url: str) -> Object:
    """Returns the ApplicationSet for a repository that has none: one Application per overlay."""
    elements = [
        {"path": path, "name": path.replace("/", "-").lower().strip(".-")}
        for path in place.overlays
    ]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": {"name": f"{place.name}-overlays", "namespace": "argocd"},
        "spec": {
            "goTemplate": True,
            "goTemplateOptions": ["missingkey=error"],
            "generators": [{"list": {"elements": elements}}],
            "template": {
                "metadata": {"name": "{{.name}}"},
                "spec": {
                    "project": "default",
                    "source": {"repoURL": url, "targetRevision": "HEAD", "path": "{{.path}}"},
                    "destination": {
                        "server": "https://kubernetes.default.svc",
                        "namespace": place.name,
                    },
                    "syncPolicy": {
                        "automated": {"prune": True, "selfHeal": True},
                        "syncOptions": ["CreateNamespace=true"],
                    },
                },
            },
        },
    }


def _render_all(
    root: Path, applications: Sequence[ExpectedApplication], tools: Tools
) -> tuple[RenderedApplication, ...]:
    def one(application: ExpectedApplication) -> RenderedApplication:
        objects = render(
            root / application.path, root=root, kustomize=tools.kustomize, runner=tools.runner
        )
        return RenderedApplication(
            application=application,
            objects=tuple(with_namespace(o, application.namespace) for o in objects),
        )

    with ThreadPoolExecutor(max_workers=4) as pool:
        return tuple(pool.map(one, applications))


def load_balancer_subnets(objects: Iterable[Object]) -> tuple[str, ...]:
    """Returns the private subnets from which the policies admit traffic, most used first."""
    counts: dict[str, int] = {}
    for cidr in _admitted(objects):
        network = ipaddress.ip_network(cidr, strict=False)
        if network.version == 4 and network.is_private and network.prefixlen > 0:
            counts[str(network)] = counts.get(str(network), 0) + 1
    return tuple(sorted(counts, key=lambda c: -counts[c]))


def _admitted(objects: Iterable[Object]) -> Iterator[str]:
    for obj in objects:
        if obj.get("kind") != "NetworkPolicy":
            continue
        for rule in (obj.get("spec") or {}).get("ingress") or []:
            for peer in rule.get("from") or []:
                if peer.get("ipBlock"):
                    yield str(peer["ipBlock"]["cidr"])
