"""Annotations of hooks and waves that Argo CD reads past, and hooks that pile up.

A hook of an unknown type is part of no phase and is never applied; a wave that is no number is wave
0; an unknown delete policy is `BeforeHookCreation` (argo-cd `gitops-engine/pkg/sync/hook`,
`syncwaves`). With `generateName` that policy finds no hook of the same name, so each sync adds one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.audit.checks.all_checks import ScopeCheck
from harness.audit.finding import Fault
from harness.audit.reading import is_placeholder, metadata, text
from harness.audit.scope import Declared, Scope
from harness.audit.sync_phases import DELETE_POLICY, HELM_HOOK, HOOK, WAVE, is_hook, marks, words
from harness.diagnosis.rules.quotes import nearest

TYPES = frozenset({"PreSync", "Sync", "PostSync", "SyncFail", "Skip", "PreDelete", "PostDelete"})
POLICIES = frozenset({"HookSucceeded", "HookFailed", "BeforeHookCreation"})
HELM_POLICY = "helm.sh/hook-delete-policy"
LIKENESS = 0.6
_NUMBER = re.compile(r"[+-]?\d+")


def unknown_words(scope: Scope) -> Iterator[Fault]:
    """Yields hook types and delete policies that Argo CD does not know."""
    for declared in scope.declared:
        for mark, known in ((HOOK, TYPES), (DELETE_POLICY, POLICIES)):
            for word in words(declared.object, mark):
                if word not in known and not is_placeholder(word):
                    yield _unknown(declared, mark, word, known)


def _unknown(declared: Declared, mark: str, word: str, known: frozenset[str]) -> Fault:
    near = nearest(word, known, LIKENESS)
    effect = "the hook is never applied" if mark == HOOK else "BeforeHookCreation is taken"
    others = [w for w in words(declared.object, mark) if w in known]
    return Fault(
        rule="sync-hook-unknown",
        object=declared.ref,
        message=f"{declared.ref} has {mark}: {word}, which Argo CD does not know"
        + ("" if others else f": {effect}"),
        expected=near or f"one of {', '.join(sorted(known))}",
        fix=f"write {near}" if near else f"correct {mark}",
        field=f"metadata.annotations[{mark}]",
        value=marks(declared.object)[mark],
        source=declared.source.path,
    )


def bad_waves(scope: Scope) -> Iterator[Fault]:
    """Yields waves that are no whole number."""
    for declared in scope.declared:
        value = marks(declared.object).get(WAVE)
        if value is not None and not _NUMBER.fullmatch(value) and not is_placeholder(value):
            yield Fault(
                rule="sync-wave-invalid",
                object=declared.ref,
                message=f"{declared.ref} has the sync wave {value!r}, which is no whole number: "
                "it is applied in wave 0",
                expected="a whole number in quotes, e.g. '1' or '-1'",
                fix=f"correct {WAVE}",
                field=f"metadata.annotations[{WAVE}]",
                value=value,
                source=declared.source.path,
            )


def piling_hooks(scope: Scope) -> Iterator[Fault]:
    """Yields hooks with a new name at each sync that nothing deletes."""
    for declared in scope.declared:
        obj = declared.object
        has_new_name = text(metadata(obj).get("generateName")) and not metadata(obj).get("name")
        if not has_new_name or not is_hook(obj) or HELM_POLICY in marks(obj):
            continue
        expires = isinstance(obj.get("spec"), dict) and "ttlSecondsAfterFinished" in obj["spec"]
        if set(words(obj, DELETE_POLICY)) & {"HookSucceeded", "HookFailed"} or expires:
            continue
        kind = HOOK if HOOK in marks(obj) else HELM_HOOK
        yield Fault(
            rule="sync-hook-accumulates",
            object=declared.ref,
            message=f"the hook {declared.ref} gets a new name at each sync, and nothing deletes it",
            expected=f"{DELETE_POLICY}: HookSucceeded",
            fix=f"annotate it with {DELETE_POLICY}: HookSucceeded",
            field=f"metadata.annotations[{kind}]",
            source=declared.source.path,
        )


CHECKS: tuple[ScopeCheck, ...] = (unknown_words, bad_waves, piling_hooks)
