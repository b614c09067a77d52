"""Where Applications take their sources from: this repository, a folder that is not there, a copy.

Paths and value files are looked up when the address is this repository and the revision what is
checked out; of other repositories and revisions nothing is said. Causes R01, R03, A01, E02.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from harness.audit.checks.all_checks import ScopeCheck
from harness.audit.engine_objects import Application, Steps, applications, dotted
from harness.audit.finding import Fault, Severity
from harness.audit.kustomize_tree import beside
from harness.audit.reading import at, is_known, text, texts
from harness.audit.repository_paths import (
    OwnRepository,
    can_be_looked_up,
    normal,
    own_repository,
)
from harness.audit.repository_urls import address, is_one_of, sisters
from harness.audit.scope import Scope
from harness.audit.source import Tree
from harness.diagnosis.rules.quotes import nearest
from harness.model.refs import ObjectRef

COMPARED_PATHS = 3000
_OWNERS = frozenset({
    "<owner>", "acme-org", "example", "example-org", "exampleorg", "my-org", "my-username", "myorg",
    "myuser", "myusername", "org", "organization", "owner", "user", "username", "your",
    "replace-me", "replaceme", "changeme", "change-me", "todo", "xxx", "placeholder",
})  # fmt: skip
_HOSTS = re.compile(r"(?:^|\.)(?:example\.(?:com|org|net)|invalid|your-?domain\.[a-z]+)$")
_YOURS = re.compile(r"(?:^|[:/_<-])your[-_ ]?(?:org|user|name|repo|company|github|account|team)")
_ANGLES = re.compile(r"<[a-z][a-z0-9_ -]*>")


def missing_paths(scope: Scope) -> Iterator[Fault]:
    """Yields Applications whose folder this repository does not have.

    Paths that an ApplicationSet makes are problems of its expansion.
    """
    own = own_repository(scope)
    for app in (each for each in applications(scope) if each.maker == each.ref):
        for steps, source in app.sources():
            path = text(source.get("path"))
            if text(source.get("chart")) or not _is_here(own, source) or not path:
                continue
            folder = normal(path)
            if folder != "." and can_be_looked_up(path) and folder not in scope.tree.folders:
                yield _missing_path(app, steps, folder, scope.tree)


def _is_here(own: OwnRepository, source: Mapping[str, Any]) -> bool:
    url, revision = text(source.get("repoURL")), text(source.get("targetRevision"))
    return bool(url) and own.has(url) and own.is_checked_out(revision)


def _missing_path(app: Application, steps: Steps, folder: str, tree: Tree) -> Fault:
    near = _nearest_path(folder, tree.folders)
    what = "is a file" if folder in tree.files else "does not exist in this repository"
    return app.fault(
        "argocd-path-missing", *steps, "path",
        message=f"{app.ref} takes the folder {folder}, which {what}",
        expected=f"a folder that exists; the nearest is {near}" if near else "a folder that exists",
        fix=f"set {dotted((*steps, 'path'))} to {near}"
        if near
        else "correct the path, or commit the folder",
        cause="R01",
        value=folder,
    )  # fmt: skip


def _nearest_path(path: str, paths: tuple[str, ...]) -> str:
    name = path.rpartition("/")[2]
    same_name = [p for p in paths if p.rpartition("/")[2] == name]
    return nearest(path, [*same_name, *islice(paths, COMPARED_PATHS)], 0.6)


def missing_value_files(scope: Scope) -> Iterator[Fault]:
    """Yields Helm sources that name value files which this repository does not have."""
    own = own_repository(scope)
    for app in applications(scope):
        sources = list(app.sources())
        references = {text(s.get("ref")): s for _, s in sources if text(s.get("ref"))}
        for steps, source in sources:
            if at(source, "helm", "ignoreMissingValueFiles") is True:
                continue
            for number, name in enumerate(texts(at(source, "helm", "valueFiles"))):
                path = _value_file(name, source, references, own)
                if path and path not in scope.tree.files:
                    where = (*steps, "helm", "valueFiles", number)
                    yield _missing_value_file(app, where, name, path, scope.tree)


def _value_file(
    name: str,
    source: Mapping[str, Any],
    references: Mapping[str, Mapping[str, Any]],
    own: OwnRepository,
) -> str:
    """Returns the path of a value file in this repository; empty where it is not judged."""
    if name.startswith("$"):
        ref, _, rest = name[1:].partition("/")
        giver = references.get(ref)
        is_judged = giver is not None and _is_here(own, giver) and can_be_looked_up(rest)
        return normal(rest) if is_judged else ""
    is_own_chart = not text(source.get("chart")) and _is_here(own, source)
    if not is_own_chart or "://" in name or not is_known(name) or set(name) & set("*?[]{}$"):
        return ""
    found = normal(name) if name.startswith("/") else beside(normal(text(source.get("path"))), name)
    return found if can_be_looked_up(found) else ""


def _missing_value_file(
    app: Application, steps: Steps, name: str, path: str, tree: Tree
) -> Fault:  # fmt: skip
    near = _nearest_path(path, tuple(f for f in tree.files if f.endswith((".yaml", ".yml"))))
    return app.fault(
        "argocd-values-file-missing", *steps,
        message=f"{app.ref} takes the values {name}, and there is no file {path}",
        expected=f"a file that exists; the nearest is {near}" if near else "a file that exists",
        fix="correct the entry under valueFiles, or commit the file",
        cause="A03",
        value=name,
    )  # fmt: skip


def placeholders(scope: Scope) -> Iterator[Fault]:
    """Yields addresses of repositories that nobody has filled in."""
    for app in applications(scope):
        for steps, source in app.sources():
            url = text(source.get("repoURL"))
            if is_placeholder_url(url) and not is_one_of(url, scope.tree.repo_urls):
                yield app.fault(
                    "argocd-repo-placeholder", *steps, "repoURL",
                    message=f"the repository {url} is a placeholder",
                    expected="the address of a repository that Argo CD can read",
                    fix="fill in repoURL",
                    cause="A01",
                    value=url,
                    root=ObjectRef("Repository", "", url),
                )  # fmt: skip


def is_placeholder_url(url: str) -> bool:
    """Tells whether an address was left for somebody to fill in by hand.

    One that a program fills in (`{{`, `${`) is none.
    """
    bare = url.lower()
    if not bare or any(sign in bare for sign in ("{{", "${", "$(", "{%", "__")):
        return False
    if _ANGLES.search(bare) or _YOURS.search(bare):
        return True
    parts = address(bare)
    owners = set(parts.owner.split("/"))
    return bool(_HOSTS.search(parts.host)) or bool(owners & _OWNERS)


def foreign_copies(scope: Scope) -> Iterator[Fault]:
    """Yields Applications that take this repository's folders from another owner's copy.

    A defect where others take them from here; where all do, this may be a fork on purpose.
    """
    urls = scope.tree.repo_urls
    uses = [(app, steps, source) for app in applications(scope) for steps, source in app.sources()]
    is_mixed = any(is_one_of(text(source.get("repoURL")), urls) for _, _, source in uses)
    for app, steps, source in uses:
        url, path = text(source.get("repoURL")), text(source.get("path"))
        own = sisters(url, urls)
        if own and is_known(url) and path and normal(path) in scope.tree.folders:
            yield app.fault(
                "argocd-repo-foreign", *steps, "repoURL",
                message=f"{app.ref} takes {normal(path)} from {url}, and this repository is "
                f"{own[0]}",
                expected=own[0],
                fix=f"set repoURL to {own[0]}",
                value=url,
                severity=None if is_mixed else Severity.NOTE,
                root=ObjectRef("Repository", "", url),
            )  # fmt: skip


def other_branches(scope: Scope) -> Iterator[Fault]:
    """Yields Applications that follow another branch of this repository than is looked at."""
    own = own_repository(scope)
    for app in applications(scope):
        for steps, source in app.sources():
            revision = text(source.get("targetRevision"))
            if own.has(text(source.get("repoURL"))) and own.is_other_branch(revision):
                yield app.fault(
                    "argocd-revision-elsewhere", *steps, "targetRevision",
                    message=f"{app.ref} follows the branch {revision}, and {own.branch} is "
                    "checked out: what it deploys was not looked at",
                    expected=f"{own.branch} or HEAD",
                    fix=f"audit the branch {revision} too",
                    cause="E02",
                    value=revision,
                    root=ObjectRef("Branch", "", revision),
                )  # fmt: skip


CHECKS: tuple[ScopeCheck, ...] = (
    missing_paths,
    missing_value_files,
    placeholders,
    foreign_copies,
    other_branches,
)
