"""Tells whether two trees ask the same of the cluster.

Nodes are made when the cluster is, so what a save changes there is said and not followed.
"""

from __future__ import annotations

from harness.stages.context import Context


def adaptation_key(context: Context) -> tuple[str, ...]:
    """Returns what tells the adaptations of two trees apart."""
    return tuple(sorted(str(each) for each in context.adaptation.get().adaptations))
