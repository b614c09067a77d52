"""Stage "names": what the repository declares is true in this run's network.

A registry that asks for credentials, a Git server with the declared addresses, the certificates of
both, and containerd's mirrors that point every registry at ours.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from harness.gitops.argocd_manifest import images_of
from harness.images.push import KnownBlobs
from harness.io.http import http_status
from harness.model.containers import ContainerSpec, StartedContainer
from harness.model.refs import ImageReference
from harness.model.registry import registry_repository
from harness.model.secret import Secret
from harness.names.addresses import GitAddress, git_addresses
from harness.names.certificates import RunCertificates, make_certificates
from harness.names.containers import (
    Place,
    gate_health,
    gate_spec,
    registry_health,
    registry_spec,
    wait_healthy,
)
from harness.names.gate_settings import TOKEN_PORT, GateSettings, write_folder
from harness.names.mirrors import mirror_files
from harness.names.registry_config import PORT, TokenAuthority, registry_config
from harness.names.tokens import TokenSupplier, token_supplier
from harness.secrets.plan import RegistryLogin
from harness.stages.adaptation import addon_images
from harness.stages.cluster import mirrors_folder
from harness.stages.context import Context
from harness.stages.stage import Voice

DEADLINE_SECONDS = 60.0
USER = "gitops-harness"


@dataclass(slots=True, kw_only=True)
class Names:
    """What later stages need of the names: filled by the stage, empty before."""

    login: RegistryLogin = field(
        default_factory=lambda: RegistryLogin(
            username=USER, password=Secret(secrets.token_urlsafe(24))
        )
    )
    git_certificates: dict[str, str] = field(default_factory=dict)
    git_hosts: dict[str, str] = field(default_factory=dict)
    """Git host -> address of the gate on the cluster's network."""
    registry_url: str = ""
    """Where the harness pushes: on 127.0.0.1."""
    mint: TokenSupplier | None = None
    known_blobs: KnownBlobs = field(default_factory=KnownBlobs)


def repositories_folder(context: Context) -> Path:
    """Returns the folder that the gate serves."""
    return context.folder.path / "git"


def addresses(context: Context) -> tuple[GitAddress, ...]:
    """Returns the Git addresses this tree answers to."""
    urls = context.settings.repository.urls or context.declaration.get().repo_urls
    return git_addresses(urls)


def bare_repository(context: Context) -> Path:
    """Returns the bare repository of the run; further addresses are links to it."""
    return repositories_folder(context) / addresses(context)[0].folder


def names(context: Context, voice: Voice, shared: Names) -> str:
    """Starts registry and gate on the run's own network."""
    docker, found = context.docker.get(), addresses(context)
    place = Place(run_id=context.run_id, network=context.folder.state.network)
    context.secrets.append(shared.login.password)
    if not context.reused:
        docker.create_network(place.network, context.run_id)
    certificates = _certificates(context, found)
    authority = TokenAuthority(
        realm=f"http://{place.name('gate')}:{TOKEN_PORT}/token",
        service="gitops-harness-registry",
        issuer="gitops-harness",
    )
    _link_repositories(context, found)
    _write_mirrors(context, f"{place.name('registry')}:{PORT}")
    voice.say("starting registry and Git server")
    registry = _start(context, _registry(context, place, authority, certificates))
    gate = _start(context, _gate(context, place, authority, certificates, shared, found))
    for started, url in ((registry, registry_health(registry)), (gate, gate_health(gate))):
        wait_healthy(
            docker,
            started,
            url=url,
            probe=http_status,
            clock=context.clock,
            deadline_seconds=DEADLINE_SECONDS,
        )
    shared.registry_url = f"http://127.0.0.1:{registry.ports[PORT]}"
    shared.git_hosts = {a.host: gate.address for a in found}
    shared.git_certificates = {a.host: certificates.ca for a in found}
    shared.mint = token_supplier(
        authority=authority, certificates=certificates, now=context.clock.now
    )
    hosts = ", ".join(sorted({a.host for a in found}))
    return f"{hosts} and every image registry are answered by this run"


def _start(context: Context, spec: ContainerSpec) -> StartedContainer:
    docker = context.docker.get()
    if context.reused:  # it re-reads what was written, and the registry keeps what it holds
        running = docker.running(spec.name, spec.network)
        if running is not None:
            return running
    docker.remove_container(spec.name)
    return docker.run_container(spec)


def _certificates(context: Context, found: tuple[GitAddress, ...]) -> RunCertificates:
    # A reused cluster keeps its certificates: Argo CD takes a minute to see a changed ConfigMap.
    path = context.folder.path / "certificates.json"
    hosts = sorted({a.host for a in found})
    if path.is_file():
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept.pop("hosts") == hosts:
            return RunCertificates(
                ca=kept["ca"],
                server=kept["server"],
                server_key=Secret(kept["server_key"]),
                token=kept["token"],
                token_key=Secret(kept["token_key"]),
            )
    made = make_certificates(hosts=hosts, run_id=context.run_id, now=context.clock.now())
    plain = {k: v.reveal() if isinstance(v, Secret) else v for k, v in _fields(made).items()}
    path.touch(mode=0o600)
    path.write_text(json.dumps({**plain, "hosts": hosts}), encoding="utf-8")
    return made


def _fields(made: RunCertificates) -> dict[str, str | Secret]:
    return {
        "ca": made.ca,
        "server": made.server,
        "server_key": made.server_key,
        "token": made.token,
        "token_key": made.token_key,
    }


def _link_repositories(context: Context, found: tuple[GitAddress, ...]) -> None:
    root, first = repositories_folder(context), bare_repository(context)
    first.parent.mkdir(parents=True, exist_ok=True)
    for address in found[1:]:
        link = root / address.folder
        if not link.is_symlink() and link != first:
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(os.path.relpath(first, link.parent))


def _write_mirrors(context: Context, registry: str) -> None:
    hosts = {use.reference.host for use in context.declaration.get().images}
    hosts |= {reference.host for reference in cluster_images(context)}
    for name, content in mirror_files(sorted(hosts), registry=registry).items():
        path = mirrors_folder(context) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def cluster_images(context: Context) -> tuple[ImageReference, ...]:
    """Returns the images that the cluster itself needs: of its add-ons, then of Argo CD."""
    text = context.bundle.get().argocd_manifest.read_text(encoding="utf-8")
    return (*addon_images(context), *(ImageReference.parse(image) for image in images_of(text)))


def _registry(
    context: Context, place: Place, authority: TokenAuthority, certificates: RunCertificates
) -> ContainerSpec:
    folder = context.folder.path / "registry"
    folder.mkdir(exist_ok=True)
    (folder / "token.pem").write_text(certificates.token, encoding="utf-8")
    config = registry_config(
        authority=authority, certificate="/etc/gitops-harness/registry/token.pem"
    )
    (folder / "config.yml").write_text(config, encoding="utf-8")
    image = context.bundle.get().image("registry").reference
    return registry_spec(place, image=image, folder=folder)


def _gate(
    context: Context,
    place: Place,
    authority: TokenAuthority,
    certificates: RunCertificates,
    shared: Names,
    found: tuple[GitAddress, ...],
) -> ContainerSpec:
    public = [p.use.reference for p in context.plan.get() if not p.private]
    public += [
        i.reference
        for i in context.declaration.get().images
        if not i.pull_secrets and context.withheld(i.declared, i.reference.name)
    ]
    ports = tuple(sorted({a.port for a in found}))
    folder = context.folder.path / "gate"
    settings = GateSettings(
        authority=authority,
        users={shared.login.username: shared.login.password},
        public=tuple(registry_repository(r) for r in (*public, *cluster_images(context))),
        https_ports=ports,
    )
    write_folder(folder, settings=settings, certificates=certificates)
    return gate_spec(
        place,
        image=context.bundle.get().image("gate").reference,
        folder=folder,
        repositories=repositories_folder(context),
        https_ports=ports,
    )
