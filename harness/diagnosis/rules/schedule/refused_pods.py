"""H04 to H07: what a refusal to create pods means: quota, Pod Security, ServiceAccount, webhook.

The texts are the admission plugins' own (Kubernetes: resourcequota, limitranger, podsecurity,
serviceaccount, generic webhook). Which refusals still stand is decided in `pod_creation`; a missing
ServiceAccount is also seen without its event, from the objects alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from textwrap import shorten

from harness.diagnosis.closed_world import absence
from harness.diagnosis.facts import Appearance, Facts
from harness.diagnosis.rules.nearest import listed, nearest
from harness.diagnosis.rules.paths import under
from harness.diagnosis.rules.schedule.pod_creation import Refusal, lacks_pods, refusals
from harness.diagnosis.rules.schedule.quantities import in_words, quantity
from harness.diagnosis.signal import NEVER, T0, Need, Signal, t1
from harness.manifests.pods import field_prefix
from harness.model.refs import ObjectRef

_QUOTA = re.compile(
    r"exceeded quota: ([^,\s]+), requested: (.+?), used: (.+?), limited: (\S+)", re.IGNORECASE
)
_QUOTA_NEEDS = re.compile(r"failed quota: ([^:\s]+): must specify (.+)", re.IGNORECASE)
_RANGE = re.compile(
    r"(maximum|minimum) (\S+) usage per (\S+) is ([^,\s]+), but (limit|request) is ([^\s,\]]+)",
    re.IGNORECASE,
)
_RANGE_NEEDS = re.compile(
    r"(maximum|minimum) (\S+) usage per (\S+) is ([^.\s]+)\.\s+No (limit|request) is specified",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(r'serviceaccount "([^"]+)" not found', re.IGNORECASE)
_DENIED = re.compile(
    r'admission webhook "([^"]+)" denied the request:?\s*(.*)', re.IGNORECASE | re.DOTALL
)
_CALL_FAILED = re.compile(r'failed calling webhook "([^"]+)":?\s*(.*)', re.IGNORECASE | re.DOTALL)
_SERVICE = re.compile(r"https?://([\w-]+)\.([\w-]+)\.svc")
NORMAL = t1(3, 45)
STARTING = t1(4, 90)


def quota_exceeded(facts: Facts) -> Iterator[Signal]:
    """Yields H04 where a quota or limit range refuses pods."""
    for refusal in refusals(facts):
        yield from _quota(facts, refusal)
        yield from _needs_resources(refusal)
        yield from _range(refusal)


def _quota(facts: Facts, refusal: Refusal) -> Iterator[Signal]:
    found = _QUOTA.search(refusal.text)
    if found is None:
        return
    name, asked, used, hard = found.groups()
    namespace, resource = refusal.workload.namespace, hard.partition("=")[0]
    leaving = any(
        p.ref.namespace == namespace and p.object["metadata"].get("deletionTimestamp")
        for p in facts.all_pods
    )
    needed = _needed(resource, asked, used)
    yield _signal(
        refusal,
        "H04",
        root=ObjectRef("ResourceQuota", namespace, name),
        field=under("spec.hard", resource),
        seen=f"ResourceQuota {name} refuses the pods of {refusal.workload}: "
        f"asked {asked}, used {used}, hard {hard}",
        expected=f"{resource} of at least {needed}" if needed else f"more {resource}",
        fix=f"Raise {under('spec.hard', resource)} of ResourceQuota {namespace}/{name}"
        + (f" to {needed}" if needed else ""),
        need=NEVER if leaving else NORMAL,
    )


def _needed(resource: str, asked: str, used: str) -> str:
    """The hard limit that would admit this pod; empty where the text does not tell."""
    amounts = [
        quantity(value)
        for part in (asked, used)
        for key, _, value in (entry.partition("=") for entry in part.split(","))
        if key == resource
    ]
    known = [a for a in amounts if a is not None]
    return in_words(resource.rpartition(".")[2], sum(known, Decimal(0))) if len(known) == 2 else ""


def _needs_resources(refusal: Refusal) -> Iterator[Signal]:
    found = _QUOTA_NEEDS.search(refusal.text)
    if found is None:
        return
    quota, lacking = found.group(1), shorten(found.group(2), 160, placeholder=" ...")
    yield _signal(
        refusal,
        "H04",
        root=refusal.workload,
        field=f"{field_prefix(refusal.workload.kind)}.containers",
        seen=f"ResourceQuota {quota} admits only pods that specify {lacking}",
        expected=f"every container specifies {lacking.partition(' for:')[0]}",
        fix=f"Set the resources of every container of {refusal.workload}, or add a LimitRange",
        need=NORMAL,
    )


def _range(refusal: Refusal) -> Iterator[Signal]:
    found = _RANGE.search(refusal.text)
    bare = None if found else _RANGE_NEEDS.search(refusal.text)
    match = found or bare
    if match is None:
        return
    bound, resource, per, limit, word = match.groups()[:5]
    own = found.group(6) if found else "not set"
    comparison = "at most" if bound.lower() == "maximum" else "at least"
    yield _signal(
        refusal,
        "H04",
        root=refusal.workload,
        field=f"{field_prefix(refusal.workload.kind)}.containers",
        seen=f"a LimitRange of namespace {refusal.workload.namespace} refuses the pods: the "
        f"{resource} {word} is {own}, its {bound.lower()} per {per} is {limit}",
        expected=f"a {resource} {word} of {comparison} {limit}",
        fix=f"Set the {resource} {word} of the containers of {refusal.workload} to {limit}",
        need=NORMAL,
    )


def account_missing(facts: Facts) -> Iterator[Signal]:
    """Yields H06 where pods run as a ServiceAccount that does not exist."""
    told: set[ObjectRef] = set()
    for refusal in refusals(facts):
        found = _ACCOUNT.search(refusal.text)
        if found:
            told.add(refusal.workload)
            yield from _account(facts, refusal, found.group(1))
    yield from _accounts_by_objects(facts, told)


def _accounts_by_objects(facts: Facts, told: set[ObjectRef]) -> Iterator[Signal]:
    """Without an event: only where the account can never appear and no pod was ever created."""
    for ref in facts.workloads:
        live = facts.find(ref) if ref.kind not in {"Pod", "CronJob"} else None
        if live is None or ref in told or not lacks_pods(facts, ref, live):
            continue
        name = str(facts.template(ref).get("serviceAccountName") or "default")
        account = ObjectRef("ServiceAccount", ref.namespace, name)
        if name != "default" and facts.appearance(account) is Appearance.NEVER:
            since = facts.first_seen(ref)
            silent = Refusal(workload=ref, text="", count=1, since=since, last=facts.now)
            yield from _account(facts, silent, name)


def _account(facts: Facts, refusal: Refusal, name: str) -> Iterator[Signal]:
    account = ObjectRef("ServiceAccount", refusal.workload.namespace, name)
    if facts.appearance(account) is Appearance.PRESENT:
        return
    certain = absence(facts, account, NORMAL)
    existing = [o["metadata"]["name"] for o in facts.all("ServiceAccount", account.namespace)]
    like = nearest(name, existing)
    yield _signal(
        refusal,
        "H06",
        root=account,
        field="",
        seen=f"{refusal.workload} runs as ServiceAccount {name}, which does not exist in "
        f"namespace {account.namespace}; no pod is created",
        expected=f"ServiceAccount {account.namespace}/{name}"
        + (f", or the existing {like}" if like else f"; existing: {listed(existing)}"),
        fix=f"Set serviceAccountName of {refusal.workload} to {like}"
        if like
        else f"Add ServiceAccount {name} to the overlay of namespace {account.namespace}",
        # The controller makes `default` itself a moment after the namespace.
        need=t1(3, 60) if name == "default" else certain,
    )


def webhook_refuses(facts: Facts) -> Iterator[Signal]:
    """Yields H07 where an admission webhook denies pods or cannot be called."""
    for refusal in refusals(facts):
        denied = _DENIED.search(refusal.text)
        failed = _CALL_FAILED.search(refusal.text)
        if denied:
            hook, reason = denied.group(1), shorten(denied.group(2), 200, placeholder=" ...")
            yield _signal(
                refusal,
                "H07",
                root=refusal.workload,
                field=field_prefix(refusal.workload.kind),
                seen=f"webhook {hook} denies the pods of {refusal.workload}: {reason}",
                expected="a pod template that the policy admits",
                fix=f"Change the pod template of {refusal.workload} as the policy says: {reason}",
                need=T0,
            )
        elif failed:
            yield _unreachable(refusal, failed.group(1), failed.group(2))


def _unreachable(refusal: Refusal, hook: str, reason: str) -> Signal:
    """The webhook's own service is to mend; it may still be starting."""
    service = _SERVICE.search(reason)
    root = refusal.workload
    if service:
        root = ObjectRef("Service", service.group(2), service.group(1))
    return _signal(
        refusal,
        "H07",
        root=root,
        field="",
        seen=f"webhook {hook} cannot be called, so no pod of {refusal.workload} is created: "
        f"{shorten(reason, 200, placeholder=' ...')}",
        expected=f"a webhook that answers: ready pods behind {root}",
        fix=f"Run: kubectl -n {root.namespace} get pods,endpoints, and mend what serves {hook}",
        need=STARTING,
    )


def _signal(
    refusal: Refusal, cause: str, *, root: ObjectRef, field: str, seen: str, expected: str,
    fix: str, need: Need,
) -> Signal:  # fmt: skip
    return Signal(
        cause=cause,
        at=refusal.workload,
        root=root,
        field=field,
        seen=seen,
        expected=expected,
        fix=fix,
        need=need,
        count=refusal.count,
        since=refusal.since,
        last=refusal.last,
        by_text=cause == "H07" and need is T0,
        rank=10,
    )
