"""The run as Markdown, verdict first; made for the job summary of a CI run.

Long lists are folded (`<details>`, which GitHub and GitLab both show), what needs a look is not.
Foreign text is escaped, so that no message breaks a table or adds markup. The same counts and
sentences as everywhere come from `harness.report.verdict`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.model.run import Health, ImageDelivery, ObjectStatus, RunRecord, StageState
from harness.report.ending import bad_news
from harness.report.markdown import (
    FOLD_ABOVE,
    code,
    escaped,
    fenced,
    folded,
    heading,
    message,
    table,
)
from harness.report.summary_pictures import gap, policies
from harness.report.timeline import waiting_began
from harness.report.verdict import (
    Verdict,
    headline,
    is_ready,
    is_substituted,
    stage_remark,
    tally,
    verdict,
    waiting,
)
from harness.report.wording import counted, duration, moment, one_line, short_digest

MARKS = {
    Verdict.PASSED: "✅",
    Verdict.FAILED: "❌",
    Verdict.INTERRUPTED: "⚠️",
    Verdict.INCOMPLETE: "⚠️",
    StageState.PASSED: "✅",
    StageState.FAILED: "❌",
    StageState.RUNNING: "⚠️",
    StageState.SKIPPED: "⏭️",
    StageState.WAITING: "⚪",
    Health.READY: "✅",
    Health.PROGRESSING: "⏳",
    Health.TERMINATING: "⏳",
    Health.STUCK: "❌",
    Health.MISSING: "❌",
    Health.NOT_JUDGED: "❔",
}


def summary_markdown(run: RunRecord) -> str:
    """Returns the run as a Markdown document."""
    sections = (
        _verdict(run),
        _failure(run),
        _stages(run),
        _not_ready(run),
        _applications(run),
        policies(run),
        gap(run),
        _ready(run),
        _images(run.images),
        _audit(run),
        _proofs(run),
        _items("Notes", run.notes),
        _items("Left behind", run.leftovers),
        _facts(run),
    )
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _verdict(run: RunRecord) -> list[str]:
    word = verdict(run)
    return [
        f"# {MARKS[word]} {word.capitalize()}: {escaped(run.environment)}",
        "",
        f"**{escaped(headline(run))}**",
        "",
        f"{code(run.repository)} · {code(run.command)} · {escaped(moment(run.started_at))} · "
        f"run {code(run.run_id)}",
    ]


def _failure(run: RunRecord) -> list[str]:
    return [line for piece in bad_news(run) for line in (f"> {escaped(piece)}", ">")][:-1]


def _stages(run: RunRecord) -> list[str]:
    rows = [
        (
            f"{MARKS[stage.state]} {stage.state}",
            escaped(stage.title),
            duration(stage.seconds) if stage.seconds else "",
            message(stage_remark(stage, run)),
        )
        for stage in run.stages
    ]
    return [*heading("Stages", len(rows)), *table(("State", "Stage", "Time", "Detail"), rows)]


def _audit(run: RunRecord) -> list[str]:
    rows = [
        (
            escaped(found.severity),
            escaped(found.rule),
            code(str(found.object)),
            message(f"{found.message}. Fix: {found.fix}"),
            code(f"{found.file}:{found.line}") if found.file else "",
        )
        for found in run.audit
    ]
    head = ("Severity", "Rule", "Object", "Seen", "Line to change")
    return folded(f"Audit: {counted(len(rows), 'finding')}", table(head, rows), len(rows))


def _applications(run: RunRecord) -> list[str]:
    rows = [
        (
            f"{'✅' if status.passed else '❌'} {escaped(status.sync)}, {escaped(status.health)}",
            code(status.name),
            code(status.path),
            code(status.revision[:12]),
            escaped(status.operation),
            str(status.resources),
            message(status.message),
        )
        for status in run.applications
    ]
    head = ("State", "Application", "Path", "Revision", "Operation", "Resources", "Message")
    good, total = tally(run).applications
    return folded(f"Applications: {good} of {total} synced", table(head, rows), len(rows))


def _not_ready(run: RunRecord) -> list[str]:
    unready = waiting(run.objects)
    title = f"Not ready: {len(unready)} of {counted(len(run.objects), 'workload')}"
    return folded(title, _object_table(unready, waiting_began(run)), len(unready))


def _ready(run: RunRecord) -> list[str]:
    ready = [status for status in run.objects if is_ready(status)]
    title = f"Ready: {len(ready)} of {counted(len(run.objects), 'workload')}"
    return folded(title, _object_table(ready, waiting_began(run)), len(ready))


def _object_table(objects: Iterable[ObjectStatus], began: float) -> list[str]:
    rows = [
        (
            f"{MARKS[status.health]} {status.health}",
            code(str(status.ref)),
            ""
            if status.ready_after_seconds is None
            else duration(began + status.ready_after_seconds),
            message(status.message),
        )
        for status in objects
    ]
    return table(("State", "Workload", "Ready at", "Message"), rows)


def _images(images: Sequence[ImageDelivery]) -> list[str]:
    rows = [
        (
            code(image.declared),
            f"⚠️ {escaped(image.origin)}" if is_substituted(image) else escaped(image.origin),
            message(image.source),
            code(short_digest(image.digest)),
            _runs(image),
            duration(image.seconds) if image.seconds else "",
        )
        for image in images
    ]
    head = ("Declared", "Origin", "Source", "Digest", "Runs", "Time")
    number = sum(map(is_substituted, images))
    title = f"Images: {len(images)}" + (f", {number} substituted" if number else "")
    return folded(title, table(head, rows), len(rows))


def _runs(image: ImageDelivery) -> str:
    if not image.running_digest:
        return "not compared"
    same = image.running_digest == image.digest
    return "✅ this digest" if same else f"❌ {code(short_digest(image.running_digest))}"


def _proofs(run: RunRecord) -> list[str]:
    lines: list[str] = heading("Proofs", len(run.proofs))
    for proof in run.proofs:
        mark = "✅" if proof.passed else "❌"
        lines.append(f"- {mark} {escaped(proof.name)} ({duration(proof.seconds)})")
        if proof.output.strip():
            lines.extend(["", *(f"  {line}" for line in fenced(proof.output)), ""])
    return lines


def _facts(run: RunRecord) -> list[str]:
    rows = [(escaped(name), code(value)) for name, value in run.facts.items()]
    return folded(
        "Versions and environment", table(("Fact", "Value"), rows), FOLD_ABOVE + len(rows)
    )


def _items(title: str, items: Sequence[str]) -> list[str]:
    return [*heading(title, len(items)), *(f"- {escaped(one_line(item))}" for item in items)]
