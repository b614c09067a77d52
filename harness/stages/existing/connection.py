"""Stage "connect": the API server answers to these credentials, within a deadline.

Uses a copy of the chosen context in the folder of the run. A program that the kubeconfig names to
fetch a token may ask, hang or fail, so that connecting runs beside us and is given up in time.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harness.drift.api_resources import read_resources
from harness.io.kube import Kube, KubeError
from harness.model.errors import ClusterError
from harness.model.kinds import collection
from harness.stages.context import Context
from harness.stages.existing.place import Place
from harness.stages.existing.request import ExistingCluster
from harness.stages.stage import Voice

DEADLINE_SECONDS = 30.0
REVIEWS = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
ANONYMOUS = "system:anonymous"
KUBECONFIG = "kubeconfig"
SERVER = "server"
"""Files in the folder of the run."""


class Target(Protocol):
    """Names a cluster for people."""

    @property
    def context(self) -> str:
        """Name of the context."""

    @property
    def server(self) -> str:
        """Address of the API server."""


@dataclass(slots=True)
class _Attempt:
    kube: list[Kube] = field(default_factory=list)
    version: str = ""
    errors: list[Exception] = field(default_factory=list)


def connect(context: Context, voice: Voice, asked: ExistingCluster, place: Place) -> str:
    """Connects and asks what the API server is and serves.

    Raises:
        ClusterError: It does not answer in time, or it refuses the credentials.
    """
    voice.say(f"asking {asked.server}")
    path = context.folder.path / KUBECONFIG
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(asked.kubeconfig)
    (context.folder.path / SERVER).write_text(asked.server, encoding="utf-8")
    kube, version = reached(path, asked)
    try:
        place.resources.put(read_resources(kube, ()))
    except KubeError as error:
        raise refused(asked, error) from error
    place.version.put(version)
    context.kube.put(kube)
    context.run.facts["context"] = asked.context
    context.run.facts["Kubernetes"] = version
    nodes = _nodes(kube)
    context.run.facts["nodes"] = nodes
    return f"{asked.context}: Kubernetes {version}, {nodes}"


def read_served(context: Context, place: Place) -> None:
    """Asks what is served, in every version that the declaration names.

    Raises:
        KubeError: The API server does not say it.
    """
    applications = context.declaration.get().applications
    versions = {str(o.get("apiVersion")) for a in applications for o in a.objects}
    place.resources.put(read_resources(context.kube.get(), versions))


def reached(path: Path, asked: Target) -> tuple[Kube, str]:
    """Returns a connection and the server's version.

    Raises:
        ClusterError: There is no answer in time, or a refusal.
    """
    attempt = _Attempt()
    worker = threading.Thread(target=_try, args=(path, asked.context, attempt), daemon=True)
    worker.start()
    worker.join(DEADLINE_SECONDS)
    if attempt.errors:
        raise refused(asked, attempt.errors[0]) from attempt.errors[0]
    if worker.is_alive() or not attempt.kube:
        raise _silent(asked)
    return attempt.kube[0], attempt.version


def _try(path: Path, context: str, attempt: _Attempt) -> None:
    try:
        kube = Kube(path, context)
        attempt.version = str(kube.get("/version").get("gitVersion") or "")
        _not_anonymous(kube)
        attempt.kube.append(kube)
    except Exception as error:  # the client raises what its YAML, files and programs raise
        attempt.errors.append(error)


def _not_anonymous(kube: Kube) -> None:
    """Raises where the API server does not know who asks: no credentials reached it."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    try:
        answer = kube.create(REVIEWS, body)
    except KubeError as error:
        if error.status == 401:
            raise
        return  # before Kubernetes 1.28; the first refusal will tell
    user = ((answer.get("status") or {}).get("userInfo") or {}).get("username")
    if user == ANONYMOUS:
        message = "401 the API server saw no credentials (system:anonymous)"
        raise KubeError(message, 401)


def _nodes(kube: Kube) -> str:
    try:
        count = len(kube.items(collection("Node")))
    except KubeError:
        return "nodes not readable"
    return f"{count} node{'s' * (count != 1)}"


def refused(asked: Target, error: Exception) -> ClusterError:
    """Returns the error for an API server that cannot be used, by what it answered."""
    status = error.status if isinstance(error, KubeError) else 0
    seen = str(error) if isinstance(error, KubeError) else f"{type(error).__name__}: {error}"
    expected, next_step = {
        401: ("credentials that are valid now", "log in again, then kubectl auth whoami"),
        403: ("a user who may read", f"kubectl --context {asked.context} auth can-i --list"),
    }.get(status, ("an API server that answers", f"kubectl --context {asked.context} version"))
    return ClusterError(
        attempted="Connecting to",
        subject=f"context {asked.context} at {asked.server}",
        seen=" ".join(seen.split())[:300],
        expected=expected,
        next_step=next_step,
    )


def _silent(asked: Target) -> ClusterError:
    return ClusterError(
        attempted="Connecting to",
        subject=f"context {asked.context} at {asked.server}",
        seen=f"no answer within {DEADLINE_SECONDS:.0f} s",
        expected="an API server that answers, and a login that asks nobody",
        next_step=f"kubectl --context {asked.context} version",
    )
