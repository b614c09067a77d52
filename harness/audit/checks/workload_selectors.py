"""A workload whose selector does not match the labels of its own pods: cause R15.

The API server refuses it (`selector does not match template labels`, kubernetes
`pkg/apis/apps/validation`); often a label transformer or a patch has changed one of the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.audit.checks.all_checks import ScopeCheck
from harness.audit.finding import Fault
from harness.audit.reading import at, group_of, is_placeholder, mapping, written
from harness.audit.scope import Declared, Scope

KINDS = ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet")


def unmatched_templates(scope: Scope) -> Iterator[Fault]:
    """Yields workloads whose matchLabels are no part of their template's labels."""
    for declared in scope.of_kind(*KINDS):
        if group_of(declared.object) == "apps":
            wanted = _labels(declared, "selector", "matchLabels")
            labels = _labels(declared, "template", "metadata", "labels")
            for key, value in wanted.items():
                known = labels.get(key, "")
                if known != value and not any(map(is_placeholder, (key, value, known))):
                    yield _unmatched(declared, key, value, known)
                    break


def _labels(declared: Declared, *path: str) -> Mapping[str, str]:
    found = mapping(at(declared.object, "spec", *path))
    return {str(key): written(value) for key, value in found.items()}


def _unmatched(declared: Declared, key: str, value: str, known: str) -> Fault:
    pods = f"its pods have {key}={known}" if known else f"its pods have no label {key}"
    return Fault(
        rule="selector-not-in-template",
        object=declared.ref,
        message=f"{declared.ref} selects {key}={value}, and {pods}",
        expected="spec.selector.matchLabels as a part of spec.template.metadata.labels",
        fix=f"give the template the label {key}: {value}, or correct the selector",
        cause="R15",
        field=f"spec.selector.matchLabels[{key}]",
        value=value,
        source=declared.source.path,
    )


CHECKS: tuple[ScopeCheck, ...] = (unmatched_templates,)
