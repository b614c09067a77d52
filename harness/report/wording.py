"""Turns numbers and foreign text into words that are safe to show anywhere.

Pure string work that every format of the report shares: durations, counts, short digests, and the
removal of terminal sequences and control characters from text that other programs produced. What
a run means is decided in `harness.report.verdict`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_]")
"""Terminal sequences of ECMA-48: CSI, OSC, and the two-character ones."""

FORBIDDEN = re.compile(r"[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 forbids, and the C1 controls, which some terminals obey."""


def clean(text: str) -> str:
    """Returns `text` without terminal sequences; control characters become U+FFFD."""
    text = ANSI.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return FORBIDDEN.sub("\ufffd", text)


def one_line(text: str) -> str:
    """Returns `text` on one line, every run of white space being one blank."""
    return " ".join(text.split())


def cut(text: str, limit: int) -> str:
    """Returns `text` on one line of at most `limit` characters, an ellipsis for the rest."""
    text = one_line(text)
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


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


def counted(number: int, noun: str) -> str:
    """Returns a number with its noun in the right form, by adding an s."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def short_digest(digest: str) -> str:
    """Returns a digest cut to twelve hexadecimal digits, enough to tell two apart by eye."""
    algorithm, colon, value = digest.partition(":")
    return f"{algorithm}:{value[:12]}" if colon and len(value) > 12 else digest
