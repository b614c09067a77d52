"""Placeholder until its author writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from harness.diagnosis.facts import Facts
from harness.diagnosis.signal import Signal

RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = ()
