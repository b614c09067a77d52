from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from harness.loop.document import SCHEMA_FILE, VerdictDocument, schema_text, verdict_line
from harness.loop.trouble import as_harness_error, trouble_of
from harness.loop.verdicts import History, LoopVerdict, Trigger, Trouble, Word, audit_change
from harness.model.audit import AuditFinding, Severity
from harness.model.errors import ExitCode, ImageError, RepositoryError
from harness.model.refs import ObjectRef
from tests.loop.worlds import failed, finding


def verdict(word: Word = Word.FAILED, **more: object) -> LoopVerdict:
    made = LoopVerdict(
        round=2,
        word=word,
        trigger=Trigger.SAVE,
        at=0.0,
        seconds=3.14159,
        revision="a" * 40,
        files=("order.yaml",),
        diagnosis=failed(finding(file="order.yaml", line=3)) if word is Word.FAILED else None,
    )
    for name, value in more.items():
        object.__setattr__(made, name, value)
    return made


def audited(rule: str, message: str = "m") -> AuditFinding:
    ref = ObjectRef("Secret", "shop", "x")
    return AuditFinding(rule=rule, severity=Severity.DEFECT, object=ref, message=message, fix="f")


def test_the_schema_beside_the_code_is_that_of_a_line() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text()


def test_a_verdict_is_one_line_that_reads_back() -> None:
    line = verdict_line(verdict())
    assert "\n" not in line
    read = VerdictDocument.model_validate_json(line)
    assert (read.verdict, read.round, read.seconds) == (Word.FAILED, 2, 3.142)
    assert read.findings[0].file == "order.yaml"
    assert read.exit_code == ExitCode.ROOT_CAUSE


def test_an_unknown_field_is_no_line_of_this_version() -> None:
    document = json.loads(verdict_line(verdict())) | {"more": 1}
    with pytest.raises(ValidationError):
        VerdictDocument.model_validate(document)


@pytest.mark.parametrize("word", list(Word))
def test_every_word_has_an_exit_code_and_only_green_is_nought(word: Word) -> None:
    assert (verdict(word).exit_code == ExitCode.OK) == (word is Word.HEALTHY)


def test_an_error_gives_its_own_exit_code() -> None:
    trouble = Trouble(kind="ImageError", paragraph="p", exit_code=int(ExitCode.IMAGE))
    assert verdict(Word.BROKEN, trouble=trouble).exit_code == ExitCode.IMAGE


def test_the_last_ten_verdicts_are_kept_the_newest_first() -> None:
    history = History()
    for number in range(15):
        history.add(verdict(Word.HEALTHY, round=number))
    assert [v.round for v in history.newest_first] == list(range(14, 4, -1))


def test_a_superseded_round_does_not_change_the_exit_code() -> None:
    history = History()
    assert history.exit_code == ExitCode.INTERRUPTED
    history.add(verdict(Word.HEALTHY))
    history.add(verdict(Word.SUPERSEDED))
    assert history.exit_code == ExitCode.OK


def test_the_audit_tells_what_is_new_and_what_is_gone() -> None:
    change = audit_change((audited("a"), audited("b")), (audited("b"), audited("c")))
    assert [f.rule for f in change.new] == ["c"]
    assert [f.rule for f in change.gone] == ["a"]
    assert change
    assert not audit_change((audited("a"),), (audited("a"),))


def test_an_error_names_the_line_of_the_file_that_it_is_about(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("x\n")
    error = RepositoryError(attempted="Reading", subject="a.yaml", seen="line 7: a tab")
    found = trouble_of(error, tmp_path)
    assert (found.file, found.line, found.kind) == ("a.yaml", 7, "RepositoryError")


def test_the_finding_of_an_error_names_the_place(tmp_path: Path) -> None:
    error = RepositoryError(attempted="Rendering", subject="overlays/dev", seen="R02: ...")
    error.finding = finding("R02", file="base/kustomization.yaml", line=4)
    found = trouble_of(error, tmp_path)
    assert (found.file, found.line) == ("base/kustomization.yaml", 4)


def test_an_error_about_no_file_names_none(tmp_path: Path) -> None:
    found = trouble_of(ImageError(attempted="a", subject="ghcr.io/x", seen="line 3"), tmp_path)
    assert (found.file, found.line) == ("", 0)


def test_any_error_becomes_one_paragraph() -> None:
    error = FileNotFoundError(2, "No such file or directory", "a.yaml")
    assert "No such file" in as_harness_error(error).paragraph()
    assert "defect of the harness" in as_harness_error(KeyError("x")).paragraph()
