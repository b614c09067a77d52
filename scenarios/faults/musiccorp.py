"""Faults in MusicCorp: five services, three databases, Kafka, policies, a load balancer.

The tree is `examples/musiccorp`. These are the faults that people who run such a repository meet.
"""

from __future__ import annotations

from scenarios.faults.fault import Fault, appended, removed, replaced, written

DEPLOYS = "gitops-deploys"
SERVICES = f"{DEPLOYS}/overlays/dev/services/kustomization.yaml"
DATABASES = f"{DEPLOYS}/overlays/dev/databases/kustomization.yaml"
KAFKA = f"{DEPLOYS}/overlays/dev/kafka/kustomization.yaml"
NETWORK = f"{DEPLOYS}/base/network"
PROJECT = f"{DEPLOYS}/bootstrap/dev/project.yaml"
NAMESPACE = "musiccorp-dev"
DECLARED = """apiVersion: v1
kind: Secret
metadata:
  name: order-db
stringData:
  username: order
  database: order
  passwd: only-for-this-scenario
"""
FROM_THE_STORE = """            - name: DB_PASSWORD
              valueFrom:
                secretKeyRef:
                  name: order-db
                  key: password
"""
WRITTEN_WRONG = """            - name: DB_PASSWORD
              value: not-the-password
"""
ONE_VOTER = "KAFKA_CONTROLLER_QUORUM_VOTERS=0@localhost:9093"
THREE_VOTERS = "KAFKA_CONTROLLER_QUORUM_VOTERS=" + ",".join(
    f"{node}@kafka-{node}.kafka-headless:9093" for node in range(3)
)
GP3 = """patches:
  - target:
      kind: StatefulSet
    patch: |-
      - op: add
        path: /spec/volumeClaimTemplates/0/spec/storageClassName
        value: gp3
"""


def service(name: str) -> str:
    """Returns the manifest of a service's Deployment."""
    return f"{DEPLOYS}/base/services/{name}/deployment.yaml"


MUSICCORP = (
    Fault(
        name="corp-tag-typo",
        edits=(
            replaced(
                SERVICES,
                "musiccorp-order\n    newTag: 1.5.0-rc.1",
                "musiccorp-order\n    newTag: v9.9.9",
            ),
        ),
        withhold=("ghcr.io/musiccorp/musiccorp-order*",),
        roots=(("I01", f"Deployment {NAMESPACE}/order"),),
        innocent=(f"StatefulSet {NAMESPACE}/kafka", f"StatefulSet {NAMESPACE}/order-db"),
        file=SERVICES,
        budget=45,
    ),
    Fault(
        name="corp-pull-secret-absent",
        withhold=("ghcr-secret",),
        roots=(("S01", f"Secret {NAMESPACE}/ghcr-secret"),),
        budget=30,
    ),
    Fault(
        name="corp-pull-secret-of-another-host",
        edits=(
            appended(
                "harness.toml",
                '\n[secrets.ghcr-secret]\ntype = "kubernetes.io/dockerconfigjson"\n'
                "[secrets.ghcr-secret.data]\n"
                '".dockerconfigjson" = \'{"auths":{"registry.example":{"auth":"eDp5"}}}\'\n',
            ),
        ),
        roots=(("S04", f"Secret {NAMESPACE}/ghcr-secret"),),
        budget=30,
    ),
    Fault(
        name="corp-gp3-on-kind",
        withhold=("gp3",),
        edits=(appended(DATABASES, GP3),),
        roots=(("V01", "StorageClass gp3"),),
        innocent=(f"StatefulSet {NAMESPACE}/order-db", f"Deployment {NAMESPACE}/order"),
        file=DATABASES,
        budget=15,
    ),
    Fault(
        name="corp-destination-not-permitted",
        edits=(
            replaced(
                PROJECT,
                "svc\n      namespace: musiccorp-dev",
                "svc\n      namespace: musiccorp-development",
            ),
        ),
        roots=(("A07", "AppProject argocd/musiccorp-dev"),),
        file=PROJECT,
        budget=20,
    ),
    Fault(
        name="corp-dns-not-allowed",
        edits=(
            removed(f"{NETWORK}/dns.yaml"),
            replaced(f"{NETWORK}/kustomization.yaml", "  - dns.yaml\n", ""),
        ),
        roots=(("N01", f"NetworkPolicy {NAMESPACE}/default-deny"),),
        innocent=(f"StatefulSet {NAMESPACE}/order-db", f"StatefulSet {NAMESPACE}/kafka"),
        budget=60,
    ),
    Fault(
        name="corp-dns-not-allowed-and-password-wrong",
        edits=(
            removed(f"{NETWORK}/dns.yaml"),
            replaced(f"{NETWORK}/kustomization.yaml", "  - dns.yaml\n", ""),
            replaced(service("order"), FROM_THE_STORE, WRITTEN_WRONG, count=2),
        ),
        # Nobody reaches the database, so nothing can be said about the password.
        roots=(("N01", f"NetworkPolicy {NAMESPACE}/default-deny"),),
        innocent=(f"StatefulSet {NAMESPACE}/order-db", f"Deployment {NAMESPACE}/order"),
        budget=60,
    ),
    Fault(
        name="corp-kafka-controllers-may-not-meet",
        edits=(
            replaced(KAFKA, ONE_VOTER, THREE_VOTERS),
            appended(KAFKA, "replicas:\n  - name: kafka\n    count: 3\n"),
            replaced(
                f"{NETWORK}/kafka-peers.yaml",
                "        - protocol: TCP\n          port: 9093\n",
                "",
                count=2,
            ),
        ),
        roots=(("K08", f"NetworkPolicy {NAMESPACE}/kafka-peers"),),
        innocent=(f"StatefulSet {NAMESPACE}/kafka",),
        budget=180,
    ),
    Fault(
        name="corp-database-forgets-its-client",
        edits=(
            replaced(
                f"{NETWORK}/order-to-database.yaml",
                "    - from:\n        - podSelector:\n            matchLabels:\n"
                "              app.kubernetes.io/name: order\n",
                "    - from:\n        - podSelector:\n            matchLabels:\n"
                "              app.kubernetes.io/name: orders\n",
            ),
        ),
        roots=(("N05", f"NetworkPolicy {NAMESPACE}/order-to-database-ingress"),),
        innocent=(f"Deployment {NAMESPACE}/order",),
        budget=90,
    ),
    Fault(
        name="corp-probe-path",
        edits=(
            replaced(
                service("catalog"),
                "path: /readyz",
                "path: /health-z",
            ),
        ),
        roots=(("B02", f"Deployment {NAMESPACE}/catalog"),),
        file=service("catalog"),
        budget=120,
    ),
    Fault(
        name="corp-memory",
        edits=(
            replaced(service("order"), "memory: 96Mi", "memory: 64Gi"),
            replaced(
                service("order"),
                "              memory: 64Gi\n            limits:\n              memory: 192Mi",
                "              memory: 64Gi\n            limits:\n              memory: 64Gi",
            ),
        ),
        roots=(("H01", f"Deployment {NAMESPACE}/order"),),
        file=service("order"),
        budget=20,
    ),
    Fault(
        name="corp-wrong-key",
        edits=(
            written(f"{DEPLOYS}/overlays/dev/databases/order-db.yaml", DECLARED),
            replaced(
                DATABASES,
                "  - ../../../base/databases\n",
                "  - ../../../base/databases\n  - order-db.yaml\n",
            ),
            replaced(
                PROJECT,
                '    - group: ""\n      kind: ConfigMap\n',
                '    - group: ""\n      kind: Secret\n    - group: ""\n      kind: ConfigMap\n',
            ),
        ),
        roots=(("S08", f"Secret {NAMESPACE}/order-db"),),
        innocent=(f"Deployment {NAMESPACE}/order",),
        budget=15,
    ),
    Fault(
        name="corp-two-tag-and-storage-class",
        edits=(
            replaced(
                SERVICES,
                "musiccorp-notification\n    newTag: 1.5.0-rc.1",
                "musiccorp-notification\n    newTag: v9.9.9",
            ),
            appended(
                DATABASES,
                GP3.replace("kind: StatefulSet", "kind: StatefulSet\n      name: order-db"),
            ),
        ),
        withhold=("ghcr.io/musiccorp/musiccorp-notification*", "gp3"),
        roots=(("I01", f"Deployment {NAMESPACE}/notification"), ("V01", "StorageClass gp3")),
        innocent=(f"StatefulSet {NAMESPACE}/kafka", f"Deployment {NAMESPACE}/order"),
    ),
    Fault(
        name="corp-masked-tag",
        edits=(
            replaced(
                SERVICES,
                "musiccorp-payment\n    newTag: 1.5.0-rc.1",
                "musiccorp-payment\n    newTag: v9.9.9",
            ),
        ),
        withhold=("ghcr-secret", "ghcr.io/musiccorp/musiccorp-payment*"),
        roots=(("S01", f"Secret {NAMESPACE}/ghcr-secret"),),
    ),
    Fault(name="corp-healthy"),
)
