"""Reads a folder of plain manifests as Argo CD's directory source does.

Files by suffix, below only when asked, `include` and `exclude` as globs whose `*` spans folders
(gobwas/glob without separators); a file that is no manifest is passed over, one that looks like a
manifest and cannot be read fails (argo-cd `reposerver/repository/repository.go`: findManifests,
getObjsFromYAMLOrJSON). Jsonnet is not evaluated.
"""

from __future__ import annotations

import fnmatch
import json
import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.audit.reading import mapping, text
from harness.manifests.yaml_values import read_yaml
from harness.repo.document_objects import flattened
from harness.repo.file_text import read_text

Object = dict[str, Any]
MAX_FILES = 20_000
_MOST_CHOICES = 200
_SUFFIXES = (".yaml", ".yml", ".json")
_SKIP_MARK = "+argocd:skip-file-rendering"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainObjects:
    """What a folder of manifests holds."""

    objects: tuple[Object, ...] = ()
    files: tuple[str, ...] = ()
    """Those that were read, POSIX, relative to the boundary."""
    failure: str = ""
    notes: tuple[str, ...] = ()


def read_plain(boundary: Path, folder: str, options: Mapping[str, Any]) -> PlainObjects:
    """Returns the manifests of a folder.

    Args:
        boundary: The root of the repository; links out of it fail, as for Argo CD.
        folder: POSIX, relative to it.
        options: Argo CD's source, of which `directory` counts.
    """
    directory = mapping(options.get("directory"))
    objects: list[Object] = []
    files: list[str] = []
    notes: list[str] = []
    for file in _candidates(boundary, folder, directory):
        real = os.path.realpath(boundary / file)
        if not real.startswith(f"{boundary.resolve()}/"):
            return PlainObjects(failure=f"illegal filepath in symlink at {file!r}")
        if file.endswith(".jsonnet"):
            notes.append(f"{file} is Jsonnet, which is not evaluated here")
            continue
        found, failure = _objects(boundary / file, file)
        if failure:
            return PlainObjects(failure=failure, files=(*files, file))
        if found:
            files.append(file)
            objects.extend(found)
    return PlainObjects(objects=tuple(objects), files=tuple(files), notes=tuple(notes))


def _candidates(boundary: Path, folder: str, directory: Mapping[str, Any]) -> Iterator[str]:
    include, exclude = text(directory.get("include")), text(directory.get("exclude"))
    for count, name in enumerate(_names(boundary / folder, bool(directory.get("recurse")))):
        if count >= MAX_FILES:
            return
        is_excluded = bool(exclude) and matches(exclude, name)
        if not is_excluded and (not include or matches(include, name)):
            yield posixpath.normpath(posixpath.join(folder, name))


def _names(folder: Path, recurse: bool) -> Iterator[str]:
    for at, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != ".git") if recurse else []
        relative = Path(at).relative_to(folder)
        for name in sorted(names):
            if name.endswith((*_SUFFIXES, ".jsonnet")):
                yield (relative / name).as_posix()


def _objects(path: Path, name: str) -> tuple[list[Object], str]:
    """Returns the manifests of a file, or why Argo CD refuses it."""
    found = read_text(path)
    if found.problem:
        return [], f"Failed to read {name!r}: {found.problem}"
    if _SKIP_MARK in found.text:
        return [], ""
    if name.endswith(".json"):
        return _of_json(found.text, name)
    reading = read_yaml(found.text)
    objects = [obj for document in reading.documents for obj in flattened(document)]
    made = [obj for obj in objects if obj.get("kind") and obj.get("apiVersion")]
    broken = next((p for p in reading.problems if p.ends), None)
    looks_meant = all(f"{word}:" in found.text for word in ("apiVersion", "kind", "metadata"))
    if broken is not None and (made or looks_meant):
        return [], f"Failed to unmarshal {name!r}: yaml: line {broken.line}: {broken.message}"
    return made, ""


def _of_json(content: str, name: str) -> tuple[list[Object], str]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        return [], f"Failed to unmarshal {name!r}: {str(error)[:200]}"
    objects = [obj for obj in flattened(document) if obj.get("kind") and obj.get("apiVersion")]
    return objects, ""


def matches(pattern: str, name: str) -> bool:
    """Tells whether a glob takes a whole relative path.

    `*` and `?` take any character, also a slash; `{a,b}` is a choice.
    """
    return any(fnmatch.fnmatchcase(name, choice) for choice in _choices(pattern))


def _choices(pattern: str) -> tuple[str, ...]:
    """Returns the patterns without braces that a pattern stands for, innermost choices first."""
    found: list[str] = []
    waiting = [pattern]
    while waiting and len(found) + len(waiting) <= _MOST_CHOICES:
        at = waiting.pop()
        braces = re.search(r"\{([^{}]*)\}", at)
        if braces is None:
            found.append(at)
        else:
            head, tail = at[: braces.start()], at[braces.end() :]
            waiting.extend(f"{head}{word}{tail}" for word in braces[1].split(","))
    return tuple(found)
