"""Who may bring pods, Services or policies into a namespace that nothing rendered here holds. Pure.

The absence of a pod or of a Service is a fact only where nobody else makes any: a chart that is not
rendered, an operator with its custom resource, a manifest that could not be read. Policies add up,
so one that is not known may allow what the known ones forbid; those of Cilium and Calico count too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.audit.api_groups import EXACT, PASSIVE_KINDS, is_custom
from harness.audit.reading import group_of, mapping, metadata, text
from harness.audit.source import Unjudged

EVERYWHERE = ""
CLUSTER_NAMESPACES = frozenset({"kube-system", "kube-public", "kube-node-lease"})
"""What runs there is the cluster's own affair."""
_PASSIVE_GROUPS = frozenset({"k8s.cni.cncf.io", "longhorn.io", "volsync.backube"})
_TEMPLATED_EXACTLY = frozenset({
    ("Rollout", "argoproj.io"), ("DeploymentConfig", "apps.openshift.io"),
    ("CloneSet", "apps.kruise.io"), ("StatefulSet", "apps.kruise.io"),
    ("DaemonSet", "apps.kruise.io"), ("ScaledJob", "keda.sh"),
})  # fmt: skip
"""Kinds that make the pods of their template and nothing else."""
_MAKERS: Mapping[str, frozenset[str]] = {
    "argoproj.io": frozenset({
        "ArgoCD", "CronWorkflow", "EventBus", "EventSource", "Sensor", "Workflow",
    }),
    "gateway.networking.k8s.io": frozenset({"Gateway"}),
    "monitoring.coreos.com": frozenset({
        "Alertmanager", "Prometheus", "PrometheusAgent", "ThanosRuler",
    }),
    "operator.victoriametrics.com": frozenset({
        "VLAgent", "VLCluster", "VLogs", "VLSingle", "VMAgent", "VMAlert", "VMAlertmanager",
        "VMAnomaly", "VMAuth", "VMCluster", "VMSingle", "VTCluster", "VTSingle",
    }),
}  # fmt: skip
"""Kinds that make pods, in groups whose other kinds make none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Openness:
    """Who may still bring something, by namespace."""

    makers: Mapping[str, str]
    """One of them for each namespace; the empty namespace stands for anywhere."""

    @classmethod
    def of(cls, makers: Iterable[tuple[str, str]]) -> Openness:
        """Returns the openness that some makers, as namespace and name, bring about."""
        found: dict[str, str] = {}
        for namespace, subject in makers:
            found.setdefault(namespace, subject)
        return cls(makers=found)

    def reason(self, namespace: str) -> str:
        """Returns who may bring something into a namespace; empty where nobody does.

        An unknown namespace may be any of those of the makers.
        """
        if namespace == EVERYWHERE:
            return next(iter(self.makers.values()), "")
        return self.makers.get(namespace) or self.makers.get(EVERYWHERE, "")


def unjudged_makers(unjudged: Iterable[Unjudged]) -> Iterator[tuple[str, str]]:
    """Yields the sources that are not judged, each with the namespace of its objects."""
    for each in unjudged:
        yield each.namespace, f"{each.subject} is not judged here"


def pod_makers(objects: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """Yields the objects out of which somebody makes pods and Services."""
    for obj in objects:
        if makes_pods(obj):
            yield _space(obj), f"{_named(obj)} may be made into pods and Services"


def makes_pods(obj: Any) -> bool:
    """Tells whether an operator may make pods out of an object that does not say which."""
    kind, group = text(mapping(obj).get("kind")), group_of(obj)
    if kind == "List":
        return True
    if not is_custom(obj) or kind in PASSIVE_KINDS or (kind, group) in _TEMPLATED_EXACTLY:
        return False
    if group in EXACT:
        return kind in _MAKERS.get(group, frozenset())
    return group not in _PASSIVE_GROUPS


def policy_makers(objects: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """Yields the objects that allow connections in ways which are not simulated here."""
    for obj in objects:
        kind, group = text(mapping(obj).get("kind")), group_of(obj)
        if kind == "List" or (kind.endswith("NetworkPolicy") and is_custom(obj)):
            yield _space(obj), f"{_named(obj)} may allow more"
        elif group == "kyverno.io" and "NetworkPolicy" in str(mapping(obj).get("spec")):
            yield EVERYWHERE, f"{_named(obj)} may bring policies"


def _space(obj: Any) -> str:
    return text(metadata(obj).get("namespace"))


def _named(obj: Any) -> str:
    return f"{text(mapping(obj).get('kind'))} {text(metadata(obj).get('name'))}"
