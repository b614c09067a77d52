"""What pod specifications refer to: secrets, ConfigMaps, claims, accounts, pull secrets. Pure.

`optional: true` is told with each reference; a reference without a key means the whole object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.manifests.pods import containers
from harness.model.refs import ObjectRef

Object = dict[str, Any]
SecretKey = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One reference from a pod specification to a Secret or ConfigMap."""

    kind: str
    name: str
    key: str = ""
    optional: bool = False
    container: str = ""
    """Empty for volumes."""
    field: str = ""
    """Path below the pod specification, e.g. `containers[order].env[DB_PASSWORD]`."""


def references(spec: Mapping[str, Any]) -> Iterator[Reference]:
    """Yields every reference of a pod specification to Secrets and ConfigMaps."""
    groups = (("initContainers", "initContainers"), ("containers", "containers"))
    for group, word in groups:
        for container in spec.get(group) or []:
            yield from _of_container(container, f"{word}[{container.get('name')}]")
    for volume in spec.get("volumes") or []:
        yield from _of_volume(volume)


def _of_container(container: Mapping[str, Any], place: str) -> Iterator[Reference]:
    name = str(container.get("name") or "")
    for env in container.get("env") or []:
        source = env.get("valueFrom") or {}
        for field, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
            ref = source.get(field)
            if ref:
                yield Reference(
                    kind=kind,
                    name=str(ref.get("name")),
                    key=str(ref.get("key") or ""),
                    optional=bool(ref.get("optional")),
                    container=name,
                    field=f"{place}.env[{env.get('name')}]",
                )
    for source in container.get("envFrom") or []:
        for field, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
            ref = source.get(field)
            if ref:
                yield Reference(
                    kind=kind,
                    name=str(ref.get("name")),
                    optional=bool(ref.get("optional")),
                    container=name,
                    field=f"{place}.envFrom",
                )


def _of_volume(volume: Mapping[str, Any]) -> Iterator[Reference]:
    place = f"volumes[{volume.get('name')}]"
    entries = [("Secret", volume.get("secret"), "secretName")]
    entries += [("ConfigMap", volume.get("configMap"), "name")]
    for source in (volume.get("projected") or {}).get("sources") or []:
        entries += [("Secret", source.get("secret"), "name")]
        entries += [("ConfigMap", source.get("configMap"), "name")]
    for kind, entry, name_field in entries:
        if not entry:
            continue
        for key in [str(item.get("key")) for item in entry.get("items") or []] or [""]:
            yield Reference(
                kind=kind,
                name=str(entry.get(name_field)),
                key=key,
                optional=bool(entry.get("optional")),
                field=place,
            )


def secret_references(spec: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Yields `(secret, key or "", optional)` for every reference of a pod specification."""
    for found in references(spec):
        if found.kind == "Secret":
            yield found.name, found.key, found.optional


def claim_references(spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yields `(volume, claim)` for every claim a pod specification mounts by name."""
    for volume in spec.get("volumes") or []:
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if claim:
            yield str(volume.get("name")), str(claim)


def names_of(entries: Any) -> list[str]:
    """Returns the names in a list of local object references."""
    return [str(e["name"]) for e in entries or [] if isinstance(e, dict) and e.get("name")]


def account_pull_secrets(objects: Iterable[Object]) -> dict[SecretKey, list[str]]:
    """Returns the pull secrets that each ServiceAccount among the objects names."""
    return {
        (ObjectRef.of(o).namespace, ObjectRef.of(o).name): names_of(o.get("imagePullSecrets"))
        for o in objects
        if o.get("kind") == "ServiceAccount"
    }


def pull_secrets(
    spec: Mapping[str, Any], namespace: str, accounts: Mapping[SecretKey, list[str]]
) -> list[SecretKey]:
    """Returns the pull secrets of a pod; its ServiceAccount's only when it names none itself."""
    own = names_of(spec.get("imagePullSecrets"))
    account = str(spec.get("serviceAccountName") or "default")
    return [(namespace, name) for name in own or accounts.get((namespace, account), [])]


def declared_secrets(objects: Iterable[Object]) -> set[SecretKey]:
    """Returns the secrets that some object of the environment brings about."""
    found = set()
    for obj in objects:
        ref, spec = ObjectRef.of(obj), obj.get("spec") or {}
        match obj.get("kind"):
            case "Secret" | "SealedSecret":
                found.add((ref.namespace, ref.name))
            case "ExternalSecret":
                target = (spec.get("target") or {}).get("name") or ref.name
                found.add((ref.namespace, str(target)))
            case "Certificate":
                found.add((ref.namespace, str(spec.get("secretName") or "")))
            case _:
                continue
    return found


def container_names(spec: Mapping[str, Any]) -> list[str]:
    """Returns the names of all containers, init containers first."""
    return [str(c.get("name")) for c in containers(spec)]
