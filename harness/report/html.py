"""The run as one HTML file that needs nothing else: no script, no font, no address.

Verdict first, then causes with their lines, the pictures of stages and pods, Applications, the
policy matrix, the gap, images, proofs, notes and facts; each has its template in `page/`. Every
text is escaped by Jinja2, and the document is well-formed XML, so that tools can read it. Geometry
comes from `timeline`, `pod_rows`, `policy_picture` and `gap_rows`, words from `verdict`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from harness import __version__
from harness.model.excerpt import Excerpt
from harness.model.pods import PodPhase
from harness.model.policies import rule_text
from harness.model.run import ImageDelivery, ObjectStatus, RunRecord
from harness.report.drift_text import who_and_when
from harness.report.ending import bad_news
from harness.report.failure import error_pieces
from harness.report.findings import (
    finding_rows,
    shown_findings,
    shown_suspects,
    title_of,
)
from harness.report.gap_rows import gap_picture
from harness.report.pod_rows import pod_picture
from harness.report.policy_picture import MEANING, TONE, policy_picture
from harness.report.timeline import timeline, waiting_began
from harness.report.verdict import (
    headline,
    is_ready,
    is_substituted,
    stage_remark,
    tally,
    verdict,
    waiting,
)
from harness.report.wording import counted, cut, duration, moment

FOLDER = Path(__file__).with_name("page")
TEMPLATE = "page.html.j2"
PHASE_HEIGHTS = {
    PodPhase.PENDING: 2,
    PodPhase.CREATING: 5,
    PodPhase.PULLING: 8,
    PodPhase.INIT: 10,
    PodPhase.STARTING: 12,
    PodPhase.READY: 15,
    PodPhase.UNREADY: 12,
    PodPhase.FAILING: 15,
    PodPhase.COMPLETED: 5,
    PodPhase.ENDING: 2,
}
"""Pixels: a start climbs like a staircase, so that it can be read without colours."""


def html_report(run: RunRecord) -> str:
    """Returns the run as a self-contained HTML document."""
    template = _environment().get_template(TEMPLATE)
    picture = timeline(run)
    return template.render(
        run=run,
        verdict=verdict(run),
        headline=headline(run),
        pieces=_pieces(run),
        findings=shown_findings(run),
        suspects=shown_suspects(run),
        has_bad_news=bool(bad_news(run)),
        tally=tally(run),
        picture=picture,
        pods=pod_picture(run.pods, picture.total_seconds),
        policies=policy_picture(run.policies),
        gap=gap_picture(run.gap),
        excerpts=_by_place(run.excerpts),
        remarks={stage.name: stage_remark(stage, run) for stage in run.stages},
        waiting=waiting(run.objects),
        waiting_began=waiting_began(run),
        ready=sorted((s for s in run.objects if is_ready(s)), key=_moment),
        version=__version__,
    )


def _pieces(run: RunRecord) -> list[str]:
    """The error's sentences; where root causes are shown below, they say it better."""
    if run.error is None or run.interrupted or shown_findings(run):
        return []
    return error_pieces(run.error)


def _by_place(excerpts: Iterable[Excerpt]) -> dict[tuple[str, int], Excerpt]:
    return {(excerpt.file, excerpt.line): excerpt for excerpt in excerpts}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        duration=duration, counted=counted, percent=_percent, cut=cut, moment=moment
    )
    environment.globals.update(
        finding_rows=finding_rows,
        title_of=title_of,
        is_ready=is_ready,
        is_substituted=is_substituted,
        running=_running,
        rule_text=rule_text,
        who_and_when=who_and_when,
        glyph=GLYPHS,
        height=PHASE_HEIGHTS,
        meaning=MEANING,
        tone=TONE,
    )
    return environment


GLYPHS = {
    "passed": "✔",
    "failed": "✖",
    "interrupted": "■",
    "incomplete": "!",
    "running": "■",
    "skipped": "↷",
    "waiting": "·",
    "ready": "✔",
    "progressing": "◔",
    "terminating": "◔",
    "stuck": "✖",
    "missing": "✖",
    "not judged": "?",
    "allowed": "✔",
    "denied": "·",
    "open": "!",
    "closed": "✖",
}


def _percent(number: float) -> str:
    return f"{number:.3f}%"


def _moment(status: ObjectStatus) -> tuple[float, str]:
    return (status.ready_after_seconds or 0.0, str(status.ref))


def _running(image: ImageDelivery) -> str:
    if not image.running_digest:
        return "not compared"
    return "this digest" if image.running_digest == image.digest else "another digest"
