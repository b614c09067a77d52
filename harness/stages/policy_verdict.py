"""What the policy matrix means for a run: one line, or the error that it ends with."""

from __future__ import annotations

from harness.model.errors import ProofError
from harness.model.policies import Cell, CellState, MatrixVerdict, PolicyMatrix


def one_sentence(matrix: PolicyMatrix) -> str:
    """Returns a matrix in words."""
    if matrix.verdict is MatrixVerdict.NOT_JUDGED:
        return f"policies not judged: {matrix.control.detail or 'nothing could be probed'}"
    good = sum(matrix.counts[s] for s in (CellState.ALLOWED, CellState.DENIED))
    return f"{good} of {len(matrix.cells)} connections are as {matrix.policies} policies declare"


def fail_on_difference(matrix: PolicyMatrix) -> None:
    """Raises what a run ends with where the matrix is not as declared.

    Raises:
        ProofError: See the message.
    """
    if matrix.verdict is MatrixVerdict.NOT_ENFORCED:
        raise ProofError(
            attempted="Proving the network policies in",
            subject="the cluster",
            seen=f"the cluster does not enforce policies: {matrix.control.detail}",
            expected="a network plugin that enforces NetworkPolicy",
            next_step="kubectl -n kube-system get pods; for kind use v0.24 or later",
        )
    if matrix.verdict is MatrixVerdict.DIFFERENT:
        raise _different(matrix.differences)


def _different(differences: tuple[Cell, ...]) -> ProofError:
    first = differences[0]
    more = f" (and {len(differences) - 1} more)" if len(differences) > 1 else ""
    rules = [f"{r.policy} {r.place}".strip() for r in first.decided_by[:1]]
    by = next(iter(rules), "the absence of policies")
    return ProofError(
        attempted="Proving the network policies by",
        subject=f"{first.title}{more}",
        seen="; ".join((first.reason, *first.live_rules)),
        expected=f"{by} allows it" if first.expected else f"{by} denies it",
        next_step=first.fix,
    )
