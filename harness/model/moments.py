"""Moments as the API writes them, as epoch seconds. Pure; nobody asks for the time here."""

from __future__ import annotations

from datetime import datetime
from typing import Any


def epoch(text: Any) -> float:
    """Returns the epoch seconds of an RFC 3339 time; 0 where there is none."""
    if not text:
        return 0.0
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return 0.0
