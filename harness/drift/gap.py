"""Puts the gap together: judged objects, pods, extras and revisions, per Application. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.drift.desired import Desired, desired, tracked_by
from harness.drift.extras import Explanation, explanation, known
from harness.drift.fixes import with_fix
from harness.drift.listing import Listed
from harness.drift.notes import notes_of
from harness.drift.objects import Judged, State, Surroundings, judge
from harness.drift.ownership import owners
from harness.drift.pods import Fleet, fleet, older_templates, other_digests
from harness.drift.scope import Evidence, Scope
from harness.drift.terms import Terms, Wanted
from harness.model.drift import ApplicationGap, DriftFinding, DriftKind, Gap, Remark
from harness.model.refs import ObjectRef

Object = dict[str, Any]
BOOTSTRAP = "bootstrap"
SHARED = "shared namespaces"
"""Title of extras in namespaces into which several Applications deploy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """An object that nobody declares, and the Application that it is counted with."""

    object: Object
    application: str


def assembled(evidence: Evidence, scope: Scope, terms: Terms) -> Gap:
    """Returns the gap."""
    engine = {name: _engines_word(expected, evidence) for name, expected in scope.expected.items()}
    wanted = {name: terms.wanted(scope.expected[name][0], d.revision) for name, d in engine.items()}
    judged = _judged(evidence, engine, terms)
    found, maybe = _extras(evidence, scope, engine)
    apps = [
        _application(name, engine[name], wanted[name], judged, found, scope)
        for name in scope.expected
    ]
    apps += _others(judged, found)
    placed = [_placed(app, engine.get(app.name, Desired()), scope, terms) for app in apps]
    return Gap(
        applications=tuple(placed),
        not_judged=tuple(_not_judged(judged)),
        without_dry_run=tuple(_without_dry_run(judged)),
        notes=notes_of(evidence, scope, engine, wanted, judged, maybe),
    )


def _engines_word(expected: Iterable[Any], evidence: Evidence) -> Desired:
    found = [desired(e, evidence.applications or ()) for e in expected]
    return next((d for d in found if d.is_known), Desired())


def _judged(evidence: Evidence, engine: dict[str, Desired], terms: Terms) -> list[Judged]:
    around = Surroundings(
        salt=terms.salt,
        autoscalers=evidence.listing.of_kind("HorizontalPodAutoscaler"),
        conceal=terms.conceal,
    )
    pods = _fleet(evidence)
    found = []
    for reading in evidence.readings:
        one = judge(reading, engine.get(reading.asked.application, Desired()), around)
        found.append(_with_pods(one, pods, terms))
    return found


def _fleet(evidence: Evidence) -> Fleet:
    listing = evidence.listing
    return fleet(
        listing.of_kind("Pod"),
        listing.of_kind("ReplicaSet"),
        listing.of_kind("Job", "ControllerRevision"),
    )


def _with_pods(judged: Judged, pods: Fleet, terms: Terms) -> Judged:
    live = judged.reading.live
    if live is None or judged.state not in {State.EXACT, State.DIFFERENT}:
        return judged
    asked = judged.reading.asked
    more = (*other_digests(asked, pods, terms.images), *older_templates(asked, live, pods))
    if not more:
        return judged
    return replace(judged, state=State.DIFFERENT, findings=(*judged.findings, *more))


def _extras(
    evidence: Evidence, scope: Scope, engine: Mapping[str, Desired]
) -> tuple[list[Extra], list[ObjectRef]]:
    """Returns what nobody declares, and what an operator may have made."""
    own = {name: name for name in scope.applications}
    own |= {word.name: name for name, word in engine.items() if word.is_known}
    sets = evidence.listing.of_kind("StatefulSet")
    explained = known(scope.asked, sets, own, _names(evidence.applications))
    found, maybe = [], []
    for listed in evidence.listing.objects:
        word = explanation(listed.group, listed.object, explained)
        if word is Explanation.MAYBE:
            maybe.append(ObjectRef.of(listed.object))
        elif word is Explanation.NONE:
            found.append(_extra(listed, scope, own))
    return [e for e in found if _is_asked(e, scope)], maybe


def _is_asked(extra: Extra, scope: Scope) -> bool:
    return extra.application in scope.expected or (not extra.application and scope.is_whole)


def _names(applications: Iterable[Object] | None) -> frozenset[str] | None:
    if applications is None:
        return None
    return frozenset(str(app["metadata"]["name"]) for app in applications)


def _extra(listed: Listed, scope: Scope, own: Mapping[str, str]) -> Extra:
    tracked, space = tracked_by(listed.object), ObjectRef.of(listed.object).namespace
    if tracked in own:
        return Extra(object=listed.object, application=own[tracked])
    users = {a.application for a in scope.asked if a.application and a.ref.namespace == space}
    return Extra(object=listed.object, application=users.pop() if len(users) == 1 else "")


def _extra_finding(extra: Extra) -> DriftFinding:
    made = sorted(owners(extra.object), key=lambda o: o.time)
    meta = extra.object.get("metadata") or {}
    return DriftFinding(
        kind=DriftKind.EXTRA,
        object=ObjectRef.of(extra.object),
        application=extra.application,
        live="not pruned" if tracked_by(extra.object) else "nobody declares it",
        manager=made[0].manager if made else "",
        operation=made[0].how if made else "",
        time=str(meta.get("creationTimestamp") or ""),
    )


def _application(
    name: str,
    engine: Desired,
    wanted: Wanted,
    judged: Iterable[Judged],
    extras: Iterable[Extra],
    scope: Scope,
) -> ApplicationGap:
    own = [j for j in judged if j.reading.asked.application == name]
    more = [_extra_finding(e) for e in extras if e.application == name]
    findings = [f for j in own for f in j.findings] + more
    if engine.is_known and wanted.behind:
        findings.insert(0, _older(name, engine, wanted))
    counted = _counted(own)
    return replace(
        counted,
        name=name,
        title=name,
        namespaces=scope.spaces_of(name),
        revision=engine.revision,
        wanted=wanted.revision,
        sync=engine.sync,
        health=engine.health,
        extra=len(more),
        findings=tuple(findings),
    )


def _counted(judged: Iterable[Judged]) -> ApplicationGap:
    states = Counter(j.state for j in judged)
    return ApplicationGap(
        name="",
        title="",
        exact=states[State.EXACT],
        different=states[State.DIFFERENT],
        missing=states[State.MISSING],
        not_judged=states[State.NOT_JUDGED],
    )


def _older(name: str, engine: Desired, wanted: Wanted) -> DriftFinding:
    return DriftFinding(
        kind=DriftKind.REVISION,
        object=ObjectRef("Application", "argocd", engine.name),
        application=name,
        field="status.sync.revision",
        declared=wanted.revision,
        live=f"{engine.revision or 'none'} ({wanted.behind})",
        sync=engine.sync,
        fix=wanted.fix,
    )


def _others(judged: Iterable[Judged], extras: Iterable[Extra]) -> Iterator[ApplicationGap]:
    """Yields what belongs to no single Application: the bootstrap, extras in shared namespaces."""
    own = [j for j in judged if not j.reading.asked.application]
    if own:
        findings = tuple(f for j in own for f in j.findings)
        yield replace(_counted(own), title=BOOTSTRAP, findings=findings)
    shared = tuple(_extra_finding(e) for e in extras if not e.application)
    if shared:
        spaces = tuple(sorted({f.object.namespace for f in shared}))
        title = f"{SHARED}: {', '.join(spaces)}"
        yield ApplicationGap(
            name="", title=title, namespaces=spaces, extra=len(shared), findings=shared
        )


def _placed(app: ApplicationGap, engine: Desired, scope: Scope, terms: Terms) -> ApplicationGap:
    folder = scope.expected[app.name][0].path if app.name in scope.expected else ""
    return replace(app, findings=tuple(_complete(f, engine, folder, terms) for f in app.findings))


def _complete(found: DriftFinding, engine: Desired, folder: str, terms: Terms) -> DriftFinding:
    is_declared = found.kind is not DriftKind.EXTRA and found.object.kind != "Application"
    if is_declared or (found.object.kind == "Application" and found.kind is DriftKind.DIFFERENT):
        file, line = terms.locate(found.object, found.field, folder)
        found = replace(found, file=file, line=line)
    return with_fix(found, engine, folder)


def _not_judged(judged: Iterable[Judged]) -> Iterator[Remark]:
    for each in judged:
        if each.state is State.NOT_JUDGED:
            yield Remark(object=each.reading.asked.ref, reason=each.reading.unread)


def _without_dry_run(judged: Iterable[Judged]) -> Iterator[Remark]:
    for each in judged:
        if each.reading.refusal:
            yield Remark(object=each.reading.asked.ref, reason=each.reading.refusal)
