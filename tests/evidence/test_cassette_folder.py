from __future__ import annotations

import base64
import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from harness.evidence.cassette import FILE_NAME, cassette_from_evidence, write_cassette
from harness.evidence.collect import EvidenceFolder, collect_cluster
from harness.io.kube import KubeError
from harness.model.errors import UsageError
from harness.model.refs import ObjectRef
from harness.model.timeline import Cassette, EntryKind, Header, Object
from harness.watch.redacted import AUTHS, recordable

AUTH = base64.b64encode(b'{"auths": {"ghcr.io": {"auth": "aHVudGVyMjI="}}}').decode()
ITEMS: dict[str, list[Object]] = {
    "/api/v1/namespaces/dev/pods": [
        {
            "metadata": {"name": "web.v1-0", "namespace": "dev"},
            "status": {
                "initContainerStatuses": [{"name": "wait", "restartCount": 0}],
                "containerStatuses": [{"name": "app", "restartCount": 2}],
            },
        }
    ],
    "/api/v1/namespaces/dev/secrets": [
        {
            "metadata": {"name": "pull", "namespace": "dev"},
            "type": "kubernetes.io/dockerconfigjson",
            "data": {".dockerconfigjson": AUTH},
        }
    ],
    "/api/v1/namespaces/argocd/configmaps": [
        {"metadata": {"name": "argocd-cm", "namespace": "argocd"}, "data": {"a": "b"}}
    ],
    "/api/v1/nodes": [{"metadata": {"name": "node"}}],
    "/apis/argoproj.io/v1alpha1/applications": [
        {"metadata": {"name": "web", "namespace": "argocd"}}
    ],
}


class Cluster:
    """Holds a few objects; the services of dev cannot be listed."""

    def items(self, path: str, **query: str) -> list[Object]:
        assert query == {}
        if path == "/api/v1/namespaces/dev/services":
            message = "403 forbidden"
            raise KubeError(message, 403)
        return ITEMS.get(path, [])

    def logs(
        self, namespace: str, pod: str, container: str, *, previous: bool = False, lines: int = 200
    ) -> str:
        assert (namespace, pod) == ("dev", "web.v1-0")
        assert lines > 0
        return f"{container} says {'boom' if previous else 'hello'}"


def collected(path: Path) -> Path:
    folder = EvidenceFolder(path=path, secrets=[])
    collect_cluster(folder, Cluster(), ["dev", "argocd"], keep=partial(recordable, salt=b"salt"))
    folder.finish()
    for file in path.rglob("*"):
        os.utime(file, (1000, 1000))
    return path


def objects(cassette: Cassette) -> dict[ObjectRef, dict[str, Any]]:
    return {e.ref: e.object for e in cassette.entries if e.object is not None}


def listed(cassette: Cassette) -> set[tuple[str, str]]:
    kinds = [e.ref for e in cassette.entries if e.kind is EntryKind.LISTED]
    return {(ref.kind, ref.namespace) for ref in kinds}


def test_an_evidence_folder_gives_one_moment(tmp_path: Path) -> None:
    found = cassette_from_evidence(collected(tmp_path))

    assert set(objects(found)) == {
        ObjectRef("Pod", "dev", "web.v1-0"),
        ObjectRef("Secret", "dev", "pull"),
        ObjectRef("ConfigMap", "argocd", "argocd-cm"),
        ObjectRef("Node", "", "node"),
        ObjectRef("Application", "argocd", "web"),
    }
    assert {e.at for e in found.entries} == {found.header.started} == {1000.0}
    assert found.header.namespaces == ("dev",)
    assert objects(found)[ObjectRef("Node", "", "node")]["kind"] == "Node"


def test_the_facts_of_a_pull_secret_are_in_the_evidence_and_its_value_is_not(
    tmp_path: Path,
) -> None:
    found = objects(cassette_from_evidence(collected(tmp_path)))

    secret = found[ObjectRef("Secret", "dev", "pull")]
    assert secret["metadata"]["annotations"][AUTHS] == "ghcr.io"
    texts = [p.read_text() for p in tmp_path.rglob("*") if p.is_file()]
    assert not any(AUTH in text or "aHVudGVyMjI" in text for text in texts)


def test_what_was_listed_without_result_is_absent_and_what_could_not_be_read_is_unknown(
    tmp_path: Path,
) -> None:
    found = listed(cassette_from_evidence(collected(tmp_path)))

    assert ("Deployment", "dev") in found
    assert ("Service", "argocd") in found
    assert ("StorageClass", "") in found
    assert ("AppProject", "") in found
    assert ("Service", "dev") not in found


def test_logs_belong_to_their_pods_and_the_one_before_comes_first(tmp_path: Path) -> None:
    found = cassette_from_evidence(collected(tmp_path))

    logs = [e for e in found.entries if e.kind is EntryKind.LOG]
    assert {e.ref.name for e in logs} == {"web.v1-0"}
    assert [(e.container, e.previous, e.restarts, e.text) for e in logs] == [
        ("wait", False, 0, "wait says hello"),
        ("app", True, 2, "app says boom"),
        ("app", False, 2, "app says hello"),
    ]


def test_a_recorded_timeline_is_preferred(tmp_path: Path) -> None:
    collected(tmp_path)
    recorded = Cassette(header=Header(started=5.0, environment="dev"), entries=())
    write_cassette(recorded, tmp_path / FILE_NAME)

    assert cassette_from_evidence(tmp_path) == recorded


@pytest.mark.parametrize("name", ["empty", "absent"])
def test_a_folder_without_objects_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(UsageError, match=r"no timeline and no object.*dev/Pod\.json"):
        cassette_from_evidence(tmp_path / name)


@pytest.mark.parametrize("text", ["{", "5", "[5]"])
def test_a_damaged_file_is_refused_by_its_name(tmp_path: Path, text: str) -> None:
    (collected(tmp_path) / "dev" / "Pod.json").write_text(text)

    with pytest.raises(UsageError, match=r"dev/Pod\.json is not a list of objects"):
        cassette_from_evidence(tmp_path)
