"""A patch or replacement of a kustomization whose target selects nothing: cause R07.

kustomize refuses a strategic merge patch without an object, and says nothing of a `target:` or
`select:` that matches none (kustomize 5.8.1). Compared are kind, group, version and name with the
objects of every root that includes the kustomization, as they were rendered and as their files have
them; prefixes, suffixes and hashes of names are allowed for, namespaces and labels are not judged.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.audit.checks.all_checks import SurveyCheck
from harness.audit.engine_objects import Steps, dotted, ref_of
from harness.audit.finding import Fault, Severity
from harness.audit.kustomize_tree import (
    Roots,
    is_remote,
    kustomization_file,
    named_paths,
    options_of,
    scalars,
)
from harness.audit.lines import line_of
from harness.audit.reading import entries, is_placeholder, mapping, text, texts
from harness.audit.source import Object, Source, Tree
from harness.audit.survey import Survey
from harness.diagnosis.rules.quotes import listed
from harness.model.refs import ObjectRef

_PLAIN = re.compile(r"[A-Za-z0-9._-]+")
_SIMPLE = re.compile(r"[A-Za-z0-9._|^$*+?()\[\]-]{1,200}")
_NESTED = re.compile(r"\)[*+?]|[*+?][*+]")
_DELETION = "$patch: delete"
_MOST_REPEATS = 3
"""More than this in one pattern is not tried: it could keep us busy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A selector of a patch or of a replacement."""

    steps: Steps
    what: str
    """`patch` or `replacement`."""
    content: Mapping[str, Any]

    def wanted(self, key: str) -> str:
        """Returns one of its patterns; empty where it does not care."""
        return text(self.content.get(key))

    @property
    def name(self) -> str:
        """The pattern of names."""
        return self.wanted("name")

    def __str__(self) -> str:
        words = (self.wanted(key) for key in ("kind", "name"))
        return " ".join(word for word in words if word) or "its target"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An object that a selector may mean."""

    group: str
    version: str
    kind: str
    name: str


def unmatched_targets(survey: Survey) -> Iterator[Fault]:
    """Yields the targets that select nothing in any root that includes them."""
    tree, roots = survey.tree, Roots.of(survey)
    for folder in sorted(roots.by_folder):
        is_component = text(tree.kustomizations[folder].get("kind")) == "Component"
        found = _targets(tree.kustomizations[folder])
        selectors = [target for target in found if target.name or not is_component]
        if not selectors or folder in roots.doubtful:
            continue
        sources = [source for source in roots.by_folder[folder] if source.objects]
        if not sources or any(_may_have_deleted(source, roots, tree) for source in sources):
            continue
        objects = [c for source in sources for c in _candidates(source, roots, tree)]
        is_renamed = any(_is_renamed(source, roots, tree) for source in sources)
        for target in selectors:
            if _is_judged(target) and not _matches_any(target, objects, loosely=is_renamed):
                yield from _faults(target, folder, sources, objects, tree)


def _targets(content: Mapping[str, Any]) -> Iterator[Target]:
    for number, entry in enumerate(entries(content.get("patches"))):
        yield Target(
            steps=("patches", number, "target"), what="patch", content=mapping(entry.get("target"))
        )
    for number, entry in enumerate(entries(content.get("replacements"))):
        for position, target in enumerate(entries(entry.get("targets"))):
            yield Target(
                steps=("replacements", number, "targets", position, "select"),
                what="replacement",
                content=mapping(target.get("select")),
            )


def _is_judged(target: Target) -> bool:
    """Tells whether the selector can be compared: it names something, in a simple pattern."""
    patterns = [target.wanted(key) for key in ("group", "version", "kind", "name")]
    return bool(target.wanted("kind") or target.name) and all(
        not p or (_SIMPLE.fullmatch(p) and not is_placeholder(p) and _is_quick(p)) for p in patterns
    )


def _is_quick(pattern: str) -> bool:
    repeats = sum(pattern.count(sign) for sign in "*+")
    return repeats <= _MOST_REPEATS and not _NESTED.search(pattern)


def _candidates(source: Source, roots: Roots, tree: Tree) -> Iterator[Candidate]:
    """Yields the objects of a root: as rendered, as written in its files, and generated ones."""
    for obj in source.objects:
        yield _candidate(obj)
    for folder in roots.folders[source.path]:
        for path in named_paths(tree, folder):
            for document in tree.documents.get(path, ()):
                yield _candidate(document)
        for word, kind in (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")):
            for entry in entries(tree.kustomizations[folder].get(word)):
                yield Candidate(group="", version="v1", kind=kind, name=text(entry.get("name")))


def _candidate(obj: Object) -> Candidate:
    group, _, version = text(obj.get("apiVersion")).rpartition("/")
    ref = ref_of(obj)
    return Candidate(group=group, version=version, kind=ref.kind, name=ref.name)


def _is_renamed(source: Source, roots: Roots, tree: Tree) -> bool:
    """Tells whether objects of a root may have other names than in their files."""
    contents = [tree.kustomizations[folder] for folder in roots.folders[source.path]]
    words = ("namePrefix", "nameSuffix", "transformers")
    return any(c.get(w) for c in (*contents, options_of(source, "kustomize")) for w in words)


def _may_have_deleted(source: Source, roots: Roots, tree: Tree) -> bool:
    """Tells whether a root deletes objects that stand in no file here: of remote bases, charts."""
    folders = roots.folders[source.path]
    contents = [tree.kustomizations[folder] for folder in folders]
    is_open = any(c.get(w) for c in contents for w in ("helmCharts", "generators")) or any(
        is_remote(entry) for c in contents for entry in texts(c.get("resources"))
    )
    patches = (tree.texts.get(p, "") for f in folders for p in named_paths(tree, f))
    inline = (scalar for content in contents for scalar in scalars(content))
    return is_open and any(_DELETION in found for found in (*patches, *inline))


def _matches_any(target: Target, objects: Sequence[Candidate], *, loosely: bool) -> bool:
    return any(_matches(target, candidate, loosely=loosely) for candidate in objects)


def _matches(target: Target, candidate: Candidate, *, loosely: bool) -> bool:
    named = _fits(target.name, candidate.name) or (
        (loosely or candidate.kind in {"ConfigMap", "Secret"})
        and _occurs(target.name, candidate.name)
    )
    return (
        named
        and _fits(target.wanted("kind"), candidate.kind)
        and _fits(target.wanted("group"), candidate.group)
        and _fits(target.wanted("version"), candidate.version)
    )


def _fits(pattern: str, value: str) -> bool:
    """Tells whether a pattern matches as kustomize's selectors do: anchored at both ends."""
    if not pattern:
        return True
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:
        return True


def _occurs(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern.strip("^$"), value) is not None
    except re.error:
        return True


def _faults(
    target: Target, folder: str, sources: Sequence[Source], objects: Sequence[Candidate], tree: Tree
) -> Iterator[Fault]:
    file = kustomization_file(tree, folder)
    near = _nearest(target, objects)
    is_exact = bool(_PLAIN.fullmatch(target.name))
    line = line_of(tree.texts.get(file, ""), *target.steps)
    for source in sources:
        yield Fault(
            rule="patch-target-matches-nothing",
            object=ObjectRef("Kustomization", "", folder),
            message=f"the {target.what} for {target} in {file} selects no object: it has no effect",
            expected=f"kind and name of an object of {source.path}: {near}",
            fix=f"correct {dotted(target.steps)}, or remove the {target.what}",
            cause="R07",
            severity=Severity.DEFECT if is_exact else Severity.NOTE,
            field=dotted(target.steps),
            value=target.name or target.wanted("kind"),
            source=source.path,
            file=file,
            line=line,
        )


def _nearest(target: Target, objects: Sequence[Candidate]) -> str:
    """Returns the objects that were probably meant, the nearest first, in words."""
    same_kind = sorted({c.name for c in objects if _fits(target.wanted("kind"), c.kind)})
    close = difflib.get_close_matches(target.name, same_kind, n=1, cutoff=0.6)
    kinds = sorted({c.kind for c in objects if target.name and c.name == target.name})
    if close and target.wanted("kind"):
        return f"{target.wanted('kind')} {close[0]}"
    if kinds:
        return listed((f"{kind} {target.name}" for kind in kinds), 3)
    return listed(same_kind, 4) if same_kind else listed(sorted({c.kind for c in objects}), 4)


SURVEY_CHECKS: tuple[SurveyCheck, ...] = (unmatched_targets,)
