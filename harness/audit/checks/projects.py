"""What an AppProject forbids its Applications: causes A05 to A09.

Compared are the declared projects, patched or as their files have them; where several have the
same name, one that permits is enough. `default` exists in every Argo CD and permits everything. Of
kinds only those are judged whose scope is known: Kubernetes' own and those with a CRD here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.audit.checks.all_checks import ScopeCheck
from harness.audit.clusters import Cluster, clusters
from harness.audit.engine_objects import Application, applications, is_engine, ref_of
from harness.audit.finding import Fault, Severity
from harness.audit.kind_scopes import custom_scopes, is_namespaced
from harness.audit.lines import line_of
from harness.audit.project_rules import permits_destination, permits_kind, permits_source
from harness.audit.reading import (
    at,
    group_of,
    is_known,
    is_placeholder,
    mapping,
    text,
    text_at,
    texts,
)
from harness.audit.scope import Scope
from harness.audit.source import Object
from harness.diagnosis.rules.quotes import listed, nearest
from harness.model.refs import ObjectRef

DEFAULT = "default"
ENGINE_NAMESPACE = "argocd"
LIKENESS = 0.8
_ALWAYS_THERE = frozenset({"", "default", "kube-system", "kube-public", ENGINE_NAMESPACE})
_REASON = {
    "A06": "does not permit the repository",
    "A07": "does not permit the destination",
    "A08": "does not permit",
    "A09": "does not permit",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One name of a project with everything that declares it."""

    ref: ObjectRef
    specs: tuple[Mapping[str, Any], ...]
    file: str = ""
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Something that a project does not permit an Application."""

    application: Application
    cause: str
    field: str
    """The field of the project that would permit it."""
    what: str
    """The repository, the destination, or the kind, in words."""


def projects(scope: Scope) -> Mapping[str, Project]:
    """Returns the declared projects by name."""
    found: dict[str, list[tuple[Object, str]]] = {}
    rendered = [(d.object, "") for d in scope.of_kind("AppProject")]
    files = [(obj, file) for obj, file in scope.tree.engine if is_engine(obj, "AppProject")]
    for obj, file in [*files, *rendered, *((obj, "") for obj in scope.engine)]:
        if is_engine(obj, "AppProject"):
            found.setdefault(ref_of(obj).name, []).append((obj, file))
    return {name: _project(declared, scope) for name, declared in found.items()}


def _project(declared: Sequence[tuple[Object, str]], scope: Scope) -> Project:
    first, file = next(((o, f) for o, f in declared if f), declared[0])
    return Project(
        ref=ref_of(first),
        specs=tuple(mapping(obj.get("spec")) for obj, _ in declared),
        file=file,
        text=scope.tree.texts.get(file, ""),
    )


def missing_projects(scope: Scope) -> Iterator[Fault]:
    """Yields the Applications whose project nobody declares."""
    known = projects(scope)
    for app in applications(scope):
        name = text(app.spec.get("project"))
        if not is_known(name) or name == DEFAULT or name in known:
            continue
        near = nearest(name, known, LIKENESS)
        space = app.ref.namespace or ENGINE_NAMESPACE
        if near or not scope.is_open(space):
            yield app.fault(
                "argocd-project-missing",
                "spec",
                "project",
                message=f"{app.ref} names the project {name}, which is declared nowhere",
                expected=f"a declared project: {listed([near, *known], 4)}"
                if known
                else f"an AppProject {name}, or the project default",
                fix=f"set spec.project to {near}" if near else f"declare the AppProject {name}",
                cause="A05",
                value=name,
                severity=Severity.DEFECT if near else None,
                root=ObjectRef("AppProject", space, name),
            )


def refusals(scope: Scope) -> Iterator[Fault]:
    """Yields what the projects forbid, once for each project and field."""
    known = projects(scope)
    rendered = _rendered(scope)
    found: dict[tuple[str, str], list[Refusal]] = {}
    for app in applications(scope):
        project = known.get(text(app.spec.get("project")) or DEFAULT)
        if project is None:
            continue
        for refusal in _refusals(app, project, rendered.get(app.ref, ()), scope):
            found.setdefault((project.ref.name, refusal.field), []).append(refusal)
    for (name, _), refused in found.items():
        yield from _faults(known[name], refused)


def _rendered(scope: Scope) -> Mapping[ObjectRef, list[Object]]:
    found: dict[ObjectRef, list[Object]] = {}
    for source in scope.sources:
        if source.deployer is not None:
            found.setdefault(source.deployer, []).extend(source.objects)
    return found


def _refusals(
    app: Application, project: Project, objects: Iterable[Object], scope: Scope
) -> Iterator[Refusal]:
    for _, source in app.sources():
        url = text(source.get("repoURL"))
        if is_known(url) and not any(permits_source(s, url) for s in project.specs):
            yield Refusal(application=app, cause="A06", field="spec.sourceRepos", what=url)
    cluster = clusters(scope).destination(mapping(app.spec.get("destination")))
    if cluster is not None:
        yield from _of_namespaces(app, project, objects, cluster)
    yield from _of_kinds(app, project, objects, scope)


def _of_namespaces(
    app: Application, project: Project, objects: Iterable[Object], cluster: Cluster
) -> Iterator[Refusal]:
    own = text_at(app.spec, "destination", "namespace")
    spaces = {text_at(o, "metadata", "namespace") for o in objects if is_namespaced(o, {}) is True}
    for space in [own, *sorted(spaces - {own, ""})]:
        permitted = any(permits_destination(s, cluster, space) for s in project.specs)
        if not permitted and not is_placeholder(space):
            where = cluster.name or cluster.server
            yield Refusal(
                application=app,
                cause="A07" if space == own else "A09",
                field="spec.destinations",
                what=f"namespace {space or '(none)'} of {where}",
            )


def _of_kinds(
    app: Application, project: Project, objects: Iterable[Object], scope: Scope
) -> Iterator[Refusal]:
    custom = custom_scopes(scope)
    kinds = {
        (group_of(obj), ref_of(obj).kind, ref_of(obj).name, namespaced)
        for obj in objects
        if (namespaced := is_namespaced(obj, custom)) is not None
    }
    for found in sorted(kinds):
        group, kind, _, namespaced = found
        word = "namespaceResource" if namespaced else "clusterResource"
        if any(_permits(spec, found) for spec in project.specs):
            continue
        is_denied = any(_permits({**s, f"{word}Blacklist": []}, found) for s in project.specs)
        yield Refusal(
            application=app,
            cause="A08",
            field=f"spec.{word}{'Blacklist' if is_denied else 'Whitelist'}",
            what=f"{kind} ({group})" if group else kind,
        )


def _permits(spec: Mapping[str, Any], found: tuple[str, str, str, bool]) -> bool:
    group, kind, name, namespaced = found
    return permits_kind(spec, group, kind, name, namespaced=namespaced)


def _faults(project: Project, refused: Sequence[Refusal]) -> Iterator[Fault]:
    first = min(refused, key=lambda r: r.cause)
    what = listed(sorted({r.what for r in refused}), 4)
    steps = first.field.split(".")
    line = line_of(project.text, *steps, kind=project.ref.kind, name=project.ref.name)
    is_denied = first.field.endswith("Blacklist")
    fix = f"remove {what} from {first.field}" if is_denied else f"add {what} to {first.field}"
    apps = tuple(dict.fromkeys(r.application.ref for r in refused))
    who = f"{apps[0].name} needs" if len(apps) == 1 else f"{len(apps)} of its Applications need"
    for app in apps:
        yield Fault(
            rule="argocd-project-forbids",
            object=project.ref,
            user=app,
            message=f"the AppProject {project.ref.name} {_REASON[first.cause]} {what}, which {who}",
            expected=_permitted(project, first.field, is_denied=is_denied),
            fix=fix,
            cause=first.cause,
            field=first.field,
            file=project.file if line else "",
            line=line,
        )


def _permitted(project: Project, field_name: str, *, is_denied: bool) -> str:
    """Returns in words what the project does permit, or what it denies."""
    values = [v for s in project.specs for v in _entries(s.get(field_name.partition(".")[2]))]
    verb = "without" if is_denied else "with"
    return f"{field_name} {verb} it; now: {listed(values, 4)}"


def _entries(value: Any) -> Iterator[str]:
    for entry in value if isinstance(value, list) else []:
        if isinstance(entry, dict):
            yield "/".join(text(v) or "*" for _, v in sorted(entry.items()))
        elif text(entry):
            yield text(entry)


def uncreatable_namespaces(scope: Scope) -> Iterator[Fault]:
    """Yields Applications that should create a namespace in a project without that kind.

    It shows only on a cluster where the namespace does not exist yet (argo-cd#20233).
    """
    known = projects(scope)
    declared = {d.ref.name for d in scope.of_kind("Namespace")}
    for app in applications(scope):
        project = known.get(text(app.spec.get("project")) or DEFAULT)
        options = texts(at(app.spec, "syncPolicy", "syncOptions"))
        space = text_at(app.spec, "destination", "namespace")
        if project is None or "CreateNamespace=true" not in options:
            continue
        if space in declared | _ALWAYS_THERE or is_placeholder(space):
            continue
        if not any(
            permits_kind(s, "", "Namespace", space, namespaced=False) for s in project.specs
        ):
            yield _uncreatable(app, project, space)


def _uncreatable(app: Application, project: Project, space: str) -> Fault:
    steps = ("spec", "clusterResourceWhitelist")
    line = line_of(project.text, *steps, kind=project.ref.kind, name=project.ref.name)
    return Fault(
        rule="argocd-project-forbids",
        object=project.ref,
        user=app.ref,
        message=f"{app.ref.name} has CreateNamespace=true, and the AppProject {project.ref.name} "
        "does not permit the kind Namespace",
        expected=f"the namespace {space} on the cluster, or the kind Namespace in "
        "spec.clusterResourceWhitelist",
        fix="add {group: '', kind: Namespace} to spec.clusterResourceWhitelist",
        cause="A08",
        severity=Severity.PRECONDITION,
        field=".".join(steps),
        file=project.file if line else "",
        line=line,
    )


CHECKS: tuple[ScopeCheck, ...] = (missing_projects, refusals, uncreatable_namespaces)
