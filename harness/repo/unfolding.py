"""From a tree to everything its engines deploy: Applications that bring Applications included.

Round after round: engine objects become roots, roots are rendered, and what they render may hold
further engine objects. Kustomizations that hold engine objects come first, since their patches
count and not the plain files. Effects (rendering, expansion) come in; loops end.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from harness.audit.source import (
    EngineProblem,
    Object,
    RenderFailure,
    Source,
    SourceKind,
    Tree,
    Unjudged,
)
from harness.model.refs import ObjectRef
from harness.repo.assembly import Pieces, source_of
from harness.repo.document_objects import is_engine_object
from harness.repo.environments import environment_of
from harness.repo.inclusion import reached, top_level, waiting
from harness.repo.render_request import Rendered
from harness.repo.roots import (
    Lookup,
    MissingPath,
    Planned,
    Root,
    of_applications,
    of_flux,
    without_engine,
)

MAX_ROUNDS = 6
"""Applications of Applications of Applications: more is a loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expanded:
    """What engine objects become."""

    applications: tuple[tuple[Object, str], ...] = ()
    """Applications as Argo CD would have them, with the file that declares each."""
    problems: tuple[EngineProblem, ...] = ()


Expand = Callable[[Sequence[tuple[Object, str]]], Expanded]
Render = Callable[[Sequence[Root]], Sequence[Rendered]]


@dataclass(slots=True, kw_only=True)
class Unfolding:
    """Gathers what the rounds find."""

    tree: Tree
    root_folder: str
    expand: Expand
    render: Render
    lookup: Lookup
    sources: list[Source] = field(default_factory=list)
    unjudged: list[Unjudged] = field(default_factory=list)
    failures: list[RenderFailure] = field(default_factory=list)
    problems: list[EngineProblem] = field(default_factory=list)
    engine: list[tuple[Object, str]] = field(default_factory=list)
    """With group."""
    visited: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    _held: set[str] = field(default_factory=set)
    """The visited files of what renders."""
    _known: set[tuple[object, ...]] = field(default_factory=set)
    _rendered: set[tuple[object, ...]] = field(default_factory=set)
    _roots: list[Root] = field(default_factory=list)

    def run(self) -> Pieces:
        """Runs all rounds, then takes the kustomizations that no engine reaches."""
        found = [*self._of_kustomizations(), *self._of_files()]
        for _ in range(MAX_ROUNDS):
            found = self._round(found)
            if not found:
                break
        rest = [r for r in without_engine(self.tree, self._roots) if self._is_new(r)]
        for _ in range(MAX_ROUNDS):
            fresh = self._rendered_objects(rest)
            rest = []
            if not fresh:
                break
            while fresh:
                fresh = self._round(fresh)
        return Pieces(
            sources=self.sources,
            unjudged=self.unjudged,
            failures=self.failures,
            engine=self.engine,
        )

    def _of_kustomizations(self) -> list[tuple[Object, str]]:
        """Renders the top-level kustomizations that reach a file with engine objects."""
        files = {file for _, file in self.tree.engine}
        holding = [
            Root(path=folder, kind=SourceKind.KUSTOMIZE, group=environment_of(folder))
            for folder in top_level(self.tree)
            if files & reached(self.tree, folder)
        ]
        return self._rendered_objects(holding)

    def _of_files(self) -> list[tuple[Object, str]]:
        """Returns the engine objects of files that no kustomization holds which renders."""
        bases = waiting(self.tree)
        rest = [(obj, file) for obj, file in self.tree.engine if file not in self._held]
        for file in dict.fromkeys(file for _, file in rest if file in bases):
            self.notes.append(f"{file}: only overlays that are not deployed from here include it")
        return [(obj, file) for obj, file in rest if file not in bases]

    def _round(self, found: Iterable[tuple[Object, str]]) -> list[tuple[Object, str]]:
        fresh = [(obj, origin) for obj, origin in found if self._is_unknown(obj, origin)]
        expanded = self.expand(fresh)
        self.problems += expanded.problems
        self.engine += [(obj, _group(obj, origin)) for obj, origin in fresh]
        self.engine += [
            (obj, _group(obj, origin))
            for obj, origin in expanded.applications
            if not any(obj is one for one, _ in fresh)
        ]
        planned: list[Planned] = [
            *of_applications(expanded.applications, self.tree, self.lookup),
            *of_flux(fresh, self.tree),
        ]
        return self._rendered_objects(self._sorted_out(planned))

    def _is_unknown(self, obj: Object, origin: str) -> bool:
        ref = ObjectRef.of(obj)
        key = (obj.get("apiVersion"), ref, environment_of(origin))
        is_new = key not in self._known
        self._known.add(key)
        return is_new

    def _sorted_out(self, planned: Iterable[Planned]) -> list[Root]:
        roots = []
        for each in planned:
            match each:
                case Root():
                    roots.append(each)
                case Unjudged():
                    self.unjudged.append(each)
                case MissingPath():
                    self.unjudged.append(_missing(each))
        return [root for root in roots if self._is_new(root)]

    def _is_new(self, root: Root) -> bool:
        key = (root.path, root.deployer, root.group, root.destination, str(root.options))
        is_new = key not in self._rendered
        self._rendered.add(key)
        return is_new

    def _rendered_objects(self, roots: Sequence[Root]) -> list[tuple[Object, str]]:
        """Renders roots and returns the engine objects among what they hold."""
        self._roots += roots
        found = []
        for root, rendered in zip(roots, self.render(roots), strict=True):
            self._take(root, rendered)
            found += [(obj, root.path) for obj in rendered.objects if is_engine_object(obj)]
        return found

    def _take(self, root: Root, rendered: Rendered) -> None:
        self.visited |= rendered.visited
        if not rendered.failure:
            self._held |= rendered.visited
        self.notes += [f"{root.path}: {note}" for note in rendered.notes]
        if rendered.failure:
            self.failures.append(
                RenderFailure(
                    path=root.path,
                    text=rendered.failure,
                    deployer=root.deployer,
                    group=root.group,
                    root=self.root_folder,
                )
            )
        if rendered.unjudged or rendered.charts:
            self.unjudged.append(
                Unjudged(
                    subject=str(root.deployer or root.path),
                    reason=rendered.unjudged or f"charts {', '.join(rendered.charts)}",
                    namespace=root.namespace,
                    group=root.group,
                    charts=rendered.charts,
                )
            )
        if not rendered.failure and not rendered.unjudged:
            self.sources.append(source_of(root, rendered.objects))


def _group(obj: Object, origin: str) -> str:
    return environment_of(posixpath.join(origin, ObjectRef.of(obj).name))


def _missing(found: MissingPath) -> Unjudged:
    # The fault itself is said by the checks of the engine; here it makes the world open.
    return Unjudged(subject=str(found.deployer), reason=f"{found.path} is not in this repository")
