"""What is wrong with a YAML text, in words and with its line. Pure.

Turns the errors of PyYAML and libyaml into sentences for a person who wrote the file; the limits of
reading are `yaml_values`' own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

REDEFINED = "it defines an anchor twice, which is not read in a file of this size"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_PLAIN_WORDS = (
    ("did not find expected alphabetic or numeric character", "`*` or `&` begins a name of YAML's"
     " own here: quote the value"),
    ("found character that cannot start any token", "a tab or another character that YAML does not"
     " allow here"),
    ("could not find expected ':'", "a key without its colon"),
    ("mapping values are not allowed in this context", "a colon where no mapping can start: quote"
     " the value, or correct the indentation"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlProblem:
    """One thing that is wrong with a text."""

    line: int
    """Counts from 1."""
    message: str
    is_limit: bool = False
    """True where the text may be right, and this reader gives up."""
    ends: bool = True
    """False where the rest was read all the same."""


def problem_of(error: Exception, text: str) -> YamlProblem:
    """Returns what an error of PyYAML says of a text."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = " ".join(str(getattr(error, "problem", None) or error).split())
    if isinstance(error, RecursionError):
        return YamlProblem(line=1, message="it nests too deeply to be read", is_limit=True)
    if mark is None:
        control = _CONTROL.search(text)
        line = text.count("\n", 0, control.start()) + 1 if control else 1
        what = f"it holds the control character {control[0]!r}" if control else said[:200]
        return YamlProblem(line=line, message=what)
    # PyYAML alone refuses an anchor that is defined again; YAML 1.2 and Kubernetes' tools allow it.
    if "found duplicate anchor" in str(getattr(error, "context", "")) + said:
        return YamlProblem(line=mark.line + 1, message=REDEFINED, is_limit=True)
    for seen, meaning in _PLAIN_WORDS:
        said = said.replace(seen, meaning)
    return YamlProblem(line=mark.line + 1, message=said[:200])
