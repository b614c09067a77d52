"""Puts rendered roots together into scopes: what is deployed together, one per environment. Pure.

A root whose path names no environment is deployed with each of them. An Application of another
cluster has a scope of its own. What one file or folder declares beside the Applications of several
environments serves all of these: the operators of a cluster that holds dev and prod.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.audit.cluster_profile import ClusterProfile
from harness.audit.scope import Scope
from harness.audit.source import Object, RenderFailure, Source, Tree, Unjudged
from harness.manifests.scoping import with_namespace
from harness.repo.environments import environment_of
from harness.repo.roots import Root


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """Everything that is known of the roots once they were rendered."""

    sources: Sequence[Source] = ()
    unjudged: Sequence[Unjudged] = ()
    failures: Sequence[RenderFailure] = ()
    engine: Sequence[tuple[Object, str]] = ()
    """The engine's objects with their group."""


def source_of(root: Root, objects: Iterable[Object]) -> Source:
    """Returns a rendered root, objects without namespace in that of the destination."""
    return Source(
        path=root.path,
        kind=root.kind,
        objects=tuple(with_namespace(obj, root.namespace) for obj in objects),
        deployer=root.deployer,
        spec=root.spec,
        origin=root.origin,
        namespace=root.namespace,
        creates_namespace=root.creates_namespace,
        destination=root.destination,
        group=root.group,
    )


def scopes(pieces: Pieces, tree: Tree, profile: ClusterProfile) -> tuple[Scope, ...]:
    """Returns one scope per environment, sorted by name; one without name where there is none."""
    groups = {each.group for each in pieces.sources} | {each.group for each in pieces.unjudged}
    names = sorted((groups | {each.group for each in pieces.failures}) - {""}) or [""]
    return tuple(_scope(name, pieces, tree, profile) for name in names)


def _scope(name: str, pieces: Pieces, tree: Tree, profile: ClusterProfile) -> Scope:
    mine, neighbours = {"", name}, _neighbours(name, pieces.sources)
    # What does not render may hold anything.
    failed = (
        Unjudged(subject=f.path, reason="it does not render", group=f.group)
        for f in pieces.failures
    )
    broken = tuple(u for u in failed if u.group in mine or _may_serve(u, neighbours))
    return Scope(
        name=name,
        sources=tuple(s for s in pieces.sources if s.group in mine or _serves(s, neighbours)),
        unjudged=(
            *(u for u in pieces.unjudged if u.group in mine or _may_serve(u, neighbours)),
            *broken,
        ),
        profile=profile,
        tree=tree,
        engine=tuple(obj for obj, group in pieces.engine if group in mine),
    )


Places = Mapping[str, frozenset[tuple[str, str]]]
"""By group, the origins of its roots with their clusters."""


def _neighbours(name: str, sources: Sequence[Source]) -> Places:
    """Returns the places from which roots of an environment and of another group come."""
    own = {_place(s) for s in sources if s.group == name and s.origin}
    found: dict[str, set[tuple[str, str]]] = {}
    for source in sources:
        if source.group != name and _place(source) in own:
            found.setdefault(source.group, set()).add(_place(source))
    return {group: frozenset(places) for group, places in found.items()}


def _place(source: Source) -> tuple[str, str]:
    return source.origin, source.destination


def _serves(source: Source, neighbours: Places) -> bool:
    """Tells whether a root has its group only from an origin that serves others too."""
    deployer = source.deployer
    is_named = deployer is None or environment_of(source.path) or environment_of(deployer.name)
    return not is_named and _place(source) in neighbours.get(source.group, ())


def _may_serve(unjudged: Unjudged, neighbours: Places) -> bool:
    # Where it is declared is not known: its own name must not say which environment it is for.
    return unjudged.group in neighbours and not environment_of(unjudged.subject)
