"""From what is declared and what was seen to a cell of the matrix. Pure.

An answer to a denied pair is a difference wherever policies are enforced. Silence counts only
where the same address and port answer somebody: the target itself, or another source. What was not
probed, or cannot be known, is not judged, and says why.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from harness.model.policies import Cell, CellState, DecidingRule, Enforcement, Reply
from harness.policies.plan import Attempt, Pair, Path, Plan
from harness.policies.probes import Answer, Goal, Probe

NO_ANSWER = Answer(reply=Reply.NOT_PROBED, text="nothing was tried")
Answers = Mapping[Probe, Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Everything that was seen."""

    answers: Answers
    enforcement: Enforcement
    paths: Mapping[Path, Answer]
    listening: Collection[Goal]
    """What answered somebody."""


def listening(answers: Answers) -> frozenset[Goal]:
    """Returns the goals that answered at least once, whoever asked."""
    return frozenset(p.goal for p, a in answers.items() if a.reply is Reply.ANSWERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What is said of one cell."""

    state: CellState
    seen: Reply
    reason: str = ""
    told_by: tuple[Attempt, ...] = ()
    """The attempts that decide."""


def judge(plan: Plan, seen: Seen) -> tuple[Cell, ...]:
    """Returns the cells of all pairs, then those of the paths through Services."""
    direct = (cell_of(pair, judge_pair(pair, seen)) for pair in plan.pairs)
    blind = {
        pair.source.party
        for pair in plan.pairs
        if pair.listener.protocol == "UDP" and not pair.expectation.allowed
    }
    return (*direct, *(_path_cell(path, seen, blind) for path in plan.paths))


def judge_pair(pair: Pair, seen: Seen) -> Judgement:
    """Returns what is said of one pair."""
    results = [(a, seen.answers.get(a.probe, NO_ANSWER)) for a in pair.attempts]
    made = [(a, answer) for a, answer in results if answer.reply is not Reply.NOT_PROBED]
    if not made:
        return _not_judged(Reply.NOT_PROBED, pair.why_not or _first_text(results))
    if not pair.expectation.certain:
        reply = made[0][1].reply
        return _not_judged(reply, "an ipBlock may hold the address, which is not known")
    return _allowed(made, seen) if pair.expectation.allowed else _denied(made, seen)


def _first_text(results: Iterable[tuple[Attempt, Answer]]) -> str:
    return next((answer.text for _, answer in results if answer.text), NO_ANSWER.text)


def _not_judged(seen: Reply, reason: str) -> Judgement:
    return Judgement(state=CellState.NOT_JUDGED, seen=seen, reason=reason)


def _allowed(made: list[tuple[Attempt, Answer]], seen: Seen) -> Judgement:
    silent = [(a, answer) for a, answer in made if answer.reply is not Reply.ANSWERED]
    if not silent:
        return Judgement(
            state=CellState.ALLOWED, seen=Reply.ANSWERED, told_by=tuple(a for a, _ in made)
        )
    proven = [(a, answer) for a, answer in silent if a.probe.goal in seen.listening]
    if not proven:
        return _not_judged(silent[0][1].reply, nobody_listens(silent[0][0]))
    return Judgement(
        state=CellState.CLOSED,
        seen=proven[0][1].reply,
        reason=f"{_how(proven[0])}, though the listener answers others",
        told_by=tuple(a for a, _ in proven),
    )


def _denied(made: list[tuple[Attempt, Answer]], seen: Seen) -> Judgement:
    open_ = [a for a, answer in made if answer.reply is Reply.ANSWERED]
    if seen.enforcement is Enforcement.NOT_ENFORCED:
        return _not_judged(made[0][1].reply, "the cluster does not enforce policies")
    if open_:
        goal = open_[0].probe.goal
        reason = f"{open_[0].title}: {goal.address} answers on {goal.protocol} {goal.port}"
        return Judgement(
            state=CellState.OPEN, seen=Reply.ANSWERED, reason=reason, told_by=tuple(open_)
        )
    proven = [(a, answer) for a, answer in made if a.probe.goal in seen.listening]
    if not proven:
        return _not_judged(made[0][1].reply, nobody_listens(made[0][0]))
    return Judgement(
        state=CellState.DENIED, seen=proven[0][1].reply, told_by=tuple(a for a, _ in proven)
    )


def nobody_listens(attempt: Attempt) -> str:
    """Returns why silence says nothing here."""
    goal = attempt.probe.goal
    who = attempt.target.stand.name
    return f"nobody was seen to get an answer from {who} on {goal.protocol} {goal.port}"


def _how(result: tuple[Attempt, Answer]) -> str:
    attempt, answer = result
    said = f" ({answer.text})" if answer.text else ""
    return f"{attempt.title}: {attempt.probe.goal.address} {answer.reply}{said}"


def cell_of(pair: Pair, judgement: Judgement) -> Cell:
    """Returns the cell of a pair."""
    return Cell(
        source=pair.source.party,
        listener=pair.listener,
        expected=pair.expectation.allowed,
        seen=judgement.seen,
        state=judgement.state,
        reason=judgement.reason,
        decided_by=pair.expectation.rules,
        pods=tuple(a.title for a in judgement.told_by),
    )


def _path_cell(path: Path, seen: Seen, blind: Collection[object]) -> Cell:
    answer = seen.paths.get(path, NO_ANSWER)
    state, reason = _path_state(path, answer, seen)
    if path.pair.source.party in blind:
        state, reason = CellState.NOT_JUDGED, "its client may not ask for names by declaration"
    return Cell(
        source=path.pair.source.party,
        listener=path.pair.listener,
        via=path.title,
        expected=True,
        seen=answer.reply,
        state=state,
        reason=reason,
        decided_by=_rules(path),
        pods=(path.attempt.title,),
        fix=_path_fix(path, answer) if state is CellState.CLOSED else "",
    )


def _rules(path: Path) -> tuple[DecidingRule, ...]:
    return path.pair.expectation.rules


def _path_state(path: Path, answer: Answer, seen: Seen) -> tuple[CellState, str]:
    match answer.reply:
        case Reply.ANSWERED:
            return CellState.ALLOWED, ""
        case Reply.NOT_PROBED:
            return CellState.NOT_JUDGED, answer.text
        case Reply.NAME_ERROR:
            return CellState.CLOSED, f"{path.name}: {answer.text}"
    if path.attempt.probe.goal not in seen.listening:
        return CellState.NOT_JUDGED, nobody_listens(path.attempt)
    return CellState.CLOSED, f"{path.name} port {path.port}: {answer.text or answer.reply}"


def _path_fix(path: Path, answer: Answer) -> str:
    namespace, name = path.service.namespace, path.service.name
    if answer.reply is Reply.NAME_ERROR:
        return f"kubectl -n {namespace} get service {name}; it must exist under that name"
    return f"compare the ports of Service {namespace}/{name} with those of the pods behind it"
