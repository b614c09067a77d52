"""A11: the API server does not know a kind, or not in this version.

A version of a known kind is never coming. A missing CustomResourceDefinition is final when no
rendered Application holds it and every Application that was not rendered here has been applied;
else the retries are waited for. The name of a CRD follows Kubernetes' own guess of plurals
(`meta.UnsafeGuessKindToResource`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.argocd.application_facts import applications
from harness.diagnosis.rules.argocd.sync_results import Refusal
from harness.diagnosis.signal import T0, Need, Signal, t1
from harness.model.refs import ObjectRef

BUILT_IN = {
    "Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1",
    "ReplicaSet": "apps/v1", "Job": "batch/v1", "CronJob": "batch/v1",
    "Ingress": "networking.k8s.io/v1", "NetworkPolicy": "networking.k8s.io/v1",
    "IngressClass": "networking.k8s.io/v1", "PodDisruptionBudget": "policy/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2", "Role": "rbac.authorization.k8s.io/v1",
    "RoleBinding": "rbac.authorization.k8s.io/v1", "StorageClass": "storage.k8s.io/v1",
    "ClusterRole": "rbac.authorization.k8s.io/v1", "PriorityClass": "scheduling.k8s.io/v1",
    "ClusterRoleBinding": "rbac.authorization.k8s.io/v1", "ConfigMap": "v1", "Secret": "v1",
    "Service": "v1", "ServiceAccount": "v1", "Pod": "v1", "Namespace": "v1",
    "PersistentVolumeClaim": "v1", "PersistentVolume": "v1", "ResourceQuota": "v1",
    "LimitRange": "v1",
}  # fmt: skip
RETRIES = t1(4, 150)
_INSTALLED = re.compile(r"[Vv]ersion \"(?P<version>[^\"]+)\" of \S+ is installed")


def kind_missing(facts: Facts, refusal: Refusal, match: re.Match[str]) -> Iterator[Signal]:
    """Yields that the kind of a refused object is unknown to the API server."""
    groups = match.groupdict()
    kind = groups.get("kind") or refusal.ref.kind
    group = groups.get("group") or refusal.result.group or _group(groups.get("version") or "")
    installed = _INSTALLED.search(refusal.message)
    if installed:
        yield _wrong_version(facts, refusal, kind, f"{group}/{installed['version']}".strip("/"))
    elif kind in BUILT_IN or not group:
        yield _wrong_version(facts, refusal, kind, BUILT_IN.get(kind, "its group and version"))
    else:
        yield from _no_definition(facts, refusal, group, kind)


def _group(version: str) -> str:
    return version.partition("/")[0] if "/" in version else ""


def _wrong_version(facts: Facts, refusal: Refusal, kind: str, right: str) -> Signal:
    version = f"{refusal.result.group}/{refusal.result.version}".strip("/")
    return refusal.signal(
        facts,
        "A11",
        field="apiVersion",
        seen=f"{refusal.ref} has the apiVersion {version or 'of another group'}, in which this API "
        f"server knows no {kind}",
        expected=f"apiVersion: {right}",
        fix=f"set apiVersion to {right}",
    )


def _no_definition(facts: Facts, refusal: Refusal, group: str, kind: str) -> Iterator[Signal]:
    definition = ObjectRef("CustomResourceDefinition", "", f"{_plural(kind)}.{group}")
    if _live(facts, group, kind):
        return
    near = difflib.get_close_matches(group, sorted(_known_groups(facts)), n=1, cutoff=0.8)
    yield refusal.signal(
        facts,
        "A11",
        root=definition,
        seen=f"{refusal.ref} of {refusal.app.ref} is a {kind} of {group}, which this API server "
        "does not know: its CustomResourceDefinition is not installed",
        expected=f"the group {near[0]}"
        if near
        else f"a CustomResourceDefinition {definition.name}, applied before",
        fix=f"set apiVersion to the group {near[0]}"
        if near
        else f"install the operator that brings {kind}, or leave the {kind} out of this overlay",
        need=_need(facts, group, kind),
    )


def _need(facts: Facts, group: str, kind: str) -> Need:
    if not facts.has_declaration:
        return RETRIES
    declared = [d.object for d in facts.header.declared]
    coming = any(_defines(dict(obj), group, kind) for obj in declared)
    rendered = {d.application for d in facts.header.declared}
    unknown = [a for a in applications(facts) if a.name not in rendered and a.sync != "Synced"]
    return RETRIES if coming or unknown else T0


def _live(facts: Facts, group: str, kind: str) -> bool:
    return any(_defines(dict(o), group, kind) for o in facts.all("CustomResourceDefinition"))


def _defines(obj: dict[str, object], group: str, kind: str) -> bool:
    spec = obj.get("spec")
    if obj.get("kind") != "CustomResourceDefinition" or not isinstance(spec, dict):
        return False
    return spec.get("group") == group and (spec.get("names") or {}).get("kind") == kind


def _known_groups(facts: Facts) -> set[str]:
    versions = [str(d.object.get("apiVersion") or "") for d in facts.header.declared]
    live = [str((o.get("spec") or {}).get("group")) for o in facts.all("CustomResourceDefinition")]
    refused = {r.group for a in applications(facts) if a.operation for r in a.operation.results}
    return ({_group(v) for v in versions} | set(live)) - refused - {""}


def _plural(kind: str) -> str:
    lower = kind.lower()
    if lower.endswith("s"):
        return f"{lower}es"
    return f"{lower[:-1]}ies" if lower.endswith("y") else f"{lower}s"
