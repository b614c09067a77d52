"""Markdown as GitHub and GitLab show it: tables, folds, code, and foreign text that stays text.

What is said in it is `harness.report.summary`'s; a message breaks no table and adds no markup.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.report.wording import counted, cut, one_line

FOLD_ABOVE = 20
MESSAGE_LENGTH = 400
SPECIAL = re.compile(r"([\\`*_\[\]<>|~&#$])")


def heading(title: str, number: int) -> list[str]:
    """Returns a heading, unless there is nothing below it."""
    return [f"## {title}", ""] if number else []


def folded(title: str, table: list[str], rows: int) -> list[str]:
    """Returns a table under its heading; folded where it is long."""
    if not table:
        return []
    if rows <= FOLD_ABOVE:
        return [f"## {title}", "", *table]
    return [f"<details><summary><b>{title}</b></summary>", "", *table, "", "</details>"]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Returns the lines of a table, none without rows."""
    lines = [head, ["---"] * len(head), *rows] if rows else []
    return [f"| {' | '.join(cells)} |" for cells in lines]


def fenced(text: str) -> list[str]:
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


def rest(number: int, shown: int, noun: str) -> list[str]:
    """Returns the line that tells how many rows a table has left out; none where it has all."""
    more = number - shown
    return ["", f"And {counted(more, noun)} more, which run.json tells about."] if more > 0 else []
