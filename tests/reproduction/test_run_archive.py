from __future__ import annotations

import gzip
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.bundle.choose import Choice, Wish
from harness.cluster.runs import RunFolder
from harness.commands.archived import report_folder, unpacked
from harness.commands.archived_diagnosis import diagnosis_in
from harness.config import load_settings
from harness.evidence.cassette import write_cassette
from harness.examine import Question
from harness.io.clock import SystemClock
from harness.io.process import ProcessRunner
from harness.model.errors import ImageError, UsageError
from harness.model.run import RunRecord, StageRecord, StageState
from harness.model.secret import Secret
from harness.model.timeline import Cassette, Header
from harness.reproduction.manifest import FILE_NAME, TreeMode
from harness.reproduction.read import read_manifest, unpack
from harness.stages.archive import keep_archive
from harness.stages.context import Context, RunOptions

PASSWORD = "correct-horse-battery"
DECLARED = "Declared-4711"


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    """A run that failed before its cluster, with secrets wherever they could be."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "secret.yaml").write_text(
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\nstringData: {{pw: {DECLARED}}}\n"
    )
    (tree / "config.yaml").write_text(f"kind: ConfigMap\ndata: {{note: {DECLARED}}}\n")
    evidence = tmp_path / "report" / "evidence"
    (evidence / "run").mkdir(parents=True)
    (evidence / "run" / "build.log").write_text(f"login {PASSWORD}\nand {DECLARED}\n")
    record = RunRecord(
        run_id="0a1b2c3d", environment="dev", repository=str(tree), command="", started_at=""
    )
    error = ImageError(attempted="Building", subject="app", seen=f"denied for {PASSWORD}")
    record.stages = [
        StageRecord(name="images", title="Images", state=StageState.FAILED, error=error)
    ]
    record.evidence = str(evidence)
    folder = RunFolder.create(tmp_path / "runs", repository=tree, environment="dev", created="")
    options = RunOptions(
        repository=tree,
        environment="dev",
        output=tmp_path / "report",
        cache=tmp_path / "cache",
        kind_config=None,
        bundle=Choice(wish=Wish.AUTO),
        keep=False,
        withhold=("ghcr-*",),
        environment_variables={},
    )
    made = Context(
        options=options,
        settings=load_settings(tree),
        folder=folder,
        run=record,
        runner=ProcessRunner(),
        clock=SystemClock(),
        cancelled=threading.Event(),
    )
    made.secrets.append(Secret(PASSWORD))
    yield made
    folder.release()


def kept(context: Context) -> Path:
    said: list[str] = []
    keep_archive(context, said.append)
    assert said == []
    return context.options.output / FILE_NAME


def test_a_failed_run_is_kept_in_one_file_without_a_secret(context: Context) -> None:
    path = kept(context)

    plain = gzip.decompress(path.read_bytes())
    assert PASSWORD.encode() not in plain
    assert DECLARED.encode() not in plain
    assert any(f"harness reproduce {path}" in note for note in context.run.notes)
    assert not (context.folder.path / "archive").exists()


def test_the_manifest_tells_the_run_and_what_was_masked(context: Context) -> None:
    found = read_manifest(kept(context))

    assert (found.run_id, found.verdict, found.exit_code) == ("0a1b2c3d", "failed", 7)
    assert found.options.withhold == ("ghcr-*",)
    assert found.tree.mode is TreeMode.INCLUDE
    assert found.tree.masked == ("config.yaml", "secret.yaml")
    assert ("evidence/run/build.log", "secret value", 2) in {
        (m.member, m.what, m.times) for m in found.masked
    }


def test_the_tree_comes_back_with_stand_ins(context: Context, tmp_path: Path) -> None:
    unpack(kept(context), tmp_path / "out")

    text = (tmp_path / "out" / "tree" / "secret.yaml").read_text()
    assert "stand-in-" in text
    assert "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n" in text


@pytest.mark.parametrize("asked", [True, False])
def test_a_run_that_passed_is_kept_where_that_was_asked_for(context: Context, asked: bool) -> None:
    stage = context.run.stages[0]
    stage.state, stage.error = StageState.PASSED, None
    context.options = replace(context.options, archive=asked)

    keep_archive(context, lambda _: None)

    assert (context.options.output / FILE_NAME).exists() is asked


def test_an_interrupted_run_ends_without_an_archive(context: Context) -> None:
    context.run.interrupted = "Ctrl-C"

    keep_archive(context, lambda _: None)

    assert not (context.options.output / FILE_NAME).exists()


def test_a_tree_that_is_gone_keeps_nobody_from_archiving_the_rest(context: Context) -> None:
    shutil.rmtree(context.options.repository)

    found = read_manifest(kept(context))

    assert found.tree.mode is TreeMode.ABSENT
    assert "evidence/run/build.log" in {m.name for m in found.members}


def test_what_cannot_be_written_is_said_and_raises_nothing(context: Context) -> None:
    shutil.rmtree(context.options.output)
    context.options.output.write_text("in the way")
    context.run.evidence = ""
    said: list[str] = []

    keep_archive(context, said.append)

    assert len(said) == 1
    assert "Writing the evidence archive" in said[0]


def test_a_run_without_a_cluster_is_diagnosed_by_what_it_said(
    context: Context, tmp_path: Path
) -> None:
    question = Question(kubeconfig=tmp_path / "none")

    with unpacked(kept(context)) as archive:
        assert archive is not None
        with pytest.raises(UsageError, match="denied for"):
            diagnosis_in(archive[0], question)

    assert not archive[0].exists()


def test_a_timeline_in_the_archive_is_judged_again(context: Context, tmp_path: Path) -> None:
    header = Header(started=0.0, namespaces=("shop-dev",))
    evidence = Path(context.run.evidence)
    write_cassette(Cassette(header=header, entries=()), evidence / "timeline.jsonl.gz")

    with unpacked(kept(context)) as archive:
        assert archive is not None
        found = diagnosis_in(archive[0], Question(kubeconfig=tmp_path / "none"))

    assert found.findings == ()
    assert "no workload was seen" in found.notes[0]


def test_the_reports_of_an_archive_lie_beside_it(tmp_path: Path) -> None:
    assert report_folder(tmp_path / FILE_NAME) == tmp_path / "evidence-report"
