"""Applications: wording, what is only noted, and what is nobody's business."""

from __future__ import annotations

import pytest

from harness.diagnosis.fold import folded
from harness.diagnosis.rules.argocd.application_facts import applications
from harness.diagnosis.rules.argocd.engine_texts import decisive, is_engine_down, is_host_down
from harness.diagnosis.rules.argocd.project_facts import (
    permits_destination,
    permits_kind,
    permits_source,
)
from harness.model.finding import Diagnosis, Finding, Outcome
from tests.diagnosis.samples import argocd
from tests.diagnosis.samples.argocd import (
    SERVER,
    invalid,
    out_of_sync,
    project,
)
from tests.diagnosis.samples.repo import PLAIN, condition, unknown
from tests.diagnosis.world import World, stamp

OLD = "0ddba11" + "0" * 33
NEW = "c0ffee0" + "0" * 33


def only(made: World, at: float) -> Finding:
    (found,) = made.diagnose(at).findings
    return found


def suspects(found: Diagnosis) -> set[tuple[str, str]]:
    return {(s.cause, str(s.object)) for s in found.suspects}


# Texts


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "Failed to load target state: failed to generate manifest for source 2 of 3: rpc "
            "error: code = Unknown desc = Manifest generation error (cached): it broke",
            "it broke",
        ),
        (
            'error when creating "/dev/shm/2718281828": admission webhook said no',
            "admission webhook said no",
        ),
        (
            "`kustomize build <path to cached source>/x --enable-helm` failed exit status 1: "
            "Error: no",
            "no",
        ),
    ],
)
def test_the_decisive_part_is_what_no_wrapping_says(message: str, expected: str) -> None:
    assert decisive(message) == expected


def test_credentials_in_a_url_are_not_quoted() -> None:
    assert "hunter2" not in decisive("fatal: https://bot:hunter2@git.test/x.git not found")


def test_a_dump_of_an_object_is_not_quoted() -> None:
    text = 'spec: Invalid value: core.PodTemplateSpec{Env:[]core.EnvVar{{Value:"hunter2"}}}: no'

    assert decisive(text) == "spec: Invalid value: ...: no"


def test_who_does_not_answer_is_told_apart() -> None:
    server = "code = Unavailable desc = dial tcp 10.0.0.1:8081: connect: connection refused"
    host = 'Get "https://git.test/x": dial tcp 10.0.0.9:443: connect: connection refused'

    assert is_engine_down(server)
    assert not is_engine_down(host)
    assert is_host_down(host)


# Conditions


def test_a_project_that_is_missing_names_the_nearest() -> None:
    found = only(argocd.a_project_that_nobody_declares(), 5)

    assert found.fix == "change spec.project to shop-dev"


def test_a_trailing_git_is_quoted_letter_by_letter() -> None:
    found = only(argocd.a_repository_that_the_project_does_not_permit(), 5)

    assert found.field == "spec.sourceRepos"
    assert "https://git.test/shop.git" in found.fix
    assert "https://git.test/shop)" in found.expected


def test_the_projects_destinations_are_told() -> None:
    found = only(argocd.section_4_09_a_destination_that_the_project_does_not_permit(), 5)

    assert found.field == "spec.destinations"
    assert found.fix == "add namespace shop-staging to spec.destinations"
    assert "it has the namespaces: shop" in found.expected


def test_an_application_without_namespace_is_told_so() -> None:
    made = invalid("Namespace for order apps/v1, Kind=Deployment is missing.")

    found = only(made, 5)

    assert (found.cause, found.field) == ("A10", "spec.destination.namespace")


def test_a_repository_that_is_not_accessible_for_any_reason_is_named() -> None:
    text = 'repository not accessible: repositories not accessible: &Repository{Repo: "x"}: odd'
    made = invalid(text)

    found = only(made, 40)

    assert (found.cause, found.field) == ("A01", "spec.source.repoURL")
    assert found.seen.endswith(": odd")


def test_a_refusal_that_the_project_no_longer_explains_counts_after_a_minute() -> None:
    made = project(World(), destinations=[{"server": SERVER, "namespace": "shop-*"}])
    invalid(argocd.NOT_PERMITTED, made=made)

    assert not made.diagnose(60).findings
    assert only(made, 70).cause == "A07"


def test_one_repository_of_two_applications_is_one_finding() -> None:
    text = PLAIN + "authentication required"
    made = unknown(unknown(World(), text, name="one"), text, name="two")

    found = only(made, 40)

    assert str(found.object) == "Application argocd/one"
    assert [str(v) for v in found.victims] == ["Application argocd/two"]


def test_a_repo_server_whose_pod_comes_up_is_a_suspect_at_the_most() -> None:
    found = argocd.a_repo_server_that_rolls_out().diagnose(900)

    assert ("A04", "Deployment argocd/argocd-repo-server") in suspects(found)
    assert not [f for f in found.findings if f.cause == "A04"]


def test_a_repo_server_that_became_ready_gets_its_time_again() -> None:
    made = unknown(World(), argocd.UNAVAILABLE, since=-3600)
    argocd.repo_server(made, ready=True)

    assert not made.diagnose(170).findings
    assert only(made, 190).cause == "A04"


def test_redis_is_told_from_the_repo_server() -> None:
    text = "Failed to load target state: redis: connection pool timeout"

    assert only(unknown(World(), text), 190).object.name == "argocd-redis"


def test_a_live_state_that_cannot_be_read_is_not_blamed_on_the_repository() -> None:
    text = (
        "Failed to load live state: failed to get cluster info for "
        '"https://kubernetes.default.svc": error synchronizing cache state : x509: certificate '
        "signed by unknown authority"
    )
    made = unknown(World(), text)

    assert not made.diagnose(170).findings
    assert only(made, 190).cause == "A03"


# Which Applications


def others(made: World) -> World:
    spec = {"destination": {"server": SERVER, "namespace": "billing"}}
    return unknown(made, PLAIN + "x: app path does not exist", name="billing", spec=spec)


def names(made: World) -> list[str]:
    return [a.name for a in applications(folded(made.cassette()))]


def test_a_run_judges_every_application_of_the_engine() -> None:
    made = others(World())
    made.expected_applications = []

    assert names(made) == ["billing"]


def test_on_a_shared_cluster_only_what_deploys_here_is_judged() -> None:
    made = others(World())
    made.application("shop")
    made.expected_applications, made.revision = [], ""

    assert names(made) == ["shop"]
    assert not made.diagnose(300).findings


def test_children_of_a_judged_application_are_judged() -> None:
    made = others(World())
    made.application("shop", resources=[{"kind": "Application", "name": "billing"}])
    made.expected_applications, made.revision = [], ""

    assert names(made) == ["billing", "shop"]
    assert only(made, 60).cause == "R01"


def test_an_application_that_is_being_deleted_is_left_alone() -> None:
    made = others(World())
    obj = made.live("Application", "billing")
    obj["metadata"]["deletionTimestamp"] = stamp(4)
    made.put(obj, 4)

    assert names(made) == []


# What is only noted


def test_an_operation_of_an_older_commit_is_noted_with_its_remedy() -> None:
    found = argocd.an_operation_of_an_older_commit_is_never_a_failure().diagnose(100)

    (note,) = [s for s in found.suspects if s.cause == "A29"]
    assert "argocd app terminate-op shop" in note.fix
    assert "0ddba11" in note.seen
    assert found.outcome is Outcome.PROGRESSING


def test_a_manual_sync_on_a_shared_cluster_is_somebodys_habit() -> None:
    made = World()
    out_of_sync(made, spec={"syncPolicy": {}})
    made.revision = ""

    found = made.diagnose(600)

    assert not found.findings
    assert ("A27", "Application argocd/shop") in suspects(found)


def test_a_sync_by_hand_that_is_under_way_is_somebody_who_syncs() -> None:
    made = World()
    running = {
        "phase": "Running",
        "startedAt": stamp(2),
        "message": "one or more tasks are running",
    }
    out_of_sync(made, spec={"syncPolicy": {}}, operationState=running)

    assert not made.diagnose(300).findings


def test_pruning_is_no_reason_while_something_else_differs() -> None:
    made = World()
    held = {"kind": "ConfigMap", "name": "old", "status": "OutOfSync", "requiresPruning": True}
    out_of_sync(made, resources=[held, {"kind": "Service", "name": "new", "status": "OutOfSync"}])

    assert not [f for f in made.diagnose(300).findings if f.cause == "A27"]


def test_automation_that_is_switched_off_is_no_automation() -> None:
    made = World()
    out_of_sync(made, spec={"syncPolicy": {"automated": {"enabled": False}}})

    assert only(made, 100).field == "spec.syncPolicy.automated"


def test_an_annotation_that_stops_argo_cd_is_named() -> None:
    made = World()
    out_of_sync(made)
    obj = made.live("Application", "shop")
    obj["metadata"]["annotations"] = {"argocd.argoproj.io/skip-reconcile": "true"}
    made.put(obj, 3)

    assert "skip-reconcile" in only(made, 100).field


def test_a_namespace_that_no_controller_watches_is_named() -> None:
    made = World()
    made.expected_applications = ["shop"]
    app = {"kind": "Application", "metadata": {"name": "shop", "namespace": "shop"}, "spec": {}}
    made.put(app, 2)

    assert not made.diagnose(100).findings
    found = only(made, 130)
    assert (found.cause, found.field) == ("A27", "metadata.namespace")


def test_an_application_without_status_in_the_engines_namespace_is_not_yet_looked_at() -> None:
    made = World()
    made.expected_applications = ["shop"]
    app = {"kind": "Application", "metadata": {"name": "shop", "namespace": "argocd"}, "spec": {}}
    made.put(app, 2)

    assert not [f for f in made.diagnose(150).findings if f.cause == "A27"]


def test_an_ignored_health_is_noted_while_the_workload_is_not_ready() -> None:
    made = argocd.a_health_that_is_ignored_is_a_note()

    assert ("A30", "Deployment shop/order") in suspects(made.diagnose(30))

    made.ready("order", 40)
    obj = made.live("Deployment", "order")
    obj["metadata"]["annotations"] = {"argocd.argoproj.io/ignore-healthcheck": "true"}
    made.put(obj, 41)

    assert not made.diagnose(60).suspects


# Shared objects


def test_a_shared_object_of_a_synced_application_is_nothing() -> None:
    found = argocd.an_object_of_two_applications_is_a_warning().diagnose(300)

    assert (found.outcome, found.suspects) == (Outcome.HEALTHY, ())


def test_a_shared_object_that_keeps_an_application_out_of_sync_is_noted() -> None:
    made = World()
    twice = "Resource /ConfigMap/shop/flags appeared 2 times among application resources."
    out_of_sync(
        made,
        conditions=[
            condition(argocd.SHARED, 3, "SharedResourceWarning"),
            condition(twice, 3, "RepeatedResourceWarning"),
        ],
    )

    found = made.diagnose(300)

    assert not found.findings
    assert suspects(found) == {("A18", "ConfigMap shop/flags")}


def test_what_stood_before_the_run_counts_when_it_stays() -> None:
    for made, cause in (
        (argocd.an_object_of_two_applications_is_refused(), "A18"),
        (argocd.a_sync_would_delete_everything(), "A19"),
    ):
        app = made.live("Application", "shop")
        app["status"]["conditions"][0]["lastTransitionTime"] = stamp(-90)
        made.put(app, 4)

        assert not made.diagnose(18).findings
        assert only(made, 25).cause == cause


# Projects


def test_globs_and_denials_of_a_project_are_read() -> None:
    spec = {
        "sourceRepos": ["https://git.test/*", "!https://git.test/secret*"],
        "destinations": [
            {"server": SERVER, "namespace": "shop-*"},
            {"name": "*", "namespace": "ops"},
        ],
    }

    assert permits_source(spec, "https://git.test/shop.git")
    assert not permits_source(spec, "https://git.test/secret.git")
    assert permits_destination(spec, SERVER, "shop-dev")
    assert not permits_destination(spec, "https://other", "shop-dev")
    assert permits_destination(spec, "https://other", "ops")


def test_cluster_scoped_kinds_need_an_entry_and_namespaced_ones_do_not() -> None:
    assert permits_kind({}, "apps", "Deployment", namespaced=True)
    assert not permits_kind({}, "", "Namespace", namespaced=False)
    assert permits_kind(
        {"clusterResourceWhitelist": [{"group": "*", "kind": "*"}]},
        "",
        "Namespace",
        namespaced=False,
    )
    only_core = {"namespaceResourceWhitelist": [{"group": "", "kind": "*"}]}
    assert not permits_kind(only_core, "apps", "Deployment", namespaced=True)
    assert permits_kind(only_core, "", "Secret", namespaced=True)
    denied = {"namespaceResourceBlacklist": [{"group": "", "kind": "Secret"}]}
    assert not permits_kind(denied, "", "Secret", namespaced=True)


def test_a_project_of_the_repository_is_known_before_it_is_live() -> None:
    made = project(World())
    made.entries = [e for e in made.entries if e.ref.kind != "AppProject" or not e.ref.name]
    invalid(argocd.NOT_PERMITTED, made=made)

    assert "it has the namespaces: shop" in only(made, 5).expected
