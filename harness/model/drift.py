"""The gap between what is declared, what the engine wants, and what runs: findings and counts.

`harness.drift` finds it, `harness.report` shows it. The words are those of the JSON schema
(`harness/drift/schema.json`). An object that could not be read is "not judged": it lowers the
honesty, because nothing proves that it is as declared, and it is no finding.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from harness.model.refs import ObjectRef


class DriftKind(StrEnum):
    """In which way something that runs is not what is declared."""

    MISSING = "missing"
    """Declared, and not in the cluster, or being deleted there."""
    EXTRA = "extra"
    """In a namespace of the declaration, and nobody declares it."""
    DIFFERENT = "different"
    """A field has another value than the declaration would give it."""
    IMAGE = "image"
    """A container runs another digest than its declared image stands for now."""
    REVISION = "revision"
    """Something is older than the wanted commit: an Application, or pods of an older template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftFinding:
    """One difference, with whoever made it and the line of the repository that says otherwise."""

    kind: DriftKind
    object: ObjectRef
    application: str
    """Empty for the bootstrap's objects and for extras that no single Application is to blame
    for."""
    field: str = ""
    """Dotted path inside the object, list items by name; empty for the whole object."""
    declared: str = ""
    """What the declaration says, shortened; empty where it says nothing."""
    desired: str = ""
    """What the engine applied last, shortened; empty where that is not known."""
    live: str = ""
    """What runs, shortened; empty where there is nothing."""
    sync: str = ""
    """The engine's own word for the object (`Synced`, `OutOfSync`); empty where it has none."""
    manager: str = ""
    """Field manager that wrote the live value; empty where the API server does not know."""
    operation: str = ""
    """How it wrote: `Apply` or `Update`, with `scale` for that subresource."""
    time: str = ""
    """When, RFC 3339; empty where it is not known."""
    file: str = ""
    """POSIX path relative to the repository; empty where it is not known."""
    line: int = 0
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """An object that was not judged, or judged in another way, and why."""

    object: ObjectRef
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationGap:
    """How much of one Application runs as declared.

    The counts are of objects, and each object counts once: `exact + different + missing +
    not_judged` is what is declared.
    """

    name: str
    """Empty for what belongs to no single Application: see `title`."""
    title: str
    namespaces: tuple[str, ...] = ()
    revision: str = ""
    """Commit that the engine last compared with; empty where it is not known."""
    wanted: str = ""
    """Commit that it should be at; empty where it is not known."""
    sync: str = ""
    health: str = ""
    exact: int = 0
    different: int = 0
    """Other fields, another digest, or pods of an older template."""
    missing: int = 0
    not_judged: int = 0
    extra: int = 0
    findings: tuple[DriftFinding, ...] = ()

    @property
    def declared(self) -> int:
        """How many objects are declared."""
        return self.exact + self.different + self.missing + self.not_judged

    @property
    def honesty(self) -> float | None:
        """Percent of declared objects and extras that are exactly as declared."""
        return honesty(self.exact, self.declared + self.extra)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """The whole gap of one environment at one moment."""

    applications: tuple[ApplicationGap, ...] = ()
    not_judged: tuple[Remark, ...] = ()
    without_dry_run: tuple[Remark, ...] = ()
    """Compared by declared fields only, because the API server refused the dry run."""
    notes: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[DriftFinding, ...]:
        """Every finding, in the order of the Applications."""
        return tuple(f for app in self.applications for f in app.findings)

    @property
    def exact(self) -> int:
        """How many declared objects are exactly as declared."""
        return sum(app.exact for app in self.applications)

    @property
    def declared(self) -> int:
        """How many objects are declared."""
        return sum(app.declared for app in self.applications)

    @property
    def extra(self) -> int:
        """How many objects nobody declares."""
        return sum(app.extra for app in self.applications)

    @property
    def honesty(self) -> float | None:
        """Percent of declared objects and extras that are exactly as declared."""
        return honesty(self.exact, self.declared + self.extra)


def honesty(exact: int, of: int) -> float | None:
    """Returns a percentage cut to one decimal, so that 100 means all; None for nothing at all."""
    return exact * 1000 // of / 10 if of else None


class Share(StrEnum):
    """The parts of a bar, in their order from left to right."""

    EXACT = "exact"
    DIFFERENT = "different"
    MISSING = "missing"
    EXTRA = "extra"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One part of a bar: where it begins and how long it is, in percent of the bar."""

    share: Share
    count: int
    start: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """The stacked bar of one Application."""

    title: str
    honesty: float | None
    segments: tuple[Segment, ...]
    """Empty parts left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GapSection:
    """What a page shows of the gap: one bar for all, one for each Application, the findings."""

    total: Bar
    bars: tuple[Bar, ...]
    findings: tuple[DriftFinding, ...]
    without_dry_run: tuple[Remark, ...]
    not_judged: tuple[Remark, ...]
    notes: tuple[str, ...]


def gap_section(gap: Gap) -> GapSection:
    """Returns the bars and lists of a gap; Applications without any object have no bar."""
    apps = [app for app in gap.applications if app.declared + app.extra]
    return GapSection(
        total=_bar("all", [_shares(app) for app in apps]),
        bars=tuple(_bar(app.title, [_shares(app)]) for app in apps),
        findings=gap.findings,
        without_dry_run=gap.without_dry_run,
        not_judged=gap.not_judged,
        notes=gap.notes,
    )


def _shares(app: ApplicationGap) -> tuple[int, ...]:
    return app.exact, app.different, app.missing, app.extra, app.not_judged


def _bar(title: str, shares: Iterable[tuple[int, ...]]) -> Bar:
    counts = [sum(column) for column in zip(*shares, strict=True)]
    total = sum(counts)
    segments, start = [], 0.0
    for share, count in zip(Share, counts or [0] * len(Share), strict=True):
        if count:
            width = count * 100 / total
            segments.append(Segment(share=share, count=count, start=start, width=width))
            start += width
    exact = counts[0] if counts else 0
    return Bar(title=title, honesty=honesty(exact, total), segments=tuple(segments))
