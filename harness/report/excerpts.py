"""Takes the lines around those that findings name, fit to be shown: no credential in them.

A repository's manifests may hold credentials that the harness never learned, so the text is masked
by form before it is kept: the whole of `data` and `stringData` of a Secret, literals of a
secretGenerator, and whatever `conceal` calls a credential by its name or form. What the harness
does know is masked with the rest of the run (`harness.report.redaction`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from harness.model.excerpt import Excerpt
from harness.model.run import RunRecord
from harness.report.wording import clean

AROUND = 2
MOST = 60
LONGEST_LINE = 240
LARGEST_BYTES = 1024 * 1024
HIDDEN = "(hidden)"
PLAIN_FIELDS = frozenset({"key", "automountServiceAccountToken", "secretKey"})
"""Fields of Kubernetes whose value is a name or a switch, though they sound like a credential."""
PLAIN_VALUES = frozenset({"true", "false", "null", "~", '""', "''", "|", ">", "|-", ">-"})
Conceal = Callable[[str, str], str]
"""Gives the text to show for a value of this name."""
Read = Callable[[str], str | None]
"""Gives the text of a file of the repository; None where it cannot be read."""

_PAIR = re.compile(r"^(?P<head>\s*(?:- )?[\"']?(?P<name>[\w./-]+)[\"']?\s*[:=]\s*)(?P<value>\S.*)$")
_LITERAL = re.compile(r"^(?P<head>\s*- [\"']?[\w.-]+=)(?P<value>.+)$")
_NAME = re.compile(r"^(?P<indent>\s*(?:- )?)name:\s*[\"']?(?P<name>[\w.-]+)")
_FLOW = re.compile(r"(?P<head>[\"']?(?P<name>[\w.-]+)[\"']?:\s+)(?P<value>[^,{}\[\]]+)")
_FLOW_NAME = re.compile(r"\bname:\s+[\"']?(?P<name>[\w.-]+)")
_TOP = re.compile(r"^[\"']?(?P<key>\w+)[\"']?:")
_SECRET = re.compile(r"^kind:\s*[\"']?Secret[\"']?\s*(?:#.*)?$")


def excerpts(run: RunRecord, read: Read, conceal: Conceal) -> list[Excerpt]:
    """Returns the lines around every place that a finding of a run names, the first `MOST`."""
    texts: dict[str, list[str]] = {}
    found: dict[tuple[str, int], Excerpt] = {}
    for file, line in places(run):
        if len(found) >= MOST:
            break
        if file not in texts:
            texts[file] = shown_lines(read(file) or "", conceal)
        if 1 <= line <= len(texts[file]):
            found.setdefault((file, line), _excerpt(file, line, texts[file]))
    return list(found.values())


def places(run: RunRecord) -> Iterator[tuple[str, int]]:
    """Yields file and line of each finding, those that ended the run first."""
    diagnosis = run.diagnosis
    for finding in (*diagnosis.findings, *diagnosis.suspects) if diagnosis else ():
        yield finding.file, finding.line
    for cell in run.policies.differences if run.policies else ():
        for rule in cell.decided_by:
            yield rule.file, rule.line
    for drift in run.gap.findings if run.gap else ():
        yield drift.file, drift.line
    for audit in run.audit:
        yield audit.file, audit.line


def reader(root: Path) -> Read:
    """Returns what reads a text file of a repository; never one outside it."""
    top = root.resolve()

    def read(file: str) -> str | None:
        try:
            path = (top / file).resolve()
            if not path.is_relative_to(top) or path.stat().st_size > LARGEST_BYTES:
                return None
            return path.read_text(encoding="utf-8")
        except (OSError, ValueError):
            return None

    return read


def shown_lines(text: str, conceal: Conceal) -> list[str]:
    """Returns the lines of a file, credentials left out."""
    lines = clean(text).split("\n")
    secret = _secret_lines(lines)
    generates = any(line.startswith("secretGenerator:") for line in lines)
    shown = []
    for number, line in enumerate(lines):
        if number in secret:
            line = _hidden(line)  # noqa: PLW2901 -- one line goes through every mask
        elif generates:
            line = _LITERAL.sub(rf"\g<head>{HIDDEN}", line)  # noqa: PLW2901
        near = [*reversed(lines[max(number - 3, 0) : number]), *lines[number + 1 : number + 2]]
        if line.lstrip().startswith("- "):
            near.reverse()
        shown.append(_cut(_concealed(line, near, conceal)))
    return shown


def _excerpt(file: str, line: int, lines: Sequence[str]) -> Excerpt:
    first = max(line - AROUND, 1)
    return Excerpt(file=file, line=line, first=first, lines=tuple(lines[first - 1 : line + AROUND]))


def _secret_lines(lines: Sequence[str]) -> frozenset[int]:
    """Returns the indices of the lines below `data` and `stringData` of every Secret."""
    found: list[int] = []
    document: list[int] = []
    for number, line in enumerate([*lines, "---"]):
        if line.startswith("---"):
            if any(_SECRET.match(lines[index]) for index in document):
                found += _values(lines, document)
            document = []
        else:
            document.append(number)
    return frozenset(found)


def _values(lines: Sequence[str], document: Sequence[int]) -> Iterator[int]:
    inside = False
    for number in document:
        top = _TOP.match(lines[number])
        if top:
            inside = top["key"] in {"data", "stringData"}
            if inside and lines[number].partition(":")[2].strip():
                yield number
        elif inside and lines[number].strip():
            yield number


def _hidden(line: str) -> str:
    pair = _PAIR.match(line)
    if pair:
        return f"{pair['head']}{HIDDEN}"
    if line.rstrip().endswith(":"):
        return line
    return f"{line[: len(line) - len(line.lstrip())]}{HIDDEN}"


def _concealed(line: str, near: Sequence[str], conceal: Conceal) -> str:
    pair = _PAIR.match(line)
    if pair is None:
        return _flow(line, conceal)
    name, value = pair["name"], pair["value"]
    if name == "value":
        name = _name_beside(near, len(pair["head"]) - len(pair["head"].lstrip(" -"))) or name
    if value[0] in "[{":
        return f"{pair['head']}{_flow(value, conceal)}"
    return f"{pair['head']}{_value(name, value, conceal)}"


def _flow(text: str, conceal: Conceal) -> str:
    """Masks inside `{name: value, ...}`; a name beside its value counts for it."""

    def masked(match: re.Match[str]) -> str:
        own = _FLOW_NAME.search(text) if match["name"] == "value" else None
        name = own["name"] if own else match["name"]
        return f"{match['head']}{_value(name, match['value'], conceal)}"

    return conceal("", _FLOW.sub(masked, text) if "{" in text else text)


def _value(name: str, value: str, conceal: Conceal) -> str:
    bare = value.partition(" #")[0].strip()
    if name in PLAIN_FIELDS or bare in PLAIN_VALUES or bare.isdigit():
        return value
    return conceal(name, value)


def _name_beside(near: Sequence[str], indent: int) -> str:
    """Returns the `name` that a `value` belongs to: the first one at its indentation."""
    for line in near:
        match = _NAME.match(line)
        if match and len(match["indent"]) == indent:
            return match["name"]
    return ""


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…"
