"""From what a renderer wrote to objects: variables filled in, values read, metadata added. Pure.

Flux fills in its variables after the build, in the text of each object; its `commonMetadata` comes
last (kustomize-controller). Output that is too large to be read is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.audit.reading import mapping, metadata, text
from harness.manifests.yaml_values import read_yaml
from harness.repo.document_objects import flattened
from harness.repo.flux_variables import (
    DISABLED,
    SubstitutionError,
    is_disabled,
    substituted,
    unknown_note,
)
from harness.repo.render_request import Engine, Request, Substitution

Object = dict[str, Any]
MAX_OUTPUT = 64 * 1024 * 1024
_BETWEEN = re.compile(r"^---[ \t]*$\n?", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What was read from a renderer's output."""

    objects: tuple[Object, ...] = ()
    failure: str = ""
    unjudged: str = ""
    notes: tuple[str, ...] = ()


def read_output(written: str, request: Request) -> Output:
    """Returns the objects that a renderer wrote."""
    if len(written) > MAX_OUTPUT:
        return Output(unjudged=f"the result has more than {MAX_OUTPUT >> 20} MiB")
    note = ""
    if request.substitution is not None:
        try:
            written, note = _filled_in(written, request.substitution)
        except SubstitutionError as error:
            return Output(failure=f"post build variable substitution failed: {error}")
    reading = read_yaml(written)
    broken = next((problem for problem in reading.problems if problem.ends), None)
    if broken is not None:
        said = f"yaml: line {broken.line}: {broken.message}"
        return Output(unjudged=said) if broken.is_limit else Output(failure=said)
    objects = (
        obj
        for document in reading.documents
        for obj in flattened(document)
        if obj.get("kind") and obj.get("apiVersion")
    )
    common = mapping(request.options.get("commonMetadata"))
    if request.engine is Engine.FLUX and common:
        objects = (_with_metadata(obj, common) for obj in objects)
    return Output(objects=tuple(objects), notes=(note,) if note else ())


def _filled_in(written: str, substitution: Substitution) -> tuple[str, str]:
    """Returns the text with its variables filled in, and a note on those nobody knows.

    Without any variable Flux substitutes nothing.
    """
    if not substitution.values and not substitution.missing:
        return written, ""
    unknown: set[str] = set()
    made = []
    for document in _BETWEEN.split(written):
        if DISABLED in document and _is_left_alone(document):
            made.append(document)
            continue
        filled = substituted(document, substitution.values)
        unknown |= filled.unknown
        made.append(filled.text)
    return "---\n".join(made), unknown_note(unknown, substitution.missing)


def _is_left_alone(document: str) -> bool:
    return any(isinstance(d, dict) and is_disabled(d) for d in read_yaml(document).documents)


def _with_metadata(obj: Object, common: Mapping[str, Any]) -> Object:
    meta = dict(metadata(obj))
    for field in ("labels", "annotations"):
        added = {str(key): text(value) for key, value in mapping(common.get(field)).items()}
        if added:
            meta[field] = {**mapping(meta.get(field)), **added}
    return {**obj, "metadata": meta}
