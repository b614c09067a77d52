"""ApplicationSets that make nothing, the wrong thing, or what Argo CD refuses: A22, A23, A25.

What cannot be expanded comes as problems of the expansion. Here the templates themselves are read
too: with `goTemplate: true` a parameter is `{{.path.path}}`, without it `{{path}}`, and each is an
error or plain text in the other (argo-cd `applicationset/utils`). Texts of charts are left out. A
list that is empty as it stands was emptied on purpose: that is worth a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from harness.audit.checks.all_checks import SurveyCheck
from harness.audit.engine_objects import Steps, dotted, is_engine, ref_of
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.illustrations import is_off
from harness.audit.kustomize_tree import scalars
from harness.audit.lines import line_of
from harness.audit.reading import at, items, mapping, text
from harness.audit.source import EngineProblem, Object, ProblemKind, Tree
from harness.audit.survey import Survey
from harness.diagnosis.rules.quotes import cut, nearest

_DOTTED = re.compile(r"\{\{-?\s*\.[A-Za-z_][\w.]*\s*(?:\|[^{}]*)?-?\}\}")
_BARE = re.compile(r"\{\{-?\s*(?P<word>[A-Za-z_][\w.\[\]-]*)\s*(?:\|[^{}]*)?-?\}\}")
_WORDS = frozenset({
    "break", "continue", "dict", "else", "end", "false", "list", "nil", "now", "true", "tuple",
    "uuidv4",
})  # fmt: skip
"""What stands alone in a Go template and is no parameter."""
_HELM = re.compile(r"\.(?:Values|Release|Chart|Capabilities|Files)\b")
_SAID = {
    ProblemKind.TEMPLATE_ERROR: ("applicationset-template", "A22"),
    ProblemKind.NO_APPLICATION: ("applicationset-expansion", "A23"),
    ProblemKind.UNKNOWN_PLACEHOLDER: ("applicationset-expansion", "A22"),
    ProblemKind.DUPLICATE_NAME: ("applicationset-expansion", "A25"),
    ProblemKind.PATH_NOT_DIRECTORY: ("applicationset-path-not-directory", "R01"),
}
_WORDING = {
    ProblemKind.TEMPLATE_ERROR: (
        "the template can not be filled in",
        "a template that Argo CD can fill in",
        "correct spec.template",
    ),
    ProblemKind.NO_APPLICATION: (
        "no generator yields anything, so no Application is made",
        "generators that match at least one folder, file or element",
        "correct the paths of spec.generators",
    ),
    ProblemKind.UNKNOWN_PLACEHOLDER: (
        "a placeholder is no parameter of the generator",
        "a parameter that the generator gives",
        "correct the placeholder",
    ),
    ProblemKind.DUPLICATE_NAME: (
        "two Applications get the same name",
        "a name that is different for each Application, of environment and service",
        "make spec.template.metadata.name unique",
    ),
    ProblemKind.PATH_NOT_DIRECTORY: (
        "a generated path is no folder of this repository",
        "a folder that exists",
        "correct spec.template.spec.source.path",
    ),
}


def problems(survey: Survey) -> Iterator[Fault | NotJudged]:
    """Yields what went wrong when the ApplicationSets were expanded.

    What comes of a template of the wrong kind is said with the template; the path of an Application
    that stands for itself has a rule of its own.
    """
    mistaken = {(found.object.kind, found.object.name) for found in templates(survey)}
    for problem in survey.problems:
        is_known = (problem.object.kind, problem.object.name) in mistaken
        is_plain = problem.object.kind == "Application"
        if problem.kind is ProblemKind.NOT_RESOLVABLE:
            yield NotJudged(subject=str(problem.object), reason=problem.text)
        elif not is_known and not (is_plain and problem.kind is ProblemKind.PATH_NOT_DIRECTORY):
            is_idle = problem.kind is ProblemKind.NO_APPLICATION and _is_idle(problem, survey)
            yield _idle(problem, survey.tree) if is_idle else _problem(problem, survey.tree)


def _is_idle(problem: EngineProblem, survey: Survey) -> bool:
    """Tells whether a set waits for elements: one of its lists is empty as it stands."""
    rendered = (obj for scope in survey.scopes for obj in scope.engine)
    return any(
        ref_of(obj) == problem.object and _has_empty_list(at(obj, "spec", "generators"))
        for obj in (*rendered, *(obj for obj, _ in survey.tree.engine))
    )


def _has_empty_list(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_has_empty_list, value[:200]))
    found = mapping(value)
    if not found:
        return False
    elements = mapping(found.get("list"))
    if elements.get("elements") == [] and not text(elements.get("elementsYaml")):
        return True
    return any(_has_empty_list(at(found, word, "generators")) for word in ("matrix", "merge"))


def _idle(problem: EngineProblem, tree: Tree) -> Fault:
    fault = _problem(problem, tree)
    return replace(
        fault,
        severity=Severity.NOTE,
        message=f"{problem.object} makes no Application: the elements of its list generator are "
        "empty",
        expected="elements, once it shall deploy something",
        fix="add elements to the list generator, or leave it as it is",
    )


def _problem(problem: EngineProblem, tree: Tree) -> Fault:
    is_plain = problem.object.kind == "Application"
    rule, cause = ("argocd-application-invalid", "A10") if is_plain else _SAID[problem.kind]
    what, expected, fix = _WORDING[problem.kind]
    steps = () if is_plain else _place(problem.kind)
    content = tree.texts.get(problem.file, "")
    line = line_of(content, *steps, kind=problem.object.kind, name=problem.object.name)
    near = nearest(problem.source, tree.folders[:3000], 0.6) if problem.source else ""
    detail = cut(problem.text, 300)
    # What a kustomization renders comes with its folder: the file is found by the rendering.
    is_file = not problem.file or problem.file in tree.files
    return Fault(
        rule=rule,
        object=problem.object,
        message=f"{problem.object}: {what}" + (f": {detail}" if detail else ""),
        expected=f"{expected}; the nearest is {near}" if near else expected,
        fix=fix,
        cause=cause,
        field=dotted(steps),
        value=problem.source,
        source="" if is_file else problem.file,
        file=problem.file if is_file else "",
        line=(line or (1 if problem.file else 0)) if is_file else 0,
    )


def _place(kind: ProblemKind) -> Steps:
    match kind:
        case ProblemKind.NO_APPLICATION:
            return ("spec", "generators")
        case ProblemKind.DUPLICATE_NAME:
            return ("spec", "template", "metadata", "name")
        case ProblemKind.PATH_NOT_DIRECTORY:
            return ("spec", "template", "spec", "source", "path")
        case _:
            return ("spec", "template")


def templates(survey: Survey) -> Iterator[Fault]:
    """Yields fields of templates that are written for the other kind of template."""
    for obj, file in survey.tree.engine:
        if is_engine(obj, "ApplicationSet") and not _is_text_of_a_chart(obj, file):
            is_go = at(obj, "spec", "goTemplate") is True
            for steps, value in _fields(mapping(at(obj, "spec", "template"))):
                found = _bare(value) if is_go else _dotted(value)
                if found:
                    whole = ("spec", "template", *steps)
                    yield _mixed(obj, file, whole, found, survey.tree)
            yield from _incomplete(obj, file, survey.tree)


def _is_text_of_a_chart(obj: Object, file: str) -> bool:
    return is_off(file) or any(_HELM.search(s) for s in scalars(obj))


def _fields(template: Mapping[str, Any]) -> Iterator[tuple[Steps, str]]:
    """Yields the fields of a template that only a controller of ApplicationSets fills in."""
    spec = mapping(template.get("spec"))
    sources: list[tuple[Steps, Mapping[str, Any]]] = [
        (("spec", "source"), mapping(spec.get("source")))
    ]
    for number, source in enumerate(items(spec.get("sources"))):
        sources.append((("spec", "sources", number), mapping(source)))
    places: list[tuple[Steps, Mapping[str, Any], tuple[str, ...]]] = [
        (("metadata",), mapping(template.get("metadata")), ("name", "namespace")),
        (("spec",), spec, ("project",)),
        (
            ("spec", "destination"),
            mapping(spec.get("destination")),
            ("name", "namespace", "server"),
        ),
        *((steps, source, ("path", "repoURL", "targetRevision")) for steps, source in sources),
    ]
    for steps, holder, words in places:
        for word in words:
            yield (*steps, word), text(holder.get(word))


def _dotted(value: str) -> str:
    """Returns a parameter of a Go template in a plain one."""
    found = _DOTTED.search(value[:2000])
    return found[0] if found else ""


def _bare(value: str) -> str:
    """Returns a parameter of a plain template in a Go template."""
    found = _BARE.finditer(value[:2000])
    return next((m[0] for m in found if m["word"] not in _WORDS and "|" not in m[0]), "")


def _mixed(obj: Object, file: str, steps: Steps, found: str, tree: Tree) -> Fault:
    ref, is_go = ref_of(obj), at(obj, "spec", "goTemplate") is True
    inner = found.strip("{}- ").partition("|")[0].strip()
    right = _go_form(inner) if is_go else f"{{{{{_plain_form(inner)}}}}}"
    reason = (
        "which a Go template takes for a function that does not exist"
        if is_go
        else "which stays as it is without goTemplate: true"
    )
    return Fault(
        rule="applicationset-template",
        object=ref,
        message=f"{ref} has {found} in {dotted(steps)}, {reason}",
        expected=f"{right}" if is_go else f"{right}, or spec.goTemplate: true",
        fix=f"write {right}" if is_go else "set spec.goTemplate: true",
        cause="A22",
        field=dotted(steps),
        value=found,
        file=file,
        line=line_of(tree.texts.get(file, ""), *steps, kind=ref.kind, name=ref.name) or 1,
    )


def _go_form(word: str) -> str:
    segment = re.fullmatch(r"path\[(\d+)\]", word)
    if segment:
        return f"{{{{index .path.segments {segment[1]}}}}}"
    return "{{.path.path}}" if word == "path" else f"{{{{.{word}}}}}"


def _plain_form(word: str) -> str:
    bare = word.removeprefix(".")
    return "path" if bare == "path.path" else bare


def _incomplete(obj: Object, file: str, tree: Tree) -> Iterator[Fault]:
    """Yields what the CRD demands of a template and is not there."""
    ref, spec = ref_of(obj), at(obj, "spec", "template", "spec")
    if not isinstance(spec, dict):
        return
    for word in ("project", "destination"):
        if spec.get(word) is None:
            content = tree.texts.get(file, "")
            yield Fault(
                rule="applicationset-template",
                object=ref,
                message=f"the template of {ref} has no spec.{word}, which the API server demands",
                expected=f"spec.template.spec.{word}",
                fix=f"add {word} to spec.template.spec",
                cause="A25",
                field=f"spec.template.spec.{word}",
                file=file,
                line=line_of(
                    content, "spec", "template", "spec", word, kind=ref.kind, name=ref.name
                )
                or 1,
            )


SURVEY_CHECKS: tuple[SurveyCheck, ...] = (problems, templates)
