"""Makes the matrix: control and probes side by side, differences again until they stay, the lines.

What differs is probed again until the same cells have differed for `SETTLE_SECONDS`, because a
policy engine takes its time after a change. Before it is said, the pods are read again: one that
was replaced meanwhile proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from harness.connectivity.inventory import Inventory
from harness.io.clock import Clock
from harness.manifests.pods import Object
from harness.model.policies import Cell, Control, PolicyMatrix, Reply
from harness.model.refs import ObjectRef
from harness.policies.differences import Books, Locate, with_origins
from harness.policies.ends import Outsider, cast
from harness.policies.expectation import declared_rulebook, live_rulebook
from harness.policies.judge import Seen, judge, listening
from harness.policies.plan import MOST_PAIRS, Pair, Path, Plan, make_plan
from harness.policies.probes import Answer, Goal, Probe, Prober
from harness.policies.snapshot import DNS_NAMESPACE, DNS_SERVICE, Snapshot, is_core_policy

SETTLE_SECONDS = 3.0
"""A difference is said when it has stayed for so long."""
SETTLE_DEADLINE_SECONDS = 20.0
TICK_SECONDS = 1.0
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """The effects of a survey."""

    prober: Prober
    control: Callable[[], Control]
    read: Callable[[], Snapshot]
    locate: Locate
    clock: Clock
    say: Say = lambda _text: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked."""

    declared: tuple[Object, ...]
    """The rendered objects of the environment, namespaces filled in."""
    outsiders: tuple[Outsider, ...] = ()
    every_pod: bool = False
    most: int = MOST_PAIRS
    notes: tuple[str, ...] = ()


def survey(question: Question, means: Means) -> PolicyMatrix:
    """Returns the matrix.

    Raises:
        KubeError: The pods cannot be listed.
    """
    began = means.clock.monotonic()
    snapshot = means.read()
    inventory = Inventory.of(question.declared)
    rulebook = declared_rulebook(question.declared, snapshot.policies, snapshot.namespaces)
    people = cast(inventory, snapshot, question.outsiders)
    plan = make_plan(
        people,
        rulebook,
        inventory,
        domain=snapshot.cluster_domain,
        every_pod=question.every_pod,
        most=question.most,
    )
    means.say(f"probing {len(plan.pairs)} pairs")
    seen = _settled(plan, _first_look(plan, snapshot, means), means)
    judged = judge(plan, seen[0])
    now = means.read() if any(cell.is_difference for cell in judged) else snapshot
    cells = _with_lines(plan, judged, question, now, means)
    declared = [p for p in question.declared if is_core_policy(p)]
    return PolicyMatrix(
        control=seen[1],
        cells=cells,
        notes=(*question.notes, *snapshot.notes, *plan.notes, *_left_out(plan)),
        policies=len(declared),
        left_out=plan.left_out,
        seconds=means.clock.monotonic() - began,
    )


def _left_out(plan: Plan) -> tuple[str, ...]:
    if not plan.left_out:
        return ()
    return (f"{plan.left_out} denied pairs were left out, evenly: {len(plan.pairs)} are many",)


def _first_look(plan: Plan, snapshot: Snapshot, means: Means) -> tuple[Seen, Control]:
    with ThreadPoolExecutor(1) as pool:
        experiment = pool.submit(means.control)
        answers = dict(means.prober(plan.probes))
        paths = try_paths(plan.paths, snapshot, means.prober)
        control = experiment.result()
    return _seen(plan, answers, control, paths), control


def _seen(
    plan: Plan, answers: Mapping[Probe, Answer], control: Control, paths: Mapping[Path, Answer]
) -> Seen:
    return Seen(
        answers=answers,
        enforcement=control.state,
        paths=paths,
        listening=listening(answers) | plan.proven,
    )


def try_paths(paths: Sequence[Path], snapshot: Snapshot, prober: Prober) -> dict[Path, Answer]:
    """Returns what each Service answers by its name: the name is asked for, then the address."""
    server = dns_address(snapshot)
    if not server:
        why = Answer(reply=Reply.NOT_PROBED, text="the cluster's DNS has no Service kube-dns")
        return dict.fromkeys(paths, why)
    asked = {
        path: Probe(
            stand=path.attempt.probe.stand,
            goal=Goal(address=server, port=53, protocol="UDP", query=path.name),
        )
        for path in paths
    }
    named = prober(list(dict.fromkeys(asked.values())))
    found = {path: _name_failure(path, named[probe]) for path, probe in asked.items()}
    onward = {
        path: Probe(
            stand=path.attempt.probe.stand,
            goal=Goal(address=_address(path, named[asked[path]]), port=_port(path)),
        )
        for path, failure in found.items()
        if failure is None
    }
    reached = prober(list(dict.fromkeys(onward.values())))
    return {path: failure or reached[onward[path]] for path, failure in found.items()}


def _address(path: Path, answer: Answer) -> str:
    """Returns the address to ask: the client's own goal where a name leads to many pods."""
    goal = path.attempt.probe.goal.address
    return goal if goal in answer.addresses else answer.addresses[0]


def _port(path: Path) -> int:
    return path.pair.listener.port if path.headless else path.port


def _name_failure(path: Path, answer: Answer) -> Answer | None:
    if answer.addresses:
        return None
    if answer.reply is Reply.NOT_PROBED:
        return answer
    said = answer.text or (
        "no address" if answer.reply is Reply.ANSWERED else f"the DNS {answer.reply}"
    )
    return Answer(reply=Reply.NAME_ERROR, text=f"{path.name}: {said}")


def dns_address(snapshot: Snapshot) -> str:
    """Returns the address of the cluster's DNS Service; empty where there is none."""
    for service in snapshot.services:
        ref = ObjectRef.of(service)
        if (ref.namespace, ref.name) == (DNS_NAMESPACE, DNS_SERVICE):
            return str((service.get("spec") or {}).get("clusterIP") or "")
    return ""


def _settled(plan: Plan, first: tuple[Seen, Control], means: Means) -> tuple[Seen, Control]:
    """Probes differences again until the same ones have stayed for the settle time."""
    seen, control = first
    differing = _differing(plan, seen)
    began = stable = means.clock.monotonic()
    while differing and means.clock.monotonic() - stable < SETTLE_SECONDS:
        if means.clock.monotonic() - began > SETTLE_DEADLINE_SECONDS:
            break
        means.say(f"{len(differing)} of {len(plan.pairs)} pairs differ; looking again")
        means.clock.sleep(TICK_SECONDS)
        seen = _again(plan, differing, seen, control, means)
        now = _differing(plan, seen)
        if set(now) != set(differing):
            stable = means.clock.monotonic()
        differing = now
    return _without_replaced(seen, differing, means), control


def _differing(plan: Plan, seen: Seen) -> tuple[Pair | Path, ...]:
    cells = judge(plan, seen)
    things: tuple[Pair | Path, ...] = (*plan.pairs, *plan.paths)
    return tuple(t for t, cell in zip(things, cells, strict=True) if cell.is_difference)


def _again(
    plan: Plan,
    differing: Sequence[Pair | Path],
    seen: Seen,
    control: Control,
    means: Means,
) -> Seen:
    pairs = [t for t in differing if isinstance(t, Pair)]
    probes = [a.probe for pair in pairs for a in pair.attempts]
    goals = {probe.goal for probe in probes}
    proofs = [probe for probe in plan.own if probe.goal in goals]
    answers = {**seen.answers, **means.prober(list(dict.fromkeys((*probes, *proofs))))}
    paths = [t for t in differing if isinstance(t, Path)]
    again = try_paths(paths, means.read(), means.prober) if paths else {}
    return _seen(plan, answers, control, {**seen.paths, **again})


def _without_replaced(seen: Seen, differing: Sequence[Pair | Path], means: Means) -> Seen:
    """Takes back the answers of pods that are not those any more that were asked."""
    if not differing:
        return seen
    now = {
        (str((p.get("metadata") or {}).get("uid")), str((p.get("status") or {}).get("podIP")))
        for p in means.read().pods
    }
    attempts = [a for t in differing if isinstance(t, Pair) for a in t.attempts]
    gone = {
        a.probe: member.stand.name
        for a in attempts
        for member in (a.source, a.target)
        if member.stand.pod and (member.stand.uid, member.address) not in now
    }
    taken = {
        probe: Answer(reply=Reply.NOT_PROBED, text=f"{name} was replaced during the probes")
        for probe, name in gone.items()
    }
    return replace(seen, answers={**seen.answers, **taken})


def _with_lines(
    plan: Plan,
    cells: Iterable[Cell],
    question: Question,
    snapshot: Snapshot,
    means: Means,
) -> tuple[Cell, ...]:
    memory: dict[tuple[ObjectRef, str], tuple[str, int]] = {}

    def locate(ref: ObjectRef, field: str) -> tuple[str, int]:
        if (ref, field) not in memory:
            memory[ref, field] = means.locate(ref, field)
        return memory[ref, field]

    books = Books(
        live=live_rulebook(snapshot.policies, snapshot.namespaces),
        declared={ObjectRef.of(p): p for p in question.declared if is_core_policy(p)},
        locate=locate,
    )
    pairs = (*plan.pairs, *(path.pair for path in plan.paths))
    return tuple(with_origins(cell, pair, books) for cell, pair in zip(cells, pairs, strict=True))
