"""What rendered objects refer to: images with their pull secrets, secrets nobody declares.

Pure. A secret counts as declared when any object of the environment will make it: a Secret, a
SealedSecret, an ExternalSecret's target, a cert-manager Certificate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from harness.manifests.pods import containers, workloads
from harness.manifests.references import (
    SecretKey,
    account_pull_secrets,
    declared_secrets,
    pull_secrets,
    secret_references,
)
from harness.model.refs import ImageReference, ObjectRef
from harness.model.repository import ImageUse, SecretUse

Object = dict[str, Any]


def image_uses(objects: Iterable[Object]) -> tuple[tuple[ImageUse, ...], tuple[str, ...]]:
    """Returns the images the workloads name, and a note for each that is no image reference."""
    listed = list(objects)
    accounts = account_pull_secrets(listed)
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


def missing_secrets(objects: Iterable[Object]) -> tuple[SecretUse, ...]:
    """Returns every secret that is referred to and that nobody declares."""
    listed = list(objects)
    declared = declared_secrets(listed)
    accounts = account_pull_secrets(listed)
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
