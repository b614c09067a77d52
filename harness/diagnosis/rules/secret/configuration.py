"""Secrets and ConfigMaps that containers need and do not get; passwords that do not agree.

`CreateContainerConfigError` names the object or key; the object itself is looked at before it is
blamed, because a pod sometimes sticks although the object exists by now (k/k#80466). "failed to
sync ... cache: timed out" passes by itself and is never a cause (krane#886, dagster#4505). Volumes
are judged in `mounts`, passwords in `passwords`. Source: section 1.5 of the specification.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from harness.diagnosis.events import epoch
from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import ContainerFact, PodFact
from harness.diagnosis.rules.image.image_states import waiting_with, waits_since
from harness.diagnosis.rules.secret import passwords
from harness.diagnosis.rules.secret.absent_objects import (
    keys_of,
    need_of_absence,
    need_of_key,
)
from harness.diagnosis.rules.secret.missing_configuration import Lack, is_to, lack_signal
from harness.diagnosis.rules.secret.mounts import volumes_without_source
from harness.diagnosis.rules.standing import observations
from harness.diagnosis.signal import Signal, t1
from harness.manifests.references import references
from harness.model.refs import ObjectRef
from harness.model.wording import cut

REPEATED = t1(3, 45)
STUCK = t1(4, 120)
_ABSENT = re.compile(r'\b(secret|configmap) "([^"]+)" not found', re.IGNORECASE)
_KEY = re.compile(
    r"couldn't find key (\S+) in (secret|configmap) (?:([^/\s]+)/)?([^/\s]+)", re.IGNORECASE
)
_KINDS = {"secret": "Secret", "configmap": "ConfigMap"}


def environments_without_source(facts: Facts) -> Iterator[Signal]:
    """Yields each Secret, ConfigMap or key that a container's environment asks for in vain."""
    for pod, container in waiting_with(facts, "CreateContainerConfigError"):
        lack = _lack(facts, pod, container)
        if lack is None:
            continue
        since = _since(facts, container, lack)
        live = facts.find(lack.ref)
        if live is not None and (not lack.key or lack.key in keys_of(live)):
            yield _stuck(facts, lack, max(since, _changed(facts, lack.ref)))
            continue
        if lack.key:
            need = need_of_key(facts, lack.ref, lack.key, REPEATED)
        else:
            need = need_of_absence(facts, lack.ref, REPEATED)
        count = observations(facts, since)
        yield lack_signal(facts, lack, _cause(lack), need, count=count, since=since)


def _lack(facts: Facts, pod: PodFact, container: ContainerFact) -> Lack | None:
    failed = reversed(facts.container_events(container, "Failed"))
    told = (e.message for e in failed if _ABSENT.search(e.message))
    text = container.waiting_message or next(told, "")
    key, absent = _KEY.search(text), _ABSENT.search(text)
    if key:
        ref = ObjectRef(_KINDS[key[2].lower()], key[3] or pod.ref.namespace, key[4])
    elif absent:
        ref = ObjectRef(_KINDS[absent[1].lower()], pod.ref.namespace, absent[2])
    else:
        return None
    where = _where(pod, container, ref, key[1] if key else "")
    return Lack(ref=ref, key=key[1] if key else "", pod=pod, where=where, text=text)


def _since(facts: Facts, container: ContainerFact, lack: Lack) -> float:
    failed = facts.container_events(container, "Failed")
    told = (e.first for e in failed if lack.text in e.message)
    return min([waits_since(facts, container), *told])


def _where(pod: PodFact, container: ContainerFact, ref: ObjectRef, key: str) -> str:
    variables = (
        reference.field.rpartition("[")[2].rstrip("]")
        for reference in references(pod.spec)
        if reference.container == container.name and is_to(reference, ref)
        if reference.key == key or not key
    )
    name = next(variables, "")
    variable = f" (variable {name})" if name and "." not in name else ""
    return f"container {container.name} of {pod.workload}{variable}"


def _cause(lack: Lack) -> str:
    if lack.key:
        return "S08"
    return "S07" if lack.ref.kind == "Secret" else "S11"


def _changed(facts: Facts, ref: ObjectRef) -> float:
    """Returns when an object was created, or seen in a new version while watching."""
    live = facts.find(ref) or {}
    created = epoch((live.get("metadata") or {}).get("creationTimestamp"))
    changed = facts.seen_at(ref) > facts.first_seen(ref)
    return facts.seen_at(ref) if changed else created


def _stuck(facts: Facts, lack: Lack, since: float) -> Signal:
    return Signal(
        cause=_cause(lack),
        at=lack.pod.workload,
        root=lack.pod.workload,
        seen=f"{lack.where} still waits, although {lack.ref} is complete by now: {cut(lack.text)}",
        expected="the container created with the present Secret and ConfigMap",
        fix=f"kubectl -n {lack.pod.ref.namespace} delete pod {lack.pod.ref.name}",
        need=STUCK,
        count=observations(facts, since),
        since=since,
        last=facts.now,
        rank=20,
    )


RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (
    environments_without_source,
    volumes_without_source,
    *passwords.RULES,
)
