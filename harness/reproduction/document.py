"""The result of `harness reproduce` as versioned JSON.

`schema.json` beside this module describes it; a test keeps both equal. Fields may be added under
the same version; a change of meaning raises it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.reproduction.outcome import Ending
from harness.reproduction.result import Reproduction

SCHEMA_FILE = Path(__file__).with_name("schema.json")


class EndingDocument(BaseModel):
    """How a run ended."""

    model_config = ConfigDict(frozen=True)

    verdict: str
    exit_code: int
    causes: list[str] = Field(default=[], description="Root causes, e.g. `S01 on Secret a/b`.")
    stage: str = Field(default="", description="The stage that failed.")
    error: str = ""

    @classmethod
    def of(cls, ending: Ending) -> EndingDocument:
        """Returns the document of an ending."""
        return cls(
            verdict=ending.verdict,
            exit_code=ending.exit_code,
            causes=[str(cause) for cause in ending.causes],
            stage=ending.stage,
            error=ending.error,
        )


class ReproductionDocument(BaseModel):
    """An archived run, the same run here, and what differs."""

    model_config = ConfigDict(frozen=True)

    format: Literal["gitops-harness/reproduction"] = "gitops-harness/reproduction"
    version: Literal[1] = 1
    archive: str
    run_id: str = Field(description="Of the run in the archive.")
    environment: str
    then: EndingDocument
    now: EndingDocument | None = Field(default=None, description="Absent where nothing was run.")
    same: bool | None = Field(default=None, description="Absent where nothing was run.")
    differences: list[str] = Field(default=[], description="What differs in the endings.")
    before: list[str] = Field(default=[], description="What was known to differ before the start.")
    after: list[str] = Field(default=[], description="What else differs, seen after the run.")
    report: str = Field(default="", description="Folder of the new run's reports.")

    @classmethod
    def of(cls, found: Reproduction) -> ReproductionDocument:
        """Returns the document of a reproduction."""
        compared = found.comparison
        return cls(
            archive=str(found.archive),
            run_id=found.manifest.run_id,
            environment=found.manifest.options.environment,
            then=EndingDocument.of(found.then),
            now=EndingDocument.of(compared.now) if compared else None,
            same=compared.same if compared else None,
            differences=list(compared.differences) if compared else [],
            before=list(found.before),
            after=list(found.after),
            report=str(found.report) if found.report else "",
        )


def reproduction_json(found: Reproduction) -> str:
    """Returns the result as indented JSON with a newline at its end."""
    return ReproductionDocument.of(found).model_dump_json(indent=2) + "\n"


def schema_text() -> str:
    """Returns the JSON schema of the document; `schema.json` holds exactly this."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **ReproductionDocument.model_json_schema(mode="serialization"),
    }
    return json.dumps(schema, indent=2) + "\n"
