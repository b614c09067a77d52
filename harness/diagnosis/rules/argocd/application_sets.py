"""ApplicationSets that bring about no Application, or none that Argo CD accepts: A22 to A26.

A template's error and an invalid Application follow from the commit. A generator that cannot read
Git is tried again (every three minutes by itself, at once when the harness asks). A generator that
matches nothing is no error for Argo CD: it is one here when Applications were expected that do not
exist (argo-cd#12606, applicationset#285). Texts and reasons: argo-cd 3.5
`applicationset/controllers/applicationset_controller.go`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from harness.diagnosis.closed_world import absence
from harness.diagnosis.facts import Appearance, Facts
from harness.diagnosis.rules.argocd.application_facts import (
    PLACEHOLDER,
    ApplicationFact,
    Condition,
    applications,
)
from harness.diagnosis.rules.argocd.application_set_facts import (
    SetFact,
    SetReport,
    application_sets,
)
from harness.diagnosis.rules.argocd.engine_texts import decisive, is_passing
from harness.diagnosis.rules.argocd.project_facts import project_names
from harness.diagnosis.signal import NEVER, Signal, t1, t2
from harness.model.refs import ObjectRef
from harness.model.wording import cut, nearest

REQUEUE_SECONDS = 185.0
"""A failed ApplicationSet is tried again after three minutes when nobody asks."""


def errors(facts: Facts) -> Iterator[Signal]:
    """Yields what the error condition of each ApplicationSet says."""
    for found in application_sets(facts):
        if found.error is not None:
            reading = _BY_REASON.get(found.error.reason, _generator_error)
            report = SetReport(facts=facts, found=found, seen_since=found.error.since)
            yield from reading(report, found.error)


def _template_error(report: SetReport, error: Condition) -> Iterator[Signal]:
    message = " ".join(error.message.split())
    key = re.search(r"map has no entry for key \"([^\"]+)\"", message)
    template = re.search(r"go template (?P<text>.+?): template:", message)
    part = f" in {cut(template['text'], 80)}" if template else ""
    yield report.signal(
        "A22",
        field="spec.template",
        seen=f"the template uses the key '{key[1]}'{part}, which the generator does not give"
        if key
        else f"the template cannot be rendered: {decisive(message)}",
        expected=f"one of the keys {_keys(report.found)}",
        fix=f"correct '{key[1]}' in the template" if key else "correct the template",
    )


def _keys(found: SetFact) -> str:
    """Returns the parameters that the first generator gives."""
    dot = "." if found.spec.get("goTemplate") else ""
    for generator in found.spec.get("generators") or []:
        elements = (generator.get("list") or {}).get("elements") or []
        if elements:
            return ", ".join(f"{dot}{key}" for key in elements[0])
        if "git" in generator:
            path = ".path.path, .path.basename, .path.segments" if dot else "path, path.basename"
            return path if "directories" in generator["git"] else f"{path} and those of the file"
    return "that the generator gives"


def _generator_error(report: SetReport, error: Condition) -> Iterator[Signal]:
    passing = is_passing(error.message)
    asked = bool(report.facts.header.revision)
    yield report.signal(
        "A24",
        field="spec.generators",
        seen=f"the generator of {report.found.ref.name} fails: {decisive(error.message)}",
        expected="a repository and a revision that Argo CD can read",
        fix="correct repoURL and revision of the generator, or add the repository Secret",
        need=t2(180) if passing else t1(2, 20.0 if asked else REQUEUE_SECONDS),
    )


def _invalid_application(report: SetReport, error: Condition) -> Iterator[Signal]:
    message = " ".join(error.message.split())
    twice = re.search(r"duplicate name: (\S+)", message)
    project = re.search(r"references project (\S+) which does not exist", message)
    if project:
        yield from _no_project(report, project[1])
    elif twice:
        yield report.signal(
            "A25",
            field="spec.template.metadata.name",
            seen=f"two of its Applications are called {twice[1]}",
            expected="a name that differs for every set of parameters",
            fix="put another parameter into spec.template.metadata.name",
        )
    else:
        yield report.signal(
            "A25",
            field="spec.template.spec.destination" if "destination" in message else "spec.template",
            seen=f"Argo CD does not accept its Applications: {decisive(message)}",
            expected="a template that gives valid Applications",
            fix="correct the template",
            need=t1(2, 10) if "destination" in message else None,
        )


def _no_project(report: SetReport, name: str) -> Iterator[Signal]:
    facts = report.facts
    project = ObjectRef("AppProject", facts.header.engine_namespace, name)
    if facts.appearance(project) is Appearance.PRESENT:
        return
    near = nearest(name, project_names(facts, project.namespace))
    yield report.signal(
        "A25",
        root=project,
        seen=f"the Applications of {report.found.ref.name} name the project {name}, which does not "
        "exist",
        expected=f"the project {near}" if near else f"an AppProject {name}",
        fix=f"change spec.template.spec.project to {near}"
        if near
        else f"create the AppProject {name}",
        need=absence(facts, project, t1(2, 30)),
    )


def _not_written(report: SetReport, error: Condition) -> Iterator[Signal]:
    pinned = re.search(r" is invalid: |forbidden|denied the request", error.message, re.IGNORECASE)
    need = None if pinned else t1(3, 60)
    yield report.signal(
        "A26",
        field="spec.template",
        seen=f"its Applications cannot be written: {decisive(error.message)}",
        expected="Applications that the API server accepts from the ApplicationSet controller",
        fix="correct the template, or the rights of the ApplicationSet controller",
        need=NEVER if is_passing(error.message) else need,
    )


def unrendered(facts: Facts) -> Iterator[Signal]:
    """Yields ApplicationSets whose Applications carry a placeholder that nothing has filled."""
    for found in application_sets(facts):
        for app in (a for a in applications(facts) if found.owns(a)):
            report = SetReport(facts=facts, found=found, seen_since=app.created)
            unfilled = ((f, t) for f, t in _texts(app) if PLACEHOLDER.search(t))
            yield from (_unfilled(report, app.name, f, t) for f, t in unfilled)


def _unfilled(report: SetReport, name: str, field: str, text: str) -> Signal:
    return report.signal(
        "A22",
        field=f"spec.template.{field}",
        seen=f"the Application {name} has {field} '{cut(text, 100)}': a placeholder was not filled",
        expected=f"one of the keys {_keys(report.found)}",
        fix=f"correct the placeholder in spec.template.{field}, and set "
        "goTemplateOptions: [missingkey=error]",
    )


def _texts(app: ApplicationFact) -> list[tuple[str, str]]:
    several = "sources" in app.spec
    places = [(f"spec.sources[{n}]" if several else "spec.source", s)
              for n, s in enumerate(app.sources)]  # fmt: skip
    found = [
        (f"{place}.{key}", str(source.get(key) or ""))
        for place, source in places
        for key in ("path", "repoURL", "targetRevision")
    ]
    return [*found, ("spec.destination.namespace", app.namespace), ("metadata.name", app.name)]


_Reading = Callable[[SetReport, Condition], Iterable[Signal]]
_BY_REASON: dict[str, _Reading] = {
    "RenderTemplateParamsError": _template_error,
    "ApplicationGenerationFromParamsError": _generator_error,
    "ApplicationValidationError": _invalid_application,
    "UpdateApplicationError": _not_written,
    "CreateApplicationError": _not_written,
    "DeleteApplicationError": _not_written,
    "RefreshApplicationError": _not_written,
}
RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (errors, unrendered)
