"""A registry's HTTP API (OCI distribution specification 1.1): blobs, mounts, manifests.

Only what pushing needs, and the digest of a tag. Every request carries a bearer token that the
caller mints, because the harness holds the signing key of its own registry. Refusals become
`RegistryError`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import IO
from urllib.parse import urljoin

import requests
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_fixed

from harness.model.registry import RegistryRepository
from harness.model.secret import Secret

MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
"""What a container runtime accepts; the digest of a tag depends on it."""
REQUEST_DEADLINE_SECONDS = 60.0
"""Between two bytes, not for a whole upload."""


class RegistryError(Exception):
    """The registry refused, or did not answer."""


class UnreachableError(RegistryError):
    """Nothing answered; worth another try."""


_again = retry(
    retry=retry_if_exception_type(UnreachableError),
    stop=stop_after_attempt(3),
    wait=wait_fixed(0.5),
    reraise=True,
)


class RegistryHttp:
    """One registry, reached without proxy; safe to use from several threads."""

    def __init__(self, url: str, mint: Callable[[Iterable[RegistryRepository]], Secret]) -> None:
        self._url = url
        self._mint = mint

    @_again
    def has_blob(self, repository: RegistryRepository, digest: str) -> bool:
        """Tells whether a repository holds a blob."""
        answer = self._send("HEAD", f"/v2/{repository}/blobs/{digest}", [repository])
        return answer.status_code == 200

    @_again
    def mount(
        self, repository: RegistryRepository, digest: str, source: RegistryRepository
    ) -> bool:
        """Makes a blob of another repository known in this one; False where that is refused."""
        path = f"/v2/{repository}/blobs/uploads/?mount={digest}&from={source}"
        return self._send("POST", path, [repository, source]).status_code == 201

    @_again
    def upload(
        self, repository: RegistryRepository, digest: str, content: IO[bytes], size: int
    ) -> None:
        """Uploads a seekable blob; the registry checks its digest.

        Raises:
            RegistryError: It refuses, or does not answer.
        """
        content.seek(0)  # an earlier try may have sent a part
        begun = self._send("POST", f"/v2/{repository}/blobs/uploads/", [repository])
        self._expect(begun, 202)
        location = urljoin(self._url, begun.headers["Location"])
        joint = "&" if "?" in location else "?"
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        done = self._send(
            "PUT", f"{location}{joint}digest={digest}", [repository], content, headers
        )
        self._expect(done, 201)

    @_again
    def put_manifest(
        self, repository: RegistryRepository, tag: str, body: bytes, media_type: str
    ) -> None:
        """Stores a manifest under a tag.

        Raises:
            RegistryError: It refuses, for example because a blob is absent.
        """
        path, headers = f"/v2/{repository}/manifests/{tag}", {"Content-Type": media_type}
        self._expect(self._send("PUT", path, [repository], body, headers), 201)

    @_again
    def digest(self, repository: RegistryRepository, tag: str) -> str:
        """Returns the digest that a tag stands for now.

        Raises:
            RegistryError: There is no such tag, or the registry refuses.
        """
        path, headers = f"/v2/{repository}/manifests/{tag}", {"Accept": ", ".join(MANIFESTS)}
        answer = self._send("HEAD", path, [repository], headers=headers)
        self._expect(answer, 200)
        return answer.headers.get("Docker-Content-Digest", "")

    def _send(
        self,
        method: str,
        path: str,
        repositories: Iterable[RegistryRepository],
        body: bytes | IO[bytes] | None = None,
        headers: dict[str, str] | None = None,
    ) -> requests.Response:
        token = self._mint(repositories).reveal()
        try:
            with requests.Session() as session:
                session.trust_env = False  # a proxy must not stand between us and 127.0.0.1
                return session.request(
                    method,
                    urljoin(self._url, path),
                    data=body,
                    headers={**(headers or {}), "Authorization": f"Bearer {token}"},
                    timeout=REQUEST_DEADLINE_SECONDS,
                )
        except requests.RequestException as error:
            message = f"{method} {path.partition('?')[0]}: {type(error).__name__}"
            raise UnreachableError(message) from error

    @staticmethod
    def _expect(answer: requests.Response, status: int) -> None:
        if answer.status_code != status:
            path = answer.request.path_url.partition("?")[0]
            message = (
                f"{answer.request.method} {path}: {answer.status_code} {answer.text.strip()[:300]}"
            )
            raise RegistryError(message)
