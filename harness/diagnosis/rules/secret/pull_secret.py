"""Pulls that a registry refuses: what is wrong with the pull secret, or with the image's name.

First the text of the refusal, then the pull secrets that the pod itself names (a ServiceAccount's
are copied into a pod only when it is created), then the Secrets as they are: absent, only in
another namespace, of a type that the kubelet does not read, unreadable, without a key for the
image's host, or there and not used. An anonymous refusal hides whether the image exists, so no
word is said about its tag. The event about missing pull secrets alone means nothing: the image may
be public (k/k#12736). Source: section 2.3 rule 9 of the specification.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.image.image import signal
from harness.diagnosis.rules.image.image_names import is_official
from harness.diagnosis.rules.image.image_texts import PullError
from harness.diagnosis.rules.image.pulls import FailedPull, failed_pulls, parsed
from harness.diagnosis.rules.secret.absent_objects import at_least, need_of_absence
from harness.diagnosis.rules.secret.credential_keys import (
    INVALID,
    auth_keys,
    is_pull_secret,
    key_for,
    serves,
)
from harness.diagnosis.rules.secret.unused_credentials import unused_or_private
from harness.diagnosis.signal import Signal, t1
from harness.manifests.references import names_of
from harness.model.refs import ObjectRef
from harness.model.wording import listed

_REFUSALS = frozenset({PullError.ANONYMOUS, PullError.DENIED, PullError.UNTOLD})
_RETRIEVAL = "FailedToRetrieveImagePullSecret"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """The pull secrets that a pod names, sorted by what is wrong with them."""

    matching: tuple[ObjectRef, ...] = ()
    unknown: tuple[ObjectRef, ...] = ()
    """We may not look, or their hosts were not recorded."""
    absent: tuple[ObjectRef, ...] = ()
    wrong_type: tuple[ObjectRef, ...] = ()
    invalid: tuple[ObjectRef, ...] = ()
    other_host: tuple[ObjectRef, ...] = ()


def refused_pulls(facts: Facts) -> Iterator[Signal]:
    """Yields the cause of every pull that failed for lack of a good credential."""
    open_ends: list[FailedPull] = []
    for pull in failed_pulls(facts):
        named = pull_secrets_of(facts, pull)
        if pull.error is PullError.CREDENTIAL_FORM:
            yield _unreadable(pull, named)
        elif pull.error is PullError.REFUSED:
            yield _refused(facts, pull, named)
        elif pull.error in _REFUSALS and not is_official(pull.image):
            found = _wrong_secret(facts, pull, named)
            if found is not None:
                yield found
            elif not named.matching and pull.error is not PullError.UNTOLD:
                open_ends.append(pull)
    yield from unused_or_private(facts, open_ends)


def pull_secrets_of(facts: Facts, pull: FailedPull) -> Named:
    """Returns the pull secrets that the pod names, sorted."""
    found: dict[str, list[ObjectRef]] = {}
    for name in names_of(pull.pod.spec.get("imagePullSecrets")):
        ref = ObjectRef("Secret", pull.pod.ref.namespace, name)
        found.setdefault(_state(facts, pull, ref), []).append(ref)
    return Named(**{state: tuple(refs) for state, refs in found.items()})


def _state(facts: Facts, pull: FailedPull, ref: ObjectRef) -> str:
    secret = facts.find(ref)
    if secret is None:
        known = facts.knows("Secret", ref.namespace) or _kubelet_missed(facts, pull, ref)
        return "absent" if known else "unknown"
    if not is_pull_secret(secret):
        return "wrong_type"
    if auth_keys(secret) == (INVALID,):
        return "invalid"
    return {True: "matching", None: "unknown", False: "other_host"}[serves(secret, pull.image)]


def _kubelet_missed(facts: Facts, pull: FailedPull, ref: ObjectRef) -> bool:
    word = re.compile(rf"(?<![\w.-]){re.escape(ref.name)}(?![\w.-])")
    return any(word.search(e.message) for e in facts.events(pull.pod.ref, _RETRIEVAL))


def _wrong_secret(facts: Facts, pull: FailedPull, named: Named) -> Signal | None:
    """Returns what is wrong with a named pull secret; None when they are not to blame."""
    if named.matching:
        return _refused_although_matching(facts, pull, named)
    if named.absent:
        return _absent(facts, pull, named.absent[0])
    return None if pull.error is PullError.UNTOLD else _wrong_content(facts, pull, named)


def _wrong_content(facts: Facts, pull: FailedPull, named: Named) -> Signal | None:
    if named.wrong_type:
        return _wrong_type(facts, pull, named.wrong_type[0])
    if named.invalid:
        return _unreadable(pull, named)
    if named.unknown:
        return _refused(facts, pull, named) if pull.error is PullError.DENIED else None
    useless = bool(named.other_host) and not _is_useful(facts, named.other_host)
    return _other_host(facts, pull, named.other_host) if useless else None


def _of_secret(pull: FailedPull, cause: str, ref: ObjectRef, words: dict[str, Any]) -> Signal:
    hidden = f"whether {pull.container.image} exists: a refusal without a credential hides it"
    given = {
        "root": ref,
        "field": "",
        "by_text": pull.error is not PullError.UNTOLD,
        "rank": 20,
        "need": t1(2, 15),
        "not_testable": (hidden,),
    }
    return signal(pull, cause, **{**given, **words})


def _absent(facts: Facts, pull: FailedPull, ref: ObjectRef) -> Signal:
    elsewhere = [
        str(s["metadata"].get("namespace"))
        for s in facts.all("Secret")
        if s["metadata"].get("name") == ref.name
    ]
    need = need_of_absence(facts, ref, t1(2, 15))
    if elsewhere or pull.error is PullError.DENIED:
        need = at_least(need, t1(2, 15))
    if pull.error is PullError.UNTOLD:
        need = at_least(need, t1(3, 60))
    place = f"; there is one of that name in namespace {listed(elsewhere)}" if elsewhere else ""
    words = {
        "seen": f"{pull.workload} names pull secret {ref.name}, which namespace {ref.namespace} "
        f"does not have{place}; its pull is refused: {pull.text}",
        "expected": f"{ref} of type kubernetes.io/dockerconfigjson with a key for "
        f"{pull.image.host}"
        + (", because pods use the Secrets of their own namespace only" * bool(elsewhere)),
        "fix": f"kubectl -n {ref.namespace} create secret docker-registry {ref.name} "
        f"--docker-server={key_for(pull.image)} --docker-username=USER --docker-password=TOKEN",
        "need": need,
    }
    return _of_secret(pull, "S02" if elsewhere else "S01", ref, words)


def _wrong_type(facts: Facts, pull: FailedPull, ref: ObjectRef) -> Signal:
    kind = str((facts.find(ref) or {}).get("type") or "Opaque")
    words = {
        "field": "type",
        "seen": f"{ref} is of type {kind}, which the kubelet does not use for pulling; the pull "
        f"for {pull.workload} goes without a credential: {pull.text}",
        "expected": "type kubernetes.io/dockerconfigjson with the key .dockerconfigjson",
        "fix": f"delete {ref} and create it as type kubernetes.io/dockerconfigjson (a type cannot "
        "be changed)",
    }
    return _of_secret(pull, "S03", ref, words)


def _other_host(facts: Facts, pull: FailedPull, refs: Iterable[ObjectRef]) -> Signal:
    ref = next(iter(refs))
    keys = listed(auth_keys(facts.find(ref) or {}) or ())
    key = key_for(pull.image)
    words = {
        "field": "data[.dockerconfigjson]",
        "seen": f"{ref} has credentials for {keys} only, and {pull.workload} pulls from "
        f"{pull.image.host}: {pull.text}",
        "expected": f"the key {key} under auths (the kubelet also takes https://{pull.image.host} "
        f"or a path such as {pull.image.name.rpartition('/')[0]})",
        "fix": f"create {ref} again with --docker-server={key}",
    }
    return _of_secret(pull, "S04", ref, words)


def _unreadable(pull: FailedPull, named: Named) -> Signal:
    suspected = [*named.invalid, *named.unknown, *named.matching, *named.other_host]
    ref = suspected[0] if suspected else None
    words = {
        "field": "data[.dockerconfigjson]" if ref else "",
        "seen": f"{ref or 'a pull secret'} cannot be read as a registry configuration, so the pull "
        f"for {pull.workload} fails: {pull.text}",
        "expected": f'JSON like {{"auths": {{"{key_for(pull.image)}": {{"auth": ...}}}}}}, encoded '
        "in base64 once",
        "fix": f"build {ref or 'it'} with kubectl create secret docker-registry",
    }
    return _of_secret(pull, "S06", ref or pull.workload, words)


def _is_useful(facts: Facts, refs: Iterable[ObjectRef]) -> bool:
    """Tells whether some image of the pods that name these Secrets is served by them."""
    secrets = [s for s in map(facts.find, refs) if s is not None]
    names = {s["metadata"].get("name") for s in secrets}
    place = {s["metadata"].get("namespace") for s in secrets}
    images = [
        parsed(c.image)
        for p in facts.pods
        if p.ref.namespace in place and names & set(names_of(p.spec.get("imagePullSecrets")))
        for c in p.containers
    ]
    return any(
        image is not None and not is_official(image) and serves(secret, image)
        for image in images
        for secret in secrets
    )


def _refused_although_matching(facts: Facts, pull: FailedPull, named: Named) -> Signal | None:
    if pull.error is PullError.DENIED:
        return _refused(facts, pull, named)
    newest = max(map(facts.seen_at, named.matching))
    if pull.error is PullError.UNTOLD or pull.last <= newest:
        return None  # The Secret is newer than the refusal: the next try will use it.
    expected = f"the credential of {named.matching[0]} to be used for {pull.image.host}"
    fix = f"delete pod {pull.pod.ref.name}, so that it is created with the present pull secrets"
    return signal(pull, "I02", t1(3, 60), expected, fix, rank=40)


def _refused(facts: Facts, pull: FailedPull, named: Named) -> Signal:
    """The credential's fault, unless it is good enough for other images of that host."""
    used = [*named.matching, *named.unknown]
    words: dict[str, Any] = {"rank": 30, "by_text": True}
    if used and not _is_accepted(facts, pull):
        ref = used[0]
        expected = f"a token in {ref} that may read packages of {pull.image.name}"
        fix = f"put a valid token that may read packages into {ref}"
        words |= {"root": ref, "field": "data[.dockerconfigjson]"}
    else:
        expected = f"an image path on {pull.image.host} that the credential may read"
        fix = f"correct the image or allow the credential to read {pull.image.name}"
    return signal(pull, "I03", t1(2, 30), expected, fix, **words)


def _is_accepted(facts: Facts, pull: FailedPull) -> bool:
    """Tells whether the credential itself seems good, so that this one image is out of reach.

    Who gets a token and is denied then was recognised; a token that is good for nothing is
    refused everywhere.
    """
    if " 401" in pull.text:
        return False
    denied = {
        p.image.name
        for p in failed_pulls(facts)
        if p.error is PullError.DENIED and p.image.host == pull.image.host
    }
    alone = denied == {pull.image.name}
    return alone or _has_started_others(facts, pull)


def _has_started_others(facts: Facts, pull: FailedPull) -> bool:
    started = (
        parsed(c.image)
        for p in facts.all_pods
        if p.ref.namespace == pull.pod.ref.namespace
        for c in p.containers
        if c.running_since or c.exits or c.ready
    )
    return any(i is not None and i.host == pull.image.host and not is_official(i) for i in started)


RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (refused_pulls,)
