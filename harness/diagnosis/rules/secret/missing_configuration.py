"""What a pod needs of a Secret or ConfigMap and does not get: its signal and its words.

Shared by environments (`configuration`) and volumes (`mounts`): they differ in how the kubelet
tells of it and how often it tries, not in what is wrong or how it is mended. Only names of keys
are known and told, never values.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import PodFact
from harness.diagnosis.rules.secret.absent_objects import keys_of
from harness.diagnosis.signal import Need, Signal
from harness.manifests.references import Reference, references
from harness.model.refs import ObjectRef
from harness.model.wording import cut, listed, nearest

KUSTOMIZE_HASH = re.compile(r"-[2456789bcdfghkmt]{10}$")
"""Ten letters of Kustomize's hash alphabet, as appended to generated names."""
FIXED_KEYS = frozenset({".dockerconfigjson", ".dockercfg", "ca.crt", "tls.crt", "tls.key"})
"""Keys whose names a type of Secret prescribes: none of them is another one misspelt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """An object or key that the kubelet asks for in vain."""

    ref: ObjectRef
    key: str = ""
    """Empty when the whole object is absent."""
    pod: PodFact
    where: str
    """Who asks for it, in words."""
    text: str


def lack_signal(
    facts: Facts, lack: Lack, cause: str, need: Need, *, count: int, since: float
) -> Signal:
    """Returns the signal of an absent object, or of an absent key of one."""
    expected, fix = _absent_key(facts, lack) if lack.key else _absent_object(facts, lack)
    what = f"has no key {lack.key}" if lack.key else "does not exist"
    return Signal(
        cause=cause,
        at=lack.pod.workload,
        root=lack.ref,
        field=f"data[{lack.key}]" if lack.key else "",
        seen=f"{lack.ref} {what}; {lack.where} needs it: {cut(lack.text)}",
        expected=expected,
        fix=fix,
        need=need,
        count=count,
        since=since,
        last=facts.now,
        by_text=True,
        rank=20,
        not_testable=(f"whether {lack.pod.workload} starts and becomes ready",),
    )


def _absent_key(facts: Facts, lack: Lack) -> tuple[str, str]:
    keys = keys_of(facts.find(lack.ref) or {})
    near = _misnamed(lack.key, {*keys} - {*wanted_keys(facts, lack.ref)} - FIXED_KEYS)
    expected = f"the key {lack.key}; it has {listed(keys)}"
    if near:
        return (
            f"{expected}, the nearest is {near}",
            f"rename key {near} of {lack.ref} to {lack.key}",
        )
    return expected, f"add the key {lack.key} to {lack.ref}"


def _misnamed(key: str, others: set[str]) -> str:
    """Returns the key that nobody asks for and that is called much like `key`, or nothing."""
    wanted = _letters(key)
    inside = (k for k in sorted(others, key=len, reverse=True) if len(k) > 2)
    part = next((k for k in inside if _letters(k) in wanted or wanted in _letters(k)), "")
    return part or nearest(key, others, cutoff=0.65)


def _letters(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "", key.lower())


def _absent_object(facts: Facts, lack: Lack) -> tuple[str, str]:
    ref, keys = lack.ref, wanted_keys(facts, lack.ref)
    names = [str(o["metadata"].get("name")) for o in facts.all(ref.kind, ref.namespace)]
    hashed = hashed_namesake(ref.name, names)
    if hashed:
        return (
            f"the name {hashed}, with the hash that Kustomize gives to generated objects",
            f"refer to {ref.name.removesuffix(_hash(ref.name))} in the kustomization that "
            "generates it, so that Kustomize writes the hashed name",
        )
    near = nearest(ref.name, names, cutoff=0.75)
    keyed = f" with key {listed(keys)}" if keys else ""
    like = f"; {near} exists and is named alike" if near else ""
    return (
        f"{ref}{keyed} in the namespace of the pod{like}",
        f"create {ref}{keyed}" if not near else f"name {near} instead of {ref.name}, or create it",
    )


def _hash(name: str) -> str:
    found = KUSTOMIZE_HASH.search(name)
    return found[0] if found else ""


def hashed_namesake(name: str, names: list[str]) -> str:
    """Returns the existing name that differs by Kustomize's hash only, or nothing."""
    stem = KUSTOMIZE_HASH.sub("", name)
    return next((n for n in names if n != name and KUSTOMIZE_HASH.sub("", n) == stem), "")


def wanted_keys(facts: Facts, ref: ObjectRef) -> list[str]:
    """Returns the keys of an object that pods of its namespace ask for."""
    found = (
        reference.key
        for pod in facts.pods
        if pod.ref.namespace == ref.namespace
        for reference in references(pod.spec)
        if is_to(reference, ref) and reference.key and not reference.optional
    )
    return sorted(set(found))


def is_to(reference: Reference, ref: ObjectRef) -> bool:
    """Tells whether a reference means that object of the pod's own namespace."""
    return (reference.kind, reference.name) == (ref.kind, ref.name)
