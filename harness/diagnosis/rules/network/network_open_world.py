"""Whether somebody else may still make Services, pods or names that nothing declares. Pure.

An operator makes Services and pods out of its own kinds of objects, so that their absence is no
fact as long as such an object is declared (the closed world of class T0c).
"""

from __future__ import annotations

from harness.diagnosis.facts import Facts

_PASSIVE_GROUPS = (".k8s.io", "argoproj.io", "monitoring.coreos.com", "kyverno.io")
_BUILT_IN = frozenset({"apps", "batch", "autoscaling", "policy", "v1", "extensions", ""})


def may_be_made(facts: Facts, namespace: str) -> bool:
    """Tells whether an operator's object of the namespace is declared."""
    return any(
        ref.namespace == namespace and _is_operators(str(declared.object.get("apiVersion") or ""))
        for ref, declared in facts.declared.items()
    )


def _is_operators(version: str) -> bool:
    group = version.partition("/")[0]
    return group not in _BUILT_IN and not group.endswith(_PASSIVE_GROUPS)
