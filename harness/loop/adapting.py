"""Gives the cluster what a tree expects of it, without what the user wants withheld.

Nodes are made when the cluster is, so what a save changes there is said and not followed.
"""

from __future__ import annotations

from dataclasses import replace

from harness.stages.adaptation import adaptation
from harness.stages.context import Context
from harness.stages.stage import Voice


def adapt_cluster(context: Context, voice: Voice) -> str:
    """Adapts the cluster to the tree of a context."""
    found = context.adaptation.get()
    kept = tuple(o for o in found.objects if not context.withheld(str(o["metadata"]["name"])))
    names = {str(o["metadata"]["name"]) for o in found.objects if o not in kept}
    said = tuple(a for a in found.adaptations if a.subject.rpartition(" ")[2] not in names)
    context.adaptation.put(replace(found, objects=kept, adaptations=said))
    return adaptation(context, voice)


def adaptation_key(context: Context) -> tuple[str, ...]:
    """Returns what tells the adaptations of two trees apart."""
    return tuple(sorted(str(each) for each in context.adaptation.get().adaptations))
