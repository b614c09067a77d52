"""Names of things: Kubernetes objects and container images.

Parsing follows the reference grammar of the container ecosystem (distribution/reference,
`reference.go`: the first component is a registry host when it holds a dot, a colon or is
`localhost`; otherwise Docker Hub is meant). Nothing here looks at a cluster or a registry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DOCKER_HUB = "docker.io"


@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """Names one Kubernetes object; `namespace` is empty for cluster-scoped objects."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {where}{self.name}"

    @classmethod
    def of(cls, obj: Mapping[str, Any], default_namespace: str = "") -> ObjectRef:
        """Returns the reference of a raw object; whatever its metadata are."""
        meta = obj.get("metadata")
        meta = meta if isinstance(meta, dict) else {}
        return cls(
            kind=str(obj.get("kind", "")),
            namespace=str(meta.get("namespace") or default_namespace),
            name=str(meta.get("name") or meta.get("generateName") or ""),
        )


@dataclass(frozen=True, slots=True, order=True)
class ImageReference:
    """A parsed image reference: host, repository, and a tag or a digest or both."""

    host: str
    repository: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> ImageReference:
        """Returns the parts of `text`, with Docker Hub's defaults filled in.

        Raises:
            ValueError: The text is empty or has an empty part.
        """
        rest, _, digest = text.strip().partition("@")
        head, slash, tail = rest.partition("/")
        has_host = bool(slash) and ("." in head or ":" in head or head == "localhost")
        host, path = (head, tail) if has_host else (DOCKER_HUB, rest)
        last = path.rsplit("/", 1)[-1]
        tag = last.partition(":")[2]
        repository = path[: len(path) - len(tag) - 1] if ":" in last else path
        if not repository or (":" in last and not tag) or ("@" in text and not digest):
            message = f"not an image reference: {text!r}"
            raise ValueError(message)
        if host == DOCKER_HUB and "/" not in repository:
            repository = f"library/{repository}"
        return cls(host, repository, tag or ("" if digest else "latest"), digest)

    @property
    def name(self) -> str:
        """The reference without tag and digest."""
        return f"{self.host}/{self.repository}"

    @property
    def version(self) -> str:
        """The digest when there is one, else the tag."""
        return self.digest or self.tag

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"
