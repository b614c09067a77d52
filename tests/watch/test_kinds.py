from __future__ import annotations

import pytest

from harness.model.kinds import collection, is_namespaced, object_path
from harness.model.refs import ObjectRef


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("Pod", "/api/v1/namespaces/dev/pods"),
        ("HorizontalPodAutoscaler", "/apis/autoscaling/v2/namespaces/dev/horizontalpodautoscalers"),
        ("PodDisruptionBudget", "/apis/policy/v1/namespaces/dev/poddisruptionbudgets"),
        ("ControllerRevision", "/apis/apps/v1/namespaces/dev/controllerrevisions"),
        ("Node", "/api/v1/nodes"),
        ("StorageClass", "/apis/storage.k8s.io/v1/storageclasses"),
    ],
)
def test_a_cluster_scoped_kind_has_one_path_whatever_the_namespace(kind: str, path: str) -> None:
    assert collection(kind, "dev") == path
    assert is_namespaced(kind) == ("/namespaces/" in path)


def test_a_namespace_is_no_object_inside_itself() -> None:
    assert object_path(ObjectRef("Namespace", "", "dev")) == "/api/v1/namespaces/dev"
