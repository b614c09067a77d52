from __future__ import annotations

import yaml

from harness.gitops.argocd_manifest import (
    configured_manifest,
    images_of,
    uses_default_project,
    workload_names,
)

MANIFEST = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-tls-certs-cm}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cmd-params-cm}
data: {other: kept}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cm}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: argocd-redis}
spec: {template: {spec: {initContainers: [{image: a:1}], containers: [{image: b:1}]}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: argocd-application-controller}
spec: {template: {spec: {containers: [{image: a:1}]}}}
"""


def test_only_the_documented_config_maps_change() -> None:
    before = list(yaml.safe_load_all(MANIFEST))
    after = list(yaml.safe_load_all(configured_manifest(MANIFEST, {"github.com": "PEM"})))

    assert after[0]["data"] == {"github.com": "PEM"}
    assert after[1]["data"]["other"] == "kept"
    assert after[1]["data"]["reposerver.enable.git.submodule"] == "false"
    assert after[2:] == before[2:]


def test_images_and_workloads_are_read_from_the_manifests() -> None:
    assert images_of(MANIFEST) == ("a:1", "b:1")
    assert workload_names(MANIFEST) == (
        ("Deployment", "argocd-redis"),
        ("StatefulSet", "argocd-application-controller"),
    )


def test_the_default_project_is_recognised_in_applications_and_sets() -> None:
    own = {"kind": "Application", "spec": {"project": "shop"}}
    default_set = {"kind": "ApplicationSet", "spec": {"template": {"spec": {}}}}

    assert not uses_default_project([own, {"kind": "AppProject", "spec": {}}])
    assert uses_default_project([own, default_set])
