"""Which kinds of custom resources a scope brings itself, and who brings the others. Pure.

A CustomResourceDefinition brings its kind; so do a Crossplane XRD, a Gatekeeper ConstraintTemplate
and a KRO ResourceGraphDefinition. A package manager (OLM, Crossplane packages, a Helm controller)
or an operator that may create definitions can bring any.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from harness.audit.api_groups import is_of
from harness.audit.reading import at, entries, group_of, mapping, text, text_at, texts

Object = dict[str, Any]
CRD = "CustomResourceDefinition"
PLATFORM = (
    ".openshift.io", "openshift.io", "networking.gke.io", "cloud.google.com", "k8s.amazonaws.com",
    "vpcresources.k8s.aws", "cattle.io", "gke.io", "eks.amazonaws.com", "fluxcd.io",
    "fluxcd.controlplane.io", "config.k8s.io", "kubeadm.k8s.io", "kind.x-k8s.io", "k3d.io",
    "eksctl.io", "kops.k8s.io", "k0sproject.io", "talos.dev", "backstage.io", "kpt.dev",
    "config.kubernetes.io", "kuttl.dev", "chainsaw.kyverno.io", "cli.kyverno.io", "ctlptl.dev",
    "kubeone.k8c.io", "score.dev",
)  # fmt: skip
"""Ends of groups that a platform or engine serves, or of files that are for a program."""
ENGINE_KINDS = frozenset({"Application", "ApplicationSet", "AppProject"})
OPENERS = frozenset({
    ("operators.coreos.com", "Subscription"), ("operators.coreos.com", "ClusterServiceVersion"),
    ("olm.operatorframework.io", "ClusterExtension"), ("pkg.crossplane.io", "Provider"),
    ("pkg.crossplane.io", "Configuration"), ("helm.toolkit.fluxcd.io", "HelmRelease"),
    ("helm.cattle.io", "HelmChart"), ("operator.knative.dev", "KnativeServing"),
    ("operator.knative.dev", "KnativeEventing"), ("operator.tekton.dev", "TektonConfig"),
    ("install.istio.io", "IstioOperator"), ("sailoperator.io", "Istio"),
    ("operator.tigera.io", "Installation"), ("packaging.carvel.dev", "PackageInstall"),
    ("kappctrl.k14s.io", "App"), ("helm.crossplane.io", "Release"),
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """The kinds of custom resources that a scope brings."""

    kinds: frozenset[tuple[str, str]]
    """Group and kind."""
    cluster_scoped: frozenset[tuple[str, str]]
    installers: frozenset[str]
    """Groups that a role covers whose holder may also create definitions; `*` for any."""
    is_open: bool
    """Whether a package manager may bring anything."""

    @classmethod
    def of(cls, objects: Iterable[Object]) -> Definitions:
        """Returns what some objects bring."""
        listed = tuple(objects)
        defined = [d for obj in listed for d in _defined(obj)]
        return cls(
            kinds=frozenset((group, kind) for group, kind, _ in defined),
            cluster_scoped=frozenset((g, k) for g, k, scope in defined if scope == "Cluster"),
            installers=frozenset(group for obj in listed for group in _installed(obj)),
            is_open=any((group_of(o), text(o.get("kind"))) in OPENERS for o in listed),
        )

    def brings(self, group: str, kind: str) -> bool:
        """Tells whether a kind will be known, or may be brought by an operator of the scope."""
        if self.is_open or (group, kind) in self.kinds:
            return True
        return bool({group, "*"} & self.installers)

    def has_group(self, group: str) -> bool:
        """Tells whether some kind of a group is defined here."""
        return any(found == group for found, _ in self.kinds)


def _defined(obj: Object) -> Iterator[tuple[str, str, str]]:
    """Yields group, kind and scope of what an object defines."""
    spec = mapping(obj.get("spec"))
    group, scope = text(spec.get("group")), text(spec.get("scope"))
    if text(obj.get("kind")) == CRD:
        yield group, text_at(spec, "names", "kind"), scope
    elif text(obj.get("kind")) == "CompositeResourceDefinition":
        yield group, text_at(spec, "names", "kind"), "Cluster"
        yield group, text_at(spec, "claimNames", "kind"), "Namespaced"
    elif is_of(obj, "templates.gatekeeper.sh", "ConstraintTemplate"):
        kind = text_at(spec, "crd", "spec", "names", "kind")
        yield "constraints.gatekeeper.sh", kind, "Cluster"
    elif is_of(obj, "kro.run", "ResourceGraphDefinition"):
        yield text_at(spec, "schema", "group") or "kro.run", text_at(spec, "schema", "kind"), ""


def _installed(obj: Object) -> Iterator[str]:
    """Yields the groups of a role that also lets its holder create definitions."""
    if text(obj.get("kind")) != "ClusterRole":
        return
    rules = entries(obj.get("rules"))
    creates = any(
        {"customresourcedefinitions", "*"} & set(texts(rule.get("resources")))
        and {"create", "*"} & set(texts(rule.get("verbs")))
        and {"apiextensions.k8s.io", "*"} & set(texts(rule.get("apiGroups")))
        for rule in rules
    )
    for rule in rules if creates else ():
        yield from texts(rule.get("apiGroups"))


@cache
def products() -> dict[str, str]:
    """Returns the product that brings each group."""
    path = files("harness.audit") / "api_products.toml"
    return {k: str(v) for k, v in tomllib.loads(path.read_text(encoding="utf-8")).items()}


def product_of(group: str) -> str:
    """Returns who brings a group, in words; empty where nobody knows."""
    parts = group.split(".")
    found = (products().get(".".join(parts[i:])) for i in range(len(parts)))
    return next((name for name in found if name), "")


def is_of_platform(obj: Object) -> bool:
    """Tells whether a platform or the engine itself serves the kind of an object."""
    group = group_of(obj)
    if group == "argoproj.io":
        return text(obj.get("kind")) in ENGINE_KINDS
    return group.endswith(PLATFORM) or not at(obj, "metadata")
