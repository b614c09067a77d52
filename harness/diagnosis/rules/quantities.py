"""The former place of `harness.diagnosis.rules.schedule.quantities`."""

from __future__ import annotations

from harness.diagnosis.rules.schedule.quantities import in_words, quantity

__all__ = ["in_words", "quantity"]
