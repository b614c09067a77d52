"""Takes an error apart: into its six parts for storing, into its sentences for showing.

The sentences, joined by blanks, are always the whole paragraph of `HarnessError`, so that no
format says less than another. Which error a run ended with is told by `RunRecord.error`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.model.errors import HarnessError

PARTS = ("attempted", "subject", "seen", "expected", "next_step", "log")


def error_parts(error: HarnessError) -> dict[str, str]:
    """Returns the six parts of an error by name."""
    return {name: str(getattr(error, name)) for name in PARTS}


def error_of_kind(kind: str, parts: Mapping[str, str]) -> HarnessError:
    """Returns an error of the class named `kind`; an unknown name gives the base class."""
    known = {cls.__name__: cls for cls in _descendants(HarnessError)}
    chosen = known.get(kind, HarnessError)
    error = chosen.__new__(chosen)
    HarnessError.__init__(error, **parts)
    return error


def error_pieces(error: HarnessError) -> list[str]:
    """Returns the paragraph cut where Expected, Next and Full output begin."""
    rest = error.paragraph()
    pieces: list[str] = []
    for label, value in (
        ("Full output", error.log),
        ("Next", error.next_step),
        ("Expected", error.expected),
    ):
        marker = f" {label}: {value.strip()}"
        if value and marker in rest:
            rest, _, tail = rest.rpartition(marker)
            pieces.insert(0, f"{marker.strip()}{tail}")
    return [rest, *pieces]


def _descendants(cls: type[HarnessError]) -> Iterator[type[HarnessError]]:
    for child in cls.__subclasses__():
        yield child
        yield from _descendants(child)
