"""The run as one HTML file that needs nothing else: no script, no font, no address.

Verdict first, then the picture of the run, workloads, Applications, images, proofs, notes and
facts. Every text is escaped by Jinja2; the document is also well-formed XML, so that tools can read
it. Geometry comes from `harness.report.timeline`, words from `harness.report.verdict`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from harness import __version__
from harness.model.run import ImageDelivery, ObjectStatus, RunRecord
from harness.report.ending import bad_news
from harness.report.failure import error_pieces
from harness.report.findings import (
    finding_rows,
    shown_findings,
    shown_suspects,
    title_of,
)
from harness.report.timeline import timeline
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

TEMPLATE = "report.html.j2"


def html_report(run: RunRecord) -> str:
    """Returns the run as a self-contained HTML document."""
    template = _environment().get_template(TEMPLATE)
    return template.render(
        run=run,
        verdict=verdict(run),
        headline=headline(run),
        pieces=_pieces(run),
        findings=shown_findings(run),
        suspects=shown_suspects(run),
        has_bad_news=bool(bad_news(run)),
        tally=tally(run),
        picture=timeline(run),
        remarks={stage.name: stage_remark(stage, run) for stage in run.stages},
        waiting=waiting(run.objects),
        ready=sorted((s for s in run.objects if is_ready(s)), key=_moment),
        version=__version__,
    )


def _pieces(run: RunRecord) -> list[str]:
    """The error's sentences; where root causes are shown below, they say it better."""
    if run.error is None or run.interrupted or shown_findings(run):
        return []
    return error_pieces(run.error)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
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
        glyph=GLYPHS,
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
}


def _percent(number: float) -> str:
    return f"{number:.3f}%"


def _moment(status: ObjectStatus) -> tuple[float, str]:
    return (status.ready_after_seconds or 0.0, str(status.ref))


def _running(image: ImageDelivery) -> str:
    if not image.running_digest:
        return "not compared"
    return "this digest" if image.running_digest == image.digest else "another digest"
