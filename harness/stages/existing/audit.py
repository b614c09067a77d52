"""Stage "audit" on an existing cluster: what is declared, against what the cluster has.

The checks are those of every audit, made for this cluster's version, StorageClasses and
IngressClasses. What is declared nowhere but lives in the cluster is no finding; what may not be
read is said. Nothing here ends a run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from harness.audit.checks.all_checks import scope_checks
from harness.audit.cluster_profile import ClusterProfile
from harness.audit.finding import AuditFinding, Fault
from harness.audit.grouping import findings
from harness.drift.api_resources import ApiResources, Resource
from harness.io.kube import Kube, KubeError
from harness.model.errors import RepositoryError, UsageError
from harness.model.finding import Diagnosis, Outcome
from harness.model.kinds import collection
from harness.model.repository import Declaration
from harness.repo.declaration import Tools, declare
from harness.repo.kustomize_program import find_kustomize
from harness.repo.places import Places
from harness.stages.context import Context
from harness.stages.existing.connection import read_served, refused
from harness.stages.existing.place import Place
from harness.stages.existing.request import ExistingCluster
from harness.stages.preview import SHOWN, scope_of
from harness.stages.stage import Voice

DELIVERED_NOTHING = (
    "not judged: images were not delivered by this run, so the digests that run were not compared "
    "with a delivery"
)
NO_NODES = (
    "not judged: routes through a load balancer and the proof command; they need a stand-in on "
    "this machine, and nodes and Docker are not used here"
)
NO_PROBES = "not judged: network policies were not probed by this run"
_DEFINITION = "CustomResourceDefinition"


def audit(context: Context, voice: Voice, asked: ExistingCluster, place: Place) -> str:
    """Renders every Application of the environment and checks it for this cluster.

    Raises:
        UsageError: No kustomize is at hand.
        RepositoryError: The repository cannot be rendered.
        ClusterError: The API server does not say what it serves.
    """
    options, kube = context.options, context.kube.get()
    voice.say(f"rendering the overlays of {options.environment}")
    tools = Tools(kustomize=_kustomize(context), runner=context.runner)
    try:
        declaration = declare(options.repository, options.environment, context.settings, tools)
    except RepositoryError as error:
        context.run.diagnosis = _diagnosed(error, context.clock.now().timestamp())
        raise
    context.declaration.put(declaration)
    context.revision.put("")  # Applications may be at several; stage "sync" judges each
    try:
        read_served(context, place)
    except KubeError as error:
        raise refused(asked, error) from error
    profile = read_profile(kube, context.run.facts["context"], place.version.get())
    said = checked(declaration, profile)
    kept, unread = without_living(said, kube, place.resources.get())
    with context.lock:
        context.run.audit = list(kept)
        context.run.notes += [*declaration.notes, DELIVERED_NOTHING, NO_NODES, NO_PROBES, *unread]
    objects = sum(len(a.objects) for a in declaration.applications)
    return (
        f"{len(declaration.applications)} Applications, {objects} objects, "
        f"{len(kept)} findings for this cluster"
    )


def _kustomize(context: Context) -> Path:
    found = find_kustomize(context.options.cache)
    if found is None:
        raise UsageError(
            attempted="Rendering the repository with",
            subject="kustomize",
            seen="it is neither on the PATH nor in the bundle cache",
            expected="the kustomize that Argo CD uses",
            next_step="install kustomize, or harness bundle build",
        )
    return found


def _diagnosed(error: RepositoryError, now: float) -> Diagnosis | None:
    if error.finding is None:
        return None
    found = replace(error.finding, first_seen=now, decided_at=now)
    return Diagnosis(outcome=Outcome.FAILED, findings=(found,))


def read_profile(kube: Kube, name: str, version: str) -> ClusterProfile:
    """Returns what an audit must know of a cluster; what may not be listed stays unknown."""
    numbers = re.match(r"v?(\d+)\.(\d+)", version)
    profile = ClusterProfile(
        name=name,
        storage_classes=_names(kube, "StorageClass"),
        ingress_classes=_names(kube, "IngressClass"),
    )
    return replace(profile, version=".".join(numbers.groups())) if numbers else profile


def _names(kube: Kube, kind: str) -> frozenset[str] | None:
    try:
        return frozenset(str(o["metadata"]["name"]) for o in kube.items(collection(kind)))
    except KubeError:
        return None


def checked(declaration: Declaration, profile: ClusterProfile) -> tuple[AuditFinding, ...]:
    """Returns the findings of an environment on a cluster, the worst first, with their lines."""
    scope = replace(scope_of(declaration), profile=profile)
    faults = [f for check in scope_checks() for f in check(scope) if isinstance(f, Fault)]
    places = Places(declaration)

    def locate(fault: Fault) -> tuple[str, int]:
        ref = fault.user or fault.object
        found = places.line_of(ref, fault.field, fault.source, fault.value)
        return (found.file, found.line) if found else ("", 0)

    return tuple(f for f in findings(faults, locate) if f.severity in SHOWN)


def without_living(
    said: Iterable[AuditFinding], kube: Kube, resources: ApiResources
) -> tuple[tuple[AuditFinding, ...], tuple[str, ...]]:
    """Returns the findings without those whose missing object lives, and notes on the unreadable.

    Only rules that say that an object is missing are asked about.
    """
    kept, notes = [], []
    for found in said:
        lives = _lives(found, kube, resources) if found.rule.endswith("-missing") else False
        if lives is None:
            notes.append(f"not judged: whether {found.object} exists may not be read")
        elif not lives:
            kept.append(found)
    return tuple(kept), tuple(notes)


def _lives(found: AuditFinding, kube: Kube, resources: ApiResources) -> bool | None:
    """Tells whether the missing object of a finding is there; None where that may not be read."""
    ref = found.object
    if ref.kind == _DEFINITION:
        return _is_served(ref.name, resources)
    candidates = [r for r in resources.by_kind.values() if r.kind == ref.kind and r.preferred]
    answers = [_finds(kube, r, ref.namespace, ref.name) for r in candidates]
    return True if True in answers else None if None in answers else False


def _finds(kube: Kube, resource: Resource, namespace: str, name: str) -> bool | None:
    if resource.namespaced and not namespace:
        return False
    try:
        return kube.find(resource.path(namespace, name)) is not None
    except KubeError:
        return None


def _is_served(name: str, resources: ApiResources) -> bool:
    """Tells whether a definition, named `plural.group` or by its group alone, is served."""
    served = {f"{r.plural}.{r.group}" for r in resources.by_kind.values()}
    return name in served or name in {r.group for r in resources.by_kind.values()}
