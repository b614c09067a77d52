"""Odd manifests never make a check of references raise."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import pytest

from harness.audit.checks import (
    accounts,
    configs,
    empty_values,
    external_secrets,
    gateways,
    ingresses,
    kinds,
    namespaces,
    permissions,
    pod_classes,
    pod_fields,
    pull_secrets,
    quotas,
    routes,
    sealed_secrets,
    secret_values,
    secrets,
    storage,
    storage_classes,
    subpaths,
    tls_secrets,
    volume_binding,
)
from harness.audit.cluster_profile import KIND
from harness.audit.finding import Fault
from harness.audit.source import Source
from tests.audit.scopes import objects, scope

MODULES = (
    accounts, configs, empty_values, external_secrets, gateways, ingresses, kinds, namespaces,
    permissions, pod_classes, pod_fields, pull_secrets, quotas, routes, sealed_secrets,
    secret_values, secrets, storage, storage_classes, subpaths, tls_secrets, volume_binding,
)  # fmt: skip
ODD: tuple[Any, ...] = (
    None,
    "",
    0,
    True,
    [],
    {},
    "x",
    ["x", None, 1],
    {"x": None},
    [{}],
    [[]],
    1.5,
)
MANIFESTS = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop, annotations: {a: b}, labels: {a: b}}
spec:
  replicas: 2
  volumeClaimTemplates: [{metadata: {name: data}, spec: {storageClassName: a, accessModes: [x]}}]
  template:
    spec:
      serviceAccountName: db
      priorityClassName: high
      imagePullSecrets: [{name: pull}]
      containers:
      - name: db
        image: ghcr.io/a/b:1
        args: [x]
        env: [{name: DB_HOST, value: ''}, {name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}]
        envFrom: [{prefix: A_, configMapRef: {name: c}}]
        resources: {requests: {cpu: 1}, limits: {cpu: 2}}
        volumeMounts: [{name: data, mountPath: /a, subPath: b}]
      volumes:
      - {name: a, configMap: {name: c, items: [{key: a, path: b}]}}
      - {name: b, projected: {sources: [{secret: {name: s}}]}}
      - {name: c, persistentVolumeClaim: {claimName: c}}
      - {name: d, ephemeral: {volumeClaimTemplate: {spec: {storageClassName: a}}}}
---
apiVersion: v1
kind: Secret
metadata: {name: pull, namespace: shop, labels: {a: b}}
type: kubernetes.io/dockerconfigjson
data: {.dockerconfigjson: e30=}
stringData: {a: b}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c, namespace: shop}
data: {k: v}
binaryData: {b: YQ==}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: c, namespace: shop}
spec: {volumeName: pv, storageClassName: a, accessModes: [ReadWriteMany],
  resources: {requests: {storage: 1}}}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: pv}
spec: {capacity: {storage: 1}, accessModes: [a], claimRef: {name: a, namespace: b},
  storageClassName: a}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: i, namespace: shop, annotations: {cert-manager.io/issuer: a}}
spec:
  ingressClassName: a
  tls: [{secretName: t}]
  defaultBackend: {service: {name: a, port: {number: 1}}}
  rules: [{http: {paths: [{backend: {service: {name: a, port: {name: b}}}}]}}]
---
apiVersion: v1
kind: Service
metadata: {name: a, namespace: shop}
spec: {type: ClusterIP, ports: [{port: 1, name: b}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: shop}
spec: {parentRefs: [{name: g, sectionName: s}], rules: [{backendRefs: [{name: a, port: 1}],
  filters: [{requestMirror: {backendRef: {name: a}}}]}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: g, namespace: shop}
spec: {gatewayClassName: c, listeners: [{name: s, tls: {certificateRefs: [{name: t}]}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: v, namespace: shop}
spec: {gateways: [g], http: [{route: [{destination: {host: a, port: {number: 1}}}],
  mirror: {host: b}}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: b, namespace: shop}
subjects: [{kind: ServiceAccount, name: s, namespace: shop}]
roleRef: {kind: ClusterRole, name: r}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: r}
rules: [{apiGroups: ['', apiextensions.k8s.io], resources: [secrets,
  customresourcedefinitions], verbs: [create], resourceNames: [a]}]
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: e, namespace: shop}
spec: {secretStoreRef: {name: s, kind: SecretStore}, data: [{secretKey: a,
  sourceRef: {storeRef: {name: b}}}], target: {name: t, template: {data: {a: b}, type: x}}}
---
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: {name: x, namespace: shop}
spec: {encryptedData: {a: AgAAAAAAAAAAAAAAAAAAAAAA}, template: {type: a, metadata: {name: b,
  annotations: {a: b}}}}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: q, namespace: shop}
spec: {hard: {pods: 1, limits.cpu: 1}}
---
apiVersion: v1
kind: LimitRange
metadata: {name: l, namespace: shop}
spec: {limits: [{type: Container, max: {cpu: 1}, default: {cpu: 1}}]}
---
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: k}
spec: {rules: [{generate: {kind: Secret, name: a, cloneList: {kinds: [v1/Secret]}}}]}
---
apiVersion: acme.example.com/v1
kind: Thing
metadata: {name: t, namespace: shop}
spec: {writeConnectionSecretToRef: {name: a, namespace: b}, storage: {storageClassName: a,
  resources: {}}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: d}
spec: {group: acme.example.com, scope: Cluster, names: {kind: Thing}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: w}
webhooks: [{clientConfig: {service: {name: a, namespace: b}}}]
"""


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a nest of mappings and lists, kind and apiVersion left alone."""
    found = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in found:
        if key not in {"kind", "apiVersion"} or path:
            yield (*path, key)
        if isinstance(inner, dict | list):
            yield from paths(inner, (*path, key))


def changed(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    found = copy.deepcopy(value)
    inner = found
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = odd
    return found


def run(manifests: tuple[Any, ...]) -> list[Any]:
    one = scope(Source(path=".", objects=manifests), profile=KIND)
    return [fault for module in MODULES for check in module.CHECKS for fault in check(one)]


def test_the_manifests_themselves_have_faults_of_many_rules() -> None:
    rules = {f.rule for f in run(objects(MANIFESTS)) if isinstance(f, Fault)}

    assert len(rules) > 15


@pytest.mark.parametrize("position", range(20))
def test_an_odd_value_anywhere_never_raises(position: int) -> None:
    manifests = objects(MANIFESTS)
    odd = cycle(ODD[position % len(ODD) :] + ODD[: position % len(ODD)])

    for path in paths(manifests[position]):
        bent = changed(manifests[position], path, next(odd))
        run((*manifests[:position], bent, *manifests[position + 1 :]))


def test_there_is_a_case_for_every_manifest() -> None:
    assert len(objects(MANIFESTS)) == 20
