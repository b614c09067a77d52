"""Measures `harness audit` beside `kustomize build` of the same folders, in alternation.

Every round runs each contestant once, and the next round begins with the next one, so that a
machine that gets slower does it to all of them. What counts is the ratio within a round; the page
has the median over the rounds. Whole processes are measured, the start of Python included.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from bench.audit_clock import Timed, timed
from bench.contestants import ROOT
from bench.results import quantile

KUSTOMIZE = "kustomize build"
COLD = "harness audit, cold"
WARM = "harness audit, warm"
BUDGET = 1.5
LIMIT_SECONDS = 900.0
BYTECODE = user_cache_path("gitops-harness") / "bench" / "audit" / "bytecode"
FOUND_SOMETHING = 13
"""How `harness audit` ends where there are findings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """A program in one way of use."""

    name: str
    argv: tuple[str, ...]
    folder: Path = ROOT
    environment: Mapping[str, str] = field(default_factory=dict)
    good: tuple[int, ...] = (0,)
    """Exit codes after which its time counts."""


def harness_entrant(name: str, repository: Path, cache: Path | None) -> Entrant:
    """Returns the harness on a repository, with what it keeps in a folder, or keeping nothing.

    Python keeps compiled modules, as it does unless it is told otherwise; the first run of a
    series, which does not count, compiles them.
    """
    warm = {"XDG_CACHE_HOME": str(cache)} if cache else {"HARNESS_NO_CACHE": "1"}
    modules = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(BYTECODE)}
    return Entrant(
        name=name,
        argv=(sys.executable, "-m", "harness", "audit", str(repository), "--json"),
        environment={**warm, **modules, "NO_COLOR": "1"},
        good=(0, FOUND_SOMETHING),
    )


def kustomize_entrant(kustomize: Path, folders: Iterable[Path]) -> Entrant:
    """Returns kustomize on folders one after another, from a shell, which costs least."""
    built = shlex.join(str(folder) for folder in folders)
    line = (
        f'for folder in {built}; do {shlex.quote(str(kustomize))} build "$folder" || exit 1; done'
    )
    return Entrant(name=KUSTOMIZE, argv=("sh", "-c", line))


def apart(folder: Path, cache: Path) -> Path:
    """Returns a cache folder of our own that has the programs of the harness' cache."""
    own = folder / "cache" / cache.name
    own.mkdir(parents=True, exist_ok=True)
    for name in ("bundles", "parts"):
        if (cache / name).is_dir() and not (own / name).exists():
            (own / name).symlink_to(cache / name)
    return own.parent


def once(entrant: Entrant, *, memory: bool = False) -> Timed:
    """Runs an entrant.

    Raises:
        LookupError: It failed, so that its time would mean nothing.
    """
    found = timed(
        entrant.argv,
        folder=entrant.folder,
        environment=entrant.environment,
        limit_seconds=LIMIT_SECONDS,
        memory=memory,
    )
    if found.code not in entrant.good:
        message = f"{entrant.name} ended with {found.code}: {found.errors[-500:]}"
        raise LookupError(message)
    return found


def rounds(
    entrants: Sequence[Entrant],
    repetitions: int,
    say: Callable[[str], None],
    *,
    run: Callable[[Entrant], Timed] = once,
) -> list[dict[str, Timed]]:
    """Returns what each entrant took in every round; each has run once before, uncounted."""
    for entrant in entrants:
        run(entrant)
    found = []
    for number in range(repetitions):
        first = number % len(entrants)
        order = (*entrants[first:], *entrants[:first])
        found.append({entrant.name: run(entrant) for entrant in order})
        took = ", ".join(f"{e.name} {found[-1][e.name].seconds:.2f} s" for e in entrants)
        say(f"  round {number + 1} of {repetitions}: {took}")
    return found


def summary(found: Sequence[Mapping[str, Timed]], reference: str = KUSTOMIZE) -> dict[str, Any]:
    """Returns, for each entrant, its seconds and its ratios to the reference, as plain values."""
    return {
        name: {
            "seconds": spread(r[name].seconds for r in found),
            "processor_seconds": spread(r[name].processor_seconds for r in found),
            "ratio": spread(r[name].seconds / r[reference].seconds for r in found),
            "processor_ratio": spread(
                r[name].processor_seconds / r[reference].processor_seconds for r in found
            ),
        }
        for name in (found[0] if found else ())
    }


def spread(values: Iterable[float]) -> dict[str, Any]:
    """Returns the median of values, the least and the greatest, and all of them in their order."""
    given = [round(value, 4) for value in values]
    return {"median": quantile(given, 0.5), "min": min(given), "max": max(given), "all": given}


def plain(found: Timed) -> dict[str, Any]:
    """Returns a measurement without what the program printed."""
    return {k: v for k, v in asdict(found).items() if k not in {"output", "errors"}}
