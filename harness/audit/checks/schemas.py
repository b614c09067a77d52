"""Objects that the API server refuses, or keeps without a field, because of their schema. Pure.

Facts: a wrong type is refused by every API server. An unknown field is refused by server-side apply
(`field not declared in schema`), by Flux and by `kubectl apply`; Argo CD's client-side apply loses
it silently (argo-cd#16817). Unknown fields of a custom resource are pruned. Where a field belongs
to another version of Kubernetes than the target, that is said only for a target that was named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from harness.audit.checks import apis, object_names, restart_policies
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.lines import line_of
from harness.audit.reading import at, group_of, text, text_at, texts
from harness.audit.schemas.custom import CustomKinds
from harness.audit.schemas.hints import Hint, hint
from harness.audit.schemas.misfit import Misfit, MisfitKind
from harness.audit.schemas.table import Table, bundled, index, kubernetes, served, target_minor
from harness.audit.schemas.walk import misfits
from harness.audit.schemas.wording import sentence, words
from harness.audit.scope import Declared, Scope
from harness.audit.source import Object
from harness.audit.survey import Survey
from harness.model.refs import ObjectRef

RULES = {
    MisfitKind.UNKNOWN: ("unknown-field", "R14"),
    MisfitKind.TYPE: ("wrong-type", "R14"),
    MisfitKind.MISSING: ("missing-required-field", "A13"),
    MisfitKind.NOT_ALLOWED: ("unsupported-value", "A13"),
    MisfitKind.QUANTITY: ("invalid-quantity", "R14"),
    MisfitKind.FORM: ("invalid-name", "A13"),
    MisfitKind.DEPRECATED: ("deprecated-field", ""),
    MisfitKind.TOO_NEW: ("field-of-another-version", "R14"),
    MisfitKind.GONE: ("field-of-another-version", "R14"),
}
_OF_VERSION = (MisfitKind.TOO_NEW, MisfitKind.GONE)
_ONLY_IN_FILES = (MisfitKind.UNKNOWN, MisfitKind.TYPE, MisfitKind.NOT_ALLOWED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Schema:
    """The schema of one object, and how much an unknown field of it matters."""

    name: str
    table: Table
    is_pruned: bool = False
    """A custom resource of the repository: the API server drops unknown fields."""
    is_engines: bool = False
    """A custom resource of Argo CD or Flux: a newer version may have more fields."""


def schema_faults(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields every field of the rendered objects that does not fit its schema."""
    customs, minor = CustomKinds.of(scope), target_minor(scope.profile.version)
    for declared in scope.declared:
        schema = _schema(declared.object, customs, minor)
        if schema is None or _is_encrypted(declared.object):
            continue
        found = misfits(declared.object, schema.name, schema.table, minor)
        for misfit, guess in _guessed(found, schema):
            if scope.profile.is_known or misfit.kind not in _OF_VERSION:
                severity = _severity(misfit, guess, schema, declared)
                yield _fault(misfit, guess, declared.ref, severity, declared.source.path)


def _schema(obj: Object, customs: CustomKinds, minor: int) -> _Schema | None:
    """Returns the schema of an object; None where none is known."""
    api_version, kind = text(obj.get("apiVersion")), text(obj.get("kind"))
    own = customs.shape(api_version, kind)
    if own is not None:
        return _Schema(name=own.name, table=own.table, is_pruned=True)
    api = served(api_version, kind)
    if api is not None:
        known = api.since <= minor <= api.until
        return _Schema(name=api.name, table=kubernetes()) if known else None
    engine = bundled(api_version, kind)
    if engine is None or customs.served(group_of(obj), kind):
        return None
    return _Schema(name=engine.name, table=kubernetes(), is_engines=True)


def _is_encrypted(obj: Object) -> bool:
    """Tells whether SOPS encrypted the object: the engine's plugin decrypts it later."""
    return "sops" in obj


def _guessed(found: list[Misfit], schema: _Schema) -> list[tuple[Misfit, Hint]]:
    """Returns the misfits with what was meant; a field that is only misspelt is not missing."""
    guesses = [
        (m, hint(m, schema.table) if m.kind is MisfitKind.UNKNOWN else Hint()) for m in found
    ]
    renamed = {(m.place.path, g.name) for m, g in guesses if g.name}
    moved = [f"{g.path}." for _, g in guesses if g.path]
    return [
        (m, g)
        for m, g in guesses
        if m.kind is not MisfitKind.MISSING
        or not ((m.place.path, m.name) in renamed or any(p.startswith(f"{m.path}.") for p in moved))
    ]


def _severity(
    misfit: Misfit, guess: Hint, schema: _Schema, declared: Declared | None
) -> Severity | None:
    """Returns another severity than the rule's own; None for the rule's own."""
    if misfit.kind is not MisfitKind.UNKNOWN:
        return None
    lenient = schema.is_pruned or (schema.is_engines and not guess.is_sure)
    return Severity.NOTE if lenient or (declared and _is_not_validated(declared)) else None


def _is_not_validated(declared: Declared) -> bool:
    """Tells whether Argo CD is told to apply without validation."""
    own = text_at(declared.object, "metadata", "annotations", "argocd.argoproj.io/sync-options")
    options = (*own.split(","), *texts(at(declared.source.spec, "syncPolicy", "syncOptions")))
    return "Validate=false" in map(str.strip, options)


def _fault(
    misfit: Misfit, guess: Hint, ref: ObjectRef, severity: Severity | None, source: str
) -> Fault:
    rule, cause = RULES[misfit.kind]
    if misfit.code in {"labels", "annotations"}:
        rule = "invalid-label"
    said = words(misfit, ref, guess)
    return Fault(
        rule=rule,
        object=ref,
        message=said.message,
        expected=said.expected,
        fix=sentence(said.fix),
        severity=severity,
        cause=cause,
        field=misfit.path,
        value=said.value,
        source=source,
    )


def engine_file_faults(survey: Survey) -> Iterator[Fault | NotJudged]:
    """Yields misspelt fields of the Applications, sets and Flux objects as they stand in files.

    A file may be a patch, so that nothing is missing in it.
    """
    for obj, file in survey.tree.engine:
        schema = _schema(obj, CustomKinds(), index()["last"])
        if schema is None or not schema.is_engines:
            continue
        found = misfits(obj, schema.name, schema.table, index()["last"])
        ref, source = ObjectRef.of(obj), survey.tree.texts.get(file, "")
        for misfit, guess in _guessed(found, schema):
            if misfit.kind in _ONLY_IN_FILES:
                severity = _severity(misfit, guess, schema, None)
                line = line_of(source, *misfit.steps, kind=ref.kind, name=ref.name)
                fault = _fault(misfit, guess, ref, severity, "")
                yield replace(fault, file=file, line=line)


CHECKS: tuple[Callable[[Scope], Iterator[Fault | NotJudged]], ...] = (
    schema_faults,
    *apis.CHECKS,
    *object_names.CHECKS,
    *restart_policies.CHECKS,
)
SURVEY_CHECKS: tuple[Callable[[Survey], Iterator[Fault | NotJudged]], ...] = (engine_file_faults,)
