"""Objects that are refused in a sync: A08, A09, A11 to A15, and R14 to R17 said by the API server.

A refusal that follows from the manifest and the project alone is certain while Argo CD still
retries: the same commit is refused again. What another Application may still bring (a namespace, a
CRD, the pods of a webhook) is judged against the closed world first. Texts: argo-cd 3.5
`controller/sync.go`, `util/argo/argo.go`; Kubernetes 1.3x `apimachinery/pkg/api/errors`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.argocd.absent_kinds import kind_missing
from harness.diagnosis.rules.argocd.absent_namespace import namespace_missing
from harness.diagnosis.rules.argocd.project_facts import kinds_field, permits_kind, project_spec
from harness.diagnosis.rules.argocd.sync_results import (
    Refusal,
    invalid_field,
    named_field,
    refusals,
    wanted_object,
    why,
)
from harness.diagnosis.rules.argocd.webhooks import webhook_denied, webhook_down
from harness.diagnosis.rules.repo.repo_texts import classify
from harness.diagnosis.rules.schedule.missing_classes import PATTERN as CLASS_MISSING
from harness.diagnosis.rules.schedule.missing_classes import class_missing_in_sync
from harness.diagnosis.signal import T0, Need, Signal, t1
from harness.model.refs import ObjectRef

SCHEMA_CAUSES = frozenset({"R14", "R15", "R16", "R17"})


def refused(facts: Facts) -> Iterator[Signal]:
    """Yields why each refused object was refused, where its text tells."""
    for refusal in refusals(facts):
        yield from read_refusal(facts, refusal)


def read_refusal(facts: Facts, refusal: Refusal) -> Iterable[Signal]:
    """Returns the signals of one refusal; none when its text pins nothing."""
    for pattern, reading in _READINGS:
        match = pattern.search(refusal.message)
        if match:
            return list(reading(facts, refusal, match))
    return list(_schema(facts, refusal)) or list(_rejected(facts, refusal))


def _project_of(facts: Facts, name: str) -> ObjectRef:
    return ObjectRef("AppProject", facts.header.engine_namespace, name.strip("'.,;"))


def _kind_not_permitted(facts: Facts, refusal: Refusal, match: re.Match[str]) -> Iterator[Signal]:
    group, kind, project = match["group"], match["kind"], _project_of(facts, match["project"])
    spec = project_spec(facts, project)
    namespaced = bool(refusal.ref.namespace) and kind != "Namespace"
    field = kinds_field(namespaced=namespaced)
    creates = kind == "Namespace" and "CreateNamespace=true" in refusal.app.options
    reason = " (CreateNamespace=true makes one)" if creates else ""
    stale = bool(spec) and permits_kind(spec, group, kind, namespaced=namespaced)
    yield refusal.signal(
        facts,
        "A08",
        root=project,
        field=field,
        seen=f"the project {project.name} does not permit {_kind(group, kind)}{reason}, "
        f"which {refusal.app.ref} declares",
        expected=f"{{group: '{group}', kind: {kind}}} in {field}",
        fix=f"add {{group: '{group}', kind: {kind}}} to {field}",
        need=t1(3, 60) if stale else T0,
    )


def _kind(group: str, kind: str) -> str:
    return f"{kind} of {group}" if group else f"{kind} of the core group"


def _namespace_not_permitted(
    facts: Facts, refusal: Refusal, match: re.Match[str]
) -> Iterator[Signal]:
    project, namespace = _project_of(facts, match["project"]), match["namespace"]
    child = refusal.ref.kind == "Application" or refusal.ref == refusal.app.ref
    spec = project_spec(facts, project)
    allowed = [str(e.get("namespace")) for e in spec.get("destinations") or []]
    yield refusal.signal(
        facts,
        "A09",
        root=project if child else refusal.ref,
        field="spec.destinations" if child else "metadata.namespace",
        seen=f"{refusal.ref} is in the namespace {namespace}, which the project {project.name} "
        "does not permit",
        expected=f"a namespace of the project: {', '.join(allowed[:6]) or 'none is permitted'}",
        fix=f"add the namespace {namespace} to spec.destinations"
        if child
        else f"set metadata.namespace to {refusal.app.namespace or 'a permitted namespace'}",
    )


def _annotation_too_long(facts: Facts, refusal: Refusal, _: re.Match[str]) -> Iterator[Signal]:
    yield refusal.signal(
        facts,
        "A14",
        field="metadata.annotations",
        seen=f"{refusal.ref} is too big for a client-side apply: its annotations are longer than "
        "262144 bytes",
        expected="server-side apply, which keeps no copy of the manifest in an annotation",
        fix="annotate it argocd.argoproj.io/sync-options: ServerSideApply=true",
    )


def _schema(facts: Facts, refusal: Refusal) -> Iterator[Signal]:
    fault = classify(refusal.message)
    if fault is None or fault.cause not in SCHEMA_CAUSES:
        return
    field = named_field(fault.entry, wanted_object(facts, refusal.ref))
    yield refusal.signal(
        facts,
        fault.cause,
        field=field,
        seen=f"{refusal.ref}: {fault.seen}",
        expected=fault.expected,
        fix=fault.fix if fault.cause != "R14" else f"correct {field or 'the field'}",
    )


def _rejected(facts: Facts, refusal: Refusal) -> Iterator[Signal]:
    if not _REJECTED.search(refusal.message):
        return
    field = named_field(invalid_field(refusal.message), wanted_object(facts, refusal.ref))
    rights = bool(_RIGHTS.search(refusal.message))
    yield refusal.signal(
        facts,
        "A13",
        field="" if rights else field,
        seen=f"the API server refuses {refusal.ref}: {why(refusal)}",
        expected=_expected(refusal.message, field),
        fix=_fix(refusal, field),
        need=t1(3, 60) if rights else _rejected_need(facts, refusal),
    )


def _rejected_need(facts: Facts, refusal: Refusal) -> Need:
    """A run of the harness deletes a Job that is in the way of a changed one: that takes time."""
    in_the_way = refusal.ref.kind == "Job" and bool(_FIXED.search(refusal.message))
    return t1(3, 30) if in_the_way and facts.header.revision else T0


def _expected(message: str, field: str) -> str:
    supported = re.search(r"supported values: (.{1,120}?)(?:$|\]|, spec)", message)
    if supported:
        return f"one of {supported[1].strip()}"
    if "Required value" in message:
        return f"a value for {field or 'the field'}"
    if _RIGHTS.search(message):
        return "rights for Argo CD's application controller"
    if _FIXED.search(message):
        return "the value the object was created with, which cannot be changed in place"
    return f"a value of {field or 'the field'} that the API server accepts"


def _fix(refusal: Refusal, field: str) -> str:
    ref, message = refusal.ref, refusal.message
    where = f" -n {ref.namespace}" if ref.namespace else ""
    if _RIGHTS.search(message):
        return "grant Argo CD's application controller the verb on this kind"
    if not _FIXED.search(message) or ref.kind == "Application":
        return f"correct {field or 'the manifest'}"
    orphan = " --cascade=orphan" if ref.kind == "StatefulSet" else ""
    return f"kubectl delete {ref.kind.lower()} {ref.name}{where}{orphan} (Argo CD makes it anew)"


Reading = Callable[[Facts, Refusal, re.Match[str]], Iterable[Signal]]
_PATTERNS: tuple[tuple[str, Reading], ...] = (
    (r"admission webhook \"(?P<webhook>[^\"]+)\" denied the request: ?(?P<reason>.*)",
     webhook_denied),
    (r"failed calling webhook \"(?P<webhook>[^\"]+)\"(?P<reason>.*)", webhook_down),
    (r"resource (?P<group>[^:\s]*):(?P<kind>\S+) is not permitted in project (?P<project>\S+)",
     _kind_not_permitted),
    (r"namespace (?P<namespace>\S+) is not permitted in project '(?P<project>[^']+)'",
     _namespace_not_permitted),
    (r"namespaces \"(?P<namespace>[^\"]+)\" not found", namespace_missing),
    (r"The Kubernetes API could not find (?:version \"(?P<version>[^\"]+)\" of )?"
     r"(?P<group>[^/\s]*)/(?P<kind>\S+)(?P<rest>.*)", kind_missing),
    (r"no matches for kind \"(?P<kind>[^\"]+)\" in version \"(?P<version>[^\"]+)\"", kind_missing),
    (r"could not find the requested resource", kind_missing),
    (r"metadata\.annotations: Too long", _annotation_too_long),
    (CLASS_MISSING, class_missing_in_sync),
)  # fmt: skip
_READINGS = tuple((re.compile(p, re.IGNORECASE), r) for p, r in _PATTERNS)
_RIGHTS = re.compile(r"is forbidden: User \"[^\"]*\" cannot", re.IGNORECASE)
_FIXED = re.compile(
    r"updates to statefulset spec for fields other than|field is immutable|may not change once set"
    r"|spec is immutable after creation",
    re.IGNORECASE,
)
_REJECTED = re.compile(
    rf"{_FIXED.pattern}|{_RIGHTS.pattern}| is invalid: |Required value|Unsupported value"
    r"|may not be specified|spec\.clusterIPs?.*immutable|is forbidden: violates PodSecurity",
    re.IGNORECASE,
)
RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (refused,)
