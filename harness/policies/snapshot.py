"""What the cluster holds that a matrix needs: pods with addresses, Services, policies, namespaces.

Read once, at the beginning, and again before a difference is said. Kinds that may not be read are
left out with a note; what is declared never comes from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

from harness.connectivity.selectors import Labels
from harness.io.kube import KubeError
from harness.manifests.pods import Object
from harness.model.kinds import collection
from harness.model.refs import ObjectRef

API_GROUP = "networking.k8s.io/"
"""Other groups have a kind of the same name with other semantics."""
DNS_NAMESPACE = "kube-system"
DNS_SERVICE = "kube-dns"


class Reading(Protocol):
    """What is needed of the API server."""

    def items(self, path: str, **query: str) -> list[Object]:
        """Returns the items of a list; raises KubeError where it is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The live objects."""

    pods: tuple[Object, ...] = ()
    services: tuple[Object, ...] = ()
    policies: tuple[Object, ...] = ()
    """Of every namespace that could be read."""
    namespaces: Mapping[str, Labels] = field(default_factory=dict)
    nodes: tuple[Object, ...] = ()
    cluster_domain: str = "cluster.local"
    notes: tuple[str, ...] = ()


def read_snapshot(kube: Reading, namespaces: Iterable[str]) -> Snapshot:
    """Returns what runs in some namespaces and in that of the DNS.

    Raises:
        KubeError: The pods of a namespace may not be listed: nothing could be probed.
    """
    spaces = tuple(dict.fromkeys((*namespaces, DNS_NAMESPACE)))
    notes: list[str] = []

    def listed(kind: str, *, where: Iterable[str] = spaces) -> tuple[Object, ...]:
        try:
            return tuple(o for ns in where for o in _of_kind(kube, kind, ns))
        except KubeError as error:
            notes.append(f"{kind} objects could not be read: {error}")
            return ()

    pods = tuple(pod for space in spaces for pod in _of_kind(kube, "Pod", space))
    return Snapshot(
        pods=pods,
        services=listed("Service"),
        policies=tuple(filter(is_core_policy, listed("NetworkPolicy"))),
        namespaces=_labels(listed("Namespace", where=("",))),
        nodes=listed("Node", where=("",)),
        cluster_domain=_domain(listed("ConfigMap", where=(DNS_NAMESPACE,))),
        notes=tuple(notes),
    )


def _of_kind(kube: Reading, kind: str, namespace: str) -> Iterable[Object]:
    # The items of a list carry neither kind nor apiVersion.
    return ({**item, "kind": kind} for item in kube.items(collection(kind, namespace)))


def is_core_policy(policy: Object) -> bool:
    """Whether a NetworkPolicy is that of Kubernetes itself."""
    version = str(policy.get("apiVersion") or API_GROUP)
    return policy.get("kind") == "NetworkPolicy" and version.startswith(API_GROUP)


def _labels(namespaces: Iterable[Object]) -> dict[str, Labels]:
    return {ObjectRef.of(n).name: (n.get("metadata") or {}).get("labels") or {} for n in namespaces}


def _domain(config_maps: Iterable[Object]) -> str:
    """Returns the zone of the plugin `kubernetes` in CoreDNS' Corefile, else the usual one."""
    for each in config_maps:
        if ObjectRef.of(each).name != "coredns":
            continue
        words = str((each.get("data") or {}).get("Corefile") or "").split()
        for word, following in pairwise(words):
            if word == "kubernetes" and "." in following:
                return following
    return "cluster.local"
