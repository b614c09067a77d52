"""Reads a repository as the audit sees it: files, kustomizations, manifests, engine objects.

Only what looks meant for a cluster is parsed: kustomizations, what they name, and files with
`apiVersion` and `kind` at the start of a line. Templates are no YAML and no fault: a Helm chart's
`templates/`, and whatever does not parse and holds `{{` or `{%`. What is not read is noted, never
dropped in silence. What is deployed is decided elsewhere (`roots`).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.audit.finding import NotJudged
from harness.audit.source import Tree
from harness.audit.survey import YamlFault
from harness.io.process import Runner
from harness.manifests.yaml_problems import YamlProblem
from harness.manifests.yaml_values import MAX_VALUES, YamlReading, read_yaml
from harness.repo.document_objects import flattened, is_engine_object
from harness.repo.file_listing import FileListing, list_files, read_checkout
from harness.repo.file_text import FileText, read_text
from harness.repo.inclusion import included
from harness.repo.kustomizations import KUSTOMIZATION_NAMES
from harness.repo.yaml_files import SUFFIXES

Object = dict[str, Any]
MAX_TEXT_BYTES = 256 * 1024 * 1024
"""Of all files together."""
MAX_ALL_VALUES = 8_000_000
"""Of all files together: about two gigabytes of objects."""
_MOST_NOTES = 200
_MANIFEST = re.compile(r"""^["']?(apiVersion|kind)["']?\s*:""", re.MULTILINE)
_IN_BRACES = re.compile(r"""["'](apiVersion|kind)["']\s*:""")
_ENGINE_GROUPS = ("argoproj.io/", "fluxcd.io/")


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeReading:
    """The repository, what is wrong with its files, and what was not read."""

    tree: Tree
    faults: tuple[YamlFault, ...] = ()
    notes: tuple[NotJudged, ...] = ()


def read_tree(root: Path, *, runner: Runner) -> TreeReading:
    """Returns the repository at `root`; a file that cannot be read is a fault or a note.

    Args:
        root: The folder of the repository.
        runner: Runs `git`; where there is none, the disk is listed.
    """
    listing = list_files(root, runner=runner)
    checkout = read_checkout(root, runner=runner)
    reader = _Reader(root=root, charts=_charts(listing.files))
    reader.read(listing)
    tree = Tree(
        folders=listing.folders,
        files=listing.files,
        texts=reader.texts,
        kustomizations=reader.kustomizations,
        documents=reader.documents,
        engine=tuple(reader.engine),
        repo_urls=checkout.urls,
        branch=checkout.branch,
    )
    faults = tuple(sorted(reader.faults, key=lambda f: (f.file, f.line)))
    return TreeReading(tree=tree, faults=faults, notes=_limited(reader.notes))


def _charts(files: Iterable[str]) -> frozenset[str]:
    return frozenset(posixpath.dirname(f) for f in files if posixpath.basename(f) == "Chart.yaml")


def _limited(notes: list[NotJudged]) -> tuple[NotJudged, ...]:
    if len(notes) <= _MOST_NOTES:
        return tuple(notes)
    more = NotJudged(subject=f"{len(notes) - _MOST_NOTES} more files", reason="were not read")
    return (*notes[:_MOST_NOTES], more)


@dataclass(slots=True)
class _Reader:
    """Reads file after file, within limits for all of them together."""

    root: Path
    charts: frozenset[str]
    texts: dict[str, str] = field(default_factory=dict)
    kustomizations: dict[str, Object] = field(default_factory=dict)
    documents: dict[str, tuple[Object, ...]] = field(default_factory=dict)
    engine: list[tuple[Object, str]] = field(default_factory=list)
    faults: list[YamlFault] = field(default_factory=list)
    notes: list[NotJudged] = field(default_factory=list)
    _shared: dict[str, str] = field(default_factory=dict)
    _bytes: int = 0
    _values: int = 0
    _unread: set[str] = field(default_factory=set)
    """Files beyond a limit: nobody else should read their text either."""

    def read(self, listing: FileListing) -> None:
        for skipped in listing.skipped:
            self._note(skipped.path, skipped.reason)
        for file in listing.files:
            name = posixpath.basename(file)
            if name in KUSTOMIZATION_NAMES or name.endswith(SUFFIXES):
                self._take_text(file)
        for file in self.texts:
            if posixpath.basename(file) in KUSTOMIZATION_NAMES:
                self._take_kustomization(file)
        for file in self._manifest_files():
            self._take_manifests(file)
        self._note_charts_of_applications()
        for file in self._unread:
            del self.texts[file]

    def _manifest_files(self) -> Iterator[str]:
        named = {
            path
            for folder, content in self.kustomizations.items()
            for path in included(folder, content)
        }
        for file, text in self.texts.items():
            if posixpath.basename(file) in KUSTOMIZATION_NAMES or self._is_template(file):
                continue
            if file in named or (looks_deployed(text) and not self._is_values(file)):
                yield file

    def _is_template(self, file: str) -> bool:
        """Tells whether a file lies in a chart's `templates/`."""
        parts = file.split("/")
        return any(
            part == "templates" and "/".join(parts[:at]) in self.charts
            for at, part in enumerate(parts[:-1])
        )

    def _is_values(self, file: str) -> bool:
        folder, name = posixpath.split(file)
        return name.startswith("values") or (folder in self.charts and name == "Chart.yaml")

    def _take_text(self, file: str) -> None:
        if self._bytes > MAX_TEXT_BYTES:
            self._note(file, f"the repository holds more than {MAX_TEXT_BYTES >> 20} MiB of YAML")
            return
        found = read_text(self.root / file)
        if found.problem:
            self._refuse(file, found)
            return
        self._bytes += len(found.text)
        self.texts[file] = found.text

    def _refuse(self, file: str, found: FileText) -> None:
        likely = posixpath.basename(file) in KUSTOMIZATION_NAMES or looks_deployed(
            found.raw.decode("utf-8", errors="replace")
        )
        if found.is_limit:
            self._note(file, found.problem)
        elif likely and not self._is_template(file):
            self.faults.append(YamlFault(file=file, line=found.line, message=found.problem))

    def _take_kustomization(self, file: str) -> None:
        reading = self._parse(file)
        content: Any = next((d for d in reading.documents if d is not None), {})
        folder = posixpath.dirname(file) or "."
        if any(p.ends for p in reading.problems):
            return
        if not isinstance(content, dict):
            message = "a kustomization is a mapping, and this is none"
            self.faults.append(YamlFault(file=file, line=1, message=message))
        else:
            self.kustomizations.setdefault(folder, content)

    def _take_manifests(self, file: str) -> None:
        reading = self._parse(file)
        found = tuple(
            obj
            for document in reading.documents
            for obj in flattened(document)
            if obj.get("kind") and obj.get("apiVersion")
        )
        if not found:
            return
        self.documents[file] = found
        self.engine.extend((obj, file) for obj in found if is_engine_object(obj))

    def _parse(self, file: str) -> YamlReading:
        left = MAX_ALL_VALUES - self._values
        if left <= 0:
            self._note(file, "the repository holds too many manifests to be read")
            return YamlReading()
        text = self.texts[file]
        reading = read_yaml(text, limit=min(left, MAX_VALUES), shared=self._shared)
        self._values += reading.values
        is_template = "{{" in text or "{%" in text
        for problem in reading.problems:
            self._report(file, problem, is_template=is_template)
        return reading

    def _report(self, file: str, problem: YamlProblem, *, is_template: bool) -> None:
        if problem.is_limit:
            self._unread.add(file)
            self._note(file, problem.message)
        elif not (problem.ends and is_template):
            self.faults.append(YamlFault(file=file, line=problem.line, message=problem.message))

    def _note(self, subject: str, reason: str) -> None:
        self.notes.append(NotJudged(subject=subject, reason=reason))

    def _note_charts_of_applications(self) -> None:
        """Says which charts hold objects of the engine: only Helm can fill them in."""
        found = {
            file.partition("/templates/")[0]
            for file, text in self.texts.items()
            if self._is_template(file) and any(group in text for group in _ENGINE_GROUPS)
        }
        for chart in sorted(found):
            self._note(f"chart {chart}", "its templates hold Applications that only Helm fills in")


def looks_deployed(text: str) -> bool:
    """Tells whether a text names `apiVersion` and `kind` where a manifest does."""
    form = _IN_BRACES if text.lstrip()[:1] == "{" else _MANIFEST
    return {found[1] for found in form.finditer(text)} == {"apiVersion", "kind"}
