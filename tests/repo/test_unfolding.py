"""Rounds of rendering: from the files of a repository to what its engines deploy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.audit.source import Tree
from harness.repo.render_request import Engine, Rendered, Request
from harness.repo.roots import Lookup, Root
from harness.repo.unfolding import Expanded, Unfolding

APPLICATION: dict[str, Any] = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Application",
    "metadata": {"name": "shop", "namespace": "argocd"},
    "spec": {"source": {"repoURL": "own", "path": "shop"}},
}


def _rendered(root: Root, failure: str = "", visited: frozenset[str] = frozenset()) -> Rendered:
    request = Request(path=root.path, kind=root.kind, engine=Engine.NONE)
    return Rendered(request=request, failure=failure, visited=visited)


def unfolded(folder: str, tree: Tree, failure: str = "") -> Unfolding:
    def render(roots: Sequence[Root]) -> list[Rendered]:
        visited = frozenset({f"{folder}/app.yaml"})
        return [_rendered(r, failure, visited) if r.path == folder else _rendered(r) for r in roots]

    def expand(objects: Sequence[tuple[dict[str, Any], str]]) -> Expanded:
        return Expanded(applications=tuple(objects))

    found = Unfolding(
        tree=tree,
        root_folder="/repository",
        expand=expand,
        render=render,
        lookup=Lookup(is_own=lambda _: True, is_folder=lambda _: True),
    )
    found.run()
    return found


def tree(**kustomizations: Any) -> Tree:
    named = {path.replace("__", "/"): content for path, content in kustomizations.items()}
    file = f"{next(iter(named))}/app.yaml"
    return Tree(kustomizations=named, engine=((APPLICATION, file),))


def test_applications_of_a_kustomization_that_does_not_render_are_taken_as_they_stand() -> None:
    found = unfolded("argocd", tree(argocd={"resources": ["app.yaml"]}), failure="Error: x")
    assert [source.path for source in found.sources] == ["shop"]


def test_applications_of_a_kustomization_that_renders_are_not_taken_from_its_files() -> None:
    found = unfolded("argocd", tree(argocd={"resources": ["app.yaml"]}))
    assert [source.path for source in found.sources] == ["argocd"]


def test_applications_of_a_base_that_waits_for_overlays_elsewhere_are_not_judged() -> None:
    found = unfolded(
        "",
        tree(
            components__base={"resources": ["app.yaml"]},
            components__overlays__default={"resources": ["../../base"]},
        ),
    )
    assert found.sources == []
    assert [note.partition(": ")[0] for note in found.notes] == ["components/base/app.yaml"]
