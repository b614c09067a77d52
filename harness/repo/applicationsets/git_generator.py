"""The Git generator: parameters of every matching folder, or out of every matching file.

Only a generator that reads this repository has a result here. Source: Argo CD v3.5
`applicationset/generators/git.go`, `reposerver/repository/repository.go`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from typing import Any

from harness.repo.applicationsets.context import Context, Parameters, bounded
from harness.repo.applicationsets.reading import entries, mapping, text, texts
from harness.repo.applicationsets.selectors import flat_texts
from harness.repo.globs import (
    BadPatternError,
    doublestar_pattern,
    folder_pattern,
    pathspec_pattern,
)
from harness.repo.gotemplate import TemplateError, UnresolvableError
from harness.repo.gotemplate.functions.argocd import normalize
from harness.repo.gotemplate.functions.places import base, folder
from harness.repo.gotemplate.go_yaml import load
from harness.repo.gotemplate.values import StringList

_PINNED = re.compile(r"[0-9a-f]{7,40}|refs/tags/.*", re.IGNORECASE)


def git_parameters(generator: Parameters, context: Context) -> list[Parameters]:
    """Returns the parameters of a Git generator.

    Raises:
        TemplateError: Argo CD reports an error.
        UnresolvableError: It reads another repository, or another state of this one.
    """
    if not context.project:
        message = "error getting project: the set's template names none, and a Git generator asks"
        raise TemplateError(message)
    folders = _items(generator, "directories")
    files = _items(generator, "files")
    if not folders and not files:
        message = "git: neither directories nor files are given"
        raise TemplateError(message)
    _check_address(generator, context)
    found = _of_folders(folders, generator, context) if folders else []
    if not folders:
        found = _of_files(files, generator, context)
    values = texts(generator.get("values"), "git.values")
    return bounded([context.renderer.with_values(values, p) for p in found])


def _items(generator: Parameters, key: str) -> list[tuple[str, bool]]:
    """Returns (pattern, whether it excludes)."""
    where = f"git.{key}"
    return [
        (text(item.get("path"), f"{where}.path"), item.get("exclude") is True)
        for item in (mapping(e, where) for e in entries(generator.get(key), where))
    ]


def _check_address(generator: Parameters, context: Context) -> None:
    url = text(generator.get("repoURL"), "git.repoURL")
    if "{{" in url or not context.addresses.has(url):
        message = f"the Git generator reads {url or 'no repository'}, which is not this tree"
        raise UnresolvableError(message)
    revision = text(generator.get("revision"), "git.revision")
    if _PINNED.fullmatch(revision) and not context.given.answers_every_url:
        message = f"the Git generator reads revision {revision}, which may differ from this tree"
        raise UnresolvableError(message)


def matching_folders(items: list[tuple[str, bool]], folders: Iterator[str]) -> Iterator[str]:
    """Yields the folders that a directory generator selects; excludes win, hidden ones never count.

    A malformed pattern matches nothing.
    """
    patterns = [(_pattern(path), excludes) for path, excludes in items]
    for name in folders:
        hits = {excludes for pattern, excludes in patterns if pattern and pattern.fullmatch(name)}
        if hits == {False}:
            yield name


def _pattern(path: str) -> re.Pattern[str] | None:
    try:
        return folder_pattern(path)
    except BadPatternError:
        return None


def visible(folders: Iterator[str]) -> Iterator[str]:
    """Yields the folders without those that are hidden or lie in a hidden one."""
    return (f for f in folders if not any(part.startswith(".") for part in f.split("/")))


def _of_folders(
    items: list[tuple[str, bool]], generator: Parameters, context: Context
) -> list[Parameters]:
    prefix = text(generator.get("pathParamPrefix"), "git.pathParamPrefix")
    chosen = matching_folders(items, visible(iter(context.files.folders)))
    return [_path_parameters(name, "", prefix, is_go=context.is_go) for name in chosen]


def _path_parameters(path: str, filename: str, prefix: str, *, is_go: bool) -> Parameters:
    """Returns the parameters of a folder, and of a file in it where `filename` names one."""
    parts: Parameters = {
        "path": path,
        "basename": base(path),
        "basenameNormalized": normalize(base(path)),
    }
    if filename:
        parts |= {"filename": filename, "filenameNormalized": normalize(filename)}
    if is_go:
        parts["segments"] = StringList(path.split("/"))
        return {prefix: {"path": parts}} if prefix else {"path": parts}
    name = f"{prefix}.path" if prefix else "path"
    found = {name: path} | {f"{name}.{k}": v for k, v in parts.items() if k != "path"}
    segments = enumerate(path.split("/"))
    return found | {f"{name}[{number}]": part for number, part in segments if part}


def matching_files(items: list[tuple[str, bool]], context: Context) -> list[str]:
    """Returns the files that a file generator selects, sorted; excludes win.

    Raises:
        TemplateError: Git refuses a pattern.
        UnresolvableError: A pattern has Git's magic words.
    """
    chosen: set[str] = set()
    for path, excludes in sorted(items, key=lambda item: item[1]):
        pattern = _file_pattern(path, is_new=context.given.is_new_globbing)
        hits = {name for name in context.files.files if pattern.fullmatch(name)}
        chosen = chosen - hits if excludes else chosen | hits
    return sorted(chosen)


def _file_pattern(path: str, *, is_new: bool) -> re.Pattern[str]:
    if path.startswith(":"):
        message = f"the Git pathspec {path!r}"
        raise UnresolvableError(message)
    cleaned = posixpath.normpath(path) if path else "."
    if not is_new and (cleaned.startswith("/") or cleaned.split("/")[0] == ".."):
        message = f"unable to list files: fatal: {path}: '{path}' is outside repository"
        raise TemplateError(message)
    names_folder = path.endswith(("/", "/.", "/.."))
    cleaned = "" if cleaned == "." else cleaned.lstrip("/") + ("/" if names_folder else "")
    read: Callable[[str], re.Pattern[str]] = doublestar_pattern if is_new else pathspec_pattern
    try:
        return read(cleaned)
    except BadPatternError as error:
        message = f"unable to list files: syntax error in pattern {path}"
        raise TemplateError(message) from error


def _of_files(
    items: list[tuple[str, bool]], generator: Parameters, context: Context
) -> list[Parameters]:
    prefix = text(generator.get("pathParamPrefix"), "git.pathParamPrefix")
    found: list[Parameters] = []
    for path in matching_files(items, context):
        found += [
            _file_parameters(path, entry, prefix, is_go=context.is_go)
            for entry in _contents(path, context)
        ]
        bounded(found)
    return found


def _contents(path: str, context: Context) -> list[Parameters]:
    """Returns the mappings that a file holds: one, or a list of them; only the first document."""
    try:
        value: Any = load(context.files.text(path))
    except TemplateError as error:
        message = f"unable to process file '{path}': unable to parse file: {error}"
        raise TemplateError(message) from error
    except (OSError, ValueError) as error:
        message = f"the file {path} cannot be read: {error}"
        raise UnresolvableError(message) from error
    if value is None or isinstance(value, dict):
        return [value or {}]
    if isinstance(value, list) and all(entry is None or isinstance(entry, dict) for entry in value):
        return [entry or {} for entry in value]
    message = f"unable to process file '{path}': it holds neither a mapping nor a list of mappings"
    raise TemplateError(message)


def _file_parameters(path: str, entry: Parameters, prefix: str, *, is_go: bool) -> Parameters:
    place = _path_parameters(folder(path), base(path), prefix, is_go=is_go)
    return {**(entry if is_go else flat_texts(entry)), **place}
