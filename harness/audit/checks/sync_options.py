"""Options of a sync that Argo CD reads past, and objects too big for its way of applying.

Options are compared as whole texts, case and value included (argo-cd `controller/sync.go`,
`gitops-engine/pkg/sync/common/types.go`): what is misspelt has no effect, and nothing says so.
An unknown option that is like no known one may belong to a newer version: silent.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from harness.audit.checks.all_checks import ScopeCheck
from harness.audit.engine_objects import Application, Steps, applications, dotted
from harness.audit.finding import Fault
from harness.audit.reading import at, entries, is_placeholder, items, mapping, text, texts
from harness.audit.scope import Declared, Scope
from harness.audit.sync_phases import marks, words

ANNOTATION = "argocd.argoproj.io/sync-options"
_FLAGS = ("true", "false")
OPTIONS: dict[str, tuple[str, ...]] = {
    "ApplyOutOfSyncOnly": _FLAGS,
    "ClientSideApplyMigration": _FLAGS,
    "CreateNamespace": _FLAGS,
    "Delete": (*_FLAGS, "confirm"),
    "FailOnSharedResource": _FLAGS,
    "Force": _FLAGS,
    "Prune": (*_FLAGS, "confirm"),
    "PruneLast": _FLAGS,
    "PrunePropagationPolicy": ("background", "foreground", "orphan"),
    "Replace": _FLAGS,
    "RespectIgnoreDifferences": _FLAGS,
    "ServerSideApply": _FLAGS,
    "SkipDryRunOnMissingResource": _FLAGS,
    "Validate": _FLAGS,
}
LIKENESS = 0.85
LONGEST_ANNOTATIONS = 262_144
"""Bytes of all annotations of an object (apimachinery `pkg/api/validation/objectmeta.go`)."""
_ESCAPED = '\n\t"\\'
"""Signs that take two bytes in JSON."""
BIG_KINDS = frozenset({"ConfigMap", "CustomResourceDefinition", "PrometheusRule", "Secret"})
"""Kinds that hold texts or schemas; others do not grow so big."""
_UNDER_AUTOMATED = ("allowEmpty", "enabled", "prune", "selfHeal")
_GROUPS = {
    "apps": ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"),
    "batch": ("CronJob", "Job"),
    "autoscaling": ("HorizontalPodAutoscaler",),
    "networking.k8s.io": ("Ingress", "IngressClass", "NetworkPolicy"),
    "rbac.authorization.k8s.io": ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"),
    "admissionregistration.k8s.io": (
        "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration",
    ),
    "apiextensions.k8s.io": ("CustomResourceDefinition",),
    "": ("ConfigMap", "PersistentVolumeClaim", "Secret", "Service", "ServiceAccount"),
}  # fmt: skip
GROUP_OF = {kind: group for group, kinds in _GROUPS.items() for kind in kinds}


def corrected(option: str) -> str:
    """Returns the option that was probably meant; empty when it is right or like none."""
    if option in {f"{key}={value}" for key, values in OPTIONS.items() for value in values}:
        return ""
    key, _, value = (part.strip() for part in option.partition("="))
    names = {name.lower(): name for name in OPTIONS}
    near = difflib.get_close_matches(key.lower()[:60], names, n=1, cutoff=LIKENESS)
    if not near:
        return ""
    name = names[near[0]]
    fitting = next((v for v in OPTIONS[name] if v == value.lower()), "")
    is_right = f"{name}={fitting}" == option or (name == key and not fitting)
    return "" if is_right else f"{name}={fitting or OPTIONS[name][0]}"


def unknown_options(scope: Scope) -> Iterator[Fault]:
    """Yields the sync options of Applications that are misspelt."""
    for app in applications(scope):
        for number, entry in enumerate(items(at(app.spec, "syncPolicy", "syncOptions"))):
            option = text(entry)
            meant = "" if is_placeholder(option) else corrected(option)
            if meant:
                yield app.fault(
                    "argocd-sync-option-unknown", "spec", "syncPolicy", "syncOptions", number,
                    message=f"the sync option {option} of {app.ref} is none that Argo CD knows",
                    expected=meant,
                    fix=f"write {meant}",
                    value=option,
                )  # fmt: skip


def unknown_annotations(scope: Scope) -> Iterator[Fault]:
    """Yields the sync options of single objects that are misspelt."""
    for declared in scope.declared:
        for option in words(declared.object, ANNOTATION):
            meant = "" if is_placeholder(option) else corrected(option)
            if meant:
                yield Fault(
                    rule="argocd-sync-option-unknown",
                    object=declared.ref,
                    message=f"the sync option {option} of {declared.ref} is none that "
                    "Argo CD knows",
                    expected=meant,
                    fix=f"write {meant}",
                    field=f"metadata.annotations[{ANNOTATION}]",
                    value=marks(declared.object)[ANNOTATION],
                    source=declared.source.path,
                )


def sync_policies(scope: Scope) -> Iterator[Fault]:
    """Yields fields of a sync policy at a place where nobody reads them."""
    for app in applications(scope):
        policy = mapping(app.spec.get("syncPolicy"))
        automated = policy.get("automated")
        if automated is not None and not isinstance(automated, dict):
            yield _misplaced(
                app, ("spec", "syncPolicy", "automated"),
                f"syncPolicy.automated of {app.ref} is {automated!r}"[:160],
                "a mapping, e.g. automated: {prune: true, selfHeal: true}",
            )  # fmt: skip
        for word in (w for w in _UNDER_AUTOMATED if w in policy):
            yield _misplaced(
                app, ("spec", "syncPolicy", word),
                f"{app.ref} has syncPolicy.{word}, which has no effect there",
                f"syncPolicy.automated.{word}",
            )  # fmt: skip


def _misplaced(app: Application, steps: Steps, message: str, expected: str) -> Fault:
    return app.fault(
        "argocd-sync-policy-misplaced", *steps,
        message=message,
        expected=expected,
        fix=f"correct {dotted(steps)}: {expected}",
    )  # fmt: skip


def ignored_differences(scope: Scope) -> Iterator[Fault]:
    """Yields entries of `ignoreDifferences` that match no field of any object."""
    for app in applications(scope):
        for number, entry in enumerate(entries(app.spec.get("ignoreDifferences"))):
            steps = ("spec", "ignoreDifferences", number)
            wrong, right = _mistake(entry)
            if wrong:
                yield app.fault(
                    "argocd-ignore-differences-ineffective", *steps,
                    message=f"an entry of ignoreDifferences of {app.ref} has {wrong}: it matches "
                    "nothing",
                    expected=right,
                    fix=f"correct {dotted(steps)}: {right}",
                )  # fmt: skip


def _mistake(entry: Any) -> tuple[str, str]:
    """Returns what is wrong with an entry, and what would be right; empty when nothing is."""
    kind, group = text(entry.get("kind")), text(entry.get("group"))
    if is_placeholder(group) or is_placeholder(kind):
        return "", ""
    pointers = [p for p in texts(entry.get("jsonPointers")) if not p.startswith(("/", "{", "$"))]
    if pointers:
        return f"the JSON pointer {pointers[0]}", f"/{pointers[0].lstrip('.').replace('.', '/')}"
    if "/" in group:
        return f"the group {group}", f"group: {group.partition('/')[0]}"
    wanted = GROUP_OF.get(kind)
    if wanted is not None and group != wanted and "*" not in group and kind != "Ingress":
        return f"kind {kind} in group {group or '(core)'}", f"group: {wanted or chr(39) * 2}"
    return "", ""


def too_big(scope: Scope) -> Iterator[Fault]:
    """Yields objects whose copy does not fit into the annotation of client-side apply: A14."""
    for declared in scope.declared:
        deployer = declared.source.deployer
        if deployer is None or deployer.kind != "Application" or _avoids_annotation(declared):
            continue
        if declared.ref.kind in BIG_KINDS and _is_bigger(declared.object, LONGEST_ANNOTATIONS):
            yield Fault(
                rule="apply-too-large",
                object=declared.ref,
                message=f"{declared.ref} has more than {LONGEST_ANNOTATIONS} bytes, and "
                "client-side apply keeps a copy of it in an annotation, which ends there",
                expected="ServerSideApply=true for it",
                fix="add the annotation argocd.argoproj.io/sync-options: ServerSideApply=true, or "
                f"the option to {deployer}",
                cause="A14",
                source=declared.source.path,
            )


def _avoids_annotation(declared: Declared) -> bool:
    options = [text(o) for o in items(at(declared.source.spec, "syncPolicy", "syncOptions"))]
    own = words(declared.object, ANNOTATION)
    return bool({*options, *own} & {"ServerSideApply=true", "Replace=true"})


def _is_bigger(obj: Any, limit: int) -> bool:
    """Tells whether an object is longer than a number of bytes as JSON, without making the JSON."""
    size, waiting = 0, [obj]
    while waiting and size <= limit:
        value = waiting.pop()
        if isinstance(value, dict):
            size += 2 + sum(len(str(key)) + 4 for key in value)
            waiting.extend(value.values())
        elif isinstance(value, list):
            size += 2 + len(value)
            waiting.extend(value)
        elif isinstance(value, str):
            size += 2 + len(value.encode()) + sum(value.count(sign) for sign in _ESCAPED)
        else:
            size += len(str(value))
    return size > limit


CHECKS: tuple[ScopeCheck, ...] = (
    unknown_options,
    unknown_annotations,
    sync_policies,
    ignored_differences,
    too_big,
)
