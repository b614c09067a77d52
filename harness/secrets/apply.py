"""Creates the planned secrets and the namespaces they live in, before anything is synced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from harness.io.kube import KubeError
from harness.model.errors import SecretError
from harness.model.kinds import object_path
from harness.model.refs import ObjectRef
from harness.secrets.plan import PlannedSecret, secret_object


class Writable(Protocol):
    """What creating needs of the API."""

    def find(self, path: str) -> dict[str, Any] | None:
        """Returns the object at a path, or None."""

    def apply(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Applies an object."""


def ensure_namespace(kube: Writable, name: str, labels: Mapping[str, str]) -> bool:
    """Creates a namespace unless it is there; returns whether it was created."""
    path = f"/api/v1/namespaces/{name}"
    if kube.find(path) is not None:
        return False
    body = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": dict(labels)},
    }
    kube.apply(path, body)
    return True


def apply_secrets(
    kube: Writable, secrets: Iterable[PlannedSecret], labels: Mapping[str, str]
) -> int:
    """Creates every planned secret; returns how many.

    Raises:
        SecretError: The API server refuses one; its content is not in the message.
    """
    count = 0
    for planned in secrets:
        ref = ObjectRef("Secret", planned.namespace, planned.name)
        try:
            ensure_namespace(kube, planned.namespace, labels)
            kube.apply(object_path(ref), secret_object(planned, labels))
        except KubeError as error:
            raise SecretError(
                attempted="Creating",
                subject=str(ref),
                seen=str(error),
                expected="the API server to accept it",
            ) from error
        count += 1
    return count


def keep_existing(kube: Writable, planned: Iterable[PlannedSecret]) -> tuple[PlannedSecret, ...]:
    """Returns the planned secrets without the generated ones that a reused cluster holds already.

    A database that has taken a password keeps it, so a new one would lock its services out.
    """
    return tuple(
        p
        for p in planned
        if p.origin != "generated"
        or kube.find(object_path(ObjectRef("Secret", p.namespace, p.name))) is None
    )
