"""Applications that Argo CD or the API server refuses as they are declared: causes A10, A25, E02.

What the CRD demands (argo-cd `manifests/crds/application-crd.yaml`: project and destination), and
what the controller calls an invalid specification (argo-cd `util/argo/argo.go`). For an Application
that an ApplicationSet makes, the template is what is wrong.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.audit.checks.all_checks import ScopeCheck, SurveyCheck
from harness.audit.engine_objects import Application, applications, is_engine, ref_of
from harness.audit.finding import Fault, Severity
from harness.audit.illustrations import is_off
from harness.audit.lines import line_of
from harness.audit.reading import is_known, is_placeholder, mapping, text
from harness.audit.scope import Scope
from harness.audit.survey import Survey
from harness.model.refs import ObjectRef

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
LONGEST_NAME = 253
PLAIN, MADE = "argocd-application-invalid", "applicationset-template"


def invalid_applications(scope: Scope) -> Iterator[Fault]:
    """Yields Applications whose name, project, source or destination is refused."""
    for app in applications(scope):
        yield from _of_name(app)
        if app.spec:
            yield from _of_project(app)
            yield from _of_destination(app)
            yield from _of_sources(app)


def _rule(app: Application) -> tuple[str, str]:
    """Returns the rule and cause of an invalid Application, by who made it."""
    return (PLAIN, "A10") if app.maker == app.ref else (MADE, "A25")


def _of_name(app: Application) -> Iterator[Fault]:
    name = app.ref.name
    is_right = _NAME.fullmatch(name[:1000]) and len(name) <= LONGEST_NAME
    if is_right or is_placeholder(name) or app.maker != app.ref:
        return  # What an ApplicationSet makes of names is a problem of its expansion.
    rule, cause = _rule(app)
    yield app.fault(
        rule, "metadata", "name",
        message=f"the name {name[:80]!r} of an Application is no name that Kubernetes takes",
        expected="lower-case letters, digits, - and ., beginning and ending with a letter or digit",
        fix="correct metadata.name",
        cause=cause,
        value=name,
    )  # fmt: skip


def _of_project(app: Application) -> Iterator[Fault]:
    if app.spec.get("project") is None:
        rule, cause = _rule(app)
        yield app.fault(
            rule, "spec", "project",
            message=f"{app.ref} has no spec.project, which the API server demands",
            expected="the name of an AppProject, e.g. default",
            fix="add `project: default` to spec",
            cause=cause,
        )  # fmt: skip


def _of_destination(app: Application) -> Iterator[Fault]:
    destination = mapping(app.spec.get("destination"))
    name, server = text(destination.get("name")), text(destination.get("server"))
    if name and server and not is_placeholder(name) and not is_placeholder(server):
        yield app.fault(
            "argocd-destination-ambiguous", "spec", "destination", "name",
            message=f"{app.ref} names its cluster twice: name {name} and server {server}",
            expected="either spec.destination.name or spec.destination.server",
            fix="remove spec.destination.name",
            cause="A10",
            value=name,
        )  # fmt: skip
    elif not name and not server:
        rule, cause = _rule(app)
        yield app.fault(
            rule, "spec", "destination",
            message=f"{app.ref} names no cluster in spec.destination",
            expected="spec.destination.server: https://kubernetes.default.svc for Argo CD's own",
            fix="add spec.destination.server",
            cause=cause,
        )  # fmt: skip


def _of_sources(app: Application) -> Iterator[Fault]:
    rule, cause = _rule(app)
    found = list(app.sources())
    for steps, source in found:
        lack = _lack(source, is_one_of_many=steps[1:2] == ("sources",))
        if lack:
            yield app.fault(
                rule, *steps,
                message=f"a source of {app.ref} has {lack}",
                expected="repoURL, and path, chart or (beside other sources) ref",
                fix="complete the source",
                cause=cause,
            )  # fmt: skip
    if not found and not mapping(app.spec.get("sourceHydrator")):
        yield app.fault(
            rule, "spec", "source",
            message=f"{app.ref} has neither spec.source nor spec.sources",
            expected="spec.source with repoURL and path or chart",
            fix="add spec.source",
            cause=cause,
        )  # fmt: skip


def _lack(source: Mapping[str, Any], *, is_one_of_many: bool) -> str:
    """Returns what a source lacks, in words; empty when it is complete."""
    if not text(source.get("repoURL")):
        return "no repoURL"
    if text(source.get("chart")):
        return "" if text(source.get("targetRevision")) else "a chart and no targetRevision"
    has_ref = is_one_of_many and text(source.get("ref"))
    return "" if text(source.get("path")) or has_ref else "neither path nor chart"


def duplicates(survey: Survey) -> Iterator[Fault]:
    """Yields Applications of one folder with the same name: only the last one applied counts."""
    places: dict[tuple[str, ObjectRef], list[str]] = {}
    for obj, file in survey.tree.engine:
        ref = ref_of(obj)
        if is_engine(obj, "Application") and is_known(ref.name) and not is_off(file):
            places.setdefault((posixpath.dirname(file), ref), []).append(file)
    for (_, ref), unsorted in sorted(places.items(), key=str):
        files = sorted(unsorted)
        if len(files) < 2 or _is_listed_apart(files, survey):
            continue
        is_one_file = len(set(files)) < len(files)
        content = survey.tree.texts.get(files[-1], "")
        where = " and ".join(dict.fromkeys(files))
        yield Fault(
            rule="argocd-application-duplicate",
            object=ref,
            message=f"{ref} is declared {len(files)} times, in {where}",
            expected="one Application of each name",
            fix=f"rename one of them in {files[-1]}",
            cause="A25",
            severity=None if is_one_file else Severity.NOTE,
            field="metadata.name",
            value=ref.name,
            file=files[-1],
            line=line_of(content, "metadata", "name", kind=ref.kind, name=ref.name) or 1,
        )


def _is_listed_apart(files: list[str], survey: Survey) -> bool:
    """Tells whether the names of the files say that each is for another cluster."""
    stems = {posixpath.splitext(posixpath.basename(file))[0] for file in files}
    words = [set(re.split(r"[-_.]", stem)) for stem in stems]
    environments = {scope.name for scope in survey.scopes if scope.name}
    return len(stems) > 1 and sum(bool(w & environments) for w in words) > 1


CHECKS: tuple[ScopeCheck, ...] = (invalid_applications,)
SURVEY_CHECKS: tuple[SurveyCheck, ...] = (duplicates,)
