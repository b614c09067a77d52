"""Flux Kustomizations whose folder, source or dependency is not there.

A path is looked up when the source is this repository: `flux-system`, which the bootstrap makes, or
a GitRepository with this repository's address; one that follows a tag, or includes other sources,
is not judged. Flux reports ArtifactFailed and DependencyNotReady (kustomize-controller).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.audit.checks.all_checks import SurveyCheck
from harness.audit.engine_objects import dotted, ref_of
from harness.audit.finding import Fault, Severity
from harness.audit.illustrations import is_off
from harness.audit.lines import line_of
from harness.audit.reading import entries, group_of, is_known, is_placeholder, mapping, text
from harness.audit.repository_paths import OwnRepository, can_be_looked_up, normal
from harness.audit.source import Object, Tree
from harness.audit.survey import Survey
from harness.diagnosis.rules.quotes import listed, nearest
from harness.model.refs import ObjectRef

BOOTSTRAP = "flux-system"
APPLIES, SOURCES = "kustomize.toolkit.fluxcd.io", "source.toolkit.fluxcd.io"
LIKENESS = 0.8
COMPARED_PATHS = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxKustomization:
    """One declared Flux Kustomization."""

    ref: ObjectRef
    spec: Mapping[str, Any]
    file: str
    tree: Tree = field(repr=False)

    @property
    def source(self) -> ObjectRef:
        """The source it names; its namespace is its own where it names none."""
        found = mapping(self.spec.get("sourceRef"))
        space = text(found.get("namespace")) or self.ref.namespace
        return ObjectRef(text(found.get("kind")), space, text(found.get("name")))

    def fault(
        self, rule: str, *steps: str | int, message: str, expected: str, fix: str,
        cause: str = "", value: str = "", severity: Severity | None = None,
    ) -> Fault:  # fmt: skip
        """Returns a fault of one of its fields."""
        content = self.tree.texts.get(self.file, "")
        return Fault(
            rule=rule,
            object=self.ref,
            message=message,
            expected=expected,
            fix=fix,
            cause=cause,
            field=dotted(steps),
            value=value,
            severity=severity,
            file=self.file,
            line=line_of(content, *steps, kind=self.ref.kind, name=self.ref.name) or 1,
        )


def kustomizations(tree: Tree) -> Iterator[FluxKustomization]:
    """Yields the Flux Kustomizations of a repository, illustrations left out."""
    for obj, file in _declared(tree):
        if obj.get("kind") == "Kustomization" and group_of(obj) == APPLIES and not is_off(file):
            spec = mapping(obj.get("spec"))
            yield FluxKustomization(ref=ref_of(obj), spec=spec, file=file, tree=tree)


def _declared(tree: Tree) -> Iterator[tuple[Object, str]]:
    """Yields Flux's objects with their files, each once."""
    seen: set[tuple[str, ObjectRef]] = set()
    documents = ((d, file) for file, found in tree.documents.items() for d in found)
    for obj, file in (*tree.engine, *documents):
        key = (file, ref_of(obj))
        if "fluxcd.io" in group_of(obj) and key not in seen:
            seen.add(key)
            yield obj, file


def missing_paths(survey: Survey) -> Iterator[Fault]:
    """Yields the Flux Kustomizations whose folder this repository does not have."""
    tree = survey.tree
    found = list(kustomizations(tree))
    sources = {ref_of(o): mapping(o.get("spec")) for o, _ in _declared(tree) if _is_git(o)}
    uses = [
        (text(spec.get("url")), text(each.spec.get("path")))
        for each in found
        if (spec := _spec_of(each.source, sources)) is not None
    ]
    own = OwnRepository.of(tree, uses)
    for each in found:
        path = text(each.spec.get("path"))
        folder = normal(path)
        if folder == "." or not can_be_looked_up(path) or folder in tree.folders:
            continue
        if _is_own(each, _spec_of(each.source, sources), own):
            near = nearest(folder, tree.folders[:COMPARED_PATHS], 0.6)
            yield each.fault(
                "flux-path-missing", "spec", "path",
                message=f"{each.ref} takes the folder {folder}, which does not exist in this "
                "repository",
                expected=f"a folder that exists; the nearest is {near}"
                if near
                else "a folder that exists",
                fix=f"set spec.path to ./{near}" if near else "correct spec.path",
                cause="R01",
                value=path,
            )  # fmt: skip


def _is_git(obj: Object) -> bool:
    return obj.get("kind") == "GitRepository" and group_of(obj) == SOURCES


def _spec_of(
    ref: ObjectRef, sources: Mapping[ObjectRef, Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    """Returns the declared source of that name; an unknown namespace may be any."""
    return next((s for known, s in sources.items() if _means(known, ref)), None)


def _means(known: ObjectRef, ref: ObjectRef) -> bool:
    same = (known.kind, known.name) == (ref.kind, ref.name)
    return same and (not known.namespace or not ref.namespace or known.namespace == ref.namespace)


def _is_own(each: FluxKustomization, spec: Mapping[str, Any] | None, own: OwnRepository) -> bool:
    """Tells whether a source is this repository at what is checked out."""
    if each.source.kind != "GitRepository":
        return False
    if spec is None:
        return each.source.name == BOOTSTRAP
    revision = mapping(spec.get("ref"))
    is_fixed = any(revision.get(word) for word in ("tag", "semver", "commit", "name"))
    if is_fixed or spec.get("include") or not own.is_checked_out(text(revision.get("branch"))):
        return False
    return own.has(text(spec.get("url")))


def missing_dependencies(survey: Survey) -> Iterator[Fault]:
    """Yields what a Flux Kustomization waits for although nobody declares it."""
    tree = survey.tree
    found = list(kustomizations(tree))
    names = {each.ref.name for each in found}
    if any(is_placeholder(name) for name in names):
        return
    for each in found:
        for number, entry in enumerate(entries(each.spec.get("dependsOn"))):
            name = text(entry.get("name"))
            if not is_known(name) or name in names or name == BOOTSTRAP:
                continue
            near = nearest(name, names, LIKENESS)
            yield each.fault(
                "flux-dependency-missing", "spec", "dependsOn", number,
                message=f"{each.ref} depends on the Kustomization {name}, which is not declared",
                expected=f"one of: {listed([near, *sorted(names - {each.ref.name})], 5)}",
                fix=f"set the dependency to {near}" if near else f"declare Kustomization {name}",
                value=name,
                severity=Severity.DEFECT if near else None,
            )  # fmt: skip


def missing_sources(survey: Survey) -> Iterator[Fault]:
    """Yields the sources that Flux Kustomizations name and nobody declares."""
    tree = survey.tree
    declared = [ref_of(obj) for obj, _ in _declared(tree)]
    known = [ref for ref in declared if ref.kind in _SOURCE_KINDS]
    if any(is_placeholder(ref.name) for ref in known):
        return
    for each in kustomizations(tree):
        wanted = each.source
        is_there = wanted.name == BOOTSTRAP or any(_means(ref, wanted) for ref in known)
        if wanted.kind not in _SOURCE_KINDS or not is_known(wanted.name) or is_there:
            continue
        near = nearest(wanted.name, {r.name for r in known if r.kind == wanted.kind}, LIKENESS)
        yield each.fault(
            "flux-source-missing", "spec", "sourceRef", "name",
            message=f"{each.ref} names the {wanted.kind} {wanted.name}, which is declared nowhere",
            expected=f"one of: {listed((str(r) for r in known), 4)}" if known else str(wanted),
            fix=f"set spec.sourceRef.name to {near}" if near else f"declare {wanted}",
            value=wanted.name,
            severity=Severity.DEFECT if near else None,
        )  # fmt: skip


_SOURCE_KINDS = frozenset({"Bucket", "GitRepository", "OCIRepository"})
"""An ExternalArtifact is made by an ArtifactGenerator or by anybody else's controller."""
SURVEY_CHECKS: tuple[SurveyCheck, ...] = (missing_paths, missing_dependencies, missing_sources)
