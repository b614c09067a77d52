"""Which objects of a namespace nobody declares. Pure.

Left out is what something declared explains: objects with an owner, what Kubernetes puts into every
namespace or keeps for itself, claims of a StatefulSet's templates, what operators make of declared
objects, what declared workloads expect to find (a pull secret, a claim), what another Application
tracks, and what the harness made. Where an operator may have made an object, nothing is claimed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from harness.audit.producers import Products, built_in
from harness.drift.desired import tracked_by
from harness.drift.observe import Asked
from harness.manifests.pods import workloads
from harness.manifests.references import (
    account_pull_secrets,
    claim_references,
    pull_secrets,
    references,
)
from harness.model.refs import ObjectRef

Object = dict[str, Any]
Identity = tuple[str, str, str, str]
"""Group, kind, namespace and name."""
KEPT_BY_KUBERNETES = frozenset({
    ("", "Endpoints"), ("discovery.k8s.io", "EndpointSlice"), ("", "Event"),
    ("events.k8s.io", "Event"), ("coordination.k8s.io", "Lease"), ("apps", "ControllerRevision"),
    ("autoscaling.k8s.io", "VerticalPodAutoscalerCheckpoint"),
})  # fmt: skip
SYSTEM = re.compile(r"kube-.+|local-path-storage")
"""Namespaces of the cluster itself."""
OWN_LABELS = ("dev.gitops-harness", "ingress.k8s.aws/", "service.k8s.aws/")
"""How labels begin by which the harness, and AWS' load balancer controller, know their own."""
TOKEN = "kubernetes.io/service-account-token"  # noqa: S105 -- a type, not a token
LEADER = "control-plane.alpha.kubernetes.io/leader"
OPTIONS = "argocd.argoproj.io/compare-options"
HOOKS = ("argocd.argoproj.io/hook", "helm.sh/hook")
"""Annotations of what an engine makes for a while and removes again."""


def is_hook(obj: Object) -> bool:
    """Tells whether an object is there for a while only, by an engine's hook."""
    notes = (obj.get("metadata") or {}).get("annotations") or {}
    return any(hook in notes for hook in HOOKS)


class Explanation(StrEnum):
    """Why an undeclared object is there."""

    NONE = "nobody declares it"
    MAYBE = "an operator may have made it"
    KNOWN = "it is explained"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Everything that explains objects."""

    declared: frozenset[Identity]
    expected: frozenset[tuple[str, str, str]]
    """Kind, namespace and name of what declared objects refer to."""
    templates: tuple[re.Pattern[str], ...]
    """Names, with their namespace, of claims that StatefulSets make."""
    products: Products
    applications: frozenset[str]
    """Names of the Applications of the declaration."""
    others: frozenset[str] | None
    """Names of the engine's other Applications; None where they are not known."""


def known(
    asked: Iterable[Asked],
    live_sets: Iterable[Object],
    applications: Iterable[str],
    others: frozenset[str] | None,
) -> Known:
    """Returns what explains objects.

    Args:
        asked: Every declared object.
        live_sets: The live StatefulSets, each with its kind.
        applications: Names of the Applications that declare them.
        others: The engine's other Applications; None where they are not known.
    """
    listed = tuple(asked)
    objects = [a.object for a in listed]
    return Known(
        declared=frozenset(a.identity for a in listed),
        expected=frozenset(expected(objects)),
        templates=tuple(
            p for o in (*objects, *live_sets) if o.get("kind") == "StatefulSet" for p in _claims(o)
        ),
        products=Products.of(objects),
        applications=frozenset(applications),
        others=others,
    )


def expected(objects: list[Object]) -> Iterator[tuple[str, str, str]]:
    """Yields kind, namespace and name of what workloads and Ingresses refer to."""
    accounts = account_pull_secrets(objects)
    for obj, spec in workloads(objects):
        space = ObjectRef.of(obj).namespace
        for found in references(spec):
            yield found.kind, space, found.name
        for _, claim in claim_references(spec):
            yield "PersistentVolumeClaim", space, claim
        for at, name in pull_secrets(spec, space, accounts):
            yield "Secret", at, name
        if spec.get("serviceAccountName"):
            yield "ServiceAccount", space, str(spec["serviceAccountName"])
    for obj in objects:
        if obj.get("kind") == "Ingress":
            for entry in (obj.get("spec") or {}).get("tls") or []:
                yield "Secret", ObjectRef.of(obj).namespace, str(entry.get("secretName"))


def _claims(stateful_set: Object) -> Iterator[re.Pattern[str]]:
    ref = ObjectRef.of(stateful_set)
    for template in (stateful_set.get("spec") or {}).get("volumeClaimTemplates") or []:
        name = re.escape(ObjectRef.of(template).name)
        space = re.escape(ref.namespace)
        yield re.compile(rf"{space}/{name}-{re.escape(ref.name)}-\d+")


def explanation(group: str, obj: Object, all_known: Known) -> Explanation:
    """Returns why an object is there; it has its kind set."""
    ref, meta = ObjectRef.of(obj), obj.get("metadata") or {}
    identity = (group, ref.kind, ref.namespace, ref.name)
    if identity in all_known.declared or (group, ref.kind) in KEPT_BY_KUBERNETES:
        return Explanation.KNOWN
    if meta.get("ownerReferences") or meta.get("deletionTimestamp") or built_in(ref):
        return Explanation.KNOWN
    if _is_somebodys(obj, meta) or _is_elsewhere(obj, all_known) or _is_made(ref, all_known):
        return Explanation.KNOWN
    return Explanation.MAYBE if all_known.products.may_have(ref) else Explanation.NONE


def _is_somebodys(obj: Object, meta: Object) -> bool:
    """Tells whether an object says itself that it is no declaration's."""
    notes = meta.get("annotations") or {}
    return (
        any(str(label).startswith(OWN_LABELS) for label in meta.get("labels") or {})
        or (obj.get("kind") == "Secret" and obj.get("type") == TOKEN)
        or LEADER in notes
        or is_hook(obj)
        or "IgnoreExtraneous" in str(notes.get(OPTIONS) or "")
    )


def _is_elsewhere(obj: Object, all_known: Known) -> bool:
    """Tells whether another Application of the engine tracks an object."""
    app = tracked_by(obj)
    if not app or app in all_known.applications:
        return False
    return all_known.others is None or app in all_known.others


def _is_made(ref: ObjectRef, all_known: Known) -> bool:
    if (ref.kind, ref.namespace, ref.name) in all_known.expected:
        return True
    if ref.kind == "PersistentVolumeClaim":
        place = f"{ref.namespace}/{ref.name}"
        if any(p.fullmatch(place) for p in all_known.templates):
            return True
    return bool(all_known.products.makers(ref))
