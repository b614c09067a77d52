"""What cannot be rendered, and YAML that cannot be read: the file and the entry to correct.

A base that breaks five overlays is one finding, at the base: kustomize's text names the innermost
kustomization, and the diagnosis' own rules read it (causes R01 to R19). What only this machine
cannot do is no fault of the repository: a remote base that is out of reach, a plugin or a Helm
chart, files from outside the folder where the repository allows them to Argo CD.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from harness.audit.checks.all_checks import ScopeCheck, SurveyCheck
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.illustrations import is_shown
from harness.audit.kustomize_tree import is_within, kustomization_file
from harness.audit.lines import line_with
from harness.audit.scope import Scope
from harness.audit.source import RenderFailure, Tree
from harness.audit.survey import Survey, YamlFault
from harness.diagnosis.rules.quotes import cut
from harness.diagnosis.rules.repo_texts import RepoFault, classify
from harness.model.refs import ObjectRef

REMOTE, OUTSIDE, NO_FOLDER, BAD_YAML = "R12", "R04", "R01", "R05"
NEARBY_PATHS = 5000
_HELM = r"must specify --enable-helm|helm(?:Charts| chart)"
_PLUGIN = (
    r"external plugins? (?:is |are )?disabled|--enable-(?:alpha-plugins|exec)|exec plugin"
    r"|unable to load (?:external )?plugin|plugin .{0,200}? not found"
    r"|couldn't execute (?:function|transformer)"
)
_NOT_HERE = (
    (re.compile(_HELM, re.IGNORECASE), "Helm charts"),
    (re.compile(_PLUGIN, re.IGNORECASE), "a kustomize plugin"),
    (re.compile(r"timed out|deadline exceeded", re.IGNORECASE), "more time than was given"),
)
_TWICE = re.compile(r"already (?:there|defined)|duplicate key")
_ABSOLUTE = re.compile(r"(?<![\w./-])/[^\s'\":`]+")
_TEMPLATED = re.compile(r"\{\{|\{%|<%")


def failing_roots(survey: Survey) -> Iterator[Fault | NotJudged]:
    """Yields every root that does not render, at the file that must be corrected."""
    broken = {fault.file: fault for fault in survey.yaml_faults}
    for failure in survey.failures:
        if not _is_reported_elsewhere(failure, survey.tree):
            yield _judged(failure, survey.tree, broken)


def _is_reported_elsewhere(failure: RenderFailure, tree: Tree) -> bool:
    """Tells whether the fault is the path of the deployer, which other rules report."""
    has_folder = failure.path in {"", "."} or failure.path in tree.folders
    return failure.deployer is not None and not has_folder


def _judged(failure: RenderFailure, tree: Tree, broken: dict[str, YamlFault]) -> Fault | NotJudged:
    reason = _not_resolvable(failure, tree)
    if reason:
        return NotJudged(subject=failure.path, reason=reason)
    root = _root(failure, tree)
    found = classify(
        failure.text, folder=failure.path, root=root, paths=_nearby(failure.path, tree)
    )
    if found is None:
        return _unclassified(failure, root, tree)
    if found.cause == REMOTE:
        return NotJudged(subject=failure.path, reason=found.seen)
    if found.cause == OUTSIDE and _may_load_anything(tree):
        return NotJudged(subject=failure.path, reason=f"{found.seen}; LoadRestrictionsNone is set")
    fault = _fault(found, failure, tree)
    known = broken.get(fault.file) if found.cause == BAD_YAML else None
    return replace(_yaml_fault(known), source=failure.path) if known else fault


def _not_resolvable(failure: RenderFailure, tree: Tree) -> str:
    """Returns what the rendering needs that is not at hand here; empty for nothing."""
    is_chart = posixpath.join(failure.path, "Chart.yaml") in tree.files
    if is_chart and failure.path not in tree.kustomizations:
        return f"the chart does not render here: {cut(failure.text)}"
    flat = " ".join(failure.text.split())
    needed = next((what for pattern, what in _NOT_HERE if pattern.search(flat)), "")
    return f"the rendering needs {needed}: {cut(flat)}" if needed else ""


def _root(failure: RenderFailure, tree: Tree) -> str:
    """Returns the repository's folder as it stands in the text, found by its own folders."""
    if failure.root and failure.root in failure.text:
        return failure.root
    known = {*tree.folders, *tree.files}
    for path in islice(_ABSOLUTE.findall(failure.text), 50):
        parts = path.split("/")
        for start in range(1, len(parts)):
            if "/".join(parts[start:]) in known:
                return "/".join(parts[:start])
    return failure.root


def _nearby(path: str, tree: Tree) -> list[str]:
    """Returns the paths near a folder, for the nearest name."""
    above = posixpath.dirname(posixpath.dirname(path))
    near = (p for p in (*tree.folders, *tree.files) if is_within(p, above))
    return list(islice(near, NEARBY_PATHS))


def _may_load_anything(tree: Tree) -> bool:
    return any("LoadRestrictionsNone" in text for text in tree.texts.values())


def _fault(found: RepoFault, failure: RenderFailure, tree: Tree) -> Fault:
    file = _file(found, failure, tree)
    text = tree.texts.get(file, "")
    line = found.line if found.file == file and found.line else line_with(text, found.entry)
    return Fault(
        rule="render-failure",
        object=ObjectRef("Kustomization", "", posixpath.dirname(file) or "."),
        message=found.seen,
        expected=found.expected,
        fix=found.fix,
        cause=found.cause,
        field=found.entry,
        value=found.entry,
        source=failure.path,
        file=file,
        line=line or 1,
    )


def _file(found: RepoFault, failure: RenderFailure, tree: Tree) -> str:
    """Returns the file to correct, under the name that the kustomization really has."""
    if found.file in tree.texts or found.file in tree.files:
        return found.file
    folder = posixpath.dirname(found.file) or ("." if found.file else failure.path)
    own = kustomization_file(tree, folder) or kustomization_file(tree, failure.path)
    return own or posixpath.join(failure.path, "kustomization.yaml")


def _unclassified(failure: RenderFailure, root: str, tree: Tree) -> Fault:
    file = kustomization_file(tree, failure.path)
    flat = " ".join(failure.text.split()).removeprefix("Error: ")
    shown = flat.replace(f"{root.rstrip('/')}/", "") if root else flat
    return Fault(
        rule="render-failure",
        object=ObjectRef("Kustomization", "", failure.path),
        message=f"{failure.path} does not render: {cut(shown, 400) or 'no reason was given'}",
        expected="kustomize build to succeed",
        fix=f"kustomize build {failure.path}",
        source=failure.path,
        file=file,
        line=1 if file else 0,
    )


def broken_files(survey: Survey) -> Iterator[Fault]:
    """Yields every file that is no YAML; where nothing deploys it, as a note.

    A key that is there twice is a note too: kustomize and Argo CD take one of them, or both.
    A template of another tool is no YAML, and no fault as long as no root reads it.
    """
    for found in survey.yaml_faults:
        if found.file in survey.visited and not _TWICE.search(found.message):
            yield _yaml_fault(found)
        elif found.file in survey.visited or not _is_template(found.file, survey.tree):
            yield replace(_yaml_fault(found), severity=Severity.NOTE)


def _yaml_fault(found: YamlFault) -> Fault:
    at = f"{found.file}, line {found.line}" if found.line else found.file
    what = "" if _TWICE.search(found.message) else "cannot be read as YAML: "
    return Fault(
        rule="yaml-invalid",
        object=ObjectRef("File", "", found.file),
        message=f"{at} {what}{cut(found.message).rstrip('.')}"
        if what
        else f"{at}: {cut(found.message).rstrip('.')}",
        expected="YAML that parses; indent with spaces, never with tabs"
        if what
        else "every key once",
        fix=f"correct {at}",
        cause=BAD_YAML,
        file=found.file,
        line=found.line or 1,
    )


def _is_template(file: str, tree: Tree) -> bool:
    return is_shown(file) or bool(_TEMPLATED.search(tree.texts.get(file, "")))


def unjudged_roots(scope: Scope) -> Iterator[NotJudged]:
    """Yields what is deployed and cannot be rendered here (`render-unverifiable`)."""
    for each in scope.unjudged:
        yield NotJudged(subject=each.subject, reason=each.reason)


CHECKS: tuple[ScopeCheck, ...] = (unjudged_roots,)
SURVEY_CHECKS: tuple[SurveyCheck, ...] = (failing_roots, broken_files)
