"""The picture of the gap: one bar for everything, one for each Application, with their words.

Bars and lists come from `harness.model.drift`, sentences from `harness.report.drift_text`, so that
page and terminal say the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.model.drift import DriftFinding, Gap, GapSection, Segment, Share, gap_section
from harness.model.wording import counted
from harness.report.drift_text import made_of, percent

MOST_FINDINGS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class GapRow:
    """One bar with its words."""

    title: str
    made_of: str
    percent: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GapPicture:
    """Everything that the page shows of the gap."""

    section: GapSection
    percent: str
    tone: str
    total: GapRow
    rows: tuple[GapRow, ...]
    shown: tuple[DriftFinding, ...]
    unshown: int
    shares: tuple[Share, ...]
    """Those that occur, for the legend."""


def gap_picture(gap: Gap | None) -> GapPicture | None:
    """Returns the picture of a gap; None where there is none."""
    if gap is None or gap.honesty is None:
        return None
    section = gap_section(gap)
    apps = [app for app in gap.applications if app.declared + app.extra]
    rows = tuple(
        GapRow(
            title=bar.title,
            made_of=made_of(app),
            percent=percent(bar.honesty),
            segments=bar.segments,
        )
        for app, bar in zip(apps, section.bars, strict=True)
    )
    present = {segment.share for segment in section.total.segments}
    return GapPicture(
        section=section,
        percent=percent(gap.honesty),
        tone=_tone(gap),
        total=GapRow(
            title="Everything",
            made_of=_whole(gap),
            percent=percent(gap.honesty),
            segments=section.total.segments,
        ),
        rows=rows,
        shown=section.findings[:MOST_FINDINGS],
        unshown=max(len(section.findings) - MOST_FINDINGS, 0),
        shares=tuple(share for share in Share if share in present),
    )


def _tone(gap: Gap) -> str:
    if gap.findings:
        return "failed"
    return "passed" if gap.exact == gap.declared else "not-judged"


def _whole(gap: Gap) -> str:
    extra = f", {gap.extra} extra" if gap.extra else ""
    return f"{gap.exact} of {counted(gap.declared, 'declared object')} exactly as declared{extra}"
