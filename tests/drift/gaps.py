"""A gap with one finding of each kind, for the tests of its outputs."""

from __future__ import annotations

from harness.model.drift import ApplicationGap, DriftFinding, DriftKind, Gap, Remark
from harness.model.refs import ObjectRef

WEB = ObjectRef("Deployment", "shop", "web")
EDITED = DriftFinding(
    kind=DriftKind.DIFFERENT,
    object=WEB,
    application="web-dev",
    field="spec.replicas",
    declared="1",
    desired="2",
    live="3",
    sync="OutOfSync",
    manager="kubectl-edit",
    operation="Update",
    time="2025-11-22T12:03:11Z",
    file="base/web.yaml",
    line=6,
    fix="to undo it: argocd app sync web-dev; to keep it: write it at base/web.yaml:6",
)
BY_HAND = DriftFinding(
    kind=DriftKind.DIFFERENT,
    object=WEB,
    application="web-dev",
    field="metadata.labels.team",
    live="red",
    fix="to undo it: kubectl edit deployment web",
)
GONE = DriftFinding(
    kind=DriftKind.MISSING,
    object=ObjectRef("ConfigMap", "shop", "settings"),
    application="web-dev",
    declared="declared",
    file="base/settings.yaml",
    line=1,
    fix="argocd app sync web-dev",
)
MOVED = DriftFinding(
    kind=DriftKind.IMAGE,
    object=WEB,
    application="web-dev",
    field="spec.template.spec.containers[web].image",
    declared="sha256:" + "b" * 64,
    live="sha256:" + "a" * 64,
    time="2025-11-22T12:00:00Z",
    fix="kubectl rollout restart deployment web",
)
OLDER = DriftFinding(
    kind=DriftKind.REVISION,
    object=ObjectRef("Application", "argocd", "web-dev"),
    application="web-dev",
    field="status.sync.revision",
    declared="c" * 40,
    live="a" * 40 + " (2 commits older)",
    fix="argocd app get web-dev --refresh",
)
EXTRA = DriftFinding(
    kind=DriftKind.EXTRA,
    object=ObjectRef("Secret", "shop", "by-hand"),
    application="",
    live="nobody declares it",
    manager="kubectl-create",
    operation="Update",
    time="2025-11-22T11:59:00Z",
    fix="kubectl delete secret by-hand --namespace shop, or declare it in the repository",
)


def gap() -> Gap:
    """One Application with most of it, extras beside it, and one that is fine."""
    return Gap(
        applications=(
            ApplicationGap(
                name="web-dev",
                title="web-dev",
                namespaces=("shop",),
                revision="a" * 40,
                wanted="c" * 40,
                sync="OutOfSync",
                health="Healthy",
                exact=5,
                different=1,
                missing=1,
                not_judged=1,
                findings=(OLDER, EDITED, BY_HAND, MOVED, GONE),
            ),
            ApplicationGap(name="net-dev", title="net-dev", exact=4, sync="Synced"),
            ApplicationGap(name="", title="shared namespaces: shop", extra=1, findings=(EXTRA,)),
        ),
        not_judged=(Remark(object=ObjectRef("Secret", "shop", "login"), reason="403 may not"),),
        without_dry_run=(Remark(object=WEB, reason="400 webhook x does not support dry run"),),
        notes=("2 differences left out, as ignoreDifferences asks",),
    )
