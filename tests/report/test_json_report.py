from __future__ import annotations

import json
from dataclasses import fields

import pytest

from harness.model.errors import ExitCode, HarnessError, UsageError
from harness.model.run import RunRecord, StageRecord
from harness.report.json_report import (
    SCHEMA_FILE,
    RunDocument,
    StageDocument,
    run_from_json,
    run_to_json,
    schema_text,
)


def test_a_run_comes_back_as_it_was(any_run: RunRecord) -> None:
    back = run_from_json(run_to_json(any_run), "run.json")
    for field in fields(RunRecord):
        if field.name != "stages":
            assert getattr(back, field.name) == getattr(any_run, field.name), field.name
    assert run_to_json(back) == run_to_json(any_run)


def test_an_error_comes_back_with_its_class_and_parts(failed_run: RunRecord) -> None:
    back = run_from_json(run_to_json(failed_run), "run.json").error
    assert failed_run.error is not None
    assert type(back) is type(failed_run.error)
    assert isinstance(back, HarnessError)
    assert back.exit_code is ExitCode.IMAGE
    assert back.paragraph() == failed_run.error.paragraph()


def test_an_error_of_an_unknown_class_still_comes_back(failed_run: RunRecord) -> None:
    text = run_to_json(failed_run).replace("ImageError", "ErrorOfTomorrow")
    back = run_from_json(text, "run.json").error
    assert type(back) is HarnessError
    assert failed_run.error is not None
    assert back.paragraph() == failed_run.error.paragraph()


def test_the_document_says_the_verdict_and_the_exit_code(failed_run: RunRecord) -> None:
    document = json.loads(run_to_json(failed_run))
    assert document["format"] == "gitops-harness/run"
    assert document["version"] == 1
    assert document["verdict"] == "failed"
    assert document["exit_code"] == ExitCode.IMAGE
    assert document["stages"][3]["error"]["paragraph"] == str(failed_run.error)


def test_no_field_of_a_run_is_missing_in_its_document() -> None:
    assert {f.name for f in fields(RunRecord)} <= set(RunDocument.model_fields)
    assert {f.name for f in fields(StageRecord)} == set(StageDocument.model_fields)


def test_the_schema_file_is_the_one_of_the_code() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), (
        "write schema_text() of harness.report.json_report to run.schema.json"
    )


def test_the_schema_names_every_field_that_is_written(any_run: RunRecord) -> None:
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    document = json.loads(run_to_json(any_run))
    assert set(document) == set(schema["properties"])
    assert set(schema["required"]) <= set(document)
    for stage in document["stages"]:
        assert set(stage) == set(schema["$defs"]["StageDocument"]["properties"])


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("", "Invalid JSON"),
        ("{", "Invalid JSON"),
        ("[]", "object"),
        ("{}", "Field required"),
        ('{"version": 2}', "version"),
        ('{"format": "junit"}', "format"),
    ],
)
def test_what_is_no_run_is_refused_with_the_reason(text: str, seen: str) -> None:
    with pytest.raises(UsageError, match=r"Reading the run in x/run\.json failed") as caught:
        run_from_json(text, "x/run.json")
    assert seen in caught.value.paragraph()
    assert "Next: harness report" in caught.value.paragraph()


def test_a_field_of_a_later_harness_is_ignored(passed_run: RunRecord) -> None:
    document = {**json.loads(run_to_json(passed_run)), "later": [1]}
    assert run_from_json(json.dumps(document), "run.json").run_id == passed_run.run_id
