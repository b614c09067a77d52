"""Which API groups Kubernetes itself serves, and which kinds and groups make other objects. Pure.

A group that is not served by every API server belongs to a custom resource. Of the groups in
`EXACT` all products are known (`products.toml`, `annotated.py`), so a likeness of names means
nothing there. Source: the API reference of Kubernetes 1.34 and the products' own references.
"""

from __future__ import annotations

from typing import Any

from harness.audit.reading import group_of, mapping, text

BUILT_IN = frozenset({
    "", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "apps",
    "authentication.k8s.io", "authorization.k8s.io", "autoscaling", "batch",
    "certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io",
    "extensions", "flowcontrol.apiserver.k8s.io", "internal.apiserver.k8s.io",
    "networking.k8s.io", "node.k8s.io", "policy", "rbac.authorization.k8s.io", "resource.k8s.io",
    "scheduling.k8s.io", "storage.k8s.io", "storagemigration.k8s.io", "auditregistration.k8s.io",
    "settings.k8s.io", "metrics.k8s.io",
})  # fmt: skip
EXACT = frozenset({
    "access.smi-spec.io", "acme.cert-manager.io", "argoproj.io", "autoscaling.k8s.io",
    "bitnami.com", "cert-manager.io", "cilium.io", "cloud.google.com", "clustersecret.io",
    "config.gatekeeper.sh", "configuration.konghq.com", "constraints.gatekeeper.sh",
    "crd.projectcalico.org", "elbv2.k8s.aws", "eventing.keda.sh", "extensions.istio.io",
    "external-secrets.io", "externaldns.k8s.io", "gateway.networking.k8s.io",
    "generators.external-secrets.io", "getambassador.io", "http.keda.sh", "hub.traefik.io",
    "image.toolkit.fluxcd.io", "k8s.nginx.org", "karpenter.k8s.aws", "karpenter.sh", "keda.sh",
    "kustomize.toolkit.fluxcd.io", "kyverno.io", "linkerd.io", "metallb.io",
    "monitoring.coreos.com", "mutations.gatekeeper.sh", "networking.gke.io",
    "networking.istio.io", "notification.toolkit.fluxcd.io", "onepassword.com",
    "operator.victoriametrics.com", "policies.kyverno.io", "policy.linkerd.io",
    "policy.networking.k8s.io", "projectcalico.org", "projectcontour.io", "route.openshift.io",
    "secrets-store.csi.x-k8s.io", "secrets.hashicorp.com", "security.istio.io",
    "security.openshift.io", "snapshot.storage.k8s.io", "source.toolkit.fluxcd.io",
    "specs.smi-spec.io", "split.smi-spec.io", "telemetry.istio.io", "templates.gatekeeper.sh",
    "traefik.containo.us", "traefik.io", "trust.cert-manager.io", "velero.io",
})  # fmt: skip
PASSIVE_KINDS = frozenset({"KafkaTopic", "GrafanaDashboard", "GrafanaFolder", "GrafanaDatasource"})
"""Kinds that make no object of their own, in groups that do."""


def is_custom(obj: Any) -> bool:
    """Tells whether an object is a custom resource."""
    return group_of(obj) not in BUILT_IN


def may_make_by_name(obj: Any) -> bool:
    """Tells whether an operator may make objects that are named after this one."""
    if not is_custom(obj) or text(mapping(obj).get("kind")) in PASSIVE_KINDS:
        return False
    return group_of(obj) not in EXACT


def is_of(obj: Any, group: str, *kinds: str) -> bool:
    """Tells whether an object is of one of some kinds of an API group, in any version."""
    return group_of(obj) == group and text(mapping(obj).get("kind")) in kinds
