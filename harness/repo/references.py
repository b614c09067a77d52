"""What rendered objects refer to: images with their pull secrets, secrets nobody declares.

Pure. A secret counts as declared when any object of the environment will make it: a Secret, a
SealedSecret, an ExternalSecret's target, a cert-manager Certificate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.model.refs import ImageReference, ObjectRef
from harness.model.repository import ImageUse, SecretUse

Object = dict[str, Any]
SecretKey = tuple[str, str]


def pod_spec(obj: Mapping[str, Any]) -> dict[str, Any] | None:
    """Returns the pod specification inside a workload of any kind, or None."""
    spec = obj.get("spec") or {}
    kind = obj.get("kind")
    if kind == "Pod":
        return dict(spec)
    if kind == "CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    if kind in {"CronJob", "Deployment", "StatefulSet", "DaemonSet", "Job", "ReplicaSet"}:
        return dict((spec.get("template") or {}).get("spec") or {})
    return None


def containers(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns every container of a pod specification, init containers first."""
    return [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]


def workloads(objects: Iterable[Object]) -> Iterator[tuple[Object, dict[str, Any]]]:
    """Yields each workload with its pod specification."""
    for obj in objects:
        spec = pod_spec(obj)
        if spec is not None:
            yield obj, spec


def image_uses(objects: Iterable[Object]) -> tuple[tuple[ImageUse, ...], tuple[str, ...]]:
    """Returns the images the workloads name, and a note for each that is no image reference."""
    listed = list(objects)
    accounts = _account_pull_secrets(listed)
    users: dict[str, list[ObjectRef]] = defaultdict(list)
    pulls: dict[str, set[SecretKey]] = defaultdict(set)
    notes = []
    for obj, spec in workloads(listed):
        ref = ObjectRef.of(obj)
        for container in containers(spec):
            declared = str(container.get("image") or "")
            if not declared:
                notes.append(f"{ref}: container {container.get('name')} has no image")
                continue
            users[declared].append(ref)
            pulls[declared] |= set(pull_secrets(spec, ref.namespace, accounts))
    found = []
    for declared, refs in sorted(users.items()):
        try:
            reference = ImageReference.parse(declared)
        except ValueError as error:
            notes.append(f"{refs[0]}: {error}")
            continue
        found.append(
            ImageUse(
                reference=reference,
                declared=declared,
                users=tuple(dict.fromkeys(refs)),
                pull_secrets=tuple(sorted(pulls[declared])),
            )
        )
    return tuple(found), tuple(notes)


def _account_pull_secrets(objects: Iterable[Object]) -> dict[SecretKey, list[str]]:
    return {
        (ObjectRef.of(o).namespace, ObjectRef.of(o).name): _names(o.get("imagePullSecrets"))
        for o in objects
        if o.get("kind") == "ServiceAccount"
    }


def _names(entries: Any) -> list[str]:
    return [str(e["name"]) for e in entries or [] if isinstance(e, dict) and e.get("name")]


def pull_secrets(
    spec: Mapping[str, Any], namespace: str, accounts: Mapping[SecretKey, list[str]]
) -> list[SecretKey]:
    """Returns the pull secrets of a pod; its ServiceAccount's only when it names none itself."""
    own = _names(spec.get("imagePullSecrets"))
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


def missing_secrets(objects: Iterable[Object]) -> tuple[SecretUse, ...]:
    """Returns every secret that is referred to and that nobody declares."""
    listed = list(objects)
    declared = declared_secrets(listed)
    accounts = _account_pull_secrets(listed)
    collected: dict[SecretKey, _Collected] = defaultdict(_Collected)
    for obj, spec in workloads(listed):
        ref = ObjectRef.of(obj)
        for name, key, optional in secret_references(spec):
            collected[ref.namespace, name].add(ref, key, optional=optional)
        for pull in pull_secrets(spec, ref.namespace, accounts):
            hosts = {_host(c.get("image")) for c in containers(spec)}
            collected[pull].add_pull(ref, hosts - {""})
    return tuple(entry.use(key) for key, entry in sorted(collected.items()) if key not in declared)


class _Collected:
    def __init__(self) -> None:
        self.users: dict[ObjectRef, None] = {}
        self.keys: set[str] = set()
        self.hosts: set[str] = set()
        self.is_pull = False
        self.optional = True

    def add(self, user: ObjectRef, key: str, *, optional: bool) -> None:
        self.users[user] = None
        self.keys |= {key} - {""}
        self.optional = self.optional and optional

    def add_pull(self, user: ObjectRef, hosts: set[str]) -> None:
        self.users[user] = None
        self.hosts |= hosts
        self.is_pull, self.optional = True, False

    def use(self, key: SecretKey) -> SecretUse:
        return SecretUse(
            namespace=key[0],
            name=key[1],
            keys=tuple(sorted(self.keys)),
            is_pull_secret=self.is_pull,
            users=tuple(self.users),
            hosts=tuple(sorted(self.hosts)),
            optional=self.optional,
        )


def _host(image: Any) -> str:
    try:
        return ImageReference.parse(str(image)).host
    except ValueError:
        return ""


def secret_references(spec: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Yields `(secret, key or "", optional)` for every reference of a pod specification."""
    for container in containers(spec):
        for env in container.get("env") or []:
            ref = (env.get("valueFrom") or {}).get("secretKeyRef")
            if ref:
                yield str(ref.get("name")), str(ref.get("key") or ""), bool(ref.get("optional"))
        for source in container.get("envFrom") or []:
            ref = source.get("secretRef")
            if ref:
                yield str(ref.get("name")), "", bool(ref.get("optional"))
    for volume in spec.get("volumes") or []:
        yield from _volume_references(volume)


def _volume_references(volume: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    projected = (volume.get("projected") or {}).get("sources") or []
    direct = volume.get("secret")
    entries = [(direct, "secretName")] if direct else []
    entries += [(source["secret"], "name") for source in projected if source.get("secret")]
    for entry, name_field in entries:
        optional = bool(entry.get("optional"))
        keys = [str(item.get("key")) for item in entry.get("items") or []] or [""]
        for key in keys:
            yield str(entry.get(name_field)), key, optional
