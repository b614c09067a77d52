"""Conditions that keep Argo CD from comparing an Application: A01 to A07 and A10.

What a condition says about the repository's content is left to the family `repo`. A repo server or
a Git host that does not answer is never blamed on the repository: only when nothing else explains
it for three minutes is the place named that does not answer. An error that passes and is repeated
from the cache is A28 (`stale_cache`). Texts: argo-cd 3.5 `util/argo/argo.go`,
`controller/appcontroller.go`, `util/git`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from harness.diagnosis.closed_world import absence
from harness.diagnosis.facts import Appearance, Facts
from harness.diagnosis.rules.argocd.application_facts import (
    ApplicationFact,
    Condition,
    applications,
)
from harness.diagnosis.rules.argocd.engine_texts import (
    decisive,
    is_engine_down,
    is_host_down,
    is_passing,
)
from harness.diagnosis.rules.argocd.project_facts import (
    permits_destination,
    permits_source,
    project_names,
    project_spec,
)
from harness.diagnosis.rules.argocd.repo_server import not_answering
from harness.diagnosis.rules.argocd.stale_cache import cached_error, is_cached
from harness.diagnosis.rules.repo.repo import REPOSITORY_ERRORS, certainty
from harness.diagnosis.rules.repo.repo_texts import classify
from harness.diagnosis.rules.standing import observations
from harness.diagnosis.signal import Need, Signal, t1, t2
from harness.model.refs import ObjectRef
from harness.model.wording import listed

IN_CLUSTER = "https://kubernetes.default.svc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One condition of one Application, and the first Application with the same repository."""

    facts: Facts
    app: ApplicationFact
    condition: Condition
    shared: ObjectRef

    @property
    def message(self) -> str:
        """The condition's text on one line."""
        return " ".join(self.condition.message.split())

    def signal(
        self, cause: str, root: ObjectRef, seen: str, expected: str, fix: str,
        *, field: str = "", need: Need | None = None, by_text: bool = True,
    ) -> Signal:  # fmt: skip
        """Returns a signal about this condition; certain as its age allows, or as `need` says."""
        certain, since = certainty(self.facts, self.app, self.condition)
        return Signal(
            cause=cause,
            at=self.app.ref,
            root=root,
            field=field,
            seen=seen,
            expected=expected,
            fix=fix,
            need=need or certain,
            count=observations(self.facts, since),
            since=since,
            last=self.facts.now,
            by_text=by_text,
        )


def conditions(facts: Facts) -> Iterator[Signal]:
    """Yields what the error conditions of Applications say, unless it is a fault of the content."""
    first: dict[str, ObjectRef] = {}
    for app in (a for a in applications(facts) if not a.unfilled):
        first.setdefault(app.repository, app.ref)
        for condition in app.conditions(*REPOSITORY_ERRORS):
            if classify(condition.message) is None:
                shared = first[app.repository]
                report = Report(facts=facts, app=app, condition=condition, shared=shared)
                yield from _read(report)


def _read(report: Report) -> Iterator[Signal]:
    for pattern, reading in _READINGS:
        match = pattern.search(report.message)
        if match:
            yield from reading(report, match)
            return
    if is_cached(report.message) and is_passing(report.message):
        yield cached_error(report.facts, report.app, report.condition, report.shared)
    elif is_engine_down(report.message):
        yield not_answering(report.facts, report.app, report.condition)
    elif is_host_down(report.message):
        yield _git_host(report)
    elif "repository not accessible" in report.message.lower():
        yield from _repository(report, None)
    else:
        yield _not_compared(report)


def _repository(report: Report, _: re.Match[str] | None) -> Iterator[Signal]:
    url = report.app.repository
    yield report.signal(
        "A01",
        report.shared,
        f"Argo CD may not read {url}: {decisive(report.message, 150)}",
        "a URL that exists, and a Secret labelled argocd.argoproj.io/secret-type: repository where "
        "it is private",
        f"correct spec.source.repoURL, or add the repository Secret for {url}",
        field="spec.source.repoURL",
        need=t1(2, 20),
    )


def _git_host(report: Report) -> Signal:
    return report.signal(
        "A01",
        report.shared,
        f"the Git host of {report.app.repository} does not answer: {decisive(report.message, 140)}",
        "a host that Argo CD's repo server reaches",
        "correct the host in spec.source.repoURL, or make the host reachable from the cluster",
        field="spec.source.repoURL",
        need=t2(180),
        by_text=False,
    )


def _revision(report: Report, match: re.Match[str]) -> Iterator[Signal]:
    wanted = match["revision"] or match["ref"]
    yield report.signal(
        "A02",
        report.shared,
        f"{report.app.repository} has no branch, tag or commit '{wanted}'",
        "a branch, tag or commit that was pushed",
        f"push '{wanted}', or correct spec.source.targetRevision",
        field="spec.source.targetRevision",
        need=t1(2, 20),
    )


def _not_compared(report: Report) -> Signal:
    generating = bool(_GENERATING.search(report.message))
    signal = report.signal(
        "A03",
        report.app.ref,
        f"Argo CD cannot {'generate' if generating else 'compare'} its manifests: "
        f"{decisive(report.message)}",
        "manifests that Argo CD can generate and compare",
        f"kustomize build {report.app.path or 'the folder of the Application'}"
        if generating
        else f"kubectl get application {report.app.name} -n {report.app.ref.namespace} -o yaml",
        need=t1(3, 60) if generating or report.condition.type == "InvalidSpecError" else t2(180),
        by_text=False,
    )
    return replace(signal, rank=90)


def _live_state(report: Report, _: re.Match[str]) -> Iterator[Signal]:
    yield _not_compared(report)


def _no_project(report: Report, match: re.Match[str]) -> Iterator[Signal]:
    facts, name = report.facts, match["project"]
    project = ObjectRef("AppProject", facts.header.engine_namespace, name)
    if facts.appearance(project) is Appearance.PRESENT:
        return
    known = project_names(facts, project.namespace)
    near = difflib.get_close_matches(name, known, n=1)
    yield report.signal(
        "A05",
        project,
        f"the Application names the project {name}, which does not exist",
        f"a project that exists: {listed(known)}" if known else f"an AppProject {name}",
        f"change spec.project to {near[0]}" if near else f"create the AppProject {name}",
        need=absence(facts, project, t1(2, 30)),
    )


def _source_not_permitted(report: Report, match: re.Match[str]) -> Iterator[Signal]:
    project = _project(report, match)
    spec = project_spec(report.facts, project)
    allowed = [str(r) for r in spec.get("sourceRepos") or []]
    yield report.signal(
        "A06",
        project,
        f"the project {project.name} does not permit the repository {match['url']}",
        f"{match['url']} in spec.sourceRepos, letter by letter (it has: "
        f"{', '.join(allowed[:4]) or 'none'})",
        f"add {match['url']} to spec.sourceRepos",
        field="spec.sourceRepos",
        need=t1(3, 60) if permits_source(spec, match["url"]) else None,
    )


def _destination_not_permitted(report: Report, match: re.Match[str]) -> Iterator[Signal]:
    project = _project(report, match)
    server, namespace = match["server"], match["namespace"]
    spec = project_spec(report.facts, project)
    allowed = [f"{e.get('namespace')}" for e in spec.get("destinations") or []]
    yield report.signal(
        "A07",
        project,
        f"the project {project.name} does not permit namespace '{namespace}' of {server}",
        f"{{server: {server}, namespace: {namespace}}} in spec.destinations (it has the "
        f"namespaces: {', '.join(allowed[:6]) or 'none'})",
        f"add namespace {namespace} to spec.destinations"
        if namespace
        else "give the Application a spec.destination.namespace",
        field="spec.destinations",
        need=t1(3, 60) if permits_destination(spec, server, namespace) else None,
    )


def _project(report: Report, match: re.Match[str]) -> ObjectRef:
    named = match.groupdict().get("project") or report.app.project.name
    return ObjectRef("AppProject", report.facts.header.engine_namespace, named)


def _destination_unknown(report: Report, match: re.Match[str]) -> Iterator[Signal]:
    wanted = report.app.destination
    named = str(wanted.get("server") or wanted.get("name") or "none")
    yield report.signal(
        "A10",
        report.app.ref,
        f"Argo CD does not know the cluster {named}: {decisive(match.string, 120)}",
        f"{IN_CLUSTER} for the cluster Argo CD runs in, or a cluster that has a cluster Secret",
        f"set spec.destination.server to {IN_CLUSTER}",
        field="spec.destination",
        need=t1(2, 10),
    )


def _no_namespace(report: Report, match: re.Match[str]) -> Iterator[Signal]:
    yield report.signal(
        "A10",
        report.app.ref,
        f"neither the Application nor {match['object']} names a namespace",
        "a namespace for every namespaced object",
        "set spec.destination.namespace of the Application",
        field="spec.destination.namespace",
    )


_Reading = Callable[[Report, re.Match[str]], Iterable[Signal]]
_GENERATING = re.compile(
    r"generate manifests?|Manifest generation error|kustomize build|Failed to load target state",
    re.IGNORECASE,
)
_PATTERNS: tuple[tuple[str, _Reading], ...] = (
    (r"Failed to load live state", _live_state),
    (r"Application referencing project (?P<project>\S+) which does not exist", _no_project),
    (r"(?:application|sync source) repo (?P<url>\S+) is not permitted in project "
     r"'(?P<project>[^']+)'", _source_not_permitted),
    (r"application destination server '(?P<server>[^']*)' and namespace '(?P<namespace>[^']*)' do "
     r"not match any of the allowed destinations in project '(?P<project>[^']+)'",
     _destination_not_permitted),
    (r"application destination \{(?P<server>\S*) (?P<namespace>[^} ]*)[^}]*\} is not permitted in "
     r"project '?(?P<project>[^' ]+)", _destination_not_permitted),
    (r"Unable to get cluster|there are (?:no|\d+) clusters with (?:this|the same) name"
     r"|Failed to get destination cluster|cluster \"[^\"]*\" not found"
     r"|application destination (?:can't|spec)|Destination server missing", _destination_unknown),
    (r"Namespace for (?P<object>.{1,80}?) is missing", _no_namespace),
    (r"unable to resolve '(?P<revision>[^']+)' to a commit SHA"
     r"|couldn't find remote ref (?P<ref>\S+)", _revision),
    (r"authentication (?:required|failed)|Repository not found|could not read (?:Username|Password)"
     r"|no credentials matched this URL|Permission denied \(publickey|knownhosts: key is unknown"
     r"|Host key verification failed|invalid credentials|Invalid username or (?:token|password)"
     r"|x509: |remote: Not Found|status code: 40[134]|does not appear to be a git repository",
     _repository),
)  # fmt: skip
_READINGS = tuple((re.compile(p, re.IGNORECASE), r) for p, r in _PATTERNS)
RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (conditions,)
