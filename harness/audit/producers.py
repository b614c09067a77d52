"""Objects that exist although no manifest declares them: operators' products and a cluster's own.

Facts: a SealedSecret's Secret has the SealedSecret's own name (sealed-secrets `Unseal`), not its
template's; other products are in `products.toml` and `annotated.py`. `kube-root-ca.crt` and the
account `default` are in every namespace; what a platform or an engine brings itself is listed
here, because a reference to it is right wherever that platform is the target.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.audit.annotated import annotated
from harness.audit.operators import Operators
from harness.audit.products import products_of
from harness.audit.reading import is_placeholder
from harness.model.refs import ObjectRef

Object = dict[str, Any]
EVERYWHERE = frozenset({
    ("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default"),
    # In every namespace where Istio, Linkerd or OpenShift runs.
    ("ConfigMap", "istio-ca-root-cert"), ("ConfigMap", "linkerd-identity-trust-roots"),
    ("ConfigMap", "openshift-service-ca.crt"), ("ServiceAccount", "builder"),
    ("ServiceAccount", "deployer"), ("ServiceAccount", "pipeline"),
})  # fmt: skip
EVERY_CLUSTER = frozenset({
    ("Namespace", "default"), ("Namespace", "kube-system"), ("Namespace", "kube-public"),
    ("Namespace", "kube-node-lease"), ("Namespace", "local-path-storage"),
    ("Service", "kubernetes"), ("PriorityClass", "system-cluster-critical"),
    ("PriorityClass", "system-node-critical"), ("ClusterRole", "admin"),
    ("ClusterRole", "cluster-admin"), ("ClusterRole", "edit"), ("ClusterRole", "view"),
})  # fmt: skip
IN_KUBE_SYSTEM = frozenset({
    ("Service", "kube-dns"), ("ConfigMap", "coredns"),
    ("ConfigMap", "extension-apiserver-authentication"), ("ConfigMap", "kubeadm-config"),
    ("ConfigMap", "kubelet-config"), ("ConfigMap", "kube-proxy"), ("ConfigMap", "aws-auth"),
    ("Role", "extension-apiserver-authentication-reader"),
})  # fmt: skip
ENGINES = {
    "argocd": "argocd-", "openshift-gitops": "openshift-gitops-", "argo-cd": "argocd-",
    "argo": "argo",
}  # fmt: skip
"""How an engine's own objects begin, in the namespaces where it is usually installed."""
FLUX = frozenset({
    "flux-system", "helm-controller", "image-automation-controller", "image-reflector-controller",
    "kustomize-controller", "notification-controller", "source-controller", "webhook-receiver",
    "flux-operator", "source-watcher",
})  # fmt: skip
_ENGINE_KINDS = frozenset({"ConfigMap", "Role", "Secret", "Service", "ServiceAccount"})


def built_in(ref: ObjectRef) -> bool:
    """Tells whether every cluster, or the platform and engine themselves, have this object."""
    key = (ref.kind, ref.name)
    if key in EVERYWHERE or key in EVERY_CLUSTER or _is_of_engine(ref):
        return True
    if ref.kind in {"ClusterRole", "Role", "ClusterRoleBinding"} and ref.name.startswith("system:"):
        return True
    in_system = key in IN_KUBE_SYSTEM or ref.kind == "ServiceAccount"
    return ref.namespace == "kube-system" and in_system


def _is_of_engine(ref: ObjectRef) -> bool:
    if ref.kind == "Namespace":
        is_home = ref.name in ENGINES or ref.name == "flux-system"
        return is_home or ref.name.startswith(("kube-", "openshift-"))
    if ref.kind not in _ENGINE_KINDS:
        return False
    start = ENGINES.get(ref.namespace)
    is_argo = start is not None and ref.name.startswith(start)
    return is_argo or (ref.namespace == "flux-system" and ref.name in FLUX)


def produced(objects: Iterable[Object]) -> Iterator[ObjectRef]:
    """Yields what operators and controllers make of the declared objects."""
    for obj in objects:
        yield from (made.ref for made in _made_of(obj))


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A product with the object it is made of."""

    ref: ObjectRef
    by: Object


@dataclass(frozen=True, slots=True, kw_only=True)
class Products:
    """Everything that is made of the objects of a scope, ready to be looked up."""

    by_name: dict[tuple[str, str], tuple[Made, ...]]
    uncertain: frozenset[tuple[str, str]]
    """Kind and namespace of objects and products whose name is a placeholder."""
    operators: Operators

    @classmethod
    def of(cls, objects: Iterable[Object]) -> Products:
        """Returns the products of some objects."""
        listed = tuple(objects)
        found: dict[tuple[str, str], list[Made]] = {}
        uncertain = {_place(o) for o in map(ObjectRef.of, listed) if is_placeholder(o.name)}
        for made in (m for obj in listed for m in _made_of(obj)):
            if is_placeholder(made.ref.name):
                uncertain.add(_place(made.ref))
            found.setdefault((made.ref.kind, made.ref.name), []).append(made)
        return cls(
            by_name={key: tuple(each) for key, each in found.items()},
            uncertain=frozenset(uncertain),
            operators=Operators.of(listed),
        )

    def makers(self, ref: ObjectRef) -> tuple[Object, ...]:
        """Returns the objects of which this one is made for certain."""
        found = self.by_name.get((ref.kind, ref.name), ())
        return tuple(made.by for made in found if _meets(made.ref, ref))

    def may_have(self, ref: ObjectRef) -> bool:
        """Tells whether an operator may make the object although no table says so."""
        is_open = any(
            kind == ref.kind and (not space or not ref.namespace or space == ref.namespace)
            for kind, space in self.uncertain
        )
        return is_open or self.operators.may_make(ref)

    def names(self, kind: str, namespace: str) -> tuple[str, ...]:
        """Returns the names of products of a kind in a namespace."""
        return tuple(
            name
            for (found, name), made in self.by_name.items()
            if found == kind and any(m.ref.namespace in {"", namespace} for m in made)
        )


def _made_of(obj: Object) -> Iterator[Made]:
    for ref in (*products_of(obj), *annotated(obj)):
        if ref.name:
            yield Made(ref=ref, by=obj)


def _place(ref: ObjectRef) -> tuple[str, str]:
    return ref.kind, ref.namespace


def _meets(one: ObjectRef, other: ObjectRef) -> bool:
    return not one.namespace or not other.namespace or one.namespace == other.namespace
