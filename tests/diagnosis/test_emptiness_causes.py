"""Vacuous green is told apart from what is meant to be empty, and every cause here has a sample."""

from __future__ import annotations

from harness.diagnosis.catalogue import catalogue
from harness.model.finding import Outcome
from tests.diagnosis.sample import SAMPLES
from tests.diagnosis.samples import (
    admission,
    application_sets,
    argocd,
    emptiness,
    repo,
    stale_cache,
)
from tests.diagnosis.world import START, World, stamp

SHOP = "Application argocd/shop"
QUIET = {"R09", "R10", "A29", "A30"}
"""Shown by the rendered repository alone, or never a failure."""
MODULES = {m.__name__ for m in (admission, application_sets, argocd, emptiness, repo, stale_cache)}


def test_every_cause_of_these_families_has_a_timeline() -> None:
    shown = {c for s in SAMPLES if s.build.__module__ in MODULES for c, _ in s.roots}
    wanted = {c for c in catalogue() if c[0] in "RAE"}

    assert wanted - QUIET <= shown
    assert not shown & QUIET


def test_what_is_missing_is_named() -> None:
    (found,) = emptiness.an_application_holds_less_than_is_declared().diagnose(60).findings

    assert "ConfigMap shop/limits, ConfigMap shop/routes" in found.seen
    assert "holds 1 of 3 declared objects" in found.seen


def test_a_folder_without_kustomization_is_said_to_be_read_as_plain_yaml() -> None:
    (found,) = emptiness.argo_cd_reads_a_folder_as_plain_yaml().diagnose(5).findings

    assert found.fix == "add overlays/dev/kustomization.yaml"


def test_an_empty_application_of_somebody_else_is_a_suspect_and_not_green() -> None:
    made = World()
    made.application(at=3, resources=[])
    made.revision = ""

    found = made.diagnose(600)

    assert not found.findings
    assert [(s.cause, str(s.object)) for s in found.suspects] == [("A20", SHOP)]
    assert found.outcome is Outcome.PROGRESSING


def test_a_full_application_is_green() -> None:
    made = emptiness.declared(World())
    made.application(at=3, resources=emptiness.held("flags", "limits"))

    assert made.diagnose(600).outcome is Outcome.HEALTHY


def test_an_error_condition_tells_more_than_unknown() -> None:
    made = World()
    failed = {"type": "ComparisonError", "message": "x", "lastTransitionTime": stamp(2)}
    made.application(
        at=2, sync={"status": "Unknown"}, operationState=None, resources=[], conditions=[failed]
    )

    assert [f.cause for f in made.diagnose(600).findings] == ["A03"]


def test_an_older_commit_is_named_with_the_wanted_one() -> None:
    (found,) = emptiness.an_application_follows_another_commit().diagnose(200).findings

    assert "0ddba11" in found.seen
    assert "c0ffee00" in found.expected


def test_while_an_operation_runs_the_commit_may_be_an_older_one() -> None:
    made = emptiness.declared(World())
    emptiness.at_commit(made, 5, emptiness.OLD)
    app = made.live("Application", "shop")
    app["status"]["operationState"]["phase"] = "Running"
    made.put(app, 6)

    assert not made.diagnose(300).findings


def test_a_failed_operation_of_a_synced_application_quotes_its_message() -> None:
    (found,) = emptiness.the_last_operation_has_failed_and_all_is_synced().diagnose(100).findings

    assert "something went wrong at the end" in found.seen
    assert "still calls it Synced" in found.seen
    assert found.first_seen == START + 3


def test_what_has_just_changed_gets_time_however_old_the_run_is() -> None:
    """Out of sync for a moment after ten minutes is not ten minutes of waiting."""
    made = emptiness.declared(World())
    made.application(at=3, spec={"syncPolicy": {}}, resources=emptiness.held("flags", "limits"))
    argocd.out_of_sync(made, 600, spec={"syncPolicy": {}})

    assert not made.diagnose(640).findings
    assert [f.cause for f in made.diagnose(670).findings] == ["A27"]


def test_a_wave_that_has_just_begun_to_wait_gets_its_time() -> None:
    made = World()
    made.declare({"kind": "KafkaTopic", "metadata": {"name": "orders"}})
    argocd.waiting_for(made, "apps/StatefulSet/db", at=3)
    argocd.waiting_for(made, "kafka.strimzi.io/KafkaTopic/orders", at=500)

    assert not made.diagnose(700).findings
    assert [f.cause for f in made.diagnose(810).findings] == ["A16"]


def test_a_job_whose_pod_is_gone_did_run() -> None:
    made = emptiness.job(World())
    made.put({**made.live("Job", "seed"), "status": {"failed": 1}}, 5)

    assert not [f for f in made.diagnose(600).findings if f.cause == "E04"]


def test_names_that_argo_cd_changes_are_not_compared() -> None:
    made = emptiness.declared(World())
    source = {
        "repoURL": "https://git.test/shop.git",
        "path": "x",
        "kustomize": {"namePrefix": "a-"},
    }
    made.application(at=3, spec={"source": source}, resources=emptiness.held("a-flags", "a-limits"))

    assert made.diagnose(300).outcome is Outcome.HEALTHY


def test_an_application_that_nobody_could_look_at_is_a_suspect_only() -> None:
    found = emptiness.nobody_looks_while_the_repo_server_is_not_ready().diagnose(230)

    assert [(s.cause, s.counts_from) for s in found.suspects] == [("E01", 0.0)]
    assert found.outcome is Outcome.PROGRESSING


def test_stale_manifests_are_told_with_both_texts() -> None:
    (found,) = (
        stale_cache.synced_at_the_commit_with_the_image_of_an_older_one().diagnose(95).findings
    )

    assert "spec.template.spec.containers[order].image ghcr.io/shop/order:1" in found.seen
    assert "renders to ghcr.io/shop/order:2" in found.seen
    assert found.fix == (
        "kubectl -n argocd rollout restart deployment/argocd-repo-server deployment/argocd-redis"
    )


def test_a_variable_without_a_value_is_an_empty_one() -> None:
    made = stale_cache.synced(stale_cache.shop(CURRENCY=""))

    (found,) = made.diagnose(95).findings

    assert "env[CURRENCY] (empty)" in found.seen


def test_a_commit_that_was_not_rendered_here_is_not_compared() -> None:
    made = stale_cache.synced_at_the_commit_with_the_image_of_an_older_one()
    made.revision = ""

    assert made.diagnose(300).outcome is Outcome.HEALTHY


def test_a_cached_error_asks_for_a_hard_refresh() -> None:
    made = stale_cache.a_timeout_of_an_earlier_attempt_is_repeated_from_the_cache()

    (found,) = made.diagnose(95).findings

    assert "refresh=hard" in found.fix
    assert "(cached)" not in found.seen
    assert "timeout after 1m30s" in found.seen
