"""The words for what is wrong with what an ApplicationSet gives: names, placeholders, paths.

Source: Kubernetes' rule for names of objects (RFC 1123 subdomain); Argo CD v3.5 `util/argo/argo.go`
(`ValidateRepo`) for paths.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.repo.applicationsets.sources import Source
from harness.repo.globs import literal_prefix
from harness.repo.repository_files import RepositoryFiles

_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_USUAL_REVISIONS = frozenset({"", "HEAD", "main", "master", "trunk"})


def name_fault(name: str) -> str:
    """Returns why Kubernetes takes no object of this name; empty where it does."""
    if not name:
        return "the name is empty"
    if len(name) <= 253 and _NAME.fullmatch(name):
        return ""
    return (
        f"the name {name!r} is no name of a Kubernetes object: lower case letters, digits, - and . "
        "only, at most 253 characters"
    )


def placeholder_text(placeholder: str, *, is_go: bool) -> str:
    """Returns what is to be said of a placeholder that was not filled."""
    if is_go:
        return "a key that is not there leaves <no value> in the Application"
    inner = placeholder.strip("{} ")
    if inner.startswith((".", "index ", "$")) or "|" in inner:
        return f"{placeholder} stays as it is: Go templates need `goTemplate: true`"
    return f"{placeholder} stays as it is: the generators give no parameter {inner!r}"


def unknown_generator(generator: Mapping[str, Any], where: str, known: Sequence[str]) -> str:
    """Returns why Argo CD takes nothing of an entry of `generators`; empty where it does."""
    if any(generator.get(name) is not None for name in known):
        return ""
    named = [key for key in generator if key != "selector"]
    near = difflib.get_close_matches(named[0], known, n=1) if named else []
    hint = f", did you mean {near[0]}?" if near else ""
    seen = ", ".join(named) or "it is empty"
    return f"{where} has no generator that Argo CD knows: {seen}{hint}"


def nothing_generated(generators: Sequence[Any], folders: Sequence[str]) -> str:
    """Returns why an ApplicationSet without errors makes no Application."""
    if not generators:
        return "it has no generators"
    patterns = list(dict.fromkeys(_patterns(list(generators))))
    if not patterns:
        return "its generators give no parameters"
    told = f"nothing in this tree matches {', '.join(patterns[:5])}"
    prefix = literal_prefix(patterns[0])
    if prefix and prefix not in folders:
        near = difflib.get_close_matches(prefix, folders, n=1, cutoff=0.6)
        told += f"; there is no folder {prefix}" + (f", the nearest is {near[0]}" if near else "")
    return told


def _patterns(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _patterns(item)
    if not isinstance(value, dict):
        return
    for key in ("directories", "files"):
        entries = value.get(key)
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict) and not entry.get("exclude"):
                yield str(entry.get("path"))
    for entry in value.values():
        if isinstance(entry, dict | list):
            yield from _patterns(entry)


def path_fault(source: Source, files: RepositoryFiles) -> str:
    """Returns why the path of a source of this repository is no folder; empty where it is one."""
    if not source.path or source.chart or files.is_folder(source.folder):
        return ""
    if ".." in source.folder.split("/"):
        return ""
    if source.folder in files.files:
        return f"{source.path} is a file; Argo CD wants a folder"
    near = difflib.get_close_matches(source.folder, files.folders, n=1, cutoff=0.6)
    hint = f", the nearest is {near[0]}" if near else ""
    return f"this tree has no folder {source.path}{hint}"


def is_usual(revision: str) -> bool:
    """Tells whether a revision is, as far as anybody can tell, the state of this tree."""
    return revision in _USUAL_REVISIONS
