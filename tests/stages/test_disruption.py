"""A StatefulSet that loses a pod gets it back, with the volumes it had, or the proof fails."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.config import Settings
from harness.model.errors import ProofError
from harness.model.refs import ObjectRef
from harness.model.run import ProofRecord
from harness.stages.context import Context
from harness.stages.disruption import claims_of, disrupt, pods_of
from harness.stages.stage import Voice

Object = dict[str, Any]
DB = ObjectRef("StatefulSet", "shop", "db")
PODS, POD = "/api/v1/namespaces/shop/pods", "/api/v1/namespaces/shop/pods/db-0"
CLAIM = "/api/v1/namespaces/shop/persistentvolumeclaims/data-db-0"


def pod(name: str = "db-0", *, uid: str = "1", ready: bool = True, owner: str = "db") -> Object:
    return {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": uid,
            "ownerReferences": [{"kind": "StatefulSet", "name": owner}],
        },
        "spec": {"volumes": [{"persistentVolumeClaim": {"claimName": "data-db-0"}}, {"name": "x"}]},
        "status": {"conditions": [{"type": "Ready", "status": "True" if ready else "False"}]},
    }


class Cluster:
    """One database pod, which comes back as told."""

    def __init__(self, later: Object | None, volume_later: str = "pv-1") -> None:
        self.later, self.volume_later = later, volume_later
        self.deleted: list[str] = []

    def items(self, path: str) -> list[Object]:
        assert path == PODS
        return [pod()]

    def find(self, path: str) -> Object | None:
        assert path == POD
        return self.later

    def get(self, path: str) -> Object:
        assert path == CLAIM
        return {"spec": {"volumeName": self.volume_later if self.deleted else "pv-1"}}

    def delete(self, path: str) -> None:
        self.deleted.append(path)


class Clock:
    """Time that passes while somebody sleeps."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def context_of(cluster: Cluster) -> Context:
    found = SimpleNamespace(get=lambda: cluster)
    application = SimpleNamespace(
        application=SimpleNamespace(namespace="shop"),
        objects=({"kind": "StatefulSet", "metadata": {"name": "db"}}, {"kind": "Service"}),
    )
    declaration = SimpleNamespace(get=lambda: SimpleNamespace(applications=(application,)))
    proofs: list[ProofRecord] = []
    made = SimpleNamespace(
        kube=found,
        clock=Clock(),
        declaration=declaration,
        settings=Settings(),
        stopped=threading.Event(),
        run=SimpleNamespace(proofs=proofs),
    )
    return cast("Context", made)


VOICE = cast("Voice", SimpleNamespace(say=lambda _: None))


def test_a_pod_that_comes_back_with_its_volume_is_a_proof_that_holds() -> None:
    cluster = Cluster(later=pod(uid="2"))
    context = context_of(cluster)
    assert disrupt(context, VOICE).startswith("1 StatefulSet lost a pod each")
    assert cluster.deleted == [POD]
    assert [(p.passed, p.output) for p in context.run.proofs] == [
        (True, "ready again with data-db-0")
    ]


@pytest.mark.parametrize(
    "later", [None, pod(uid="1"), pod(uid="2", ready=False)], ids=["gone", "old one", "not ready"]
)
def test_a_pod_that_does_not_come_back_fails_after_the_deadline(later: Object | None) -> None:
    context = context_of(Cluster(later=later))
    with pytest.raises(ProofError, match="did not become ready again"):
        disrupt(context, VOICE)
    assert [p.passed for p in context.run.proofs] == [False]


def test_another_volume_behind_the_claim_fails() -> None:
    context = context_of(Cluster(later=pod(uid="2"), volume_later="pv-2"))
    with pytest.raises(ProofError, match="other volumes behind data-db-0"):
        disrupt(context, VOICE)


def test_only_ready_pods_of_the_set_are_taken() -> None:
    others = [pod("db-1", ready=False), pod("web-0", owner="web"), pod("db-2"), pod("db-0")]
    assert [p["metadata"]["name"] for p in pods_of(others, DB)] == ["db-0", "db-2"]


def test_volumes_without_a_claim_are_no_claims() -> None:
    assert claims_of(pod()) == ("data-db-0",)
