"""What a kustomization reads: every file and folder, followed through bases and components.

Answers three questions about a root before kustomize runs: which content decides its result (the
digest a cache needs), which files it covers, and what stands in the way here: remote bases, Helm
charts, plugins, a path out of the repository. Field names: kustomize `api/types/kustomization.go`.
Any text that names an existing file counts as read: a digest may cover too much, never too little.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from harness.manifests.yaml_values import read_yaml
from harness.repo.file_text import read_text
from harness.repo.inclusion import is_remote
from harness.repo.kustomizations import KUSTOMIZATION_NAMES
from harness.repo.render_entries import (
    CONFIGURING,
    INCLUDING,
    charts_of,
    local_files,
    plugin_of,
    scalars,
    strings,
)

Object = dict[str, Any]
MAX_CHART_FILES = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What one root reads."""

    files: frozenset[str] = frozenset()
    """POSIX, relative to the boundary."""
    folders: frozenset[str] = frozenset()
    remote: tuple[str, ...] = ()
    """Entries outside of this repository, as they are written."""
    plugins: tuple[str, ...] = ()
    charts: tuple[str, ...] = ()
    """Names of Helm charts that kustomize would install."""
    absent_charts: tuple[str, ...] = ()
    """Those that are not in the repository."""
    outside: str = ""
    """A path that leads out of the repository, with the file that names it; else empty."""


@dataclass(slots=True)
class _Step:
    """What one folder reads by itself."""

    files: set[str] = field(default_factory=set)
    folders: list[tuple[str, bool]] = field(default_factory=list)
    remote: list[str] = field(default_factory=list)
    plugins: list[str] = field(default_factory=list)
    charts: list[str] = field(default_factory=list)
    absent_charts: list[str] = field(default_factory=list)
    outside: str = ""


class Inputs:
    """Follows kustomizations; every folder is read once, however many roots include it."""

    def __init__(self, boundary: Path, known: Mapping[str, Object] | None = None) -> None:
        """Takes the folder that nothing may leave, and kustomizations that are parsed already."""
        self.boundary = boundary.resolve()
        self._known = known or {}
        self._steps: dict[tuple[str, bool], _Step] = {}
        self._hashes: dict[str, bytes] = {}

    def visit(self, folder: str, extra: Object | None = None) -> Visit:
        """Returns what the root `folder` reads.

        Args:
            folder: POSIX, relative to the boundary.
            extra: Fields that an engine adds to the folder's kustomization, e.g. components.
        """
        steps: list[_Step] = []
        seen: set[tuple[str, bool]] = set()
        waiting = [(folder, False)]
        if extra:
            added = _Step()
            self._read_content(folder, extra, added, is_config=False)
            steps.append(added)
            waiting.extend(added.folders)
        while waiting:
            at = waiting.pop()
            if at in seen:
                continue
            seen.add(at)
            step = self._step(*at)
            steps.append(step)
            waiting.extend(step.folders)
        return _joined(steps, frozenset(path for path, _ in seen))

    def digest(self, visit: Visit) -> bytes:
        """Returns a digest of the content of everything that was visited."""
        made = blake2b(digest_size=20)
        for file in sorted(visit.files):
            made.update(file.encode() + b"\0" + self._hash(file))
        return made.digest()

    def content(self, folder: str) -> Object | None:
        """Returns the kustomization of a folder; None where there is none that can be read."""
        return self._kustomization(folder, _Step())

    def below(self, folder: str) -> frozenset[str]:
        """Returns every file below a folder, hidden ones left out, up to a limit."""
        return frozenset(_below(self.boundary, folder))

    def _hash(self, file: str) -> bytes:
        if file not in self._hashes:
            made = blake2b(digest_size=20)
            try:
                with (self.boundary / file).open("rb") as stream:
                    while part := stream.read(1 << 20):
                        made.update(part)
            except OSError as error:
                made.update(repr(error.errno).encode())
            self._hashes[file] = made.digest()
        return self._hashes[file]

    def _step(self, folder: str, is_config: bool) -> _Step:
        key = (folder, is_config)
        if key not in self._steps:
            self._steps[key] = step = _Step()
            content = self._kustomization(folder, step)
            if content is not None:
                self._read_content(folder, content, step, is_config=is_config)
        return self._steps[key]

    def _kustomization(self, folder: str, step: _Step) -> Object | None:
        present = [
            posixpath.normpath(posixpath.join(folder, name))
            for name in KUSTOMIZATION_NAMES
            if os.path.isfile(self.boundary / folder / name)  # noqa: PTH113 # thousands of times
        ]
        step.files.update(present)
        if folder in self._known:
            return self._known[folder]
        documents = self._documents(present[0]) if present else ()
        return next((d for d in documents if isinstance(d, dict)), None)

    def _documents(self, file: str) -> tuple[Any, ...]:
        return read_yaml(read_text(self.boundary / file).text).documents

    def _read_content(self, folder: str, content: Object, step: _Step, *, is_config: bool) -> None:
        for word in INCLUDING:
            for entry in scalars(content.get(word)):
                self._include(folder, entry, step, is_config=is_config)
        for word in CONFIGURING:
            for entry in scalars(content.get(word)):
                self._configure(folder, entry, step)
        step.remote.extend(name for name in local_files(content) if is_remote(name))
        self._charts(folder, content, step)
        self._named_files(folder, content, step)

    def _include(self, folder: str, entry: str, step: _Step, *, is_config: bool) -> None:
        found = self._target(folder, entry, step)
        if found is None:
            return
        path = self.boundary / found
        if path.is_dir():
            step.folders.append((found, is_config))
        elif path.is_file():
            step.files.add(found)
            if is_config:
                self._configuration(folder, self._documents(found), step)
        elif is_remote(entry):
            step.remote.append(entry)

    def _configure(self, folder: str, entry: str, step: _Step) -> None:
        """Reads an entry of `generators`, `transformers` or `validators`: a path or YAML itself."""
        if "\n" in entry:
            self._configuration(folder, read_yaml(entry).documents, step)
        else:
            self._include(folder, entry, step, is_config=True)

    def _configuration(self, folder: str, documents: tuple[Any, ...], step: _Step) -> None:
        for document in documents:
            if isinstance(document, dict):
                plugin = plugin_of(document)
                step.plugins.extend([plugin] if plugin else [])
                self._charts(folder, document, step)
                self._named_files(folder, document, step)

    def _charts(self, folder: str, content: Object, step: _Step) -> None:
        for name, home in charts_of(content):
            step.charts.append(name)
            if "\0" in f"{home}{name}":
                step.absent_charts.append(name)
                continue
            chart = posixpath.normpath(posixpath.join(folder, home, name))
            found = self.below(chart) if not chart.startswith("..") else frozenset()
            step.files.update(found)
            if not found:
                step.absent_charts.append(name)

    def _named_files(self, folder: str, content: Object, step: _Step) -> None:
        for text in strings(content):
            for name in dict.fromkeys((text, text.rpartition("=")[2])):
                path = posixpath.normpath(posixpath.join(folder, name))
                if not path.startswith("..") and _is_file(f"{self.boundary}/{path}"):
                    step.files.add(path)

    def _target(self, folder: str, entry: str, step: _Step) -> str | None:
        """Returns the path of an entry relative to the boundary, links followed."""
        if "\n" in entry or "\0" in entry:
            return None
        real = os.path.realpath(self.boundary / folder / entry)
        if real == str(self.boundary) or real.startswith(f"{self.boundary}/"):
            return posixpath.relpath(real, self.boundary)
        if not is_remote(entry):
            step.outside = step.outside or f"'{entry}' of {folder}"
            return None
        step.remote.append(entry)
        return None


def _joined(steps: list[_Step], folders: frozenset[str]) -> Visit:
    return Visit(
        files=frozenset().union(*(step.files for step in steps)),
        folders=folders,
        remote=_each(name for step in steps for name in step.remote),
        plugins=_each(name for step in steps for name in step.plugins),
        charts=_each(name for step in steps for name in step.charts),
        absent_charts=_each(name for step in steps for name in step.absent_charts),
        outside=next((step.outside for step in steps if step.outside), ""),
    )


def _each(names: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _is_file(path: str) -> bool:
    try:
        return os.path.isfile(path)  # noqa: PTH113 # tens of thousands of times
    except ValueError:  # a NUL
        return False


def _below(boundary: Path, folder: str) -> Iterator[str]:
    count = 0
    for at, folders, names in os.walk(boundary / folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        relative = posixpath.relpath(at, boundary)
        for name in sorted(names):
            count += 1
            if count > MAX_CHART_FILES:
                return
            yield posixpath.normpath(posixpath.join(relative, name))
