"""How soon an absent Secret or ConfigMap, or an absent key of one, counts.

Narrows `harness.diagnosis.closed_world`: what an Application still has to bring is waited for (its
own fault is another finding), and what a Job, a certificate or some operator's object speaks of
may yet be made by it: the admission Secret of ingress-nginx comes from a Job, that of a database
operator carries the name of its custom object. ConfigMaps that controllers put into every
namespace are never called missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.diagnosis.closed_world import absence
from harness.diagnosis.facts import Facts
from harness.diagnosis.signal import NEVER, T0, Need, NeedKind, t1
from harness.manifests.pods import containers, pod_spec
from harness.model.refs import ObjectRef

Object = Mapping[str, Any]
MADE_BY_CONTROLLERS = frozenset({
    "kube-root-ca.crt", "openshift-service-ca.crt", "istio-ca-root-cert",
})  # fmt: skip
_KUBERNETES_GROUP = re.compile(r"^(?:[a-z]+|[a-z.-]+\.k8s\.io|argoproj\.io)$")
_SPEAKING_KINDS = frozenset({"Ingress", "Role", "ClusterRole"})
_MAKING_KINDS = frozenset({"Job", "CronJob"})
_OTHER_GROUPS = frozenset({
    "cilium.io", "crd.projectcalico.org", "gateway.envoyproxy.io", "keda.sh",
    "monitoring.coreos.com", "networking.istio.io", "security.istio.io", "traefik.io",
})  # fmt: skip
"""Operators whose objects bring no Secret and are often named like the service they are about."""
_ABOUT = re.compile(r"secret|config-?map", re.IGNORECASE)
_DECLARED_LATE = t1(3, 120)
_OF_THE_ENGINE = "argocd-redis"
_MADE_AT_START = t1(3, 240)
"""For what Argo CD makes itself: `secret-init` of its Redis, which on a busy machine takes long
(argo-cd `manifests/base/redis/argocd-redis-deployment.yaml`)."""


def need_of_absence(facts: Facts, ref: ObjectRef, otherwise: Need) -> Need:
    """Returns what it takes until the absence of an object counts."""
    if ref.name in MADE_BY_CONTROLLERS or is_on_its_way(facts, ref):
        return NEVER
    if ref == ObjectRef("Secret", facts.header.engine_namespace, _OF_THE_ENGINE):
        return _MADE_AT_START
    need = absence(facts, ref, otherwise)
    return otherwise if need is T0 and is_spoken_of(facts, ref) else need


def need_of_key(facts: Facts, ref: ObjectRef, key: str, otherwise: Need) -> Need:
    """Returns what it takes until the absence of a key in a present object counts."""
    live, declared = facts.find(ref), facts.declared.get(ref)
    if declared is not None and key in keys_of(declared.object):
        return NEVER if is_on_its_way(facts, ref) else _DECLARED_LATE
    owned = bool(((live or {}).get("metadata") or {}).get("ownerReferences"))
    if live is None or owned or not facts.has_declaration or is_spoken_of(facts, ref):
        return otherwise
    return T0


def at_least(need: Need, least: Need) -> Need:
    """Returns the slower of a need and `least`."""
    return least if need.kind is NeedKind.FIRST_SIGHT else need


def keys_of(obj: Object) -> tuple[str, ...]:
    """Returns the key names of a Secret or ConfigMap."""
    groups = ("data", "stringData", "binaryData")
    return tuple(dict.fromkeys(k for g in groups for k in obj.get(g) or {}))


def is_on_its_way(facts: Facts, ref: ObjectRef) -> bool:
    """Tells whether an Application that brings the object has not synced it yet."""
    declared = facts.declared.get(ref)
    if declared is None or not declared.application:
        return False
    application = ObjectRef("Application", facts.header.engine_namespace, declared.application)
    live = facts.find(application)
    if live is None:
        return facts.knows("Application", facts.header.engine_namespace)
    status = live.get("status") or {}
    synced = (status.get("sync") or {}).get("status") == "Synced"
    return not (synced and (status.get("operationState") or {}).get("phase") == "Succeeded")


def is_spoken_of(facts: Facts, ref: ObjectRef) -> bool:
    """Tells whether something that could make the object speaks of it."""
    found: bool = facts.memo(f"spoken of {ref}", lambda: _is_spoken_of(facts, ref))
    return found


def _is_spoken_of(facts: Facts, ref: ObjectRef) -> bool:
    word = re.compile(rf"(?<![\w.-]){re.escape(ref.name)}(?![\w.-])")
    declared = (d.object for d in facts.declared.values())
    return any(_speaks(obj, ref, word) for obj in (*facts.manifests, *declared))


def _speaks(obj: Object, ref: ObjectRef, word: re.Pattern[str]) -> bool:
    if _is_custom(obj):
        name = ObjectRef.of(obj).name
        named = bool(name) and (ref.name == name or ref.name.startswith(f"{name}-"))
        return named or any(word.search(text) for text in _texts(obj.get("spec")))
    if obj.get("kind") in _SPEAKING_KINDS:
        return any(word.search(text) for text in _texts(obj))
    said = (text for text in _scripts(obj) if word.search(text))
    if obj.get("kind") in _MAKING_KINDS:
        return any(True for _ in said)
    return any(_ABOUT.search(word.sub("", text)) for text in said)


def _is_custom(obj: Object) -> bool:
    group, slash, _ = str(obj.get("apiVersion") or "").partition("/")
    return bool(slash) and not _KUBERNETES_GROUP.match(group) and group not in _OTHER_GROUPS


def _scripts(obj: Object) -> Iterator[str]:
    for container in containers(pod_spec(obj) or {}):
        yield from map(str, [*(container.get("command") or []), *(container.get("args") or [])])
        for env in container.get("env") or []:
            yield f"{env.get('name')}={env.get('value') or ''}"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _all_texts(value.values())
    elif isinstance(value, list):
        yield from _all_texts(value)


def _all_texts(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        yield from _texts(value)
