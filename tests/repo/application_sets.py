"""Builds ApplicationSets and trees of files for the tests of the expansion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.repo.applicationsets import Generated, Given, ProblemKind, generate
from harness.repo.repository_files import folders_of

URL = "https://github.com/acme/shop.git"
OWN = Given(own_urls=(URL,))
Generator = dict[str, Any]
Parameters = dict[str, Any]


class MemoryFiles:
    """A tree of files in memory; asking for a file that is not there fails the test."""

    def __init__(self, texts: Mapping[str, str] | Sequence[str] = ()) -> None:
        given = texts if isinstance(texts, Mapping) else dict.fromkeys(texts, "")
        self._texts = dict(given)
        self.files: Sequence[str] = tuple(sorted(self._texts))
        self.folders: Sequence[str] = folders_of(self.files)

    def is_folder(self, path: str) -> bool:
        return path == "." or path in self.folders

    def text(self, path: str) -> str:
        return self._texts[path]


def elements(*entries: Parameters, **more: Any) -> Generator:
    """Returns a list generator."""
    return {"list": {"elements": list(entries), **more}}


def folders(*patterns: str, **more: Any) -> Generator:
    """Returns a Git directory generator; a pattern with `!` excludes."""
    return {"git": {"repoURL": URL, "revision": "HEAD", "directories": _items(patterns), **more}}


def files(*patterns: str, **more: Any) -> Generator:
    """Returns a Git file generator; a pattern with `!` excludes."""
    return {"git": {"repoURL": URL, "revision": "HEAD", "files": _items(patterns), **more}}


def _items(patterns: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"path": p.removeprefix("!"), **({"exclude": True} if p.startswith("!") else {})}
        for p in patterns
    ]


def matrix(*generators: Generator, **more: Any) -> Generator:
    """Returns a matrix generator."""
    return {"matrix": {"generators": list(generators), **more}}


def merged(keys: Sequence[str], *generators: Generator) -> Generator:
    """Returns a merge generator."""
    return {"merge": {"mergeKeys": list(keys), "generators": list(generators)}}


def application_set(
    *generators: Generator,
    name: str = "{{.name}}",
    path: str = "apps",
    is_go: bool = True,
    options: Sequence[str] = ("missingkey=error",),
    metadata: Parameters | None = None,
    spec: Parameters | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Returns an ApplicationSet named `shop`."""
    template = {
        "metadata": {"name": name, **(metadata or {})},
        "spec": {
            "project": "default",
            "source": {"repoURL": URL, "targetRevision": "HEAD", "path": path},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"},
            **(spec or {}),
        },
    }
    go = {"goTemplate": True, "goTemplateOptions": list(options)} if is_go else {}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": {"name": "shop", "namespace": "argocd"},
        "spec": {**go, "generators": list(generators), "template": template, **more},
    }


TREE = MemoryFiles(["apps/web/a.yaml"])


def generated(obj: dict[str, Any], tree: MemoryFiles = TREE, given: Given = OWN) -> Generated:
    """Returns what one object becomes."""
    return generate([(obj, "set.yaml")], tree, given)


def names(obj: dict[str, Any], tree: MemoryFiles = TREE, given: Given = OWN) -> list[str]:
    """Returns the names of the Applications, and fails where there is any problem but a path."""
    found = generated(obj, tree, given)
    wrong = [p for p in found.problems if p.kind is not ProblemKind.PATH_NOT_DIRECTORY]
    assert not wrong, wrong
    return [app.name for app in found.applications]


def told(
    obj: dict[str, Any], kind: ProblemKind, tree: MemoryFiles = TREE, given: Given = OWN
) -> str:
    """Returns the text of the only problem of that kind."""
    found = [p.text for p in generated(obj, tree, given).problems if p.kind is kind]
    assert len(found) == 1, found
    return found[0]
