"""Pulls that fail for the image's or the registry's own sake, not for lack of a credential.

One cause per failed pull, chosen by the error's text (`image_texts`); refusals belong to
`pull_secret`, except that Docker Hub's official images are public, so that a denial there means
that there is no such image. What only time can tell (rate limits, interrupted transfers) needs a
standstill; a pull on its way is never failed, and a kubelet that throttles pulls only waits.
Source: section 1.4 of the specification; kubelet `image_manager.go`; krane#477, kind#328.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.image.image_names import (
    is_official,
    nearest_host,
    nearest_repository,
    nearest_tag,
)
from harness.diagnosis.rules.image.image_states import STATE_RULES
from harness.diagnosis.rules.image.image_texts import PullError
from harness.diagnosis.rules.image.pulls import (
    FailedPull,
    failed_pulls,
    is_on_its_node,
    place_of_image,
)
from harness.diagnosis.signal import T0, Need, Signal, t1, t2
from harness.model.refs import ObjectRef
from harness.model.wording import listed

_NOT_YET_VALID = "not yet valid"
_NEEDS = {
    PullError.SIGNATURE: t1(3, 60),
    PullError.INSPECTION: t1(3, 60),
    PullError.INCOMPLETE: t1(3, 60),
    PullError.SERVER: t2(300),
    PullError.INTERRUPTED: t2(300),
    PullError.OTHER: t2(300),
}


def signal(
    pull: FailedPull, cause: str, need: Need, expected: str, fix: str, **fields: Any
) -> Signal:
    """Returns the signal of a failed pull; the image of the workload is to mend unless told."""
    given: dict[str, Any] = {
        "at": pull.workload,
        "root": pull.workload,
        "field": pull.field,
        "seen": f"{pull.what} cannot be pulled: {pull.text}",
        "count": pull.count,
        "since": pull.since,
        "last": pull.last,
    }
    return Signal(cause=cause, need=need, expected=expected, fix=fix, **{**given, **fields})


def failed_for_the_image(facts: Facts) -> Iterator[Signal]:
    """Yields the cause of every failed pull whose text is about image, platform, disk or TLS."""
    for pull in failed_pulls(facts):
        if is_always_pulled_from_the_node(facts, pull):
            yield always_pulled(pull)
        elif _is_missing(pull):
            yield _missing(facts, pull)
        elif pull.error in _BY_ERROR:
            yield _BY_ERROR[pull.error](facts, pull)
        elif pull.error in _NEEDS:
            yield _unclear(pull)


def _is_missing(pull: FailedPull) -> bool:
    denied = pull.error in {PullError.DENIED, PullError.ANONYMOUS}
    return pull.error is PullError.MISSING or (denied and is_official(pull.image))


def has_to_be_pulled(pull: FailedPull) -> bool:
    """Tells whether the pull policy asks the registry even for an image that is there."""
    policy = pull.container.spec.get("imagePullPolicy")
    return policy == "Always" or (not policy and pull.image.version == "latest")


def is_always_pulled_from_the_node(facts: Facts, pull: FailedPull) -> bool:
    """Tells whether the node has the image and the pull policy makes it ask the registry."""
    asked = _is_missing(pull) or pull.error is PullError.UNREACHABLE
    return asked and has_to_be_pulled(pull) and is_on_its_node(facts, pull)


def always_pulled(pull: FailedPull) -> Signal:
    """Returns the signal of an image on the node that the policy does not let be used."""
    unreachable = pull.error is PullError.UNREACHABLE
    return signal(
        pull,
        "I06",
        t1(4, 90) if unreachable else t1(2, 15),
        "imagePullPolicy IfNotPresent; with a tag other than latest that is the default",
        f"set imagePullPolicy: IfNotPresent on container {pull.container.name} of {pull.workload}",
        field=pull.field.removesuffix("image") + "imagePullPolicy",
        seen=f"node {pull.pod.node} has {pull.what}, but the pull policy Always asks "
        f"{pull.image.host}: {pull.text}",
        by_text=not unreachable,
        rank=30,
    )


def _missing(facts: Facts, pull: FailedPull) -> Signal:
    near = nearest_tag(facts, pull.image)
    alike = near or nearest_repository(facts, pull.image)
    fix = f"set the image to {near}" if near else f"push {pull.image} or set a tag that exists"
    if pull.error is not PullError.MISSING and not near:
        fix = f"load {pull.container.image} into the nodes, or name the registry that has it"
    return signal(
        pull,
        "I01",
        t1(2, 15),
        f"an image that {pull.image.host} has" + (f", for example {alike}" if alike else ""),
        fix,
        by_text=True,
        **place_of_image(facts, pull.container),
        not_testable=(f"whether container {pull.container.name} starts and becomes ready",),
    )


def _wrong_platform(facts: Facts, pull: FailedPull) -> Signal:
    node = facts.find(ObjectRef("Node", "", pull.pod.node)) or {}
    info = (node.get("status") or {}).get("nodeInfo") or {}
    system, kind = info.get("operatingSystem") or "linux", info.get("architecture") or "unknown"
    platform = f"{system}/{kind}"
    return signal(
        pull,
        "I07",
        T0,
        f"an image with a variant for {platform}, which is what node {pull.pod.node} runs",
        f"build and push {pull.container.image} for {platform} (docker buildx build --platform)",
        by_text=True,
        **place_of_image(facts, pull.container),
    )


def _rate_limited(_facts: Facts, pull: FailedPull) -> Signal:
    host = pull.image.host
    return signal(
        pull,
        "I09",
        t2(300),
        f"pulls from {host} within its rate limit: with a credential, from a mirror, or preloaded",
        f"load {pull.container.image} into the nodes before the rollout",
        root=ObjectRef("Registry", "", host),
        field="",
    )


def _tls(_facts: Facts, pull: FailedPull) -> Signal:
    host, plain = pull.image.host, "HTTP response" in pull.text
    certain = _NOT_YET_VALID not in pull.text
    expected = (
        f"a registry {host} that speaks HTTPS, or a hosts.toml on the node that says http"
        if plain
        else f"a certificate of {host} that node {pull.pod.node} trusts"
    )
    return signal(
        pull,
        "I10",
        t1(2, 5) if certain else t1(4, 90),
        expected,
        f"configure {host} in containerd's certs.d on node {pull.pod.node}",
        root=ObjectRef("Registry", "", host),
        field="",
        by_text=certain,
    )


def _disk_full(_facts: Facts, pull: FailedPull) -> Signal:
    node = pull.pod.node
    return signal(
        pull,
        "I11",
        t1(2, 20),
        f"enough free disk space on node {node} to unpack {pull.container.image}",
        "free disk space on the machine, for example with docker system prune",
        root=ObjectRef("Node", "", node),
        field="",
        infrastructure=True,
        by_text=True,
    )


def _unclear(pull: FailedPull) -> Signal:
    return signal(
        pull,
        "I12",
        _NEEDS[pull.error],
        f"a pull of {pull.container.image} that succeeds",
        f"pull {pull.container.image} by hand on node {pull.pod.node} (crictl pull)",
        rank=60,
    )


def unreachable(facts: Facts) -> Iterator[Signal]:
    """Yields registries that do not answer: the host's fault when several of its images fail."""
    hosts: dict[str, list[FailedPull]] = defaultdict(list)
    for pull in failed_pulls(facts):
        away = pull.error is PullError.UNREACHABLE
        if away and not is_always_pulled_from_the_node(facts, pull):
            hosts[pull.image.host].append(pull)
    for host, pulls in hosts.items():
        for pull in pulls:
            yield _unreachable(facts, pull, pulls, sorted(hosts), host)


def _unreachable(
    facts: Facts, pull: FailedPull, pulls: list[FailedPull], hosts: list[str], host: str
) -> Signal:
    fields: dict[str, Any] = {}
    near = nearest_host(facts, host) if "no such host" in pull.text else ""
    fix = f"make {host} reachable from node {pull.pod.node} (name resolution, proxy)"
    if len(hosts) > 1 and not near:
        fields = {"root": ObjectRef("Node", "", pull.pod.node), "infrastructure": True}
        fix = f"give node {pull.pod.node} access to {listed(hosts)} (name resolution, proxy)"
    elif len({p.image for p in pulls}) > 1:
        fields = {"root": ObjectRef("Registry", "", host)}
    if near:
        fix = f"set the image's host to {near}"
    expected = f"a registry that answers at {host}" + (f"; {near} is spelled alike" if near else "")
    field = "" if fields else pull.field
    return signal(pull, "I08", t1(4, 90), expected, fix, field=field, **fields)


_BY_ERROR: dict[PullError, Callable[[Facts, FailedPull], Signal]] = {
    PullError.PLATFORM: _wrong_platform,
    PullError.RATE_LIMIT: _rate_limited,
    PullError.TLS: _tls,
    PullError.DISK: _disk_full,
}

RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (
    failed_for_the_image,
    unreachable,
    *STATE_RULES,
)
