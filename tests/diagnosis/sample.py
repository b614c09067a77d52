"""Recorded timelines with the root they must lead to: one test drives them all.

A sample is a function that builds a `World`. It is replayed as it is, with events dropped, entries
doubled and reordered, and with the harness restarted in the middle; the verdict must not change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.diagnosis.world import World

SAMPLES: list[Sample] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One timeline and what it must lead to."""

    name: str
    build: Callable[[], World]
    roots: tuple[tuple[str, str], ...]
    """(cause, object as text) of every expected root; empty for slow but healthy ones."""
    within: float
    """Seconds after the start by which the verdict must stand."""
    not_before: float = 0.0
    """Nothing may be called failed before this."""
    innocent: tuple[str, ...] = ()
    """Objects as text that must not be roots."""
    victims: tuple[str, ...] = ()
    """Objects as text that must be among the victims."""
    variations: bool = field(default=True)
    """False when the cause stands in Events alone, so that dropping them loses it."""


def sample(
    *roots: tuple[str, str], within: float, **fields: Any
) -> Callable[[Callable[[], World]], Callable[[], World]]:
    """Registers the decorated builder as a sample."""

    def register(build: Callable[[], World]) -> Callable[[], World]:
        SAMPLES.append(
            Sample(name=build.__name__, build=build, roots=roots, within=within, **fields)
        )
        return build

    return register
