"""Lines are shown as they are, and no credential among them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.model.run import RunRecord
from harness.report.excerpts import HIDDEN, LARGEST_BYTES, MOST, excerpts, reader, shown_lines


def conceal(name: str, text: str) -> str:
    """Stands for the judgement of names and forms: here a name says it all."""
    return "(masked)" if "password" in name.lower() else text


MANIFEST = """\
kind: Secret
metadata:
  name: mail
stringData:
  user: ada-lovelace
  text: |
    a line of it
---
kind: Deployment
spec:
  automountServiceAccountToken: false
  env:
    - name: DB_PASSWORD
      value: swordfish
    - {name: MAIL_PASSWORD, value: swordfish}
    - value: swordfish
      name: OLD_PASSWORD
    - name: LOG_LEVEL
      value: info
      valueFrom: {secretKeyRef: {name: order-db, key: password}}
"""


def shown(text: str) -> str:
    return "\n".join(shown_lines(text, conceal))


@pytest.mark.parametrize("value", ["ada-lovelace", "a line of it", "swordfish"])
def test_no_value_of_a_secret_and_no_value_with_a_credentials_name_is_shown(value: str) -> None:
    assert value in MANIFEST
    assert value not in shown(MANIFEST)


@pytest.mark.parametrize(
    "line",
    [
        "  name: mail",
        f"  user: {HIDDEN}",
        "  automountServiceAccountToken: false",
        "      value: info",
        "      valueFrom: {secretKeyRef: {name: order-db, key: password}}",
    ],
)
def test_what_is_no_credential_stays_as_it_is(line: str) -> None:
    assert line in shown(MANIFEST).split("\n")


def test_literals_of_a_secret_generator_are_not_shown() -> None:
    text = "secretGenerator:\n  - name: mail\n    literals:\n      - user=ada-lovelace\n"
    assert "ada" not in shown(text)
    assert f"      - user={HIDDEN}" in shown(text)


def test_every_line_keeps_its_number() -> None:
    assert len(shown_lines(MANIFEST, conceal)) == len(MANIFEST.split("\n"))


def run_at(run: RunRecord, file: str, line: int) -> RunRecord:
    assert run.diagnosis is not None
    finding = replace(run.diagnosis.findings[0], file=file, line=line)
    run.diagnosis = replace(run.diagnosis, findings=(finding,))
    run.policies, run.gap, run.audit = None, None, []
    return run


def test_an_excerpt_is_the_line_with_two_around_it(broken_run: RunRecord) -> None:
    texts = {"a.yaml": "\n".join(f"line: {n}" for n in range(1, 10))}
    (found,) = excerpts(run_at(broken_run, "a.yaml", 5), texts.get, conceal)
    assert (found.first, found.line) == (3, 5)
    assert found.lines == tuple(f"line: {n}" for n in range(3, 8))


@pytest.mark.parametrize("line", [0, 99])
def test_a_line_that_is_not_there_has_no_excerpt(broken_run: RunRecord, line: int) -> None:
    assert excerpts(run_at(broken_run, "a.yaml", line), {"a.yaml": "x: 1"}.get, conceal) == []


def test_what_ended_the_run_comes_first_and_the_number_is_bounded(broken_run: RunRecord) -> None:
    assert broken_run.gap is not None
    many = tuple(
        replace(broken_run.gap.findings[0], file=f"{n}.yaml", line=1) for n in range(MOST + 20)
    )
    app = replace(broken_run.gap.applications[0], findings=many)
    broken_run.gap = replace(broken_run.gap, applications=(app,))
    found = excerpts(broken_run, lambda _: "x: 1\n" * 20, conceal)
    assert len(found) == MOST
    assert broken_run.diagnosis is not None
    assert found[0].file == broken_run.diagnosis.findings[0].file


def test_a_file_outside_the_repository_is_never_read(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tmp_path / "outside").write_text("no")
    (tree / "link").symlink_to(tmp_path / "outside")
    (tree / "inside").write_text("yes")
    read = reader(tree)
    assert read("inside") == "yes"
    assert [read(name) for name in ("../outside", "link", "missing", "", "/etc/hostname")] == (
        [None] * 5
    )


def test_a_file_that_is_no_text_or_too_large_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "large").write_text("x" * (LARGEST_BYTES + 1))
    assert reader(tmp_path)("binary") is None
    assert reader(tmp_path)("large") is None
