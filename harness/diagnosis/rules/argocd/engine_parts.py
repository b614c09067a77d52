"""The parts of Argo CD that look at Applications, and whether they are up.

What an Application shows while one of them is not ready says nothing about the Application: nobody
has looked, or the look failed on the way. Their own faults are C06 and the causes of their pods.
Names are those of Argo CD's manifests, with whatever a chart puts in front of them.
"""

from __future__ import annotations

from harness.diagnosis.facts import Facts
from harness.model.refs import ObjectRef

REPO_SERVER = "argocd-repo-server"
REDIS = "argocd-redis"
_LOOKING = ("application-controller", "applicationset-controller", "repo-server", "redis")
_KINDS = ("Deployment", "StatefulSet")


def engine_part(facts: Facts, name: str) -> ObjectRef:
    """Returns the workload of Argo CD with this name, live where it is, else by its usual kind."""
    namespace = facts.header.engine_namespace
    found = (r for r in _live(facts, namespace) if r.name.endswith(name))
    return next(found, ObjectRef("Deployment", namespace, name))


def _live(facts: Facts, namespace: str) -> list[ObjectRef]:
    return [
        ObjectRef.of({**obj, "kind": kind}) for kind in _KINDS for obj in facts.all(kind, namespace)
    ]


def looking_parts(facts: Facts) -> tuple[ObjectRef, ...]:
    """Returns the live workloads of Argo CD without which no Application is looked at."""
    live = _live(facts, facts.header.engine_namespace)
    return tuple(r for r in live if any(word in r.name for word in _LOOKING))


def is_engine_ready(facts: Facts) -> bool:
    """Tells whether every part that looks at Applications is ready, as far as it is known."""
    return all(facts.is_ok(part) for part in looking_parts(facts))


def engine_ready_since(facts: Facts) -> float:
    """Returns the epoch seconds since which all of them are ready; 0 where that is not known."""
    return max((facts.ready_since(part) for part in looking_parts(facts)), default=0.0)
