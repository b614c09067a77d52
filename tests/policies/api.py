"""An API server that keeps what it is given, for the pods and namespaces of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.io.kube import KubeError
from harness.manifests.pods import Object


class Api:
    """Holds objects by path; `starts` says what becomes of a created pod."""

    def __init__(self, objects: Mapping[str, Object] | None = None) -> None:
        self.objects: dict[str, Object] = dict(objects or {})
        self.created: list[tuple[str, Object]] = []
        self.deleted: list[str] = []
        self.refuses: Callable[[str, Mapping[str, Any]], int] = lambda _path, _body: 0
        self.starts: Callable[[Object], Object] = started
        self.output = "s0 0 answered\ns0 ended\n"

    def items(self, path: str, **_query: str) -> list[Object]:
        inside = f"{path}/"
        return [o for p, o in self.objects.items() if p.rpartition("/")[0] + "/" == inside]

    def find(self, path: str) -> Object | None:
        return self.objects.get(path)

    def create(self, path: str, body: Mapping[str, Any]) -> Object:
        status = self.refuses(path, body)
        if status:
            message = f"POST {path}: {status} refused"
            raise KubeError(message, status)
        made: Object = {**body, "metadata": {**body["metadata"], "uid": f"uid-{len(self.created)}"}}
        if body["kind"] == "Pod":
            made = self.starts(made)
        self.created.append((path, made))
        self.objects[f"{path}/{made['metadata']['name']}"] = made
        return made

    def delete(self, path: str, *, grace_seconds: int | None = None) -> None:
        assert grace_seconds in {None, 0}
        self.deleted.append(path)
        self.objects.pop(path, None)

    def logs(
        self, namespace: str, pod: str, container: str, *, previous: bool = False, lines: int = 200
    ) -> str:
        assert (container, previous) == ("probe", False)
        assert f"/api/v1/namespaces/{namespace}/pods/{pod}" in self.objects
        assert lines > 1000
        return self.output

    def kinds(self) -> list[str]:
        return [str(body["kind"]) for _, body in self.created]


def started(pod: Object) -> Object:
    """A pod that runs and is ready."""
    status = {
        "phase": "Running",
        "podIP": "10.244.0.77",
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    return {**pod, "spec": {**pod["spec"], "nodeName": "node"}, "status": status}


def ended(pod: Object) -> Object:
    """A pod that has done its work."""
    return {**pod, "status": {"phase": "Succeeded"}}
