"""Builds trees and surveys from the texts of files for the tests of the checks."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import yaml

from harness.audit.finding import Fault, NotJudged
from harness.audit.kustomize_tree import KUSTOMIZATION_NAMES
from harness.audit.scope import Scope
from harness.audit.source import Source, Tree
from harness.audit.survey import Survey

Object = dict[str, Any]


def tree(files: Mapping[str, str], **more: Any) -> Tree:
    """The tree of some files, by path."""
    kustomizations, documents, engine = {}, {}, []
    for path, text in files.items():
        folder, name = posixpath.split(path)
        if name in KUSTOMIZATION_NAMES:
            kustomizations[folder or "."] = yaml.safe_load(text) or {}
        elif path.endswith((".yaml", ".yml")):
            found = tuple(d for d in yaml.safe_load_all(text) if _is_manifest(d))
            if found:
                documents[path] = found
            engine += [(d, path) for d in found if _is_engine(d)]
    return Tree(
        folders=_folders(files),
        files=tuple(sorted(files)),
        texts=dict(files),
        kustomizations=kustomizations,
        documents=documents,
        engine=tuple(engine),
        **more,
    )


def _is_manifest(document: Any) -> bool:
    return isinstance(document, dict) and "kind" in document and "apiVersion" in document


def _is_engine(document: Object) -> bool:
    return "argoproj.io" in document["apiVersion"] or "fluxcd.io" in document["apiVersion"]


def _folders(files: Iterable[str]) -> tuple[str, ...]:
    found = set()
    for path in files:
        folder = posixpath.dirname(path)
        while folder:
            found.add(folder)
            folder = posixpath.dirname(folder)
    return tuple(sorted(found))


def survey(found: Tree, *sources: Source, engine: tuple[Object, ...] = (), **more: Any) -> Survey:
    """The survey of a tree with one scope."""
    scope = Scope(name="dev", sources=sources, tree=found, engine=engine)
    more.setdefault("scopes", (scope,))
    more.setdefault("visited", frozenset(path for path in found.kustomizations))
    return Survey(tree=found, **more)


def engine_scope(files: Mapping[str, str], *sources: Source, **more: Any) -> Scope:
    """A scope whose Applications are those of the files as they stand there."""
    tree_fields = {key: more.pop(key) for key in ("repo_urls", "branch") if key in more}
    found = tree(files, **tree_fields)
    engine = more.pop("engine", tuple(obj for obj, _ in found.engine))
    return Scope(name="dev", sources=sources, tree=found, engine=engine, **more)


def surveyed(check: Callable[[Survey], Iterable[Fault | NotJudged]], found: Survey) -> list[Fault]:
    """The faults that one check finds in a survey."""
    return [f for f in check(found) if isinstance(f, Fault)]
