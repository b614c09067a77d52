"""The former place of `harness.model.wording`, for those who still look for it here."""

from __future__ import annotations

from harness.model.wording import LISTED_NAMES, QUOTATION_CHARACTERS, cut, listed, nearest

__all__ = ["LISTED_NAMES", "QUOTATION_CHARACTERS", "cut", "listed", "nearest"]
