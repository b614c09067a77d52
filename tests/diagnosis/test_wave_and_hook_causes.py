"""Waves and hooks: a wait is a pointer, a deadlock is told with its waves, a hook with its log."""

from __future__ import annotations

from harness.model.finding import Diagnosis, Finding
from tests.diagnosis.samples import argocd
from tests.diagnosis.samples.argocd import claim, out_of_sync, user_of_the_claim, waiting_for
from tests.diagnosis.world import World, container, stamp


def only(made: World, at: float) -> Finding:
    (found,) = made.diagnose(at).findings
    return found


def suspects(found: Diagnosis) -> set[tuple[str, str]]:
    return {(s.cause, str(s.object)) for s in found.suspects}


def test_a_wait_points_at_the_object_and_is_no_finding() -> None:
    made = argocd.a_wave_that_waits_for_a_slow_workload()

    assert ("A16", "StatefulSet shop/db") in suspects(made.diagnose(60))


def test_the_object_of_a_wait_is_looked_up_where_the_application_holds_it() -> None:
    made = World()
    held = [
        {"kind": "KafkaTopic", "name": "other", "namespace": "wrong"},
        {"kind": "ConfigMap", "name": "orders", "namespace": "wrong"},
        {"kind": "KafkaTopic", "name": "orders", "namespace": "messaging"},
    ]
    waiting_for(made, "kafka.strimzi.io/KafkaTopic/orders")
    app = made.live("Application", "shop")
    app["status"]["resources"] = held
    made.put(app, 3)

    assert ("A16", "KafkaTopic messaging/orders") in suspects(made.diagnose(30))


def test_a_deadlock_says_which_waves_wait_for_each_other() -> None:
    made = argocd.section_4_23_a_claim_waits_for_a_pod_of_a_later_wave()

    found = only(made, 5)

    assert "in wave -1" in found.seen
    assert "Deployment shop/web is in wave 0" in found.seen
    assert found.fix == "set argocd.argoproj.io/sync-wave of the claim to '0'"


def test_a_claim_that_binds_at_once_is_no_deadlock() -> None:
    made = claim(World(), wave="-1")
    made.declare(user_of_the_claim("0"))
    made.put({**made.live("StorageClass", "standard"), "volumeBindingMode": "Immediate"}, 1)
    waiting_for(made, "/PersistentVolumeClaim/uploads")

    assert not [f for f in made.diagnose(30).findings if f.cause == "A16"]


def test_a_claim_whose_user_another_application_brings_is_no_deadlock() -> None:
    made = claim(World(), wave="-1")
    made.declare(user_of_the_claim("0"), application="web")
    waiting_for(made, "/PersistentVolumeClaim/uploads")

    assert not [f for f in made.diagnose(30).findings if f.cause == "A16"]


def test_a_failed_hook_tells_its_exit_code_and_last_line() -> None:
    found = only(argocd.a_hook_fails_and_nobody_tries_again(), 40)

    assert "exit code 1" in found.seen
    assert 'relation "orders" already exists' in found.seen


def test_a_job_that_is_no_hook_is_not_judged_as_one() -> None:
    made = argocd.hook(World(), failed_at=20)
    job = made.live("Job", "migrate")
    job["metadata"]["annotations"] = {}
    made.put(job, 21)

    assert not [f for f in made.diagnose(120).findings if f.cause == "A17"]


def test_a_hook_is_found_by_its_mark_before_the_operation_lists_it() -> None:
    made = argocd.hook(World(), failed_at=20)
    made.declared.clear()
    job = made.live("Job", "migrate")
    mark = {"argocd.argoproj.io/tracking-id": "shop:batch/Job:shop/migrate"}
    job["metadata"]["annotations"] = {**argocd.HOOKED, **mark}
    made.put(job, 20.1)
    running = {"phase": "Running", "startedAt": stamp(2), "syncResult": {"revision": made.revision}}
    out_of_sync(made, 3, operationState=running)

    found = made.diagnose(120)

    assert not [f for f in found.findings if f.cause == "A17"]
    assert ("A17", "Job shop/migrate") in suspects(found)


def with_database(made: World, *, ready: bool) -> World:
    """The hook's Job needs a database by its environment."""
    made.workload("db", container("db", ports=[{"containerPort": 5432}]), kind="StatefulSet")
    made.service("db", 5432)
    if ready:
        made.ready("db", 30)
    else:
        made.pod("db", 2)
    return made


def needy_hook(made: World) -> World:
    env = [{"name": "DB_HOST", "value": "db"}]
    return argocd.hook(made, container("migrate", env=env), failed_at=20)


def test_a_hook_that_fails_while_its_database_starts_is_a_symptom() -> None:
    made = needy_hook(with_database(World(), ready=False))
    argocd.hooked(made, 21, retries=0)

    assert not made.diagnose(60).findings


def test_a_hook_that_nobody_runs_again_stays_a_cause_when_its_database_is_ready() -> None:
    made = needy_hook(with_database(World(), ready=True))
    argocd.hooked(made, 21, retries=0)

    assert ("A17", "Job shop/migrate") in {
        (f.cause, str(f.object)) for f in made.diagnose(90).findings
    }


def test_a_hook_that_argo_cd_has_deleted_is_judged_by_its_result() -> None:
    made = World()
    argocd.hooked(made, 5, retries=0)

    found = only(made, 10)

    assert (found.cause, str(found.object)) == ("A17", "Job shop/migrate")
    assert "Job has reached the specified backoff limit" in found.seen
