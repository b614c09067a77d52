"""How often a state that still holds was observed, where the API counts nothing itself.

Controllers and the scheduler look again at least every 15 s (resync of claims), so a state that
began a while ago and still stands was seen by them that many times.
"""

from __future__ import annotations

from harness.diagnosis.facts import Facts

LOOK_SECONDS = 15.0


def observations(facts: Facts, since: float) -> int:
    """Returns how often a state that began at `since` and still holds was looked at."""
    return 1 + max(0, int((facts.now - since) // LOOK_SECONDS))
