"""Kustomizations that do nothing, forget a file, or use what kustomize gives up.

A root that renders nothing is Synced and Healthy in Argo CD with nothing in it (argo-cd
`controller/health.go`; cause A20, or R02 for a folder read as plain YAML). A manifest that lies
beside listed ones and is listed nowhere is noted, unless its name is written anywhere near it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.audit.checks.all_checks import ScopeCheck, SurveyCheck
from harness.audit.engine_objects import Steps, deployer_place, ref_of
from harness.audit.finding import Fault, Severity
from harness.audit.illustrations import is_off
from harness.audit.kustomize_tree import (
    Roots,
    is_within,
    kustomization_file,
    named_paths,
    options_of,
)
from harness.audit.lines import line_of
from harness.audit.reading import at, entries, group_of, mapping, text
from harness.audit.scope import Scope
from harness.audit.source import Object, Source, SourceKind, Tree
from harness.audit.survey import Survey
from harness.diagnosis.rules.quotes import listed
from harness.model.refs import ObjectRef

CONTENT = (
    "resources", "bases", "components", "configMapGenerator", "secretGenerator", "generators",
    "helmCharts", "helmChartInflationGenerator",
)  # fmt: skip
DEPRECATED = {
    "bases": "resources",
    "commonLabels": "labels",
    "helmChartInflationGenerator": "helmCharts",
    "imageTags": "images",
    "patchesJson6902": "patches",
    "patchesStrategicMerge": "patches",
    "vars": "replacements",
}
CHANGING_LABELS = frozenset({
    "app.kubernetes.io/version", "helm.sh/chart", "version", "appVersion", "revision", "commit",
    "git-commit", "git-sha", "sha", "build", "release-version", "image-tag",
})  # fmt: skip
"""Labels whose values change from release to release."""
ASIDE = re.compile(
    r"(?i)(?:^|[/._-])(?:example|sample|disabled|old|bak|backup|unused|deprecated|archived?|"
    r"optional|todo|tmp|temp|draft|crds?|values|skaffold|docker-compose|test|kind)(?=[/._-]|$)"
)
"""Words in a path that say that the file is left out on purpose."""
_TOOLS = re.compile(
    r"^(?:kustomize\.config|kind\.x|skaffold|viaduct\.ai|config\.kubernetes|builtin|ctlptl|"
    r"kubeadm|kubelet\.config|k3d|talos|cluster\.x)"
)
"""API groups of files that tools read; nobody applies them."""


def empty_roots(scope: Scope) -> Iterator[Fault]:
    """Yields roots that render nothing although an engine, or nobody yet, deploys them."""
    for source in scope.sources:
        if source.objects:
            continue
        if source.kind is SourceKind.KUSTOMIZE and not _is_written_later(source, scope.tree):
            yield _empty_kustomization(source, scope.tree)
        if source.kind is SourceKind.PLAIN and source.deployer is not None:
            yield from _empty_folder(source, scope.tree)


def _empty_kustomization(source: Source, tree: Tree) -> Fault:
    content = tree.kustomizations.get(source.path, {})
    word = next((w for w in CONTENT if w in content), "")
    lists = any(content.get(w) for w in CONTENT)
    why = "what it lists holds no object" if lists else "it lists no resources"
    is_meant = bool(word and not lists) or _allows_empty(source)
    is_deployed = source.deployer is not None and source.deployer.kind == "Application"
    file = kustomization_file(tree, source.path)
    return Fault(
        rule="kustomization-empty",
        object=ObjectRef("Kustomization", "", source.path),
        message=f"{source.path} renders no object: {why}",
        expected="at least one object in every folder that is deployed",
        fix=f"list the resources in {file or source.path}",
        cause="A20" if is_deployed else "R13",
        severity=Severity.DEFECT if is_deployed and not is_meant else Severity.NOTE,
        source=source.path,
        file=file,
        line=line_of(tree.texts.get(file, ""), *([word] if word else [])) or 1 if file else 0,
    )


def _is_written_later(source: Source, tree: Tree) -> bool:
    """Tells whether `flux bootstrap` writes the files of a root into the repository."""
    names = (posixpath.basename(path) for path in named_paths(tree, source.path))
    return any(name.startswith("gotk-") for name in names)


def _allows_empty(source: Source) -> bool:
    return at(source.spec, "syncPolicy", "automated", "allowEmpty") is True


def _empty_folder(source: Source, tree: Tree) -> Iterator[Fault]:
    directory = mapping(options_of(source, "directory"))
    if directory.get("include") or directory.get("exclude") or _has_jsonnet(source.path, tree):
        return
    below = [f for f in sorted(tree.documents) if is_within(f, source.path)]
    deeper = [f for f in below if posixpath.dirname(f) != source.path]
    is_deaf = bool(deeper) and directory.get("recurse") is not True
    is_argo = source.deployer is not None and source.deployer.kind == "Application"
    file, line = deployer_place(source, tree, "spec", "source", "path")
    hint = f"its subfolders hold {listed(deeper, 2)}, which are not read" if is_deaf else ""
    yield Fault(
        rule="argocd-path-empty",
        object=source.deployer or ObjectRef("Folder", "", source.path),
        message=f"{source.path} holds no kustomization and no manifest"
        + (f"; {hint}" if hint else ""),
        expected=f"{source.path}/kustomization.yaml, or manifests in the folder itself",
        fix="set spec.source.directory.recurse: true, or add a kustomization.yaml"
        if is_deaf
        else f"add the manifests to {source.path}",
        cause="R02" if is_deaf else "A20",
        severity=Severity.DEFECT if is_deaf and is_argo else Severity.NOTE,
        field="spec.source.path",
        value=source.path,
        source=source.path,
        file=file,
        line=line,
    )


def _has_jsonnet(folder: str, tree: Tree) -> bool:
    return any(f.endswith((".jsonnet", ".json")) and is_within(f, folder) for f in tree.files)


def orphans(survey: Survey) -> Iterator[Fault]:
    """Yields kustomizations that forget manifests although they list their neighbours."""
    tree, roots = survey.tree, Roots.of(survey)
    read = survey.visited | {p for folder in tree.kustomizations for p in named_paths(tree, folder)}
    busy = {posixpath.dirname(p) for p in read if p in tree.documents}
    found: dict[str, list[str]] = {}
    for file in sorted(tree.documents):
        folder = _governing(file, tree)
        is_candidate = file not in read and posixpath.dirname(file) in busy
        if not is_candidate or folder not in roots.by_folder or folder in roots.doubtful:
            continue
        is_elsewhere = _is_aside(file, tree) or _is_plain(file, survey)
        if not is_elsewhere and not _is_named_near(file, folder, tree):
            found.setdefault(folder, []).append(file)
    for folder, files in sorted(found.items()):
        yield _orphans(files, folder, tree)


def _governing(file: str, tree: Tree) -> str:
    """Returns the nearest folder above a file that has a kustomization."""
    folder = posixpath.dirname(file) or "."
    while folder not in tree.kustomizations and folder != ".":
        folder = posixpath.dirname(folder) or "."
    return folder


def _is_aside(file: str, tree: Tree) -> bool:
    """Tells whether a file is of a kind, or in a place, that is not meant to be listed."""
    if ASIDE.search(file) or is_off(file):
        return True
    return all(_is_no_manifest(document) for document in tree.documents[file])


def _is_no_manifest(document: Object) -> bool:
    group = group_of(document)
    # Secrets and an engine's own objects are often applied by hand on purpose.
    by_hand = text(document.get("kind")) == "Secret" or group == "argoproj.io"
    return by_hand or bool(_TOOLS.match(group)) or "fluxcd.io" in group


def _is_named_near(file: str, folder: str, tree: Tree) -> bool:
    """Tells whether the file's name is written in the kustomization, or in a file beside it."""
    name, own = posixpath.basename(file), posixpath.dirname(file)
    near = (t for p, t in tree.texts.items() if p != file and posixpath.dirname(p) in {folder, own})
    return any(name in content for content in near)


def _is_plain(file: str, survey: Survey) -> bool:
    """Tells whether a root of plain YAML may read the file."""
    sources = (s for scope in survey.scopes for s in scope.sources)
    return any(s.kind is not SourceKind.KUSTOMIZE and is_within(file, s.path) for s in sources)


def _orphans(files: Sequence[str], folder: str, tree: Tree) -> Fault:
    listing = kustomization_file(tree, folder)
    found = listed((posixpath.relpath(file, folder) for file in files), 5)
    objects = listed((str(ref_of(tree.documents[file][0])) for file in files), 3)
    return Fault(
        rule="orphan-manifest",
        object=ObjectRef("Kustomization", "", folder),
        message=f"{listing} lists the neighbours of {found}, and not these: {objects}",
        expected=f"an entry under resources for {found}",
        fix=f"add {found} to resources, or remove what is not meant to be deployed",
        field="resources",
        file=listing,
        line=line_of(tree.texts.get(listing, ""), "resources") or 1,
    )


def deprecated_fields(survey: Survey) -> Iterator[Fault]:
    """Yields one note for all kustomizations that use fields which kustomize gives up."""
    tree = survey.tree
    used: dict[str, list[str]] = {}
    for folder, content in sorted(tree.kustomizations.items()):
        for word in DEPRECATED.keys() & content.keys():
            used.setdefault(word, []).append(kustomization_file(tree, folder) or folder)
    if not used:
        return
    first = min(files[0] for files in used.values())
    word = min(w for w, files in used.items() if files[0] == first)
    seen = "; ".join(f"{w} in {listed(files, 3)}" for w, files in sorted(used.items()))
    instead = ", ".join(f"{DEPRECATED[w]} instead of {w}" for w in sorted(used))
    yield Fault(
        rule="kustomization-deprecated-field",
        object=ObjectRef("Kustomization", "", posixpath.dirname(first) or "."),
        message=f"kustomize will drop {seen}",
        expected=instead,
        fix="kustomize edit fix, in each of these folders",
        field=word,
        file=first,
        line=line_of(tree.texts.get(first, ""), word) or 1,
    )


def changing_selectors(survey: Survey) -> Iterator[Fault]:
    """Yields each label that changes with a release and that kustomizations put into selectors."""
    tree, roots = survey.tree, Roots.of(survey)
    found: dict[str, list[tuple[str, Steps]]] = {}
    for folder, content in sorted(tree.kustomizations.items()):
        if folder in roots.by_folder:
            for steps, labels in _selector_labels(content):
                for label in sorted(CHANGING_LABELS & labels.keys()):
                    found.setdefault(label, []).append((folder, (*steps, label)))
    for label, places in sorted(found.items()):
        yield _changing_selector(label, places, tree)


def _selector_labels(
    content: Mapping[str, Any],
) -> Iterator[tuple[Steps, Mapping[str, Any]]]:
    yield ("commonLabels",), mapping(content.get("commonLabels"))
    for number, entry in enumerate(entries(content.get("labels"))):
        if entry.get("includeSelectors") is True:
            yield ("labels", number, "pairs"), mapping(entry.get("pairs"))


def _changing_selector(label: str, places: Sequence[tuple[str, Steps]], tree: Tree) -> Fault:
    folder, steps = places[0]
    file = kustomization_file(tree, folder)
    files = listed((kustomization_file(tree, each) or each for each, _ in places), 3)
    return Fault(
        rule="kustomize-label-in-selector",
        object=ObjectRef("Kustomization", "", folder),
        message=f"the label {label} is put into selectors, which can not be changed, by {files}",
        expected="labels that change with a release outside of selectors",
        fix=f"set {label} under `labels:` with `includeSelectors: false`",
        cause="R16",
        field=label,
        file=file,
        line=line_of(tree.texts.get(file, ""), *steps) if file else 0,
    )


CHECKS: tuple[ScopeCheck, ...] = (empty_roots,)
SURVEY_CHECKS: tuple[SurveyCheck, ...] = (orphans, deprecated_fields, changing_selectors)
