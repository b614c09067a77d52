from __future__ import annotations

from pathlib import Path

import pytest

from harness.model.errors import RunnerError
from harness.model.run import RunRecord
from harness.report.json_report import run_from_json
from harness.report.write import RENDERERS, write_reports


def test_all_formats_are_written_and_named(any_run: RunRecord, tmp_path: Path) -> None:
    folder = tmp_path / "a folder" / "report"
    paths = write_reports(any_run, folder)
    assert [path.name for path in paths] == ["run.json", "junit.xml", "summary.md", "report.html"]
    assert all(path.parent == folder and path.stat().st_size > 100 for path in paths)


def test_nothing_but_the_reports_is_left_in_the_folder(any_run: RunRecord, tmp_path: Path) -> None:
    write_reports(any_run, tmp_path)
    write_reports(any_run, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(RENDERERS)


def test_what_was_written_can_be_read_back(any_run: RunRecord, tmp_path: Path) -> None:
    path = write_reports(any_run, tmp_path)[0]
    again = tmp_path / "again"
    write_reports(run_from_json(path.read_text(encoding="utf-8"), "run.json"), again)
    for name in RENDERERS:
        assert (again / name).read_bytes() == (tmp_path / name).read_bytes(), name


def test_a_folder_that_cannot_be_made_is_one_clear_paragraph(
    passed_run: RunRecord, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(RunnerError, match=r"Writing the report .*run\.json failed"):
        write_reports(passed_run, blocked / "report")


def test_a_failed_write_leaves_whole_files_only(
    passed_run: RunRecord, failed_run: RunRecord, tmp_path: Path
) -> None:
    write_reports(passed_run, tmp_path)
    before = (tmp_path / "run.json").read_bytes()
    (tmp_path / "junit.xml").unlink()
    (tmp_path / "junit.xml").mkdir()
    with pytest.raises(RunnerError, match=r"junit\.xml"):
        write_reports(failed_run, tmp_path)
    assert not list(tmp_path.glob(".*"))
    assert (tmp_path / "run.json").read_bytes() != before
    assert (tmp_path / "report.html").read_text(encoding="utf-8").endswith("</html>\n")


def test_reports_may_be_read_by_others(passed_run: RunRecord, tmp_path: Path) -> None:
    for path in write_reports(passed_run, tmp_path):
        assert path.stat().st_mode & 0o777 == 0o644
