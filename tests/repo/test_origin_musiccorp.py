from __future__ import annotations

from pathlib import Path

import pytest

from harness.model.refs import ObjectRef
from harness.repo.origin import Origins, Place

MUSICCORP = Path(__file__).parents[2] / "examples/musiccorp/gitops-deploys"
APPLICATIONS = ("databases", "ingress", "kafka", "network", "services")


def at(root: Path, file: str, text: str) -> Place:
    """The one line of a file that holds the text."""
    lines = (root / file).read_text(encoding="utf-8").splitlines()
    (number,) = (n for n, line in enumerate(lines, start=1) if text in line)
    return Place(file, number)


def musiccorp(environment: str) -> Origins:
    return Origins(MUSICCORP, [f"overlays/{environment}/{name}" for name in APPLICATIONS])


def ref(kind: str, name: str, namespace: str = "") -> ObjectRef:
    return ObjectRef(kind, namespace, name)


ORDER = ref("Deployment", "order", "musiccorp-dev")
POD = "spec.template.spec"


@pytest.mark.parametrize(
    ("wanted", "field", "file", "text"),
    [
        (
            ORDER,
            f"{POD}.containers[order].readinessProbe.httpGet.path",
            "base/services/order/deployment.yaml",
            "path: /readyz",
        ),
        (
            ORDER,
            f"{POD}.containers[order].env[DB_HOST]",
            "base/services/order/kustomization.yaml",
            "DB_HOST=order-db",
        ),
        (
            ref("StatefulSet", "order-db", "musiccorp-dev"),
            f"{POD}.containers[postgres].env[POSTGRES_DB].valueFrom.secretKeyRef.key",
            "base/databases/order/credentials.yaml",
            "key: database",
        ),
        (
            ref("StatefulSet", "order-db", "musiccorp-dev"),
            "spec.volumeClaimTemplates[data].spec.accessModes",
            "base/databases/postgresql/statefulset.yaml",
            "accessModes:",
        ),
        (
            ref("ConfigMap", "kafka-config-khk7596hd7", "musiccorp-dev"),
            "data[CLUSTER_ID]",
            "overlays/dev/kafka/kustomization.yaml",
            "- CLUSTER_ID=",
        ),
        (
            ref("NetworkPolicy", "load-balancer", "musiccorp-dev"),
            "spec.ingress[0].from[1].ipBlock.cidr",
            "overlays/dev/network/kustomization.yaml",
            "10.20.16.0/20",
        ),
        (
            ref("Ingress", "musiccorp", "musiccorp-dev"),
            "spec.rules[0].host",
            "overlays/dev/ingress/kustomization.yaml",
            "value: shop.dev",
        ),
        (
            ref("Namespace", "musiccorp-dev"),
            "metadata.name",
            "overlays/dev/network/kustomization.yaml",
            "namespace: musiccorp-dev",
        ),
        (
            ref("Application", "musiccorp-dev-services", "argocd"),
            "spec.source.path",
            "bootstrap/dev/applications.yaml",
            "path: '{{ .path.path }}'",
        ),
    ],
)
def test_fields_of_musiccorp_are_found(wanted: ObjectRef, field: str, file: str, text: str) -> None:
    assert musiccorp("dev").locate(wanted, field) == at(MUSICCORP, file, text)


def test_the_tag_of_an_environment_is_in_its_overlay() -> None:
    file = "overlays/dev/services/kustomization.yaml"

    for container in ("containers[order]", "initContainers[migrate]"):
        found = musiccorp("dev").locate(ORDER, f"{POD}.{container}.image")
        name = at(MUSICCORP, file, "musiccorp-order")
        assert found == Place(file, name.line + 1)


def test_the_patches_of_another_environment_do_not_count() -> None:
    field = "spec.volumeClaimTemplates[data].spec.storageClassName"
    base = "base/databases/postgresql/statefulset.yaml"

    found = {
        name: musiccorp(name).locate(ref("StatefulSet", "order-db", f"musiccorp-{name}"), field)
        for name in ("dev", "prod")
    }

    claim = at(MUSICCORP, base, "accessModes")
    assert found["dev"] == Place(base, claim.line - 1)
    assert found["prod"] == at(MUSICCORP, "overlays/prod/databases/kustomization.yaml", "gp3")
