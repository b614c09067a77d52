"""Faults in a small repository: three workloads, one of them a database, policies between them.

The tree is `scenarios/trees/shop`. Names say what is wrong; the number of the cause stands in
`docs/reference/causes.md`.
"""

from __future__ import annotations

import time
from pathlib import Path

from harness.io.kube import Kube
from scenarios.faults.fault import Edit, Fault, appended, replaced, written
from scenarios.faults.throttle import registry_throttled, with_payload

WEB, API, STORE = "deploy/base/web.yaml", "deploy/base/api.yaml", "deploy/base/store.yaml"
BASE, POLICIES = "deploy/base/kustomization.yaml", "deploy/base/policies.yaml"
OVERLAY = "deploy/overlays/dev/shop/kustomization.yaml"
PROJECT, CONFIG = "deploy/apps/dev/shop.yaml", "deploy/base/config.yaml"
DEPLOYMENT_WEB = "Deployment shop-dev/web"
DEPLOYMENT_API = "Deployment shop-dev/api"
STORE_SET = "StatefulSet shop-dev/store"
DOCKER_CONFIG = """
[secrets.ghcr-secret]
type = "{type}"
[secrets.ghcr-secret.data]
".dockerconfigjson" = '{{"auths":{{"{host}":{{"auth":"bm9ib2R5Om5vdGhpbmc="}}}}}}'
"""


def added(file: str, text: str) -> tuple[Edit, ...]:
    """Returns the edits that add a manifest to the base."""
    name = f"deploy/base/{file}"
    return (written(name, text), appended(BASE, f"  - {file}\n"))


def variable(file: str, name: str, value: str) -> Edit:
    """Returns the edit that sets one more environment variable."""
    line = f'            - name: {name}\n              value: "{value}"\n'
    return replaced(file, "          env:\n", f"          env:\n{line}")


def without_pull_secret(file: str) -> Edit:
    """Returns the edit that makes a Deployment forget its pull secret."""
    return replaced(file, "      imagePullSecrets:\n        - name: ghcr-secret\n", "")


def policy_removed(name: str) -> Edit:
    """Returns the edit that deletes one policy."""

    def apply(tree: Path) -> None:
        path = tree / POLICIES
        policies = path.read_text(encoding="utf-8").split("---\n")
        kept = [p for p in policies if f"name: {name}\n" not in p]
        path.write_text("---\n".join(kept), encoding="utf-8")

    return apply


SLOW_DATABASE = (
    *added(
        "slow-init.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: slow-init}\n"
        "data: {'10-slow.sh': 'echo seeding; sleep 60; echo seeded'}\n",
    ),
    replaced(
        STORE,
        "      containers:\n",
        "      volumes:\n        - name: init\n          configMap: {name: slow-init}\n"
        "      containers:\n",
    ),
    replaced(
        STORE,
        "          volumeMounts:\n",
        "          volumeMounts:\n"
        "            - {name: init, mountPath: /docker-entrypoint-initdb.d}\n",
    ),
)


def provisioner_away(kube: Kube) -> None:
    """Scales the volume provisioner to nothing for a hundred seconds."""
    path = "/apis/apps/v1/namespaces/local-path-storage/deployments/local-path-provisioner"
    kube.merge(path, {"spec": {"replicas": 0}})
    time.sleep(100)
    kube.merge(path, {"spec": {"replicas": 1}})


SINGLE = (
    Fault(
        name="tag-nobody-pushed",
        edits=(replaced(OVERLAY, "newTag: 1.1.0", "newTag: 9.9.9"),),
        withhold=("ghcr.io/shop/app*",),
        roots=(("I01", DEPLOYMENT_API),),
        file=OVERLAY,
    ),
    Fault(
        name="pull-secret-absent",
        withhold=("ghcr-secret",),
        roots=(("S01", "Secret shop-dev/ghcr-secret"),),
        innocent=(DEPLOYMENT_API, DEPLOYMENT_WEB),
        budget=30,
        quick=True,
    ),
    Fault(
        name="pull-secret-of-another-host",
        edits=(
            appended(
                "harness.toml",
                DOCKER_CONFIG.format(type="kubernetes.io/dockerconfigjson", host="docker.example"),
            ),
        ),
        roots=(("S04", "Secret shop-dev/ghcr-secret"),),
        budget=30,
    ),
    Fault(
        name="pull-secret-of-wrong-type",
        edits=(appended("harness.toml", DOCKER_CONFIG.format(type="Opaque", host="ghcr.io")),),
        roots=(("S03", "Secret shop-dev/ghcr-secret"),),
        budget=30,
    ),
    Fault(
        name="pull-secret-refused",
        edits=(
            appended(
                "harness.toml",
                DOCKER_CONFIG.format(type="kubernetes.io/dockerconfigjson", host="ghcr.io"),
            ),
        ),
        roots=(("I03", "Secret shop-dev/ghcr-secret"),),
    ),
    Fault(
        name="pull-secret-not-used",
        edits=(without_pull_secret(WEB),),
        roots=(("S05", DEPLOYMENT_WEB),),
        file=WEB,
    ),
    Fault(
        name="never-pulled",
        edits=(
            replaced(
                WEB,
                "          ports:\n",
                "          imagePullPolicy: Never\n          ports:\n",
            ),
            replaced(WEB, "image: ghcr.io/shop/app:1.0.0", "image: ghcr.io/shop/local:1"),
            appended("harness.toml", '\n[images."ghcr.io/shop/local"]\ncontext = "app"\n'),
        ),
        roots=(("I05", DEPLOYMENT_WEB),),
    ),
    Fault(
        name="secret-absent",
        withhold=("store-password",),
        roots=(("S07", "Secret shop-dev/store-password"),),
        innocent=(STORE_SET, DEPLOYMENT_API),
        budget=30,
    ),
    Fault(
        name="secret-without-the-key",
        edits=(replaced(CONFIG, "  web: web-token", "  wed: web-token"),),
        roots=(("S08", "Secret shop-dev/shop-tokens"),),
        file=CONFIG,
        budget=30,
        quick=True,
    ),
    Fault(
        name="config-map-absent",
        edits=(replaced(API, "name: shop-config", "name: shop-confg"),),
        roots=(("S11", "ConfigMap shop-dev/shop-confg"),),
        innocent=(DEPLOYMENT_API,),
        budget=30,
    ),
    Fault(
        name="secret-volume-absent",
        edits=(
            replaced(
                WEB,
                "      containers:\n",
                "      volumes:\n        - name: certs\n          secret: {secretName: web-certs}\n"
                "      containers:\n",
            ),
            replaced(
                WEB,
                "          ports:\n",
                "          volumeMounts: [{name: certs, mountPath: /certs}]\n          ports:\n",
            ),
        ),
        withhold=("web-certs",),
        roots=(("S09", "Secret shop-dev/web-certs"),),
    ),
    Fault(
        name="too-much-memory",
        edits=(replaced(API, "memory: 32Mi", "memory: 640Gi"), replaced(API, "64Mi", "640Gi")),
        roots=(("H01", DEPLOYMENT_API),),
        file=API,
    ),
    Fault(
        name="node-selector-nobody-has",
        edits=(
            replaced(
                WEB,
                "      containers:\n",
                "      nodeSelector: {disktype: ssd}\n      containers:\n",
            ),
        ),
        roots=(("H02", DEPLOYMENT_WEB),),
        file=WEB,
    ),
    Fault(
        name="service-account-absent",
        edits=(
            replaced(
                WEB, "      containers:\n", "      serviceAccountName: webb\n      containers:\n"
            ),
        ),
        roots=(("H06", "ServiceAccount shop-dev/webb"),),
    ),
    Fault(
        name="quota-too-small",
        edits=added(
            "quota.yaml",
            "apiVersion: v1\nkind: ResourceQuota\nmetadata:\n  name: shop-quota\n"
            "  annotations: {argocd.argoproj.io/sync-wave: '-1'}\n"
            "spec:\n  hard: {requests.memory: 40Mi}\n",
        ),
        roots=(("H04", "ResourceQuota shop-dev/shop-quota"),),
        budget=90,
    ),
    Fault(
        name="pod-security-forbids",
        edits=added(
            "namespace.yaml",
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop-dev\n"
            "  labels: {pod-security.kubernetes.io/enforce: restricted}\n",
        ),
        roots=(("H05", DEPLOYMENT_API), ("H05", DEPLOYMENT_WEB), ("H05", STORE_SET)),
    ),
    Fault(
        name="zero-replicas",
        edits=(replaced(WEB, "spec:\n  selector", "spec:\n  replicas: 0\n  selector"),),
        roots=(("H08", DEPLOYMENT_WEB),),
        file=WEB,
    ),
    Fault(
        name="storage-class-absent",
        withhold=("gp3",),
        edits=(
            replaced(
                STORE,
                "        accessModes",
                "        storageClassName: gp3\n        accessModes",
            ),
        ),
        roots=(("V01", "StorageClass gp3"),),
        innocent=(STORE_SET, DEPLOYMENT_API),
    ),
    Fault(
        name="claim-absent",
        edits=(
            replaced(
                WEB,
                "      containers:\n",
                "      volumes:\n        - name: cache\n          persistentVolumeClaim: "
                "{claimName: web-cache}\n      containers:\n",
            ),
        ),
        roots=(("V07", "PersistentVolumeClaim shop-dev/web-cache"),),
        budget=90,
    ),
    Fault(
        name="command-not-found",
        edits=(
            replaced(WEB, "          ports:\n", "          command: [serve]\n          ports:\n"),
        ),
        roots=(("P03", DEPLOYMENT_WEB),),
        file=WEB,
        quick=True,
    ),
    Fault(
        name="must-not-be-root",
        edits=(
            replaced(
                STORE,
                "      containers:\n",
                "      securityContext: {runAsNonRoot: true}\n      containers:\n",
            ),
        ),
        roots=(("P05", STORE_SET),),
        innocent=(DEPLOYMENT_API,),
    ),
    Fault(
        name="exits-with-an-error",
        edits=(variable(WEB, "EXIT_CODE", "3"),),
        roots=(("P01", DEPLOYMENT_WEB),),
        budget=120,
    ),
    Fault(
        name="out-of-memory",
        edits=(variable(API, "MEMORY_MIB", "200"),),
        roots=(("P02", DEPLOYMENT_API),),
        innocent=(DEPLOYMENT_WEB,),
        budget=90,
    ),
    Fault(
        name="ends-well-but-ends",
        edits=(
            replaced(
                WEB,
                "          ports:\n",
                "          command: [python, -c, 'print(1)']\n          ports:\n",
            ),
        ),
        roots=(("P09", DEPLOYMENT_WEB),),
        budget=120,
    ),
    Fault(
        name="variable-missing",
        edits=(variable(WEB, "REQUIRED", "SHOP_API_KEY"),),
        roots=(("P14", DEPLOYMENT_WEB),),
        budget=60,
    ),
    Fault(
        name="liveness-on-the-wrong-port",
        edits=(
            replaced(
                WEB,
                "          readinessProbe:\n",
                "          livenessProbe:\n            tcpSocket: {port: 9999}\n"
                "            periodSeconds: 2\n            failureThreshold: 2\n"
                "          readinessProbe:\n",
            ),
        ),
        roots=(("P10", DEPLOYMENT_WEB),),
        budget=120,
    ),
    Fault(
        name="init-container-fails",
        edits=(
            replaced(
                WEB,
                "      containers:\n",
                "      initContainers:\n        - name: prepare\n"
                "          image: ghcr.io/shop/app:1.0.0\n"
                "          command: [python, -c, 'import sys; sys.exit(\"no licence file\")']\n"
                "      containers:\n",
            ),
        ),
        roots=(("P01", DEPLOYMENT_WEB),),
        budget=120,
    ),
    Fault(
        name="database-without-password",
        edits=(
            replaced(
                STORE,
                "              valueFrom:\n"
                "                secretKeyRef: {name: store-password, key: POSTGRES_PASSWORD}\n",
                "              value: ''\n",
            ),
        ),
        roots=(("G03", STORE_SET),),
        innocent=(DEPLOYMENT_API,),
    ),
    Fault(
        name="probe-on-the-wrong-path",
        edits=(replaced(WEB, "path: /healthz", "path: /health-z"),),
        roots=(("B02", DEPLOYMENT_WEB),),
        file=WEB,
        budget=120,
    ),
    Fault(
        name="probe-on-the-wrong-port",
        edits=(replaced(WEB, "path: /healthz, port: http", "path: /healthz, port: 8081"),),
        roots=(("B01", DEPLOYMENT_WEB),),
        file=WEB,
        budget=150,
    ),
    Fault(
        name="probe-command-absent",
        edits=(
            replaced(
                WEB,
                "            httpGet: {path: /healthz, port: http}\n",
                "            exec: {command: [curl, -f, 'http://localhost:8080/healthz']}\n",
            ),
        ),
        roots=(("B05", DEPLOYMENT_WEB),),
        file=WEB,
    ),
    Fault(
        name="dns-not-allowed",
        edits=(policy_removed("allow-dns"),),
        roots=(("N01", "NetworkPolicy shop-dev/default-deny"),),
        innocent=(DEPLOYMENT_API, DEPLOYMENT_WEB, STORE_SET),
        budget=90,
        quick=True,
    ),
    Fault(
        name="ingress-policy-names-other-client",
        edits=(
            replaced(
                POLICIES,
                "    - from:\n        - podSelector:\n            matchLabels: {app: web}",
                "    - from:\n        - podSelector:\n            matchLabels: {app: frontend}",
            ),
        ),
        roots=(("N05", "NetworkPolicy shop-dev/api-from-web"),),
        innocent=(DEPLOYMENT_WEB, DEPLOYMENT_API),
        file=POLICIES,
        budget=90,
    ),
    Fault(
        name="egress-policy-absent",
        edits=(policy_removed("web-to-api"),),
        roots=(("N06", "NetworkPolicy shop-dev/default-deny"),),
        budget=90,
    ),
    Fault(
        name="service-selects-nothing",
        edits=(replaced(API, "  selector: {app: api}\n", "  selector: {app: apii}\n"),),
        roots=(("N07", "Service shop-dev/api"),),
        innocent=(DEPLOYMENT_WEB,),
        file=API,
        budget=90,
    ),
    Fault(
        name="target-port-wrong",
        edits=(replaced(API, "targetPort: http", "targetPort: 8089"),),
        roots=(("N08", "Service shop-dev/api"),),
        file=API,
        budget=90,
    ),
    Fault(
        name="host-name-misspelled",
        edits=(replaced(WEB, "value: api:8080", "value: apis:8080"),),
        roots=(("N09", DEPLOYMENT_WEB),),
        file=WEB,
        budget=90,
    ),
    Fault(
        name="destination-not-permitted",
        edits=(
            replaced(
                PROJECT,
                "svc', namespace: shop-dev}\n  clusterResource",
                "svc', namespace: shop}\n  clusterResource",
            ),
        ),
        roots=(("A07", "AppProject argocd/shop"),),
        file=PROJECT,
    ),
    Fault(
        name="object-rejected",
        edits=(replaced(API, "port: 8080, targetPort", "port: 808000, targetPort"),),
        roots=(("A13", "Service shop-dev/api"),),
        file=API,
    ),
    Fault(
        name="kind-unknown-to-the-cluster",
        edits=added(
            "widget.yaml",
            "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: one}\nspec: {}\n",
        ),
        roots=(("A11", "CustomResourceDefinition widgets.example.com"),),
    ),
    Fault(
        name="resource-misspelled",
        edits=(replaced(BASE, "  - web.yaml", "  - wbe.yaml"),),
        roots=(("R03", "Kustomization deploy/overlays/dev/shop"),),
        file=BASE,
        exit_code=3,
    ),
    Fault(
        name="claim-in-an-earlier-wave",
        edits=(
            *added(
                "cache.yaml",
                "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: web-cache\n"
                "  annotations: {argocd.argoproj.io/sync-wave: '-1'}\nspec:\n"
                "  accessModes: [ReadWriteOnce]\n  resources: {requests: {storage: 16Mi}}\n",
            ),
            replaced(
                WEB,
                "      containers:\n",
                "      volumes:\n        - name: cache\n          persistentVolumeClaim: "
                "{claimName: web-cache}\n      containers:\n",
            ),
        ),
        roots=(("A16", "PersistentVolumeClaim shop-dev/web-cache"),),
    ),
    Fault(
        name="job-fails",
        edits=added(
            "job.yaml",
            "apiVersion: batch/v1\nkind: Job\nmetadata: {name: seed}\nspec:\n  backoffLimit: 1\n"
            "  template:\n    spec:\n      restartPolicy: Never\n"
            "      imagePullSecrets: [{name: ghcr-secret}]\n"
            "      containers:\n        - name: seed\n          image: ghcr.io/shop/app:1.0.0\n"
            "          env: [{name: EXIT_CODE, value: '4'}]\n",
        ),
        roots=(("P01", "Job shop-dev/seed"),),
        budget=90,
    ),
)

DOUBLE = (
    Fault(
        name="two-secret-key-and-storage-class",
        withhold=("gp3",),
        edits=(
            replaced(CONFIG, "  web: web-token", "  wed: web-token"),
            replaced(
                STORE, "        accessModes", "        storageClassName: gp3\n        accessModes"
            ),
        ),
        roots=(("S08", "Secret shop-dev/shop-tokens"), ("V01", "StorageClass gp3")),
        innocent=(DEPLOYMENT_API,),
        quick=True,
    ),
    Fault(
        name="two-command-and-database-secret",
        edits=(
            replaced(WEB, "          ports:\n", "          command: [serve]\n          ports:\n"),
        ),
        withhold=("store-password",),
        roots=(("P03", DEPLOYMENT_WEB), ("S07", "Secret shop-dev/store-password")),
        innocent=(DEPLOYMENT_API,),
    ),
    Fault(
        name="two-memory-and-config-map",
        edits=(
            replaced(WEB, "memory: 32Mi", "memory: 640Gi"),
            replaced(WEB, "memory: 64Mi", "memory: 640Gi"),
            replaced(API, "name: shop-config", "name: shop-confg"),
        ),
        roots=(("H01", DEPLOYMENT_WEB), ("S11", "ConfigMap shop-dev/shop-confg")),
    ),
    Fault(
        name="two-root-user-and-pull-secret",
        edits=(
            replaced(
                STORE,
                "      containers:\n",
                "      securityContext: {runAsNonRoot: true}\n      containers:\n",
            ),
        ),
        withhold=("ghcr-secret",),
        roots=(("P05", STORE_SET), ("S01", "Secret shop-dev/ghcr-secret")),
    ),
    Fault(
        name="two-service-account-and-database-password",
        edits=(
            replaced(
                WEB, "      containers:\n", "      serviceAccountName: webb\n      containers:\n"
            ),
            replaced(
                STORE,
                "              valueFrom:\n"
                "                secretKeyRef: {name: store-password, key: POSTGRES_PASSWORD}\n",
                "              value: ''\n",
            ),
        ),
        roots=(("H06", "ServiceAccount shop-dev/webb"), ("G03", STORE_SET)),
        innocent=(DEPLOYMENT_API,),
    ),
    Fault(
        name="masked-tag-behind-the-pull-secret",
        edits=(replaced(OVERLAY, "newTag: 1.1.0", "newTag: 9.9.9"),),
        withhold=("ghcr.io/shop/app*", "ghcr-secret"),
        roots=(("S01", "Secret shop-dev/ghcr-secret"),),
    ),
)

CONTROL = (
    Fault(name="healthy"),
    Fault(
        name="slow-start",
        edits=(variable(WEB, "START_SECONDS", "45"),),
    ),
    Fault(
        name="slow-database-and-impatient-client",
        edits=(*SLOW_DATABASE, variable(API, "PATIENCE", "1")),
        quick=True,
    ),
    Fault(
        name="progress-deadline-shorter-than-the-start",
        edits=(
            variable(WEB, "START_SECONDS", "40"),
            replaced(WEB, "spec:\n  selector", "spec:\n  progressDeadlineSeconds: 15\n  selector"),
        ),
    ),
    Fault(
        name="init-container-waits",
        edits=(
            *SLOW_DATABASE,
            replaced(
                API,
                "      containers:\n",
                "      initContainers:\n        - name: wait\n"
                "          image: ghcr.io/shop/app:1.0.0\n"
                "          command: [python, -c]\n"
                '          args: [\'import sys; sys.path.insert(0, "/app"); import app; '
                'app.reach("store:5432", 300)\']\n'
                "      containers:\n",
            ),
        ),
    ),
    Fault(
        name="optional-secret-absent",
        edits=(
            replaced(
                WEB,
                "            - name: GREETING\n",
                "            - name: EXTRA\n              valueFrom:\n"
                "                secretKeyRef: {name: nobody-has, key: it, optional: true}\n"
                "            - name: GREETING\n",
            ),
        ),
    ),
    Fault(
        name="job-fails-once",
        edits=added(
            "job.yaml",
            "apiVersion: batch/v1\nkind: Job\nmetadata: {name: seed}\nspec:\n  backoffLimit: 6\n"
            "  template:\n    spec:\n      restartPolicy: OnFailure\n"
            "      imagePullSecrets: [{name: ghcr-secret}]\n"
            "      volumes: [{name: mark, emptyDir: {}}]\n"
            "      containers:\n        - name: seed\n          image: ghcr.io/shop/app:1.0.0\n"
            "          command: [sh, -c, 'test -f /mark/once || { touch /mark/once; exit 1; }']\n"
            "          volumeMounts: [{name: mark, mountPath: /mark}]\n",
        ),
    ),
    Fault(
        name="load-balancer-without-an-address",
        edits=(
            replaced(
                WEB,
                "kind: Service\nmetadata:\n  name: web\nspec:\n",
                "kind: Service\nmetadata:\n  name: web\nspec:\n  type: LoadBalancer\n",
            ),
        ),
    ),
    Fault(name="provisioner-away", meanwhile=provisioner_away),
    Fault(
        name="throttled-pull",
        edits=(
            with_payload,
            replaced(WEB, "spec:\n  selector", "spec:\n  progressDeadlineSeconds: 30\n  selector"),
        ),
        meanwhile=registry_throttled,
    ),
)

JAM = Fault(
    name="jam",
    edits=(
        replaced(
            STORE,
            "      containers:\n",
            "      securityContext: {runAsNonRoot: true}\n      containers:\n",
        ),
        replaced(
            WEB,
            "metadata:\n  name: web\nspec:\n  selector",
            "metadata:\n  name: web\n  annotations: {argocd.argoproj.io/sync-wave: '1'}\n"
            "spec:\n  selector",
        ),
    ),
    roots=(("P05", STORE_SET),),
)
"""The database cannot start, so the sync waits before its second wave, and its pod stays."""

SHOP = (*SINGLE, *DOUBLE, *CONTROL)
