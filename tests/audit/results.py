"""An audit as the tests of its outputs know it, with one finding of each severity."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.audit.finding import AuditFinding, AuditResult, NotJudged, Severity
from harness.model.refs import ObjectRef

USERS = tuple(ObjectRef("Deployment", "shop", name) for name in ("a", "b", "c", "d", "e"))

MISSING_KEY = AuditFinding(
    rule="configmap-missing",
    severity=Severity.DEFECT,
    object=ObjectRef("ConfigMap", "shop", "order-config"),
    message="the key DB_HOST is asked for, and the ConfigMap has DB_NAME",
    expected="the key DB_NAME",
    fix="write DB_NAME in place of DB_HOST",
    cause="C02",
    field="data",
    overlays=("overlays/dev", "overlays/prod"),
    users=USERS[:1],
    file="overlays/dev/order.yaml",
    line=12,
)
MISMATCH = AuditFinding(
    rule="storageclass-missing",
    severity=Severity.MISMATCH,
    object=ObjectRef("StorageClass", "", "gp3"),
    message="order-db asks for the class gp3, and kind has standard",
    fix="write standard",
    overlays=("overlays/prod",),
    file="overlays/prod/db.yaml",
    line=3,
)
PULL_SECRET = AuditFinding(
    rule="imagepullsecret-missing",
    severity=Severity.PRECONDITION,
    object=ObjectRef("Secret", "shop", "ghcr-secret"),
    message="five workloads name it, and nothing declares it",
    fix="create it in the namespace shop",
    cause="S01",
    overlays=("overlays/dev", "overlays/prod", "overlays/test"),
    users=USERS,
    file="base/order.yaml",
    line=40,
)
NOTE = AuditFinding(
    rule="orphan-manifest",
    severity=Severity.NOTE,
    object=ObjectRef("Service", "shop", "old"),
    message="no kustomization names the file",
    fix="remove the file, or add it to resources",
    file="base/old.yaml",
)


def audit(*findings: AuditFinding, **more: Any) -> AuditResult:
    """An audit of three overlays with these findings; with all four where none is given."""
    result = AuditResult(
        findings=findings or (MISSING_KEY, MISMATCH, PULL_SECRET, NOTE),
        not_judged=(NotJudged(subject="Application argocd/loki", reason="a Helm chart"),),
        rendered=3,
        objects=120,
        seconds=0.8214,
        roots=("overlays/dev", "overlays/prod", "overlays/test"),
    )
    return replace(result, **more)


def accepted(found: AuditFinding, reason: str = "made by Vault") -> AuditFinding:
    """The finding as a baseline accepts it."""
    return replace(found, accepted=reason)
