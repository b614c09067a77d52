"""The Kubernetes API of the run's cluster: raw objects in, raw objects out, and a watch.

The only importer of `kubernetes`, when a connection is made: whoever only reads recordings or needs
the errors does not wait for it. Objects stay dictionaries as the API sends them, because the
judgements are about fields, not about client classes. Errors become `KubeError` with the status
code; request bodies never appear in them.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import urllib3

Object = dict[str, Any]
REQUEST_DEADLINE_SECONDS = 20


class KubeError(Exception):
    """The API server refused or did not answer; `status` is 0 for the latter."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Kube:
    """One connection to one API server, from a kubeconfig file of ours or the user's."""

    def __init__(self, kubeconfig: Path, context: str | None = None) -> None:
        from kubernetes import client, config  # noqa: PLC0415 -- slow to import

        settings = client.Configuration()
        load: Any = config.load_kube_config
        load(config_file=str(kubeconfig), context=context, client_configuration=settings)
        settings.retries = False
        settings.connection_pool_maxsize = 64
        self._api = client.ApiClient(settings)
        self._refusal: type[Exception] = client.ApiException

    def get(self, path: str, **query: str) -> Object:
        """Returns the object or list at an API path.

        Raises:
            KubeError: Not found (status 404), refused, or no answer within 20 s.
        """
        return self._call("GET", path, query=query)

    def find(self, path: str) -> Object | None:
        """Returns the object at an API path, or None where there is none."""
        try:
            return self.get(path)
        except KubeError as error:
            if error.status == 404:
                return None
            raise

    def items(self, path: str, **query: str) -> list[Object]:
        """Returns the items of the list at an API path; none where the kind does not exist."""
        found = self.find(path) if not query else self.get(path, **query)
        return list((found or {}).get("items") or [])

    def create(self, path: str, body: Mapping[str, Any]) -> Object:
        """Creates an object in the collection at an API path."""
        return self._call("POST", path, body=body)

    def apply(self, path: str, body: Mapping[str, Any]) -> Object:
        """Applies an object server-side, as field manager `gitops-harness`."""
        return self._call(
            "PATCH",
            path,
            body=body,
            content_type="application/apply-patch+yaml",
            query={"fieldManager": "gitops-harness", "force": "true"},
        )

    def rehearse(self, path: str, body: Mapping[str, Any], *, manager: str) -> Object:
        """Returns what applying an object server-side would make of it; nothing is written."""
        return self._call(
            "PATCH",
            path,
            body=body,
            content_type="application/apply-patch+yaml",
            query={"dryRun": "All", "fieldManager": manager, "force": "true"},
        )

    def rehearse_creation(self, path: str, body: Mapping[str, Any]) -> Object:
        """Returns what creating an object would make of it; nothing is written."""
        return self._call("POST", path, body=body, query={"dryRun": "All"})

    def merge(self, path: str, body: Mapping[str, Any]) -> Object:
        """Merges fields into an object."""
        return self._call("PATCH", path, body=body, content_type="application/merge-patch+json")

    def delete(self, path: str, *, grace_seconds: int | None = None) -> None:
        """Deletes an object and what it owns; absent is fine. A grace of 0 kills a pod at once."""
        query = {"propagationPolicy": "Background"}  # a Job's default would leave its pods
        if grace_seconds is not None:
            query["gracePeriodSeconds"] = str(grace_seconds)
        try:
            self._call("DELETE", path, query=query)
        except KubeError as error:
            if error.status != 404:
                raise

    def logs(
        self, namespace: str, pod: str, container: str, *, previous: bool = False, lines: int = 200
    ) -> str:
        """Returns the last lines of a container's log; empty where there is none."""
        query = {
            "container": container,
            "tailLines": str(lines),
            "previous": str(previous).lower(),
        }
        try:
            response = self._send(
                "GET", f"/api/v1/namespaces/{namespace}/pods/{pod}/log", query=query
            )
        except KubeError:
            return ""
        return bytes(response.data).decode(errors="replace")

    def watch(self, path: str, resource_version: str, *, seconds: int = 240) -> WatchStream:
        """Returns the changes after `resource_version`, as `(type, object)`.

        Ends when the server closes the stream. Bookmarks are passed on.

        Raises:
            KubeError: 410 when the version is too old; the caller lists again.
        """
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(seconds),
        }
        response = self._send("GET", path, query=query, read_seconds=float(seconds + 15))
        return WatchStream(response, path)

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
    ) -> Object:
        data = self._send(method, path, query, body=body, content_type=content_type).data
        found: Object = json.loads(data or b"{}")
        return found

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        body: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
        read_seconds: float = REQUEST_DEADLINE_SECONDS,
    ) -> urllib3.BaseHTTPResponse:
        accept = {"Accept": "application/json, */*", "Content-Type": content_type}
        try:
            method, url, headers, _, _ = self._api.param_serialize(
                method,
                path,
                query_params=list((query or {}).items()),
                header_params=accept,
                auth_settings=["BearerToken"],
            )
            response: urllib3.BaseHTTPResponse = self._api.call_api(
                method,
                url,
                headers,
                None if body is None else dict(body),
                _request_timeout=(10, read_seconds),
            ).response
        except (urllib3.exceptions.HTTPError, self._refusal) as error:
            message = f"{method} {path}: {type(error).__name__}: {_reason(error)}"
            raise KubeError(message) from error
        if response.status >= 400:
            message = f"{method} {path}: {_status_message(response)}"
            raise KubeError(message, response.status)
        return response


class WatchStream:
    """The changes of one watch; `close` may be called from any thread and ends the reading.

    A stream that was not read to its end takes its connection with it: given back to the pool, it
    would make the next request on it fail (`ResponseNotReady`).
    """

    def __init__(self, response: urllib3.BaseHTTPResponse, path: str) -> None:
        self._response = response
        self._path = path
        self._closed = False
        self._changes = self._read()

    def __iter__(self) -> Iterator[tuple[str, Object]]:
        return self

    def __next__(self) -> tuple[str, Object]:
        return next(self._changes)

    def close(self) -> None:
        """Ends the stream: a blocked reader wakes up and sees its end."""
        self._closed = True
        # Without a live socket, or with urllib3 before 2.3, there is nothing to wake.
        with contextlib.suppress(AttributeError, OSError, RuntimeError, ValueError):
            self._response.shutdown()

    def _read(self) -> Iterator[tuple[str, Object]]:
        try:
            yield from _events(self._response)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            if not self._closed:
                message = f"watching {self._path}: {type(error).__name__}"
                raise KubeError(message) from error
        finally:
            self._response.close()


def _reason(error: BaseException, limit: int = 300) -> str:
    return " ".join(str(error).split())[:limit]


def _status_message(response: urllib3.BaseHTTPResponse, limit: int = 500) -> str:
    try:
        message = str(json.loads(response.data).get("message", ""))
    except (ValueError, AttributeError):
        message = ""
    return f"{response.status} {message or response.reason}"[:limit]


def _events(response: urllib3.BaseHTTPResponse) -> Iterator[tuple[str, Object]]:
    buffer = b""
    for chunk in response.stream(amt=None, decode_content=True):
        buffer += chunk
        *lines, buffer = buffer.split(b"\n")
        for line in lines:
            if line.strip():
                event = json.loads(line)
                if event["type"] == "ERROR":
                    status = event["object"]
                    raise KubeError(str(status.get("message")), int(status.get("code") or 0))
                yield event["type"], event["object"]
