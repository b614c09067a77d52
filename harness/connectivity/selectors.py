"""Label selectors: which labels they select, and in words what labels lack. Pure.

Semantics of `LabelSelector` (Kubernetes API, meta/v1): all requirements must hold, an empty
selector selects everything, an absent one (None) nothing; `NotIn` holds for a key that is absent.
A Service's selector is a plain map and is not read here (see `services`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Labels = Mapping[str, str]
Selector = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One condition on labels."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def is_met(self, labels: Labels) -> bool:
        """Whether the labels fulfil it; an operator that Kubernetes does not know is never met."""
        match self.operator:
            case "In":
                return labels.get(self.key) in self.values
            case "NotIn":
                return labels.get(self.key) not in self.values
            case "Exists":
                return self.key in labels
            case "DoesNotExist":
                return self.key not in labels
            case _:
                return False

    def __str__(self) -> str:
        match self.operator:
            case "In" if len(self.values) == 1:
                return f"{self.key}={self.values[0]}"
            case "In" | "NotIn":
                word = "in" if self.operator == "In" else "not in"
                return f"{self.key} {word} ({', '.join(self.values)})"
            case "Exists":
                return self.key
            case _:
                return f"{self.operator} {self.key}"


def requirements(selector: Selector | None) -> tuple[Requirement, ...]:
    """Returns the conditions of a selector, none for an empty or absent one."""
    if not selector:
        return ()
    equal = [
        Requirement(key=key, operator="In", values=(str(value),))
        for key, value in (selector.get("matchLabels") or {}).items()
    ]
    return (*equal, *_expressions(selector))


def _expressions(selector: Selector) -> tuple[Requirement, ...]:
    return tuple(
        Requirement(
            key=str(entry.get("key") or ""),
            operator=str(entry.get("operator") or ""),
            values=tuple(str(value) for value in entry.get("values") or ()),
        )
        for entry in selector.get("matchExpressions") or []
    )


def selects(selector: Selector | None, labels: Labels) -> bool:
    """Whether the selector selects labels; None selects nothing, `{}` everything."""
    if selector is None:
        return False
    # Asked for every pair of policy and pod: no Requirement is made for what is compared at once.
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != str(value):
            return False
    return all(r.is_met(labels) for r in _expressions(selector))


def unmet(selector: Selector | None, labels: Labels) -> tuple[Requirement, ...]:
    """Returns the conditions that the labels do not fulfil."""
    return tuple(r for r in requirements(selector) if not r.is_met(labels))


def in_words(selector: Selector | None) -> str:
    """Returns a selector as kubectl writes it, e.g. `app=order, tier in (a, b)`."""
    return ", ".join(str(r) for r in requirements(selector)) or "(everything)"
