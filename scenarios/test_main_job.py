"""The promise of `make e2e`: the working tree is deployed, everything is ready, and it works."""

from __future__ import annotations

from harness.model.run import Health, RunRecord, StageState


def test_every_stage_passes(gitops_run: RunRecord) -> None:
    failed = [s for s in gitops_run.stages if s.state is not StageState.PASSED]

    assert not failed, gitops_run.error.paragraph() if gitops_run.error else failed


def test_every_application_is_synced_at_the_published_revision(gitops_run: RunRecord) -> None:
    revision = gitops_run.facts["revision"]

    assert gitops_run.applications
    for application in gitops_run.applications:
        assert application.passed, application
        assert application.revision == revision
        assert application.health == "Healthy"
        assert application.resources > 0


def test_every_workload_and_claim_is_ready(gitops_run: RunRecord) -> None:
    assert gitops_run.objects
    assert [o for o in gitops_run.objects if o.health is not Health.READY] == []


def test_what_runs_is_what_was_delivered(gitops_run: RunRecord) -> None:
    built = [i for i in gitops_run.images if i.origin == "built here"]

    assert built
    for image in gitops_run.images:
        assert image.running_digest == image.digest, image


def test_an_order_is_stored_settled_and_notified(gitops_run: RunRecord) -> None:
    assert gitops_run.proofs
    assert all(proof.passed for proof in gitops_run.proofs)


def test_nothing_is_left_behind(gitops_run: RunRecord) -> None:
    assert gitops_run.leftovers == []
