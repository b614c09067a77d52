"""Turns numbers and foreign text into words that are safe to show anywhere.

Pure string work that every format of the report shares: durations, short digests, and the removal
of terminal sequences and control characters from text that other programs produced; counting and
cutting are `harness.model.wording`'s. What a run means is decided in `harness.report.verdict`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from harness.model.wording import counted, cut, one_line

__all__ = ["clean", "counted", "cut", "duration", "moment", "one_line", "short_digest"]

ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_]")
"""Terminal sequences of ECMA-48: CSI, OSC, and the two-character ones."""

FORBIDDEN = re.compile(r"[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 forbids, and the C1 controls, which some terminals obey."""


def clean(text: str) -> str:
    """Returns `text` without terminal sequences; control characters become U+FFFD."""
    text = ANSI.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return FORBIDDEN.sub("\ufffd", text)


def duration(seconds: float) -> str:
    """Returns a length of time as people say it: `0.4 s`, `42 s`, `3 min 12 s`, `1 h 02 min`."""
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def moment(stamp: str) -> str:
    """Returns an ISO 8601 time in UTC to the second; text that is none comes back as it is."""
    try:
        read = datetime.fromisoformat(stamp)
    except ValueError:
        return stamp
    return f"{read.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if read.tzinfo else stamp


def short_digest(digest: str) -> str:
    """Returns a digest cut to twelve hexadecimal digits, enough to tell two apart by eye."""
    algorithm, colon, value = digest.partition(":")
    return f"{algorithm}:{value[:12]}" if colon and len(value) > 12 else digest
