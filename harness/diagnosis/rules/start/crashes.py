"""Programs that end by themselves: P01, P02, P09, and Jobs that gave up.

A crash is the symptom that everything wrong below a program shows, so P01 is the last resort: it
takes several ends of the same kind, counts only what happened after all that the program needs was
there, and gives way to the network's rules where the last words are about a connection. Texts that
pin a cause are in `exit_texts`, `variables`, `missing_tables`, `postgres` and `kafka`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.diagnosis.facts import Facts
from harness.diagnosis.fold import normalised
from harness.diagnosis.rules.data.missing_tables import misses_something
from harness.diagnosis.rules.network.connection_texts import (
    ConnectionTrouble,
    TroubleKind,
    classify,
)
from harness.diagnosis.rules.network.network import explained_clients
from harness.diagnosis.rules.network.servers import Servers, is_inside, servers
from harness.diagnosis.rules.start.endings import Ending, endings, endings_after, job_failure
from harness.diagnosis.rules.start.killed import killing
from harness.diagnosis.rules.start.last_words import last_words
from harness.diagnosis.rules.start.text_causes import seen
from harness.diagnosis.signal import NEVER, T0, Need, Signal, t1
from harness.model.refs import ObjectRef

HOOKS = ("argocd.argoproj.io/hook", "helm.sh/hook")
PLAIN, LATE = t1(3, 30), t1(2, 20)
CONNECTION = t1(5, 120)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """How much the endings of one container weigh against it."""

    need: Need
    count: int
    since: float


def own_errors(facts: Facts) -> Iterable[Signal]:
    """Finds programs that end with an error of their own (P01) or with none at all (P09)."""
    for ending in endings(facts):
        if ending.workload.kind == "Job" and job_failure(facts, ending.workload):
            continue
        if ending.reason == "OOMKilled" or misses_something(ending):
            continue
        if killing(facts, ending) is not None:
            continue
        trouble = classify(ending.log or ending.container.exit_message)
        around = servers(facts, ending.workload, trouble)
        weight = _weight(facts, ending, trouble, around)
        if weight is not None:
            yield _ended_well(ending, weight) if ending.code == 0 else _crashed(ending, weight)


def _weight(
    facts: Facts, ending: Ending, trouble: ConnectionTrouble, around: Servers
) -> Weight | None:
    """Returns how much the endings weigh; None where another family of rules is to speak."""
    inside = trouble.kind is not None and is_inside(facts, ending.workload, trouble)
    if around.unready or trouble.kind is TroubleKind.NOT_READY:
        never = Weight(need=NEVER, count=ending.count, since=ending.since)
        return None if network_speaks(facts, ending.workload) else never
    weight = _since_servers(ending, around, trouble)
    if trouble.kind is None:
        return weight
    enough = weight.count >= CONNECTION.count and facts.now - weight.since >= CONNECTION.seconds
    if inside and (not enough or network_speaks(facts, ending.workload)):
        return None
    return Weight(need=CONNECTION, count=weight.count, since=weight.since)


def _since_servers(ending: Ending, around: Servers, trouble: ConnectionTrouble) -> Weight:
    """Counts what happened after everything needed was there.

    The same last words before and after show that they were not about what was missing then; with
    other words the program came further and has to fail again.
    """
    if around.ready_at <= ending.since:
        return Weight(need=ending.need(PLAIN), count=ending.count, since=ending.since)
    same = normalised(ending.first_log) == normalised(ending.log) != ""
    if same and trouble.kind is None:
        return Weight(need=ending.need(PLAIN), count=ending.count, since=ending.since)
    count = endings_after(ending, around.ready_at)
    return Weight(need=ending.need(LATE), count=count, since=around.ready_at)


def network_speaks(facts: Facts, workload: ObjectRef) -> bool:
    """Tells whether a workload's trouble has a cause in the network."""
    found: frozenset[ObjectRef] = facts.memo("start.network", lambda: explained_clients(facts))
    return workload in found


def _crashed(ending: Ending, weight: Weight) -> Signal:
    words = last_words(ending.log or ending.container.exit_message)
    log = f"kubectl -n {ending.pod.ref.namespace} logs {ending.pod.ref.name}"
    return Signal(
        cause="P01",
        at=ending.workload,
        root=ending.workload,
        field=ending.field(),
        seen=seen(ending, words or ending.reason),
        expected="a program that keeps running; an init container or a Job that ends with 0",
        fix=f"mend what its last words say ({log} -c {ending.container.name} --previous)",
        need=weight.need,
        count=weight.count,
        since=weight.since,
        last=ending.started,
        symptom=True,
        rank=90,
    )


def _ended_well(ending: Ending, weight: Weight) -> Signal:
    return Signal(
        cause="P09",
        at=ending.workload,
        root=ending.workload,
        field=ending.field("command"),
        seen=f"container {ending.container.name} ended {ending.times} with exit code 0, and is "
        "started again each time because restartPolicy is Always",
        expected="a program that stays in the foreground, or a Job for one that ends",
        fix=f"give container {ending.container.name} a command that stays in the foreground",
        need=weight.need,
        count=weight.count,
        since=weight.since,
        last=ending.started,
        symptom=True,
        rank=60,
    )


def out_of_memory(facts: Facts) -> Iterable[Signal]:
    """Finds containers that the kernel ended at their memory limit (P02)."""
    for ending in endings(facts):
        # OOMKilled with another code can be a stale counter of the cgroup (k/k#140718).
        if ending.reason != "OOMKilled" or ending.code != 137:
            continue
        limit = _memory_limit(ending)
        yield Signal(
            cause="P02",
            at=ending.workload,
            root=ending.workload,
            field=ending.field("resources.limits.memory"),
            seen=f"the kernel ended container {ending.container.name} {ending.times} for lack of "
            f"memory (OOMKilled) at a limit of {limit or 'the whole node'}",
            expected=f"a limit above {limit}, which it reached" if limit else "more memory free",
            fix=f"raise resources.limits.memory of container {ending.container.name}, or lower "
            "what the program takes (a heap below the limit)",
            need=ending.need(t1(2, 0)),
            count=ending.count,
            since=ending.since,
            last=ending.last,
            rank=20,
        )


def _memory_limit(ending: Ending) -> str:
    own = (ending.container.spec.get("resources") or {}).get("limits") or {}
    pod = (ending.pod.spec.get("resources") or {}).get("limits") or {}
    return str(own.get("memory") or pod.get("memory") or "")


def jobs_that_gave_up(facts: Facts) -> Iterator[Signal]:
    """Finds Jobs that have failed for good; hooks of a sync are judged with their Application."""
    for obj in facts.all("Job"):
        ref = ObjectRef.of({**obj, "kind": "Job"})
        reason = job_failure(facts, ref)
        annotations = (obj.get("metadata") or {}).get("annotations") or {}
        owned = (obj.get("metadata") or {}).get("ownerReferences")
        if reason and not owned and not any(hook in annotations for hook in HOOKS):
            yield _job_signal(facts, ref, reason)


def _job_signal(facts: Facts, ref: ObjectRef, reason: str) -> Signal:
    own = [e for e in endings(facts) if e.workload == ref]
    newest = max(own, key=lambda e: e.last, default=None)
    words = last_words(newest.log or newest.container.exit_message) if newest else ""
    trouble = classify(newest.log) if newest else ConnectionTrouble()
    around = servers(facts, ref, trouble)
    since = min((e.since for e in own), default=facts.first_seen(ref))
    waited = f"; it needs {around.known[0]}, so let it wait for that" if around.known else ""
    return Signal(
        cause="P01",
        at=ref,
        root=ref,
        field=newest.field() if newest else "spec.template.spec",
        seen=f"Job failed: reason {reason}" + (f"; {seen(newest, words)}" if newest else ""),
        expected="a Job that completes within its backoffLimit and activeDeadlineSeconds",
        fix=f"mend what its last words say, then delete {ref} so that it is made again{waited}",
        need=T0,
        count=newest.count if newest else 1,
        since=since,
        last=newest.last if newest else facts.seen_at(ref),
        # It will not try again: once all that it needs is there, its failure is its own.
        symptom=bool(around.unready),
        rank=90,
    )
