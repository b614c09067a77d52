"""The diagnosis as versioned JSON: the contract of `harness diagnose --json`.

`schema.json` beside this module describes it; a test keeps both equal. Fields may be added under
the same version; a change of meaning raises it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.diagnosis.catalogue import catalogue
from harness.model.finding import Confidence, Diagnosis, Finding, Outcome, Phase
from harness.model.refs import ObjectRef

SCHEMA_FILE = Path(__file__).with_name("schema.json")
VERSION = 1


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ObjectDocument(_Document):
    """One Kubernetes object."""

    kind: str
    namespace: str = Field(description="Empty for cluster-scoped objects.")
    name: str

    @classmethod
    def of(cls, ref: ObjectRef) -> ObjectDocument:
        """Returns the document of a reference."""
        return cls(kind=ref.kind, namespace=ref.namespace, name=ref.name)


class FindingDocument(_Document):
    """One root cause, or a suspect."""

    cause: str = Field(description="Stable id; `harness diagnose --explain ID` explains it.")
    title: str
    phase: Phase
    object: ObjectDocument
    field: str
    seen: str
    expected: str
    fix: str
    file: str = Field(description="Relative to the repository; empty where it is not known.")
    line: int
    victims: list[ObjectDocument]
    first_seen: str = Field(description="UTC, ISO 8601: the cause was visible from here on.")
    decided_at: str = Field(description="UTC, ISO 8601: the cause counted from here on.")
    confidence: Confidence
    not_testable: list[str] = Field(description="What this fault hides.")

    @classmethod
    def of(cls, finding: Finding) -> FindingDocument:
        """Returns the document of a finding."""
        known = catalogue().get(finding.cause)
        return cls(
            cause=finding.cause,
            title=known.title if known else "",
            phase=finding.phase,
            object=ObjectDocument.of(finding.object),
            field=finding.field,
            seen=finding.seen,
            expected=finding.expected,
            fix=finding.fix,
            file=finding.file,
            line=finding.line,
            victims=[ObjectDocument.of(v) for v in finding.victims],
            first_seen=_time(finding.first_seen),
            decided_at=_time(finding.decided_at),
            confidence=finding.confidence,
            not_testable=list(finding.not_testable),
        )


class DiagnosisDocument(_Document):
    """What is wrong with a deployment, and what else was looked at."""

    format: Literal["gitops-harness/diagnosis"] = "gitops-harness/diagnosis"
    version: Literal[1] = 1
    verdict: Outcome
    findings: list[FindingDocument]
    suspects: list[FindingDocument] = Field(description="Not certain; the most probable first.")
    ruled_out: list[str]
    waiting: list[ObjectDocument] = Field(description="Not ready, and no finding explains it.")
    not_judged: list[str]
    notes: list[str]

    @classmethod
    def of(cls, diagnosis: Diagnosis) -> DiagnosisDocument:
        """Returns the document of a diagnosis."""
        return cls(
            verdict=diagnosis.outcome,
            findings=[FindingDocument.of(f) for f in diagnosis.findings],
            suspects=[FindingDocument.of(f) for f in diagnosis.suspects],
            ruled_out=list(diagnosis.ruled_out),
            waiting=[ObjectDocument.of(w) for w in diagnosis.waiting],
            not_judged=list(diagnosis.not_judged),
            notes=list(diagnosis.notes),
        )


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat(timespec="milliseconds")


def diagnosis_to_json(document: DiagnosisDocument) -> str:
    """Returns the document as indented JSON with a newline at its end."""
    return document.model_dump_json(indent=2) + "\n"


def schema_text() -> str:
    """Returns the JSON schema; `schema.json` holds exactly this."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **DiagnosisDocument.model_json_schema(mode="serialization"),
    }
    return json.dumps(schema, indent=2) + "\n"
