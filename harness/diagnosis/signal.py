"""A signal: one rule's observation of one cause, and what it takes until it counts.

The classes are those of the verdict model: T0 counts at first sight, T1 after n observations over s
seconds, T2 after s seconds without progress, N never by itself. Which signals are roots and which
are symptoms of others is decided in `harness.diagnosis.blame`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.model.refs import ObjectRef


class NeedKind(StrEnum):
    """How a signal becomes a verdict."""

    FIRST_SIGHT = "T0"
    REPEATED = "T1"
    NO_PROGRESS = "T2"
    NEVER = "N"


@dataclass(frozen=True, slots=True)
class Need:
    """What it takes until a signal ends a run."""

    kind: NeedKind
    count: int = 1
    seconds: float = 0.0

    def describe(self) -> str:
        """Returns the need in words."""
        match self.kind:
            case NeedKind.FIRST_SIGHT:
                return "certain at first sight"
            case NeedKind.REPEATED:
                return f"after {self.count} observations over {self.seconds:.0f} s"
            case NeedKind.NO_PROGRESS:
                return f"after {self.seconds:.0f} s without progress"
            case NeedKind.NEVER:
                return "never by itself"


T0 = Need(NeedKind.FIRST_SIGHT)
NEVER = Need(NeedKind.NEVER)


def t1(count: int = 3, seconds: float = 60.0) -> Need:
    """Returns the need of `count` observations, the first at least `seconds` ago."""
    return Need(NeedKind.REPEATED, count, seconds)


def t2(seconds: float = 180.0) -> Need:
    """Returns the need of `seconds` without progress of the component."""
    return Need(NeedKind.NO_PROGRESS, 1, seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What a rule saw.

    `at` is the node of the graph that suffers (a workload, claim, Application, node of the
    cluster); `root` is the object whose change mends it, which often is another one.
    """

    cause: str
    """Id in the catalogue."""
    at: ObjectRef
    root: ObjectRef
    field: str = ""
    """Dotted path inside `root`."""
    seen: str
    """A clause about what was observed, short, without secrets."""
    expected: str
    fix: str
    """One edit or command."""
    need: Need
    count: int = 1
    """Observations so far."""
    since: float
    """Epoch seconds of the first observation."""
    last: float = 0.0
    """Epoch seconds of the newest observation; `since` when 0."""
    symptom: bool = False
    """True when a broken dependency of `at` would explain it (P01, P10, B03, time-outs...)."""
    by_text: bool = False
    """True when its text pins the cause so that nothing else explains it away."""
    rank: int = 50
    """Among signals of one node and phase the lowest is the most specific; generic ones use 90."""
    group: str = ""
    """What several roots have in common, e.g. an image reference: one finding for all of them."""
    explains: tuple[ObjectRef, ...] = ()
    """Further nodes that suffer from it although they do not depend on `at` (e.g. all pods of a
    node, all Applications of a project)."""
    not_testable: tuple[str, ...] = ()
    """What it hides."""
    infrastructure: bool = False
    """True when the machine, not the repository, is to blame."""

    @property
    def newest(self) -> float:
        """Epoch seconds of the newest observation."""
        return self.last or self.since
