"""The whole run as versioned JSON, and back again without loss.

`run.json` is the one file the other formats can be made from again (`harness report`), and the
contract for other programs: `run.schema.json` beside this module describes it. Fields may be added
under the same version; a change of meaning raises it. Neither files nor secrets are handled here.
"""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness import __version__
from harness.model.audit import AuditFinding
from harness.model.drift import Gap
from harness.model.errors import HarnessError, UsageError
from harness.model.excerpt import Excerpt
from harness.model.finding import Diagnosis
from harness.model.pods import PodHistory
from harness.model.policies import PolicyMatrix
from harness.model.run import (
    ApplicationStatus,
    ImageDelivery,
    ObjectStatus,
    ProofRecord,
    RunRecord,
    StageRecord,
    StageState,
)
from harness.report.failure import error_of_kind, error_parts
from harness.report.verdict import Verdict, exit_code, headline, verdict

SCHEMA_FILE = Path(__file__).with_name("run.schema.json")
FORMAT = "gitops-harness/run"
VERSION = 1


class ErrorDocument(BaseModel):
    """One error, whole and in its parts."""

    model_config = ConfigDict(frozen=True)

    kind: str = Field(description="Class of the error, e.g. ImageError.")
    exit_code: int
    paragraph: str = Field(description="Everything below in one paragraph for a person.")
    attempted: str
    subject: str
    seen: str
    expected: str = ""
    next_step: str = ""
    log: str = ""

    @classmethod
    def of(cls, error: HarnessError) -> ErrorDocument:
        """Returns the document of an error."""
        return cls(
            kind=type(error).__name__,
            exit_code=int(error.exit_code),
            paragraph=error.paragraph(),
            **error_parts(error),
        )

    def error(self) -> HarnessError:
        """Returns the error; a class this version does not know becomes the base class."""
        parts = self.model_dump(exclude={"kind", "exit_code", "paragraph"})
        return error_of_kind(self.kind, parts)


class StageDocument(BaseModel):
    """One stage of the run."""

    model_config = ConfigDict(frozen=True)

    name: str
    title: str
    state: StageState
    started: float = Field(description="Seconds since the run began.")
    seconds: float
    detail: str = ""
    error: ErrorDocument | None = None

    @classmethod
    def of(cls, stage: StageRecord) -> StageDocument:
        """Returns the document of a stage."""
        values = {f.name: getattr(stage, f.name) for f in fields(stage) if f.name != "error"}
        return cls(**values, error=ErrorDocument.of(stage.error) if stage.error else None)

    def stage(self) -> StageRecord:
        """Returns the stage."""
        values = {name: getattr(self, name) for name in type(self).model_fields if name != "error"}
        return StageRecord(**values, error=self.error.error() if self.error else None)


class RunDocument(BaseModel):
    """One run of the harness: what it did, what it found, how long it took."""

    model_config = ConfigDict(frozen=True)

    format: Literal["gitops-harness/run"] = "gitops-harness/run"
    version: Literal[1] = 1
    harness: str = Field(default="", description="Version of the harness that wrote this.")
    verdict: Verdict
    headline: str = Field(description="The verdict in one sentence.")
    exit_code: int
    run_id: str
    environment: str
    repository: str
    command: str
    started_at: str = Field(description="UTC, ISO 8601.")
    seconds: float
    interrupted: str = ""
    stages: list[StageDocument]
    applications: list[ApplicationStatus] = []
    objects: list[ObjectStatus] = []
    images: list[ImageDelivery] = []
    proofs: list[ProofRecord] = []
    facts: dict[str, str] = {}
    notes: list[str] = []
    audit: list[AuditFinding] = []
    gap: Gap | None = None
    policies: PolicyMatrix | None = None
    pods: list[PodHistory] = []
    excerpts: list[Excerpt] = []
    diagnosis: Diagnosis | None = None
    evidence: str = ""
    leftovers: list[str] = []

    @classmethod
    def of(cls, run: RunRecord) -> RunDocument:
        """Returns the document of a run."""
        values = {f.name: getattr(run, f.name) for f in fields(run) if f.name != "stages"}
        return cls(
            **values,
            harness=__version__,
            verdict=verdict(run),
            headline=headline(run),
            exit_code=exit_code(run),
            stages=[StageDocument.of(stage) for stage in run.stages],
        )

    def run(self) -> RunRecord:
        """Returns the run."""
        names = {f.name for f in fields(RunRecord)} - {"stages"}
        values = {name: getattr(self, name) for name in names}
        return RunRecord(**values, stages=[stage.stage() for stage in self.stages])


def run_to_json(run: RunRecord) -> str:
    """Returns the run as indented JSON with a newline at its end."""
    return RunDocument.of(run).model_dump_json(indent=2) + "\n"


def run_from_json(text: str, source: str) -> RunRecord:
    """Returns the run that `run_to_json` wrote; `source` names the text in errors.

    Raises:
        UsageError: The text is not JSON, not a run, or of a version this harness cannot read.
    """
    try:
        return RunDocument.model_validate_json(text).run()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            attempted="Reading the run in",
            subject=source,
            seen=f"{where}: {first['msg']}" if where else str(first["msg"]),
            expected=f"a run.json of format {FORMAT}, version {VERSION}, as every run writes it",
            next_step="harness report FOLDER, with the folder that a run named as its report",
        ) from None


def schema_text() -> str:
    """Returns the JSON schema of a run; `run.schema.json` holds exactly this."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **RunDocument.model_json_schema(mode="serialization"),
    }
    return json.dumps(schema, indent=2) + "\n"
