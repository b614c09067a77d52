from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.evidence.collect import EvidenceFolder, collect_cluster, without_values
from harness.io.kube import KubeError
from harness.model.secret import Secret

POD = {
    "metadata": {"name": "web-1"},
    "status": {
        "initContainerStatuses": [{"name": "migrate", "restartCount": 0}],
        "containerStatuses": [{"name": "web", "restartCount": 2}],
    },
}
SECRET = {
    "metadata": {"name": "db", "annotations": {"last-applied": "hunter22"}, "managedFields": []},
    "type": "Opaque",
    "data": {"password": "aHVudGVyMjI="},
}


class SmallCluster:
    """Holds one pod and one secret; policies cannot be listed."""

    def __init__(self) -> None:
        self.logs_asked: list[tuple[str, bool]] = []

    def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        assert query == {}
        if path.endswith("networkpolicies"):
            message = "403 forbidden"
            raise KubeError(message, 403)
        by_end = {"pods": [POD], "secrets": [SECRET]}
        return by_end.get(path.rsplit("/", 1)[-1], [])

    def logs(
        self, namespace: str, pod: str, container: str, *, previous: bool = False, lines: int = 200
    ) -> str:
        assert (namespace, pod) == ("dev", "web-1")
        assert lines > 0
        self.logs_asked.append((container, previous))
        return "connecting with hunter22"


def _collect(path: Path) -> SmallCluster:
    cluster = SmallCluster()
    folder = EvidenceFolder(path=path, secrets=[Secret("hunter22")])
    collect_cluster(folder, cluster, ["dev"])
    folder.finish()
    return cluster


def test_logs_of_init_containers_and_of_earlier_containers_are_taken(tmp_path: Path) -> None:
    cluster = _collect(tmp_path)

    assert cluster.logs_asked == [("migrate", False), ("web", False), ("web", True)]
    assert (tmp_path / "dev/logs/web-1.web.previous.log").is_file()


def test_no_secret_value_is_in_any_file(tmp_path: Path) -> None:
    _collect(tmp_path)

    texts = [p.read_text() for p in tmp_path.rglob("*") if p.is_file()]
    assert texts
    assert not any("hunter22" in t or "aHVudGVyMjI" in t for t in texts)
    stored = json.loads((tmp_path / "dev/Secret.json").read_text())
    assert stored[0]["data"] == {"password": "(hidden)"}


def test_what_could_not_be_read_is_named(tmp_path: Path) -> None:
    _collect(tmp_path)

    assert (tmp_path / "missing.txt").read_text() == "dev/NetworkPolicy.json: 403 forbidden"


def test_a_config_map_keeps_its_values() -> None:
    found = without_values({"kind": "ConfigMap", "metadata": {}, "data": {"a": "b"}})

    assert found["data"] == {"a": "b"}
