"""The run as Markdown, verdict first; made for the job summary of a CI run.

Long lists are folded (`<details>`, which GitHub and GitLab both show), what needs a look is not.
Foreign text is escaped, so that no message breaks a table or adds markup. The same counts and
sentences as everywhere come from `harness.report.verdict`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from harness.model.run import Health, ImageDelivery, ObjectStatus, RunRecord, StageState
from harness.report.ending import bad_news
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
from harness.report.wording import counted, cut, duration, moment, one_line, short_digest

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
FOLD_ABOVE = 20
MESSAGE_LENGTH = 400
SPECIAL = re.compile(r"([\\`*_\[\]<>|~&#$])")


def summary_markdown(run: RunRecord) -> str:
    """Returns the run as a Markdown document."""
    sections = (
        _verdict(run),
        _failure(run),
        _stages(run),
        _not_ready(run.objects),
        _applications(run),
        _ready(run.objects),
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
    return [*_heading("Stages", len(rows)), *_table(("State", "Stage", "Time", "Detail"), rows)]


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
    return _folded(f"Audit: {counted(len(rows), 'finding')}", _table(head, rows), len(rows))


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
    return _folded(f"Applications: {good} of {total} synced", _table(head, rows), len(rows))


def _not_ready(objects: Sequence[ObjectStatus]) -> list[str]:
    unready = waiting(objects)
    title = f"Not ready: {len(unready)} of {counted(len(objects), 'workload')}"
    return _folded(title, _object_table(unready), len(unready))


def _ready(objects: Sequence[ObjectStatus]) -> list[str]:
    ready = [status for status in objects if is_ready(status)]
    title = f"Ready: {len(ready)} of {counted(len(objects), 'workload')}"
    return _folded(title, _object_table(ready), len(ready))


def _object_table(objects: Iterable[ObjectStatus]) -> list[str]:
    rows = [
        (
            f"{MARKS[status.health]} {status.health}",
            code(str(status.ref)),
            "" if status.ready_after_seconds is None else duration(status.ready_after_seconds),
            message(status.message),
        )
        for status in objects
    ]
    return _table(("State", "Workload", "Ready after", "Message"), rows)


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
    return _folded(title, _table(head, rows), len(rows))


def _runs(image: ImageDelivery) -> str:
    if not image.running_digest:
        return "not compared"
    same = image.running_digest == image.digest
    return "✅ this digest" if same else f"❌ {code(short_digest(image.running_digest))}"


def _proofs(run: RunRecord) -> list[str]:
    lines: list[str] = _heading("Proofs", len(run.proofs))
    for proof in run.proofs:
        mark = "✅" if proof.passed else "❌"
        lines.append(f"- {mark} {escaped(proof.name)} ({duration(proof.seconds)})")
        if proof.output.strip():
            lines.extend(["", *(f"  {line}" for line in _fenced(proof.output)), ""])
    return lines


def _facts(run: RunRecord) -> list[str]:
    rows = [(escaped(name), code(value)) for name, value in run.facts.items()]
    return _folded("Versions and host", _table(("Fact", "Value"), rows), FOLD_ABOVE + len(rows))


def _items(title: str, items: Sequence[str]) -> list[str]:
    return [*_heading(title, len(items)), *(f"- {escaped(one_line(item))}" for item in items)]


def _heading(title: str, number: int) -> list[str]:
    return [f"## {title}", ""] if number else []


def _folded(title: str, table: list[str], rows: int) -> list[str]:
    if not table:
        return []
    if rows <= FOLD_ABOVE:
        return [f"## {title}", "", *table]
    return [f"<details><summary><b>{title}</b></summary>", "", *table, "", "</details>"]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows] if rows else []
    return [f"| {' | '.join(cells)} |" for cells in lines]


def _fenced(text: str) -> list[str]:
    """Returns the text in a code block whose fence is longer than any in the text."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", *text.strip("\n").splitlines(), fence]


def escaped(text: str) -> str:
    """Returns text that Markdown shows as it is, on one line."""
    return SPECIAL.sub(r"\\\1", one_line(text))


def message(text: str) -> str:
    """Returns a message of bounded length for a table cell."""
    return escaped(cut(text, MESSAGE_LENGTH))


def code(text: str) -> str:
    """Returns text as a code span that is safe inside a table; empty text stays empty."""
    shown = one_line(text).replace("|", "\\|")
    if not shown:
        return ""
    fence = "`" * (max((len(run) for run in re.findall(r"`+", shown)), default=0) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"
