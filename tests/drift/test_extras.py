from __future__ import annotations

from typing import Any

import pytest

from harness.drift.extras import Explanation, explanation, known
from tests.drift.objects import deployment, loaded, question

Object = dict[str, Any]
DECLARED = (
    deployment(),
    loaded("{kind: StatefulSet, apiVersion: apps/v1, metadata: {name: db, namespace: shop},"
           " spec: {volumeClaimTemplates: [{metadata: {name: data}}]}}"),
    loaded("{kind: SealedSecret, apiVersion: bitnami.com/v1alpha1,"
           " metadata: {name: sealed, namespace: shop}}"),
    loaded("{kind: Pod, apiVersion: v1, metadata: {name: tool, namespace: shop}, spec: {"
           " serviceAccountName: robot, imagePullSecrets: [{name: ghcr-secret}], containers: [{"
           " name: a, image: b, envFrom: [{configMapRef: {name: by-hand}}]}],"
           " volumes: [{name: v, persistentVolumeClaim: {claimName: kept}}]}}"),
    loaded("{kind: Ingress, apiVersion: networking.k8s.io/v1,"
           " metadata: {name: i, namespace: shop}, spec: {tls: [{secretName: certificate}]}}"),
)  # fmt: skip


def there(kind: str, name: str, **more: Any) -> Object:
    meta = {"name": name, "namespace": more.pop("namespace", "shop")}
    return {"kind": kind, "metadata": {**meta, **more.pop("metadata", {})}, **more}


def explained(
    obj: Object, group: str = "", others: frozenset[str] | None = frozenset({"other"})
) -> Explanation:
    return explanation(group, obj, known([question(o) for o in DECLARED], (), ["web-dev"], others))


@pytest.mark.parametrize(
    ("group", "obj"),
    [
        ("", there("ConfigMap", "left-over")),
        ("apps", there("Deployment", "by-hand")),
        ("", there("Service", "web")),
        ("", there("Pod", "debug")),
        ("", there("Secret", "by-hand")),
        ("", there("PersistentVolumeClaim", "data-other-0")),
        ("", there("PersistentVolumeClaim", "data-db-0", namespace="elsewhere")),
        ("", there("ServiceAccount", "deployer-of-mine")),
        ("networking.k8s.io", there("NetworkPolicy", "allow-all")),
        ("example.com", there("Deployment", "web")),
    ],
    ids=lambda v: str(v.get("metadata", {}).get("name")) if isinstance(v, dict) else "",
)
def test_what_nobody_declares_is_extra(group: str, obj: Object) -> None:
    assert explained(obj, group) is Explanation.NONE


OWNED = {"ownerReferences": [{"kind": "Deployment", "name": "web"}]}
OURS = {"labels": {"dev.gitops-harness/run": "1a2b"}}
BALANCED = {"labels": {"ingress.k8s.aws/stack": "shop"}}
TRACKED = {"annotations": {"argocd.argoproj.io/tracking-id": "other:/ConfigMap:shop/tracked"}}
LEADER = {"annotations": {"control-plane.alpha.kubernetes.io/leader": "{}"}}
IGNORED = {"annotations": {"argocd.argoproj.io/compare-options": "IgnoreExtraneous"}}
HOOK = {"annotations": {"argocd.argoproj.io/hook": "PreSync"}}


@pytest.mark.parametrize(
    ("group", "obj"),
    [
        ("apps", there("Deployment", "web")),
        ("apps", there("ReplicaSet", "web-1", metadata=OWNED)),
        ("", there("ConfigMap", "kube-root-ca.crt")),
        ("", there("ServiceAccount", "default")),
        ("", there("Secret", "default-token-x1", type="kubernetes.io/service-account-token")),
        ("", there("Endpoints", "web")),
        ("discovery.k8s.io", there("EndpointSlice", "web-x")),
        ("", there("Event", "web.17")),
        ("events.k8s.io", there("Event", "web.17")),
        ("coordination.k8s.io", there("Lease", "leader")),
        ("apps", there("ControllerRevision", "db-5")),
        ("", there("PersistentVolumeClaim", "data-db-0")),
        ("", there("PersistentVolumeClaim", "data-db-12")),
        ("", there("Secret", "ghcr-secret")),
        ("", there("ConfigMap", "by-hand")),
        ("", there("PersistentVolumeClaim", "kept")),
        ("", there("ServiceAccount", "robot")),
        ("", there("Secret", "certificate")),
        ("", there("Secret", "sealed")),
        ("", there("Secret", "made-for-the-run", metadata=OURS)),
        ("", there("ConfigMap", "tracked", metadata=TRACKED)),
        ("elbv2.k8s.aws", there("TargetGroupBinding", "k8s-shop-web", metadata=BALANCED)),
        ("", there("ConfigMap", "lock", metadata=LEADER)),
        ("", there("ConfigMap", "ignored", metadata=IGNORED)),
        ("batch", there("Job", "migrate", metadata=HOOK)),
        ("", there("Service", "kubernetes", namespace="default")),
    ],
    ids=lambda v: str(v.get("metadata", {}).get("name")) if isinstance(v, dict) else "",
)
def test_what_something_explains_is_not(group: str, obj: Object) -> None:
    assert explained(obj, group) is Explanation.KNOWN


def test_an_object_of_our_own_application_that_was_not_pruned_is_extra() -> None:
    note = {"argocd.argoproj.io/tracking-id": "web-dev:/ConfigMap:shop/old"}
    old = there("ConfigMap", "old", metadata={"annotations": note})

    assert explained(old) is Explanation.NONE


def test_a_tracking_mark_that_was_copied_from_another_object_explains_nothing() -> None:
    copied = there("ConfigMap", "copy", metadata=TRACKED)

    assert explained(copied) is Explanation.NONE


def test_a_mark_of_an_application_that_is_gone_explains_nothing() -> None:
    tracked = there("ConfigMap", "tracked", metadata=TRACKED)

    assert explained(tracked, others=frozenset()) is Explanation.NONE
    assert explained(tracked, others=None) is Explanation.KNOWN


def test_what_an_operator_may_have_made_is_not_claimed() -> None:
    kafka = loaded(
        "{kind: Kafka, apiVersion: kafka.strimzi.io/v1, metadata: {name: events, namespace: shop}}"
    )
    explained_by = known([question(kafka)], (), [], frozenset())

    found = explanation("", there("Secret", "events-cluster-ca-cert"), explained_by)

    assert found in {Explanation.MAYBE, Explanation.KNOWN}
    assert explanation("", there("Secret", "x"), explained_by) is Explanation.NONE


def test_claims_of_a_live_stateful_set_are_its_own() -> None:
    somebodys = {**DECLARED[1], "metadata": {"name": "cache", "namespace": "shop"}}
    explained_by = known([], (somebodys,), [], frozenset())
    claim = there("PersistentVolumeClaim", "data-cache-0")

    assert explanation("", claim, explained_by) is Explanation.KNOWN
