"""API versions that the target does not serve, or not for long, and what took their place. Pure.

An object with a removed API version is not created: `no matches for kind` (cause A11). A version
that only a newer Kubernetes has is said for a target that was named. Versions of custom resources
are compared with the CRD of the same scope. What is known of versions: `harness.audit.schemas`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from harness.audit.finding import Fault, NotJudged
from harness.audit.reading import group_of, is_placeholder, text
from harness.audit.schemas.apis import Standing, Verdict, standing
from harness.audit.schemas.custom import CustomKinds
from harness.audit.schemas.table import target_minor
from harness.audit.scope import Declared, Scope

RULES = {
    Standing.REMOVED: ("removed-api", "A11"),
    Standing.DEPRECATED: ("deprecated-api", ""),
    Standing.TOO_NEW: ("api-of-another-version", "A11"),
    Standing.UNKNOWN: ("unknown-api", "A11"),
}


def api_faults(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields objects whose API version the target does not serve, or will not serve for long."""
    customs, minor = CustomKinds.of(scope), target_minor(scope.profile.version)
    for declared in scope.declared:
        api_version, kind = text(declared.object.get("apiVersion")), declared.ref.kind
        versions = customs.served(group_of(declared.object), kind)
        if is_placeholder(api_version + kind):
            continue
        if versions is not None:
            if api_version.rpartition("/")[2] not in versions:
                yield _not_served(declared, api_version, versions)
            continue
        verdict = standing(api_version, kind, minor)
        if verdict and (scope.profile.is_known or verdict.standing is not Standing.TOO_NEW):
            yield _api_fault(declared, api_version, verdict)


def _api_fault(declared: Declared, api_version: str, verdict: Verdict) -> Fault:
    rule, cause = RULES[verdict.standing]
    version, kind = f"1.{verdict.minor}", declared.ref.kind
    seen = {
        Standing.REMOVED: f"which Kubernetes {version} removed",
        Standing.DEPRECATED: "which is deprecated",
        Standing.TOO_NEW: f"which comes with Kubernetes {version}",
        Standing.UNKNOWN: f"which has no kind {kind}",
    }[verdict.standing]
    is_kind = verdict.standing is Standing.UNKNOWN and bool(verdict.kind)
    return Fault(
        rule=rule,
        object=declared.ref,
        message=f"{declared.ref} has the API version {api_version}, {seen}",
        expected=_expected(verdict) or "no object of this kind",
        fix=_fix(verdict, kind),
        cause=cause,
        field="kind" if is_kind else "apiVersion",
        value=kind if is_kind else api_version,
        source=declared.source.path,
    )


def _expected(verdict: Verdict) -> str:
    return " ".join(part for part in (verdict.instead, verdict.kind) if part)


def _fix(verdict: Verdict, kind: str) -> str:
    if verdict.standing is Standing.UNKNOWN and verdict.kind:
        return f"Write `kind: {verdict.kind}`"
    if verdict.kind:
        return f"Use {verdict.kind} of {verdict.instead} instead"
    if not verdict.instead and verdict.standing is Standing.TOO_NEW:
        return f"Use a cluster of 1.{verdict.minor} or newer"
    if not verdict.instead:
        return f"Remove it: nothing took the place of {kind}"
    also = "" if verdict.standing is Standing.UNKNOWN else " and the fields of that version"
    return f"Write `apiVersion: {verdict.instead}`{also}"


def _not_served(declared: Declared, api_version: str, versions: tuple[str, ...]) -> Fault:
    group, known = group_of(declared.object), " or ".join(versions)
    return Fault(
        rule="crd-version-not-served",
        object=declared.ref,
        message=f"{declared.ref} has the API version {api_version}, which its "
        "CustomResourceDefinition does not serve",
        expected=f"{group}/{known}",
        fix=f"Write `apiVersion: {group}/{versions[-1]}`",
        cause="A11",
        field="apiVersion",
        value=api_version,
        source=declared.source.path,
    )


CHECKS: tuple[Callable[[Scope], Iterator[Fault | NotJudged]], ...] = (api_faults,)
