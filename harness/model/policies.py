"""The policy matrix: who may reach which listener by declaration, and who does in the cluster.

`harness.policies` fills it, `harness.report` shows it; the words are those of the JSON schema
(`harness/policies/schema.json`). A cell is one source and one port of one target. A denial counts
only when the same listener answers somebody, and nothing counts where the cluster does not enforce
policies: such cells are "not judged", which is never shown as fine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from harness.model.refs import ObjectRef


class Reply(StrEnum):
    """What came back from a listener."""

    ANSWERED = "answered"
    """A TCP connection was made, or a DNS query was answered."""
    REFUSED = "refused"
    """The other side said no at once: nobody listens, or something rejects."""
    TIMED_OUT = "timed out"
    """Nothing came back within the time of a probe; this is how policies are usually enforced."""
    UNREACHABLE = "unreachable"
    """There is no route, or a router said so."""
    NAME_ERROR = "name error"
    """The name of the Service could not be resolved, so nothing was connected."""
    NOT_PROBED = "not probed"


class CellState(StrEnum):
    """How what was seen relates to what is declared."""

    ALLOWED = "allowed"
    """Allowed by declaration, and it answers."""
    DENIED = "denied"
    """Denied by declaration, and it does not answer, while the listener answers somebody else."""
    OPEN = "open"
    """Denied by declaration, and it answers: a difference."""
    CLOSED = "closed"
    """Allowed by declaration, and it does not answer: a difference."""
    NOT_JUDGED = "not judged"
    """See the cell's `reason`."""


DIFFERENT = frozenset({CellState.OPEN, CellState.CLOSED})


class PartyKind(StrEnum):
    """What stands at one end."""

    WORKLOAD = "workload"
    DNS = "dns"
    OUTSIDE = "outside"
    """A container of ours outside the cluster, on a Docker network."""
    LOAD_BALANCER = "load balancer"
    """The stand-in in a subnet that the policies name."""


class Enforcement(StrEnum):
    """Whether the cluster enforces policies at all, by a control of ours."""

    ENFORCED = "enforced"
    NOT_ENFORCED = "not enforced"
    NOT_TESTED = "not tested"


class MatrixVerdict(StrEnum):
    """The whole matrix in a word; only the first is green."""

    AS_DECLARED = "as declared"
    DIFFERENT = "different"
    NOT_ENFORCED = "not enforced"
    NOT_JUDGED = "not judged"
    """Nothing could be judged: no policy, no probe, or no control."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """One end: a workload, the cluster's DNS, the outside, or the load balancer."""

    kind: PartyKind
    title: str
    """Short and unique within the matrix, e.g. `order`, `shop/order`, `outside`."""
    ref: ObjectRef | None = None
    """The workload, or the Service `kube-system/kube-dns`; None outside the cluster."""
    address: str = ""
    """The address of what stands outside the cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One port of a target: a column of the matrix."""

    target: Party
    port: int
    """The pod's port, since policies see traffic behind the Service."""
    protocol: str = "TCP"
    services: tuple[str, ...] = ()
    """Service ports that lead here, e.g. `order:80`."""

    @property
    def title(self) -> str:
        """E.g. `order TCP 8080`."""
        return f"{self.target.title} {self.protocol} {self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidingRule:
    """A policy, and which of its rules, that decides a cell by declaration."""

    policy: ObjectRef
    direction: str
    """`egress` or `ingress`."""
    rule: int | None = None
    """Index of the rule that allows; None where the policy isolates and no rule of it allows."""
    file: str = ""
    """POSIX path relative to the repository; empty where it is not known."""
    line: int = 0

    @property
    def field(self) -> str:
        """Dotted path inside the policy, e.g. `spec.ingress[0]`."""
        return "spec.podSelector" if self.rule is None else f"spec.{self.direction}[{self.rule}]"

    @property
    def place(self) -> str:
        """E.g. `base/network/dns.yaml:8`; empty where it is not known."""
        return f"{self.file}:{self.line}" if self.file and self.line else self.file


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One source and one listener: what is declared, what was seen."""

    source: Party
    listener: Listener
    expected: bool
    """Whether the declared policies allow it."""
    seen: Reply
    state: CellState
    via: str = ""
    """Empty for the pod's own address; else the Service port that was asked by name."""
    reason: str = ""
    """Why it is not judged, or how a difference was established."""
    decided_by: tuple[DecidingRule, ...] = ()
    """The rules that allow it, or the policies that isolate and hold no rule for it."""
    live_rules: tuple[str, ...] = ()
    """For a difference: what policies in the cluster say otherwise, in words."""
    fix: str = ""
    pods: tuple[str, ...] = ()
    """`source pod -> target pod` of the probes that tell the state; several with every pod."""

    @property
    def is_difference(self) -> bool:
        """Whether the cluster does otherwise than declared."""
        return self.state in DIFFERENT

    @property
    def title(self) -> str:
        """E.g. `order -> order-db TCP 5432`, unique within the matrix."""
        way = f" via {self.via}" if self.via else ""
        return f"{self.source.title} -> {self.listener.title}{way}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """The experiment that comes first: two pods of ours, one policy of ours."""

    state: Enforcement = Enforcement.NOT_TESTED
    detail: str = ""
    """What was tried and seen, or why it was not tested."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyMatrix:
    """The whole matrix of one environment at one moment."""

    control: Control
    cells: tuple[Cell, ...] = ()
    notes: tuple[str, ...] = ()
    """What was not probed and why, in sentences."""
    policies: int = 0
    """How many NetworkPolicies are declared."""
    left_out: int = 0
    """Pairs that are not in `cells`, because there are too many."""
    seconds: float = 0.0

    @property
    def differences(self) -> tuple[Cell, ...]:
        """Every cell in which the cluster does otherwise than declared."""
        return tuple(cell for cell in self.cells if cell.is_difference)

    @property
    def counts(self) -> Mapping[CellState, int]:
        """How many cells are in each state; every state is a key."""
        found = Counter(cell.state for cell in self.cells)
        return {state: found[state] for state in CellState}

    @property
    def verdict(self) -> MatrixVerdict:
        """The whole matrix in a word."""
        if self.control.state is Enforcement.NOT_ENFORCED:
            return MatrixVerdict.NOT_ENFORCED
        if self.differences:
            return MatrixVerdict.DIFFERENT
        judged = any(cell.state is not CellState.NOT_JUDGED for cell in self.cells)
        tested = self.control.state is Enforcement.ENFORCED
        return MatrixVerdict.AS_DECLARED if judged and tested else MatrixVerdict.NOT_JUDGED


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The neighbouring columns of one target."""

    title: str
    kind: PartyKind
    start: int
    """Index of its first column."""
    span: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One listener."""

    index: int
    port: str
    """E.g. `8080`, `53/UDP`."""
    title: str
    """E.g. `order TCP 8080 (order:80)`, for a tooltip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """One cell where it stands."""

    column: int
    state: CellState
    text: str
    """Everything known of the cell, in lines: who, declared, seen, why not judged, fix."""
    decided_by: tuple[str, ...]
    """Each deciding rule in words, with file and line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One source; where a pair is not in the matrix there is no square."""

    index: int
    title: str
    kind: PartyKind
    squares: tuple[Square, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySection:
    """What a page shows of the matrix; coordinates are indices of rows and columns."""

    verdict: MatrixVerdict
    control: Control
    groups: tuple[Group, ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    counts: Mapping[CellState, int]
    """Over the squares and the paths through Services."""
    paths: tuple[Cell, ...]
    """The cells that were asked by the name of a Service."""
    differences: tuple[Cell, ...]
    notes: tuple[str, ...]
    left_out: int


def policy_section(matrix: PolicyMatrix) -> PolicySection:
    """Returns the picture of a matrix: rows are sources, columns listeners grouped by target."""
    direct = [cell for cell in matrix.cells if not cell.via]
    by_target = _listeners(direct)
    ordered = [listener for own in by_target.values() for listener in own]
    at = {listener: index for index, listener in enumerate(ordered)}
    return PolicySection(
        verdict=matrix.verdict,
        control=matrix.control,
        groups=_groups(by_target),
        columns=tuple(_column(listener, index) for listener, index in at.items()),
        rows=_rows(direct, at),
        counts=matrix.counts,
        paths=tuple(cell for cell in matrix.cells if cell.via),
        differences=matrix.differences,
        notes=matrix.notes,
        left_out=matrix.left_out,
    )


def _listeners(cells: Iterable[Cell]) -> dict[Party, list[Listener]]:
    """Returns the listeners by target: sources in the order of the rows, then the others."""
    listed = list(cells)
    sources = dict.fromkeys(cell.source for cell in listed)
    found: dict[Party, dict[Listener, None]] = {}
    for cell in listed:
        found.setdefault(cell.listener.target, {})[cell.listener] = None
    order = [*(party for party in sources if party in found), *found]
    return {party: list(found[party]) for party in dict.fromkeys(order)}


def _groups(by_target: Mapping[Party, list[Listener]]) -> tuple[Group, ...]:
    found, start = [], 0
    for target, own in by_target.items():
        found.append(Group(title=target.title, kind=target.kind, start=start, span=len(own)))
        start += len(own)
    return tuple(found)


def _column(listener: Listener, index: int) -> Column:
    udp = "" if listener.protocol == "TCP" else f"/{listener.protocol}"
    behind = f" ({', '.join(listener.services)})" if listener.services else ""
    return Column(index=index, port=f"{listener.port}{udp}", title=f"{listener.title}{behind}")


def _rows(cells: Iterable[Cell], at: Mapping[Listener, int]) -> tuple[Row, ...]:
    by_source: dict[Party, list[Square]] = {}
    for cell in cells:
        square = Square(
            column=at[cell.listener],
            state=cell.state,
            text=cell_text(cell),
            decided_by=tuple(rule_text(rule) for rule in cell.decided_by),
        )
        by_source.setdefault(cell.source, []).append(square)
    return tuple(
        Row(
            index=index,
            title=source.title,
            kind=source.kind,
            squares=tuple(sorted(squares, key=lambda square: square.column)),
        )
        for index, (source, squares) in enumerate(by_source.items())
    )


def cell_text(cell: Cell) -> str:
    """Returns everything known of a cell but its rules, one fact in a line."""
    lines = [
        cell.title,
        f"declared: {'allowed' if cell.expected else 'denied'}",
        f"seen: {cell.seen}",
        cell.reason,
        *cell.live_rules,
        f"fix: {cell.fix}" if cell.fix else "",
    ]
    return "\n".join(line for line in lines if line)


def rule_text(rule: DecidingRule) -> str:
    """Returns a deciding rule in words, with its file and line where they are known."""
    policy = f"{rule.policy.namespace}/{rule.policy.name}"
    does = (
        f"isolates for {rule.direction}, and no rule of it allows this"
        if rule.rule is None
        else f"allows it by {rule.field}"
    )
    return f"{policy} {does}" + (f" ({rule.place})" if rule.place else "")
