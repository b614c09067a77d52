"""What was measured, as data and as files: one JSON file each under the report folder.

A measurement of the same name replaces the one before, so that a table can be made of several
runs of the benchmark.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """How one contestant did on one case."""

    contestant: str
    word: str
    """Of `bench.verdict.Word`; `skipped` where it does not apply."""
    seconds: float
    """From the moment the objects were delivered to the end of its process."""
    exit_code: int
    named: bool
    """Whether it named the cause: for the harness exactly the roots and nothing else."""
    given: tuple[str, ...] = ()
    first_seen: float | None = None
    """Seconds after the delivery at which the harness saw the cause."""
    decided: float | None = None
    """Seconds after the delivery at which the harness was certain."""
    output: str = ""
    """The end of what it printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One case, given to every contestant at once."""

    case: str
    route: str
    """`apply` or `argocd`."""
    repetition: int
    visible: float | None
    """Seconds after the delivery at which the API showed the cause."""
    limit_seconds: float
    attempts: tuple[Attempt, ...]
    lines: tuple[str, ...] = ()
    """What the API showed, with seconds after the delivery."""

    @property
    def key(self) -> str:
        """Distinguishes it from the other measurements of its file."""
        return f"{self.case}/{self.route}/{self.repetition}"


def loaded(path: Path) -> dict[str, Any]:
    """Returns the content of a JSON file; empty where there is none."""
    if not path.is_file():
        return {}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def stored(path: Path, found: Mapping[str, Any]) -> None:
    """Writes a JSON file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def add(path: Path, measured: Measured) -> None:
    """Adds a measurement to a file, in place of the one of the same key."""
    stored(path, {**loaded(path), measured.key: asdict(measured)})


def measurements(path: Path) -> list[Measured]:
    """Returns the measurements of a file, in the order of their keys."""
    return [_measured(raw) for _, raw in sorted(loaded(path).items())]


def _measured(raw: Mapping[str, Any]) -> Measured:
    attempts = tuple(
        Attempt(**{**attempt, "given": tuple(attempt["given"])}) for attempt in raw["attempts"]
    )
    return Measured(**{**raw, "attempts": attempts, "lines": tuple(raw["lines"])})


def quantile(values: Iterable[float], part: float) -> float:
    """Returns the value below which this part of the values lies (nearest rank).

    Raises:
        ValueError: There are no values.
    """
    ordered = sorted(values)
    if not ordered:
        message = "no values"
        raise ValueError(message)
    return ordered[max(1, math.ceil(part * len(ordered))) - 1]
