"""Syncs that can not come to an end: an object waits for what only a later wave brings.

Argo CD begins a wave when everything of the one before is healthy (argo-cd
`gitops-engine/pkg/sync/sync_context.go`). A workload that needs a Secret, ConfigMap, claim or
account of a later wave never is, nor is a claim that binds at first use before its pod (causes A16,
A17; argo-cd#12840). Judged within one Application, where nothing else brings the object; on a
cluster that has it already the sync goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.audit import pods
from harness.audit.api_groups import BUILT_IN
from harness.audit.checks.all_checks import ScopeCheck
from harness.audit.finding import Fault, Severity
from harness.audit.reading import at, group_of, is_known, mapping, text, text_at
from harness.audit.scope import Declared, Scope
from harness.audit.source import Object, Source
from harness.audit.sync_phases import Moment, Phase, first, in_words
from harness.audit.world import world
from harness.connectivity.dependencies import Dependency
from harness.manifests.pods import field_prefix
from harness.model.refs import ObjectRef

RULE = "sync-wave-deadlock"
WAITED_FOR = frozenset({"DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "StatefulSet"})
"""Kinds that Argo CD waits for and that need their references to be healthy."""
LATE_BINDING = "WaitForFirstConsumer"
USUALLY_LATE = frozenset({
    "gp2", "gp3", "hcloud-volumes", "local-path", "local-storage", "managed-csi",
    "managed-csi-premium", "managed-premium", "oci-bv", "premium-rwo", "standard-rwo",
})  # fmt: skip
"""Classes that the big providers and k3s bring, which bind at first use."""
_HEALTH_RULE = ("resource.customizations", "PersistentVolumeClaim")


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that a workload can not be healthy without."""

    ref: ObjectRef
    field: str
    """Dotted path in the workload."""


def deadlocks(scope: Scope) -> Iterator[Fault]:
    """Yields workloads that need an object which a later wave or phase brings."""
    for declared in scope.declared:
        own = first(declared.object)
        if own is None or not _is_waited_for(declared):
            continue
        for need in _needs(declared):
            giver = _only_giver(need.ref, declared.source, scope)
            later = first(giver.object) if giver is not None else None
            if giver is not None and later is not None and later > own:
                yield _deadlock(declared, own, need, giver, later)


def _is_waited_for(declared: Declared) -> bool:
    obj = declared.object
    deployer = declared.source.deployer
    is_argo = deployer is None or deployer.kind == "Application"
    is_idle = at(obj, "spec", "replicas") == 0 or at(obj, "spec", "suspend") is True
    is_idle = is_idle or at(obj, "spec", "paused") is True
    return is_argo and declared.ref.kind in WAITED_FOR and group_of(obj) in BUILT_IN and not is_idle


def _needs(declared: Declared) -> Iterator[Need]:
    obj, space = declared.object, declared.ref.namespace
    spec, prefix = pods.pod_spec(obj) or {}, pods.prefix(obj)
    replaced = frozenset(name for name, _ in pods.claim_templates(obj))
    for found in pods.references(spec, replaced=replaced):
        if not found.optional and is_known(found.name):
            yield Need(
                ref=ObjectRef(found.kind, space, found.name), field=f"{prefix}.{found.field}"
            )
    account = text(spec.get("serviceAccountName")) or text(spec.get("serviceAccount"))
    if is_known(account):
        field = f"{prefix}.serviceAccountName"
        yield Need(ref=ObjectRef("ServiceAccount", space, account), field=field)
    for name, claim in _claims(spec, replaced):
        field = f"{prefix}.volumes[{name}].persistentVolumeClaim.claimName"
        yield Need(ref=ObjectRef("PersistentVolumeClaim", space, claim), field=field)


def _claims(spec: pods.Spec, replaced: frozenset[str]) -> Iterator[tuple[str, str]]:
    for name, volume in pods.volumes(spec):
        claim = text_at(volume, "persistentVolumeClaim", "claimName")
        if is_known(claim) and name not in replaced:
            yield name, claim


def _only_giver(ref: ObjectRef, source: Source, scope: Scope) -> Declared | None:
    """Returns the object that brings another one, when only this root does and only once."""
    makers = {id(obj) for obj in scope.products.makers(ref)}
    givers = [d for d in scope.of_kind(ref.kind) if d.ref == ref]
    if makers:
        givers += [d for d in scope.declared if id(d.object) in makers]
    return givers[0] if len(givers) == 1 and givers[0].source is source else None


def _deadlock(user: Declared, own: Moment, need: Need, giver: Declared, later: Moment) -> Fault:
    through = "" if giver.ref == need.ref else f", which {giver.ref} makes"
    return Fault(
        rule=RULE,
        object=giver.ref,
        user=user.ref,
        message=f"{user.ref} ({in_words(own)}) needs {need.ref}{through} ({in_words(later)}): "
        f"{in_words(later)} begins when {in_words(own)} is healthy, and it never is",
        expected=f"{giver.ref} not later than {in_words(own)}",
        fix=_fix(giver.ref, own),
        cause="A17" if own[0] is Phase.PRE_SYNC else "A16",
        field=need.field,
        value=need.ref.name,
        source=user.source.path,
    )


def _fix(ref: ObjectRef, moment: Moment) -> str:
    phase, wave = moment
    hook = f"argocd.argoproj.io/hook: {phase} and " if phase is Phase.PRE_SYNC else ""
    return f"annotate {ref} with {hook}argocd.argoproj.io/sync-wave: '{wave}'"


def early_claims(scope: Scope) -> Iterator[Fault]:
    """Yields claims that bind at first use and whose pods come in a later wave."""
    if any(all(w in content for w in _HEALTH_RULE) for content in scope.tree.texts.values()):
        return
    mounted = _mounted(scope)
    for claim in scope.of_kind("PersistentVolumeClaim"):
        own, users = first(claim.object), mounted.get(claim.ref, [])
        severity, reason = _late_binding(claim.object, scope)
        if own is None or severity is None or not users:
            continue
        found = [(u, first(u.object)) for u in users if u.source is claim.source]
        later = [(u, m) for u, m in found if m is not None and m > own]
        if len(later) == len(users):
            user, moment = min(later, key=lambda pair: pair[1])
            yield _early_claim(claim, own, user, moment, severity, reason)


def _mounted(scope: Scope) -> dict[ObjectRef, list[Declared]]:
    """Returns the workloads that mount each claim."""
    found: dict[ObjectRef, list[Declared]] = {}
    for each in scope.declared:
        for _, name in _claims(pods.pod_spec(each.object) or {}, frozenset()):
            ref = ObjectRef("PersistentVolumeClaim", each.ref.namespace, name)
            found.setdefault(ref, []).append(each)
    return found


def _late_binding(claim: Object, scope: Scope) -> tuple[Severity | None, str]:
    """Returns how sure it is that a claim binds only when a pod uses it, and why."""
    spec = mapping(claim.get("spec"))
    name = text(spec.get("storageClassName"))
    if text(spec.get("volumeName")) or spec.get("storageClassName") == "":
        return None, ""
    declared = scope.find(ObjectRef("StorageClass", "", name)) if name else None
    if declared is not None:
        mode = text(declared.object.get("volumeBindingMode"))
        return (Severity.DEFECT if mode == LATE_BINDING else None), f"the class {name} binds so"
    if scope.profile.name == "kind" and name in {"", "standard"}:
        return Severity.MISMATCH, "the class standard of kind binds so"
    return (Severity.NOTE if name in USUALLY_LATE else None), f"the class {name} usually binds so"


def _early_claim(
    claim: Declared, own: Moment, user: Declared, later: Moment, severity: Severity, reason: str
) -> Fault:
    return Fault(
        rule=RULE,
        object=claim.ref,
        message=f"{claim.ref} ({in_words(own)}) is bound when its pod is there ({reason}), and "
        f"{user.ref} comes in {in_words(later)}, which waits for the claim",
        expected="claim and pod in the same wave",
        fix=f"give {claim.ref} and {user.ref} the same argocd.argoproj.io/sync-wave",
        cause="A16",
        severity=severity,
        field="metadata.annotations[argocd.argoproj.io/sync-wave]",
        source=claim.source.path,
    )


def late_servers(scope: Scope) -> Iterator[Fault]:
    """Yields workloads whose init container waits for a server of a later wave.

    A PreSync hook that only names such a server is a note: it may do without.
    """
    if len({first(each.object) for each in scope.declared}) < 2:
        return  # Everything is applied at once, and the graph of a scope is dear.
    found = world(scope)
    by_ref = {each.ref: each for each in found.declared}
    for edge in found.graph.dependencies:
        client = by_ref.get(found.real(edge.client))
        server = by_ref.get(found.real(edge.server)) if edge.server is not None else None
        service = by_ref.get(edge.service) if edge.service is not None else None
        if client is None or server is None or service is None or not edge.certain:
            continue
        if client.source is server.source and _is_waited_for(client) and client != server:
            yield from _late_server(edge, client, (server, service))


def _late_server(edge: Dependency, client: Declared, needed: Sequence[Declared]) -> Iterator[Fault]:
    own = first(client.object)
    moments = [(moment, each) for each in needed if (moment := first(each.object)) is not None]
    if own is None or not moments:
        return
    later, giver = max(moments, key=lambda pair: pair[0])
    is_hook = own[0] is Phase.PRE_SYNC and client.ref.kind == "Job"
    if later <= own or not (edge.waits or is_hook):
        return
    verb = "waits for" if edge.waits else "names the host"
    yield Fault(
        rule=RULE,
        object=giver.ref,
        user=client.ref,
        message=f"{client.ref} ({in_words(own)}) {verb} {edge.host}, and {giver.ref} comes in "
        f"{in_words(later)}, which begins when {in_words(own)} has ended",
        expected=f"{giver.ref} not later than {in_words(own)}",
        fix=f"run {client.ref} as a PostSync hook, or in a later wave than {giver.ref}"
        if is_hook
        else _fix(giver.ref, own),
        cause="A17" if is_hook else "A16",
        severity=None if edge.waits else Severity.NOTE,
        field=f"{field_prefix(client.ref.kind)}.{edge.source}",
        value=edge.host,
        source=client.source.path,
    )


CHECKS: tuple[ScopeCheck, ...] = (deadlocks, early_claims, late_servers)
