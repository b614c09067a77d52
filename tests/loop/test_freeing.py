from __future__ import annotations

from typing import Any

import pytest

from harness.loop.freeing import free_claims
from harness.model.repository import Declaration, ExpectedApplication, RenderedApplication
from tests.loop.worlds import declaration


def stateful_set(storage_class: str | None) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
    }
    if storage_class:
        spec["storageClassName"] = storage_class
    return {
        "kind": "StatefulSet",
        "metadata": {"name": "db", "namespace": "shop"},
        "spec": {"volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": spec}]},
    }


def claim(name: str, phase: str = "Pending", volume: str = "") -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"volumeName": volume}, "status": {"phase": phase}}


class Cluster:
    def __init__(self, live: dict[str, Any] | None, claims: list[dict[str, Any]]) -> None:
        self._live, self._claims = live, claims
        self.deleted: list[str] = []

    def find(self, path: str) -> dict[str, Any] | None:
        assert path.endswith("/namespaces/shop/statefulsets/db")
        return self._live

    def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        assert not query
        assert path.endswith("/namespaces/shop/persistentvolumeclaims")
        return self._claims

    def delete(self, path: str, *, grace_seconds: int | None = None) -> None:
        assert grace_seconds is None
        self.deleted.append(path.rpartition("/")[2])


@pytest.fixture
def declared(tmp_path: Any) -> Declaration:
    app = ExpectedApplication(
        name="a", path="p", namespace="shop", repo_url="", revision="", origin=""
    )
    rendered = RenderedApplication(application=app, objects=(stateful_set(None),))
    whole = declaration(tmp_path)
    object.__setattr__(whole, "applications", (rendered,))
    return whole


def test_a_corrected_class_takes_the_unbound_claims_along(declared: Declaration) -> None:
    cluster = Cluster(stateful_set("gp3"), [claim("data-db-0"), claim("data-db-x"), claim("other")])
    (said,) = free_claims(cluster, declared)
    assert cluster.deleted == ["db", "data-db-0"]
    assert "1 unbound claims" in said


@pytest.mark.parametrize("held", [claim("data-db-1", "Bound"), claim("data-db-1", volume="pv-1")])
def test_a_claim_with_a_volume_is_never_deleted(
    declared: Declaration, held: dict[str, Any]
) -> None:
    cluster = Cluster(stateful_set("gp3"), [claim("data-db-0"), held])
    (said,) = free_claims(cluster, declared)
    assert cluster.deleted == []
    assert "may hold data" in said


@pytest.mark.parametrize("live", [None, stateful_set(None)])
def test_nothing_is_deleted_where_nothing_is_in_the_way(
    declared: Declaration, live: dict[str, Any] | None
) -> None:
    cluster = Cluster(live, [claim("data-db-0")])
    assert free_claims(cluster, declared) == []
    assert cluster.deleted == []
