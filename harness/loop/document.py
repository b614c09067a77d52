"""A verdict of the loop as one line of versioned JSON: the contract of `harness loop --json`.

`schema.json` beside this module describes a line; a test keeps both equal. Fields may be added
under the same version; a change of meaning raises it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.diagnosis.document import FindingDocument, ObjectDocument
from harness.loop.verdicts import LoopVerdict, Trigger, Trouble, Word
from harness.model.audit import AuditFinding, Severity

SCHEMA_FILE = Path(__file__).with_name("schema.json")


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AuditDocument(_Document):
    """One finding of the audit that is new or gone."""

    rule: str
    severity: Severity
    object: ObjectDocument
    message: str
    fix: str
    file: str = Field(description="Relative to the repository; empty where it is not known.")
    line: int

    @classmethod
    def of(cls, found: AuditFinding) -> AuditDocument:
        """Returns the document of a finding."""
        return cls(
            rule=found.rule,
            severity=found.severity,
            object=ObjectDocument.of(found.object),
            message=found.message,
            fix=found.fix,
            file=found.file,
            line=found.line,
        )


class TroubleDocument(_Document):
    """Why there was no verdict about the cluster."""

    kind: str = Field(description="Class of the error, e.g. `RepositoryError`.")
    message: str
    file: str = Field(description="Relative to the repository; empty where it is not known.")
    line: int

    @classmethod
    def of(cls, trouble: Trouble) -> TroubleDocument:
        """Returns the document of an error."""
        return cls(
            kind=trouble.kind, message=trouble.paragraph, file=trouble.file, line=trouble.line
        )


class VerdictDocument(_Document):
    """One line of `harness loop --json`."""

    format: Literal["gitops-harness/loop"] = "gitops-harness/loop"
    version: Literal[1] = 1
    round: int = Field(description="Counts from 1; a verdict that only the cluster changed keeps.")
    trigger: Trigger
    verdict: Word
    at: str = Field(description="UTC, ISO 8601.")
    revision: str = Field(description="The commit judged; of a broken tree, the one that stays.")
    seconds: float = Field(description="From the save to the verdict.")
    synced_seconds: float | None = Field(
        description="From the save until every Application was synced; null before that."
    )
    pod_start_seconds: float | None = Field(
        description="From the first creation to the last readiness of the pods of this round."
    )
    files: list[str] = Field(description="What was saved, relative to the repository.")
    steps: dict[str, float] = Field(
        description="Seconds of what came before the cluster: render, build, deliver, publish."
    )
    built: list[str] = Field(description="Images that were built or delivered for this round.")
    replaced: int = Field(description="Pods replaced for an image that changed under its name.")
    line: str = Field(description="How things stood, in words.")
    findings: list[FindingDocument]
    suspects: list[FindingDocument] = Field(description="Not certain; the most probable first.")
    error: TroubleDocument | None
    audit_new: list[AuditDocument]
    audit_gone: list[AuditDocument]
    exit_code: int = Field(description="With which the loop would end now.")

    @classmethod
    def of(cls, verdict: LoopVerdict) -> VerdictDocument:
        """Returns the document of a verdict."""
        diagnosis = verdict.diagnosis
        return cls(
            round=verdict.round,
            trigger=verdict.trigger,
            verdict=verdict.word,
            at=datetime.fromtimestamp(verdict.at, tz=UTC).isoformat(timespec="milliseconds"),
            revision=verdict.revision,
            seconds=round(verdict.seconds, 3),
            synced_seconds=verdict.synced_seconds and round(verdict.synced_seconds, 3),
            pod_start_seconds=verdict.pod_start_seconds,
            files=list(verdict.files),
            steps={name: round(seconds, 3) for name, seconds in verdict.steps},
            built=list(verdict.built),
            replaced=verdict.replaced,
            line=verdict.line,
            findings=[FindingDocument.of(f) for f in diagnosis.findings] if diagnosis else [],
            suspects=[FindingDocument.of(f) for f in diagnosis.suspects] if diagnosis else [],
            error=TroubleDocument.of(verdict.trouble) if verdict.trouble else None,
            audit_new=[AuditDocument.of(f) for f in verdict.audit.new],
            audit_gone=[AuditDocument.of(f) for f in verdict.audit.gone],
            exit_code=verdict.exit_code,
        )


def verdict_line(verdict: LoopVerdict) -> str:
    """Returns the verdict as one line of JSON, without a newline at its end."""
    return VerdictDocument.of(verdict).model_dump_json()


def schema_text() -> str:
    """Returns the JSON schema of a line; `schema.json` holds exactly this."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **VerdictDocument.model_json_schema(mode="serialization"),
    }
    return json.dumps(schema, indent=2) + "\n"
