"""Network policies that forbid what a workload needs (N01-N06, K08). Pure.

One finding for each policy to change, with everybody who suffers from it. What the simulation says
alone is never a verdict: with a time-out in a client's log it is certain, with a client that waits
or crashes it counts after some time, and without any symptom nothing is said. An early failure to
connect while policies are still being applied (N13) has no static reason and stays unsaid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from harness.connectivity.reach import DNS, Blocked, Miss
from harness.connectivity.repairs import place, repair
from harness.connectivity.selectors import in_words
from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.network.network_blocks import (
    Hurt,
    by_policy,
    hurts_of_dns,
    hurts_of_edges,
)
from harness.diagnosis.rules.network.network_ways import Strength, inventory
from harness.diagnosis.signal import NEVER, Need, Signal, t1, t2
from harness.model.refs import ObjectRef

SHOWN = 3
"""So many clients and rules are written out in one finding."""
ALONE_SECONDS = 120.0
"""One client that cannot ask for names and does not say so; others may not need any."""
QUORUM_SECONDS = 130.0
"""Two lives of a broker that leaves after 60 s without its controllers, and a JVM's start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One policy to change for one reason, and everybody who suffers from it."""

    miss: Miss
    policy: ObjectRef
    hurts: tuple[Hurt, ...]

    @property
    def lead(self) -> Hurt:
        """What shows it best: by a text, of the end that the cause is about, the oldest."""
        return max(
            self.hurts,
            key=lambda h: (h.proof.strength, h.block.miss is self.miss, -h.proof.since),
        )


def policies_that_forbid(facts: Facts) -> Iterator[Signal]:
    """Yields a signal for each client that suffers from a policy."""
    for miss, policy, hurts in by_policy(hurts_of_dns(facts)):
        yield from _of_dns(facts, Case(miss=miss, policy=policy, hurts=hurts))
    for miss, policy, hurts in by_policy(hurts_of_edges(facts)):
        case = Case(miss=miss, policy=policy, hurts=hurts)
        told = _signal(facts, case)
        for hurt in hurts:
            yield _of(told, hurt, _need(facts, miss, hurt), by_text=hurt.proof.by_text)


def _of_dns(facts: Facts, case: Case) -> Iterator[Signal]:
    """One client without a text proves nothing; several at once, or one text, prove it for all."""
    has_text = any(h.proof.strength is Strength.TEXT for h in case.hurts)
    several = len({h.block.client for h in case.hurts}) > 1
    told = _signal(facts, case)
    for hurt in case.hurts:
        enough = has_text or several
        need = _need(facts, case.miss, hurt) if enough else t2(ALONE_SECONDS)
        yield _of(told, hurt, need, by_text=has_text or (several and hurt.proof.by_text))


def _need(facts: Facts, miss: Miss, hurt: Hurt) -> Need:
    if miss is Miss.SELF and hurt.proof.strength is not Strength.TEXT:
        return t1(2, QUORUM_SECONDS)
    known = miss is not Miss.NAMESPACE or facts.knows("Namespace")
    return hurt.proof.need(is_closed=facts.has_declaration and known)


def _signal(facts: Facts, case: Case) -> Signal:
    """Returns the signal of the client that shows it best, in the words of the whole case."""
    lead = case.lead
    return Signal(
        cause=case.miss.value,
        at=lead.block.client,
        root=case.policy,
        field=place(lead.block),
        seen=_seen(lead, case.hurts),
        expected=_expected(lead, case.hurts),
        fix=_fixes(facts, case.policy, lead, case.hurts),
        need=NEVER,
        since=lead.proof.since,
        last=facts.now,
        rank=30,
    )


def _of(told: Signal, hurt: Hurt, need: Need, *, by_text: bool) -> Signal:
    """Returns the signal of one client of the case."""
    proof = hurt.proof
    return replace(
        told,
        at=hurt.block.client,
        need=need,
        count=proof.symptom.count,
        since=proof.since,
        by_text=by_text,
    )


def _seen(lead: Hurt, hurts: Sequence[Hurt]) -> str:
    block = lead.block
    subject = block.client if block.decision.direction == "egress" else block.server
    others = {h.block.client.name for h in hurts} - {block.client.name}
    too = f"; likewise {', '.join(sorted(others)[:SHOWN])}" if others else ""
    near = f"; {block.decision.near[:160]}" if block.decision.near else ""
    return (
        f"{lead.proof.in_words()}{too}; {_isolating(block)} the {block.decision.direction} of "
        f"{subject.name}, and no rule lets {block.client.name} reach {block.server.name} on "
        f"{block.protocol} {block.port}{near}"
    )


def _isolating(block: Blocked) -> str:
    names = [r.name for r in block.decision.isolating if r != block.policy]
    mine = [block.policy.name] if block.policy in block.decision.isolating else []
    found = [*mine, *sorted(names)]
    rest = f" and {len(found) - 2} more" if len(found) > 2 else ""
    verb = "isolates" if len(found) == 1 else "isolate"
    return f"{', '.join(found[:2])}{rest} {verb}"


def _expected(lead: Hurt, hurts: Sequence[Hurt]) -> str:
    """Returns the rules that are missing, those of other clients and of the other end too."""
    if lead.block.server == DNS:
        return "egress on UDP and TCP 53 to the pods k8s-app=kube-dns of namespace kube-system"
    blocks = [lead.block, *(h.block for h in hurts)]
    rules = list(dict.fromkeys(f"for pods with {b.pods}: {b.hint}" for b in blocks))
    more = f"; and {len(rules) - SHOWN} more" if len(rules) > SHOWN else ""
    return "; ".join(rules[:SHOWN]) + more


def _fixes(facts: Facts, policy: ObjectRef, lead: Hurt, hurts: Sequence[Hurt]) -> str:
    """Returns what to change in the policy, for both ends where it denies both."""
    mine = [h.block for h in hurts if h.block.client == lead.block.client]
    texts = dict.fromkeys(_fix(facts, policy, b) for b in (lead.block, *mine))
    return "; ".join(list(texts)[:SHOWN])


def _fix(facts: Facts, policy: ObjectRef, block: Blocked) -> str:
    other = block.server if block.decision.direction == "egress" else block.client
    return repair(block, policy, _pods(facts, policy, block), _labels(facts, other))


def _pods(facts: Facts, policy: ObjectRef, block: Blocked) -> str:
    """Who needs the rule: all pods that the isolating policy selects, where names are concerned."""
    if block.server != DNS:
        return f"pods with {block.pods}"
    selector = ((facts.find(policy) or {}).get("spec") or {}).get("podSelector") or {}
    return f"pods with {in_words(selector)}" if selector else f"all pods of {policy.namespace}"


def _labels(facts: Facts, workload: ObjectRef) -> str:
    """The labels by which a workload finds its own pods, which are there to stay."""
    found = inventory(facts).workload(workload)
    return ", ".join(f"{k}={v}" for k, v in found.selector.items()) if found else workload.name


RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (policies_that_forbid,)
