"""Faults of a repository, as people make them: each is made in a copy of `examples/musiccorp`.

A fault says which words name it, and the lines that may be blamed: the wrong one, or the head of
the block that lacks something. Nothing here depends on a tool but `rules`, the harness' names.
"""

from __future__ import annotations

from bench.audit_injection import Edit, Fault, Place

BASE = "gitops-deploys/base"
OVERLAYS = "gitops-deploys/overlays"
ORDER = f"{BASE}/services/order"
GENERATOR = """secretGenerator:
  - name: order-db
    literals: [username=order, password=example]
    options:
      disableNameSuffixHash: true
"""


FAULTS = (
    Fault(
        name="secret-key-missing",
        title="key that the declared Secret does not have",
        edits=(
            Edit(
                path=f"{OVERLAYS}/dev/services/kustomization.yaml",
                old="labels:\n",
                new=f"{GENERATOR}labels:\n",
            ),
            Edit(
                path="gitops-deploys/bootstrap/dev/project.yaml",
                old="      kind: ConfigMap\n",
                new='      kind: ConfigMap\n    - group: ""\n      kind: Secret\n',
            ),
        ),
        telling=("order-db database",),
        rules=("secret-missing",),
        places=(
            Place(path=f"{ORDER}/deployment.yaml", text="key: database"),
            Place(path=f"{BASE}/databases/order/credentials.yaml", text="key: database"),
            Place(path=f"{OVERLAYS}/dev/services/kustomization.yaml", text="- name: order-db"),
        ),
    ),
    Fault(
        name="configmap-missing",
        title="environment from a ConfigMap that nobody declares",
        edits=(
            Edit(
                path=f"{ORDER}/deployment.yaml",
                old="name: order-config",
                new="name: order-settings",
            ),
        ),
        telling=("order-settings",),
        rules=("configmap-missing",),
        places=(Place(path=f"{ORDER}/deployment.yaml", text="order-settings"),),
    ),
    Fault(
        name="service-selects-nothing",
        title="Service whose selector matches no pod",
        edits=(
            Edit(
                path=f"{ORDER}/service.yaml",
                old="selector:\n    app.kubernetes.io/name: order",
                new="selector:\n    app.kubernetes.io/name: orders",
            ),
        ),
        telling=("Service order select",),
        rules=("service-selects-nothing",),
        places=(
            Place(path=f"{ORDER}/service.yaml", text="selector:"),
            Place(path=f"{ORDER}/service.yaml", text="name: orders"),
        ),
    ),
    Fault(
        name="target-port-missing",
        title="`targetPort` name that no container has",
        edits=(Edit(path=f"{ORDER}/service.yaml", old="targetPort: http", new="targetPort: web"),),
        telling=("order web",),
        rules=("service-targetport-missing",),
        places=(Place(path=f"{ORDER}/service.yaml", text="targetPort: web"),),
    ),
    Fault(
        name="dns-blocked",
        title="policy that allows DNS is not in the kustomization",
        edits=(Edit(path=f"{BASE}/network/kustomization.yaml", old="  - dns.yaml\n", new=""),),
        telling=("DNS",),
        rules=("netpol-blocks-dns",),
        places=(
            Place(path=f"{BASE}/network/default-deny.yaml", text="spec:"),
            Place(path=f"{BASE}/network/default-deny.yaml", text="policyTypes:"),
            Place(path=f"{BASE}/network/kustomization.yaml", text="resources:"),
        ),
    ),
    Fault(
        name="policy-names-service-port",
        title="policy that names the port of the Service, not of the pods",
        edits=(
            Edit(path=f"{BASE}/network/order-to-catalog.yaml", old="port: 8080", new="port: 80"),
        ),
        telling=("order-to-catalog-egress 80",),
        rules=("netpol-blocks-declared-dependency",),
        places=(
            Place(path=f"{BASE}/network/order-to-catalog.yaml", text="port: 80"),
            Place(path=f"{BASE}/network/order-to-catalog.yaml", text="ports:"),
        ),
    ),
    Fault(
        name="ingress-backend-missing",
        title="Ingress to a Service that does not exist",
        edits=(
            Edit(
                path=f"{BASE}/ingress/ingress.yaml",
                old="name: notification",
                new="name: notifications",
            ),
        ),
        telling=("Ingress notifications",),
        rules=("ingress-backend-service-missing",),
        places=(Place(path=f"{BASE}/ingress/ingress.yaml", text="name: notifications"),),
    ),
    Fault(
        name="pull-secret-field",
        title="`imagePullSecret` instead of `imagePullSecrets`",
        edits=(
            Edit(
                path=f"{ORDER}/deployment.yaml",
                old="imagePullSecrets:",
                new="imagePullSecret:",
            ),
        ),
        telling=("order imagePullSecret",),
        rules=("unknown-field",),
        places=(Place(path=f"{ORDER}/deployment.yaml", text="imagePullSecret:"),),
    ),
    Fault(
        name="storage-class-missing",
        title="volume of a StorageClass that nobody declares",
        edits=(
            Edit(
                path=f"{BASE}/databases/postgresql/statefulset.yaml",
                old="        volumeMode: Filesystem\n",
                new="        volumeMode: Filesystem\n        storageClassName: fast\n",
            ),
        ),
        telling=("fast",),
        rules=("storageclass-missing",),
        places=(
            Place(
                path=f"{BASE}/databases/postgresql/statefulset.yaml",
                text="storageClassName: fast",
            ),
        ),
    ),
    Fault(
        name="autoscaler-target-missing",
        title="autoscaler of a Deployment that does not exist",
        edits=(
            Edit(
                path=f"{OVERLAYS}/prod/services/autoscaling.yaml",
                old="    kind: Deployment\n    name: catalog\n",
                new="    kind: Deployment\n    name: catalogue\n",
            ),
        ),
        telling=("HorizontalPodAutoscaler target",),
        rules=("hpa-target-missing",),
        places=(Place(path=f"{OVERLAYS}/prod/services/autoscaling.yaml", text="name: catalogue"),),
    ),
    Fault(
        name="budget-blocks-all",
        title="disruption budget that allows no eviction",
        edits=(
            Edit(
                path=f"{OVERLAYS}/prod/services/disruption-budgets.yaml",
                old="maxUnavailable: 1",
                new="maxUnavailable: 0",
            ),
        ),
        telling=("PodDisruptionBudget catalog",),
        rules=("pdb-blocks-all-evictions",),
        places=(
            Place(
                path=f"{OVERLAYS}/prod/services/disruption-budgets.yaml",
                text="maxUnavailable: 0",
            ),
        ),
    ),
    Fault(
        name="images-entry-ignored",
        title="`images` entry of kustomize that matches no image",
        edits=(
            Edit(
                path=f"{OVERLAYS}/dev/services/kustomization.yaml",
                old="name: ghcr.io/musiccorp/musiccorp-catalog",
                new="name: ghcr.io/musiccorp/catalog",
            ),
        ),
        telling=("ghcr.io/musiccorp/catalog", "catalog container-image-tag latest"),
        rules=("kustomize-image-ignored",),
        places=(
            Place(
                path=f"{OVERLAYS}/dev/services/kustomization.yaml",
                text="name: ghcr.io/musiccorp/catalog",
            ),
        ),
    ),
    Fault(
        name="application-set-path",
        title="path of an ApplicationSet that matches no folder",
        edits=(
            Edit(
                path="gitops-deploys/bootstrap/dev/applications.yaml",
                old="gitops-deploys/overlays/dev/*",
                new="gitops-deploys/overlay/dev/*",
            ),
        ),
        telling=("overlay/dev",),
        rules=("applicationset-expansion", "applicationset-path-not-directory"),
        places=(
            Place(
                path="gitops-deploys/bootstrap/dev/applications.yaml",
                text="gitops-deploys/overlay/dev/*",
            ),
        ),
    ),
    Fault(
        name="field-unknown",
        title="`readinesProbe`, a field that does not exist",
        edits=(Edit(path=f"{ORDER}/deployment.yaml", old="readinessProbe:", new="readinesProbe:"),),
        telling=("order readinesProbe", "order missing a readinessProbe"),
        rules=("unknown-field",),
        places=(Place(path=f"{ORDER}/deployment.yaml", text="readinesProbe:"),),
    ),
    Fault(
        name="type-wrong",
        title="port in quotes, where a number must be",
        edits=(
            Edit(
                path=f"{ORDER}/deployment.yaml",
                old="containerPort: 8080",
                new='containerPort: "8080"',
            ),
        ),
        telling=("order containerPort",),
        rules=("wrong-type", "port-in-quotes"),
        places=(Place(path=f"{ORDER}/deployment.yaml", text='containerPort: "8080"'),),
    ),
    Fault(
        name="api-removed",
        title="API version that Kubernetes no longer serves",
        edits=(
            Edit(
                path=f"{OVERLAYS}/prod/services/disruption-budgets.yaml",
                old="apiVersion: policy/v1\n",
                new="apiVersion: policy/v1beta1\n",
            ),
        ),
        telling=("PodDisruptionBudget policy/v1beta1",),
        rules=("removed-api",),
        places=(
            Place(
                path=f"{OVERLAYS}/prod/services/disruption-budgets.yaml",
                text="apiVersion: policy/v1beta1",
            ),
        ),
    ),
    Fault(
        name="resource-path-wrong",
        title="kustomization that names a folder that does not exist",
        edits=(
            Edit(path=f"{BASE}/services/kustomization.yaml", old="  - order\n", new="  - orders\n"),
        ),
        telling=("base/services/orders", "names 'orders'"),
        rules=("render-failure",),
        places=(Place(path=f"{BASE}/services/kustomization.yaml", text="- orders"),),
    ),
)
