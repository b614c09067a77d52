"""Refused pulls whose pod names no pull secret that could serve: is there one, and who forgot it?

A Secret for the host that the pod does not name (S05), an image that the node already has (I06,
I15), or a private image and no credential at all (I02). Where several workloads of one
ServiceAccount lack the same thing, the ServiceAccount is the one object to mend. Pods keep the
pull secrets they were created with, so a ServiceAccount patched later needs new pods.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import ContainerFact, PodFact
from harness.diagnosis.rules.image.image import always_pulled, has_to_be_pulled, signal
from harness.diagnosis.rules.image.pulls import (
    WAITING_FOR_IMAGE,
    FailedPull,
    is_on_its_node,
    parsed,
)
from harness.diagnosis.rules.secret.credential_keys import key_for, serves
from harness.diagnosis.signal import Signal, t1
from harness.manifests.pods import field_prefix
from harness.manifests.references import names_of
from harness.model.refs import ObjectRef
from harness.model.wording import listed

_NEED = t1(2, 15)


def unused_or_private(facts: Facts, pulls: Iterable[FailedPull]) -> Iterator[Signal]:
    """Yields what the refused pulls lack; one root for all of a ServiceAccount and host."""
    for pull in pulls:
        if _serving(facts, pull) or not is_on_its_node(facts, pull):
            yield _lacking(facts, pull, account_of(pull.pod) if _is_shared(facts, pull) else None)
        elif has_to_be_pulled(pull):
            yield always_pulled(pull)
        elif facts.seen_at(ObjectRef("Node", "", pull.pod.node)) < pull.last:
            yield _pulled_by_another(pull)
        # Else the image may have come after the refusal: the next try tells.


def _is_shared(facts: Facts, pull: FailedPull) -> bool:
    """Tells whether workloads of one ServiceAccount wait for the same host without any secret."""
    waiting = {
        pod.workload
        for pod in facts.troubled_pods
        if account_of(pod) == account_of(pull.pod) and not _names(pod)
        if any(_waits_for(container, pull.image.host) for container in pod.containers)
    }
    return pull.workload in waiting and len(waiting) > 1


def _waits_for(container: ContainerFact, host: str) -> bool:
    image = parsed(container.image) if container.waiting in WAITING_FOR_IMAGE else None
    return image is not None and image.host == host


def account_of(pod: PodFact) -> ObjectRef:
    """Returns the ServiceAccount of a pod."""
    name = str(pod.spec.get("serviceAccountName") or "default")
    return ObjectRef("ServiceAccount", pod.ref.namespace, name)


def _names(pod: PodFact) -> list[str]:
    return names_of(pod.spec.get("imagePullSecrets"))


def _pulled_by_another(pull: FailedPull) -> Signal:
    return signal(
        pull,
        "I15",
        t1(2, 30),
        f"the pull secret with which another pod brought {pull.container.image} to node "
        f"{pull.pod.node}",
        f"name that pull secret in imagePullSecrets of {pull.workload}",
        field=_secrets_field(pull),
        seen=f"node {pull.pod.node} has {pull.what}, but {pull.image.host} refuses this pod: "
        f"{pull.text}",
    )


def _lacking(facts: Facts, pull: FailedPull, account: ObjectRef | None) -> Signal:
    own = names_of((facts.find(account_of(pull.pod)) or {}).get("imagePullSecrets"))
    serving = _serving(facts, pull)
    if any(name in own for name in serving):
        return _created_before(pull, serving, own)
    place = {"root": account, "field": "imagePullSecrets"} if account else {}
    who = account or pull.workload
    return _unused(pull, serving, who, place) if serving else _private(pull, who, place)


def _serving(facts: Facts, pull: FailedPull) -> list[str]:
    place = pull.pod.ref.namespace
    return [
        str(s["metadata"].get("name")) for s in facts.all("Secret", place) if serves(s, pull.image)
    ]


def _secrets_field(pull: FailedPull) -> str:
    return f"{field_prefix(pull.workload.kind)}.imagePullSecrets"


def _named(pull: FailedPull) -> str:
    return listed(_names(pull.pod))


def _refusal(pull: FailedPull, cause: str, expected: str, fix: str, **fields: Any) -> Signal:
    hidden = f"whether {pull.container.image} exists: a refusal without a credential hides it"
    given = {"field": _secrets_field(pull), "by_text": True, "not_testable": (hidden,)}
    return signal(pull, cause, _NEED, expected, fix, **{**given, **fields})


def _created_before(pull: FailedPull, serving: Sequence[str], own: Sequence[str]) -> Signal:
    account, workload = account_of(pull.pod), pull.workload
    name = next(n for n in serving if n in own)
    seen = (
        f"pod {pull.pod.ref.name} names pull secrets: {_named(pull)}; {account} names {name}, but "
        f"a pod only gets what was there when it was created: {pull.text}"
    )
    templated = workload.kind in {"Deployment", "StatefulSet", "DaemonSet"}
    target = f"{workload.kind.lower()}/{workload.name}"
    fix = (
        f"kubectl -n {workload.namespace} rollout restart {target}"
        if templated
        else f"delete pod {pull.pod.ref.name}, so that it is created anew"
    )
    expected = f"a pod with pull secret {name}"
    return _refusal(pull, "S05", expected, fix, seen=seen, rank=20)


def _unused(
    pull: FailedPull, serving: Sequence[str], who: ObjectRef, place: dict[str, Any]
) -> Signal:
    seen = (
        f"pod {pull.pod.ref.name} names pull secrets: {_named(pull)}; none of them is for "
        f"{pull.image.host}, while {listed(serving)} would be: {pull.text}"
    )
    fix = f"add {serving[0]} to imagePullSecrets of {who}"
    expected = f"imagePullSecrets with {serving[0]}"
    return _refusal(pull, "S05", expected, fix, seen=seen, rank=20, **place)


def _private(pull: FailedPull, who: ObjectRef, place: dict[str, Any]) -> Signal:
    seen = (
        f"{pull.what} is refused without a credential (pull secrets: {_named(pull)}): {pull.text}"
    )
    expected = (
        f"a pull secret with the key {key_for(pull.image)}, if the image is private; the right "
        "path, if it is public"
    )
    fix = f"create a docker-registry Secret for {pull.image.host} and name it in {who}"
    return _refusal(pull, "I02", expected, fix, seen=seen, rank=40, **place)
