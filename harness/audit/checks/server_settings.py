"""A container of a server with what is known of its variables and its storage. Pure.

A value is known when it is written in the manifest or in a declared ConfigMap; that a variable is
given at all may be known without its value (a Secret). Block storage is new and empty but for
`lost+found`, and belongs to root; folders of kind's local-path are open to everybody, so what
follows from that cannot be seen there (failure catalogue, V12).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from harness.audit.checks.service_ports import serving
from harness.audit.finding import Severity
from harness.audit.reading import at, entries, is_placeholder, mapping, text, text_at, texts
from harness.audit.scope import Scope
from harness.audit.world import PodTemplate, World
from harness.connectivity.environment import variables
from harness.connectivity.variable_names import is_secret
from harness.model.refs import ObjectRef

_BLOCK = re.compile(
    r"(?:^|[-_.])(?:gp[23]|io[12]|sc1|st1|ebs|pd|rwo|managed|premium|cinder|rbd|block|longhorn|hcloud"
    r"|volumes|disk|ssd)(?:$|[-_.])",
    re.IGNORECASE,
)
_SHARED = re.compile(
    r"local|hostpath|host-path|nfs|efs|cephfs|azurefile|filestore|smb|glusterfs|csi-s3",
    re.IGNORECASE,
)
_OWNERSHIP = re.compile(r"\b(?:chown|chmod|mkdir|install)\b")


class Storage(StrEnum):
    """What a claim's file system is like when it is new."""

    BLOCK = "block"
    """It holds lost+found and belongs to root."""
    FOLDER = "folder"
    """It is empty and open."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A claim's mount in a container."""

    path: str
    sub_path: str
    claim: str
    """The claim's name, or that of the claim template."""
    storage: Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A container with what is known of it."""

    template: PodTemplate
    place: str
    """Path below the pod specification, e.g. `containers[kafka]`."""
    container: Mapping[str, Any]
    values: Mapping[str, str]
    """The variables whose values are known and no secrets."""
    given: frozenset[str]
    """The variables that are set, whatever their value."""
    empty: frozenset[str]
    """The variables that are set to nothing."""
    is_whole: bool
    """Whether all variables are known by name."""

    @property
    def image(self) -> str:
        """The image as written."""
        return text(self.container.get("image"))

    @property
    def words(self) -> tuple[str, ...]:
        """Command and arguments."""
        return (*texts(self.container.get("command")), *texts(self.container.get("args")))

    @property
    def script(self) -> str:
        """Command and arguments as one text."""
        return " ".join(self.words)

    def field(self, rest: str) -> str:
        """Returns the dotted path of something in the container."""
        return f"{self.template.prefix}.{self.place}.{rest}"

    def value(self, *names: str) -> str:
        """Returns the first known value that is no placeholder; empty where none is."""
        found = (self.values.get(name, "") for name in names)
        return next((v for v in found if v and not is_placeholder(v)), "")


def servers(here: World) -> tuple[Server, ...]:
    """Returns every container that runs as long as its pod does."""
    found: tuple[Server, ...] = here.memo("servers", lambda: tuple(_servers(here)))
    return found


def _servers(here: World) -> Iterator[Server]:
    for template in here.templates:
        for container in serving(template):
            yield _server(here, template, container)


def _server(here: World, template: PodTemplate, container: Mapping[str, Any]) -> Server:
    is_main = container in entries(template.spec.get("containers"))
    group = "containers" if is_main else "initContainers"
    place = f"{group}[{text(container.get('name'))}]"
    workload = here.inventory.workload(ObjectRef.of(template.object))
    found = variables(container, place, workload, here.inventory) if workload else {}
    written = {text(e.get("name")) for e in entries(container.get("env"))}
    literal = {text(e.get("name")) for e in entries(container.get("env")) if e.get("value") == ""}
    return Server(
        template=template,
        place=place,
        container=container,
        values={n: v.value for n, v in found.items() if not v.is_secret and not is_secret(n)},
        given=frozenset({*found, *written}) - {""},
        empty=frozenset(literal | {n for n, v in found.items() if not v.value}),
        is_whole=workload is not None and _is_whole(here, template, container),
    )


def _is_whole(here: World, template: PodTemplate, container: Mapping[str, Any]) -> bool:
    """Whether every object that gives variables is declared with its content."""
    space = template.ref.namespace
    for source in entries(container.get("envFrom")):
        config, secret = (
            text_at(source, "configMapRef", "name"),
            text_at(source, "secretRef", "name"),
        )
        if config and (space, config) not in here.inventory.config_maps:
            return False
        if secret and (space, secret) not in here.inventory.secrets:
            return False
    return True


def mounts(here: World, server: Server) -> Iterator[Mount]:
    """Yields where a container mounts claims."""
    claims = dict(_claims(here, server.template))
    for mount in entries(server.container.get("volumeMounts")):
        found = claims.get(text(mount.get("name")))
        if found is not None:
            name, storage = found
            yield Mount(
                path=text(mount.get("mountPath")).rstrip("/"),
                sub_path=text(mount.get("subPath")) or text(mount.get("subPathExpr")),
                claim=name,
                storage=storage,
            )


def _claims(here: World, template: PodTemplate) -> Iterator[tuple[str, tuple[str, Storage]]]:
    """Yields each volume that is a claim, with the claim's name and what its storage is like."""
    for volume in entries(template.spec.get("volumes")):
        name = text_at(volume, "persistentVolumeClaim", "claimName")
        if name:
            ref = ObjectRef("PersistentVolumeClaim", template.ref.namespace, name)
            claim = here.find(ref)
            spec = mapping(at(claim.object, "spec")) if claim else {}
            yield text(volume.get("name")), (name, _storage(here, spec))
    for claim_template in entries(at(template.object, "spec", "volumeClaimTemplates")):
        name = text_at(claim_template, "metadata", "name")
        yield name, (name, _storage(here, mapping(claim_template.get("spec"))))


def _storage(here: World, claim: Mapping[str, Any]) -> Storage:
    name = text(claim.get("storageClassName"))
    declared = here.find(ObjectRef("StorageClass", "", name)) if name else None
    told = f"{name} {text(at(declared.object, 'provisioner')) if declared else ''}"
    if not name or is_placeholder(name):
        return Storage.UNKNOWN
    if _SHARED.search(told):
        return Storage.FOLDER
    return Storage.BLOCK if any(map(_BLOCK.search, told.split())) else Storage.UNKNOWN


def severity(scope: Scope, mount: Mount) -> Severity | None:
    """Returns how bad a fault of new block storage is there; None where there is none."""
    match mount.storage:
        case Storage.BLOCK:
            return Severity.DEFECT
        case Storage.FOLDER:
            return None
        case Storage.UNKNOWN:
            return None if scope.profile.name == "kind" else Severity.NOTE


def prepares_folders(server: Server) -> bool:
    """Tells whether an init container makes folders or changes their owner."""
    return any(
        _OWNERSHIP.search(" ".join((*texts(c.get("command")), *texts(c.get("args")))))
        for c in entries(server.template.spec.get("initContainers"))
    )


def security(server: Server, name: str) -> Any:
    """Returns a setting of the container's security context, or else the pod's."""
    own = mapping(server.container.get("securityContext"))
    pod = mapping(server.template.spec.get("securityContext"))
    return own.get(name, pod.get(name))
