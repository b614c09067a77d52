"""What is judged of a cluster that is not ours: its Argo CD, its Applications, what it has."""

from __future__ import annotations

from typing import Any

import pytest

from harness.audit.finding import AuditFinding, Severity
from harness.drift.api_resources import read_resources
from harness.model.refs import ObjectRef
from harness.model.repository import Declaration
from harness.stages.existing.argocd import find_argocd
from harness.stages.existing.audit import read_profile, without_living
from harness.stages.existing.engine import manifest_objects
from harness.stages.existing.ready import readable, without
from harness.stages.existing.sync import nobody_syncs
from tests.existing.cluster import FakeCluster

PART_OF = {"app.kubernetes.io/part-of": "argocd"}
CONTROLLER = {**PART_OF, "app.kubernetes.io/name": "argocd-application-controller"}
APPS = "/apis/argoproj.io/v1alpha1/namespaces"
SETS = "/apis/apps/v1/namespaces"


def controller(cluster: FakeCluster, namespace: str, image: str) -> None:
    path = f"{SETS}/{namespace}/statefulsets/argocd-application-controller"
    made = cluster.put(path, labels=CONTROLLER)
    made["spec"] = {"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}


def test_argo_cd_is_found_by_its_labels_with_its_version() -> None:
    cluster = FakeCluster()
    controller(cluster, "gitops", "quay.io/argoproj/argocd:v3.5.7")
    found = find_argocd(cluster, ["shop"])
    assert found is not None
    assert (found.namespace, found.version) == ("gitops", "v3.5.7")


def test_of_two_argo_cds_the_one_with_the_applications_counts() -> None:
    cluster = FakeCluster()
    controller(cluster, "argocd", "argocd:v1")
    controller(cluster, "team-b", "argocd:v2")
    cluster.put(f"{APPS}/team-b/applications/shop")
    cluster.put(f"{APPS}/argocd/applications/other")
    found = find_argocd(cluster, ["shop"])
    assert found is not None
    assert found.namespace == "team-b"


def test_a_cluster_that_serves_no_applications_has_no_argo_cd() -> None:
    assert find_argocd(FakeCluster(argocd=False), ["shop"]) is None


def test_a_user_who_may_read_nothing_of_it_still_finds_that_it_is_there() -> None:
    found = find_argocd(FakeCluster(refuse=("deployments", "statefulsets", "applications")), [])
    assert found is not None
    assert (found.namespace, found.version) == ("argocd", "")


def application(**status: Any) -> dict[str, Any]:
    automated = status.pop("automated", {"selfHeal": True})
    state = {"phase": "Succeeded", "syncResult": {"revision": "abc"}}
    return {
        "spec": {"syncPolicy": {"automated": automated}},
        "status": {"sync": {"status": "OutOfSync", "revision": "abc"}, "operationState": state}
        | status,
    }


def test_an_application_without_automation_stays_out_of_sync() -> None:
    assert nobody_syncs(application(automated=None))
    assert nobody_syncs(application(automated={"enabled": False, "selfHeal": True}))


def test_without_self_heal_a_commit_that_was_synced_is_not_synced_again() -> None:
    assert nobody_syncs(application(automated={}))


@pytest.mark.parametrize(
    "app",
    [
        application(),
        application(automated={}, sync={"status": "OutOfSync", "revision": "new"}),
        application(automated=None, sync={"status": "Synced", "revision": "abc"}),
        application(automated=None, operationState={"phase": "Running"}),
        {**application(automated=None), "operation": {"sync": {}}},
        {"status": {}},
    ],
)
def test_an_application_that_may_still_move_is_waited_for(app: dict[str, Any]) -> None:
    assert not nobody_syncs(app)


def missing(rule: str, kind: str, namespace: str, name: str) -> AuditFinding:
    ref = ObjectRef(kind, namespace, name)
    return AuditFinding(rule=rule, severity=Severity.PRECONDITION, object=ref, message="m", fix="f")


def test_what_lives_in_the_cluster_is_no_finding() -> None:
    cluster = FakeCluster()
    cluster.put("/api/v1/namespaces/shop/secrets/db")
    said = [missing("secret-missing", "Secret", "shop", n) for n in ("db", "mail")]
    kept, notes = without_living(said, cluster, read_resources(cluster, ()))
    assert [f.object.name for f in kept] == ["mail"]
    assert notes == ()


def test_what_may_not_be_read_is_not_judged_and_said() -> None:
    cluster = FakeCluster(refuse=("/secrets/",))
    said = [missing("secret-missing", "Secret", "shop", "db")]
    kept, notes = without_living(said, cluster, read_resources(cluster, ()))
    assert kept == ()
    assert "Secret shop/db" in notes[0]


def test_a_definition_that_is_served_is_no_finding() -> None:
    cluster = FakeCluster()
    names = ("argoproj.io", "applications.argoproj.io", "cert-manager.io")
    said = [missing("crd-missing", "CustomResourceDefinition", "", n) for n in names]
    kept, _ = without_living(said, cluster, read_resources(cluster, ()))
    assert [f.object.name for f in kept] == ["cert-manager.io"]


def test_a_finding_about_something_else_stays_although_its_object_lives() -> None:
    cluster = FakeCluster()
    cluster.put("/api/v1/namespaces/shop/secrets/db")
    said = [missing("secret-key-unused", "Secret", "shop", "db")]
    assert without_living(said, cluster, read_resources(cluster, ()))[0] == tuple(said)


def test_the_profile_is_what_the_cluster_has_and_unknown_where_it_may_not_be_read() -> None:
    cluster = FakeCluster(refuse=("ingressclasses",))
    cluster.put("/apis/storage.k8s.io/v1/storageclasses/gp3")
    profile = read_profile(cluster, "staging", "v1.33.4-eks-1234")
    assert profile.storage_classes == frozenset({"gp3"})
    assert profile.ingress_classes is None
    assert (profile.name, profile.version) == ("staging", "1.33")


def test_what_may_not_be_listed_is_asked_for_once() -> None:
    cluster = FakeCluster(refuse=("/namespaces/shop/pods",))
    may = readable(cluster)
    assert not may("Pod", "shop")
    assert may("Deployment", "shop")


def test_hidden_workloads_are_left_out_and_everything_else_stays(declared: Declaration) -> None:
    hidden = (ObjectRef("Deployment", "shop", "web"),)
    kept = without(declared, hidden)
    assert [o["kind"] for a in kept.applications for o in a.objects] == ["ConfigMap"]


def test_the_manifests_of_argo_cd_begin_with_definitions_and_have_a_namespace() -> None:
    text = (
        "kind: ServiceAccount\nmetadata: {name: a}\n---\n"
        "kind: ClusterRole\nmetadata: {name: b}\n---\n"
        "kind: CustomResourceDefinition\nmetadata: {name: c}\n"
    )
    found = manifest_objects(text)
    assert [o["kind"] for o in found] == [
        "CustomResourceDefinition",
        "ServiceAccount",
        "ClusterRole",
    ]
    assert [o["metadata"].get("namespace") for o in found] == [None, "argocd", None]
