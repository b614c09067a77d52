"""Lets the peers look at the example: how long they take, and which injected faults they find.

A tool has found a fault when it says something that it does not say about the clean copy, with the
words that name the fault. Whether it gave the line of the source, or only one of what was rendered,
is told apart; so is how much it says about the copy without a fault.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from bench.audit_clock import timed
from bench.audit_injection import Fault, inject, line_of
from bench.audit_peers import ALL, HARNESS, PEERS, Kit, Peer, Said
from bench.audit_speed import COLD, LIMIT_SECONDS, WARM, harness_entrant, rounds, summary
from bench.audit_stage import Stage, copied, made_ready
from harness.io.process import Runner


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """What a contest needs."""

    folder: Path
    kit: Kit
    runner: Runner
    say: Callable[[str], None]

    @property
    def peers(self) -> list[Peer]:
        """Those that are here."""
        return [peer for peer in PEERS if not peer.missing(self.kit.tools)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one tool made of one fault."""

    found: bool
    line: bool = False
    """Whether it gave a line of the source that may be blamed."""
    rendered_line: bool = False
    """Whether it gave a line of what kustomize rendered."""
    message: str = ""
    place: str = ""
    new: int = 0
    """How many messages the clean copy does not have."""
    others: tuple[str, ...] = ()
    """The first of those that do not name it."""
    seconds: float = 0.0
    code: int = 0


def peer_speed(contest: Contest, repetitions: int) -> dict[str, Any]:
    """Returns what every peer takes for the example, and the ratios to kustomize."""
    stage = copied(contest.folder / "speed")
    made_ready(stage, contest.runner)
    entrants = [peer.ask(stage, contest.kit, ALL) for peer in contest.peers]
    entrants += [harness_entrant(WARM, stage.repository, contest.kit.cache)]
    found = summary(rounds(entrants, repetitions, contest.say))
    return {COLD if name == HARNESS else name: taken for name, taken in found.items()}


def fault_contest(contest: Contest, faults: Iterable[Fault], end: float) -> dict[str, Any]:
    """Lets every peer look at the clean copy and at each fault, until the end of the time."""
    clean = copied(contest.folder / "clean")
    made_ready(clean, contest.runner)
    usual = {peer.name: _asked(peer, clean, contest.kit)[0] for peer in contest.peers}
    found = {}
    for fault in faults:
        if time.monotonic() < end:
            found[fault.name] = _looked_for(fault, contest, usual)
        else:
            contest.say(f"  no time was left for {fault.name}")
    return {
        "clean": {name: [message.text for message in said] for name, said in usual.items()},
        "missing": {p.name: p.missing(contest.kit.tools) for p in PEERS if p not in contest.peers},
        "faults": found,
    }


def _looked_for(
    fault: Fault, contest: Contest, usual: Mapping[str, Sequence[Said]]
) -> dict[str, Any]:
    stage = copied(contest.folder / "fault")
    inject(stage.repository, fault)
    made_ready(stage, contest.runner)
    places = {(p.path, line_of(stage.repository, p)) for p in fault.places}
    found = {}
    for peer in contest.peers:
        said, seconds, code = _asked(peer, stage, contest.kit)
        rules = fault.rules if peer.name == HARNESS else ()
        answer = judged(said, usual[peer.name], fault.telling, places, rules)
        found[peer.name] = {**asdict(answer), "seconds": round(seconds, 2), "code": code}
    named = ", ".join(name for name, answer in found.items() if answer["found"])
    contest.say(f"  {fault.name}: found by {named or 'nobody'}")
    return found


def _asked(peer: Peer, stage: Stage, kit: Kit) -> tuple[list[Said], float, int]:
    entrant = peer.ask(stage, kit, ALL)
    taken = timed(
        entrant.argv,
        folder=entrant.folder,
        environment=entrant.environment,
        limit_seconds=LIMIT_SECONDS,
    )
    here = f"{stage.folder}/"
    said = [replace(message, text=message.text.replace(here, "")) for message in peer.read(taken)]
    return said, taken.seconds, taken.code


def judged(
    said: Sequence[Said],
    usual: Sequence[Said],
    telling: Sequence[str],
    places: Iterable[tuple[str, int]],
    rules: Sequence[str],
) -> Answer:
    """Returns what a tool found, by what it says that it does not say of the clean copy.

    Args:
        said: Its messages about the copy with the fault.
        usual: Those about the clean copy.
        telling: Words that name the fault: every word of one of them must stand in a message.
        places: File and line that may be blamed.
        rules: The message begins with one of these, where there are any.
    """
    known = {message.text for message in usual}
    new = [message for message in said if message.text not in known]
    naming = [m for m in new if _names(m.text, telling) and _begins(m.text, rules)]
    if not naming:
        return Answer(found=False, new=len(new), others=_shown(new))
    blamed = set(places)
    best = next((m for m in naming if (m.file, m.line) in blamed), naming[0])
    right = (best.file, best.line) in blamed
    return Answer(
        found=True,
        line=right,
        rendered_line=bool(best.line) and Path(best.file).is_absolute(),
        message=best.text,
        place=f"{best.file}:{best.line}" if right else "",
        new=len(new),
        others=_shown(m for m in new if m not in naming),
    )


def _shown(messages: Iterable[Said]) -> tuple[str, ...]:
    return tuple(message.text[:300] for message in islice(messages, 5))


def _names(text: str, telling: Iterable[str]) -> bool:
    folded = text.casefold()
    return any(all(word in folded for word in t.casefold().split()) for t in telling)


def _begins(text: str, rules: Sequence[str]) -> bool:
    return not rules or text.partition(" ")[0] in rules
