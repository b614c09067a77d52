from __future__ import annotations

from harness.model.errors import ExitCode
from harness.model.run import Health, RunRecord, StageState
from harness.report.failure import error_pieces
from harness.report.verdict import (
    Verdict,
    exit_code,
    headline,
    stage_remark,
    tally,
    verdict,
    waiting,
)


def test_a_run_whose_stages_all_passed_passed(passed_run: RunRecord) -> None:
    assert verdict(passed_run) is Verdict.PASSED
    assert exit_code(passed_run) == ExitCode.OK
    assert headline(passed_run).startswith("9 of 9 Applications synced, 9 of 9 workloads ready")


def test_a_failed_stage_fails_the_run_with_the_exit_code_of_its_error(
    failed_run: RunRecord,
) -> None:
    assert verdict(failed_run) is Verdict.FAILED
    assert exit_code(failed_run) == ExitCode.IMAGE
    assert "Build and deliver images" in headline(failed_run)


def test_an_interruption_outranks_the_error_it_caused(failed_run: RunRecord) -> None:
    failed_run.interrupted = "SIGTERM"
    assert verdict(failed_run) is Verdict.INTERRUPTED
    assert exit_code(failed_run) == ExitCode.INTERRUPTED
    assert "SIGTERM" in headline(failed_run)


def test_a_stage_that_still_runs_at_the_end_means_interrupted(interrupted_run: RunRecord) -> None:
    interrupted_run.interrupted = ""
    assert verdict(interrupted_run) is Verdict.INTERRUPTED
    assert "“Start the cluster” and “Build and deliver images”" in headline(interrupted_run)


def test_a_skipped_stage_never_counts_as_passed(passed_run: RunRecord) -> None:
    passed_run.stages[-1].state = StageState.SKIPPED
    assert verdict(passed_run) is Verdict.INCOMPLETE
    assert exit_code(passed_run) != ExitCode.OK
    assert "8 of 9 stages" in headline(passed_run)


def test_a_run_without_stages_never_passes(passed_run: RunRecord) -> None:
    passed_run.stages = []
    assert verdict(passed_run) is Verdict.INCOMPLETE


def test_passed_stages_with_a_failed_proof_are_no_pass(awkward_run: RunRecord) -> None:
    assert awkward_run.passed
    assert verdict(awkward_run) is Verdict.FAILED
    assert exit_code(awkward_run) != ExitCode.OK
    assert "yet not all is well" in headline(awkward_run)


def test_not_judged_counts_neither_as_ready_nor_as_failed(unready_run: RunRecord) -> None:
    counts = tally(unready_run)
    assert counts.objects == (192, 200)
    assert counts.not_judged == 1


def test_not_judged_is_named_even_when_the_run_passed(passed_run: RunRecord) -> None:
    status = passed_run.objects[0]
    passed_run.objects[0] = type(status)(ref=status.ref, health=Health.NOT_JUDGED)
    assert verdict(passed_run) is Verdict.PASSED
    assert "8 of 9 workloads ready" in headline(passed_run)
    assert "1 not judged" in headline(passed_run)


def test_the_most_urgent_objects_come_first(unready_run: RunRecord) -> None:
    order = [status.health for status in waiting(unready_run.objects)]
    assert order[0] is Health.STUCK
    assert order[-1] is Health.NOT_JUDGED


def test_the_pieces_of_an_error_are_its_paragraph(any_run: RunRecord) -> None:
    for stage in any_run.stages:
        if stage.error:
            pieces = error_pieces(stage.error)
            assert " ".join(pieces) == stage.error.paragraph()
            assert pieces[1].startswith("Expected: ")


def test_the_error_of_the_run_is_not_repeated_at_its_stage_but_a_second_one_is_told(
    failed_run: RunRecord,
) -> None:
    first, second = failed_run.stages[3], failed_run.stages[2]
    assert first.error is not None
    second.error = type(first.error)(attempted="Starting", subject="it", seen="the run ended")
    assert first.error is failed_run.error
    assert stage_remark(first, failed_run) == "building order 3/5"
    assert "the run ended" in stage_remark(second, failed_run)
