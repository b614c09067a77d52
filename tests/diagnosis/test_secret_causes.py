"""Pull secrets, Secrets, ConfigMaps and passwords: what is said about them, and when not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.diagnosis.rules.secret.absent_objects import is_spoken_of, need_of_absence
from harness.diagnosis.rules.secret.missing_configuration import hashed_namesake
from harness.diagnosis.signal import NEVER, T0, Need, t1
from harness.model.finding import Diagnosis, Finding
from harness.model.refs import ObjectRef
from tests.diagnosis.crash_loops import Crash, crash_loop, facts_at
from tests.diagnosis.samples.configuration_world import config_error, secret_env
from tests.diagnosis.samples.image_world import on_the_node
from tests.diagnosis.samples.passwords import (
    data_that_keep_an_older_password,
    two_passwords,
)
from tests.diagnosis.samples.pull_world import (
    ANONYMOUS,
    DENIED,
    DOCKER_CONFIG,
    PULL_SECRET,
    SPACE,
    failing_pull,
    secrets_not_retrieved,
    service,
    with_pull_secret,
)
from tests.diagnosis.samples.secret import (
    scenario_2_the_pull_secret_was_never_created,
    scenario_19_a_missing_pull_secret_hides_a_missing_tag,
)
from tests.diagnosis.world import Object, World, container, ended, running, stamp

SECRET = ObjectRef("Secret", SPACE, PULL_SECRET)
OTHERWISE = t1(3, 45)


def the_finding(diagnosis: Diagnosis) -> Finding:
    (found,) = diagnosis.findings
    return found


def causes(diagnosis: Diagnosis) -> set[str]:
    return {f.cause for f in (*diagnosis.findings, *diagnosis.suspects)}


# Pull secrets


def test_a_missing_pull_secret_is_one_finding_and_nothing_beside_it() -> None:
    found = scenario_2_the_pull_secret_was_never_created().diagnose(60)

    assert causes(found) == {"S01"}
    assert len(the_finding(found).victims) == 5
    assert "--docker-server=ghcr.io" in the_finding(found).fix


def test_no_word_is_said_about_a_tag_that_a_refusal_hides() -> None:
    found = the_finding(scenario_19_a_missing_pull_secret_hides_a_missing_tag().diagnose(60))

    assert "v9.9.9" not in found.seen + found.expected + found.fix
    assert any("v9.9.9" in text for text in found.not_testable)


def test_after_the_secret_is_there_the_missing_tag_comes_to_light() -> None:
    world = with_pull_secret(World(SPACE))
    service(world, "payment", "v9.9.9")
    failing_pull(world, "payment", "{0}: not found")

    assert the_finding(world.diagnose(45)).cause == "I01"


def test_not_found_wins_over_an_absent_pull_secret() -> None:
    world = World(SPACE)
    service(world, "payment", "v9.9.9")
    failing_pull(world, "payment", "{0}: not found")
    secrets_not_retrieved(world, "payment-h1-abcde", PULL_SECRET, {3: 1, 38: 3})

    assert causes(world.diagnose(45)) == {"I01"}


def test_a_denial_that_may_be_another_thing_needs_a_second_try() -> None:
    world = World()
    app = container("app", "registry.example.com/shop/app:1")
    world.workload("app", app, imagePullSecrets=[{"name": "registry"}])
    failing_pull(world, "app", DENIED, tries=(3, 15))

    assert not world.diagnose(14).findings
    assert the_finding(world.diagnose(20)).cause == "S01"


def test_a_pull_secret_that_serves_other_images_is_not_blamed_for_a_host_it_is_not_for() -> None:
    world = with_pull_secret(World(SPACE))
    service(world, "order")
    world.pod("order", 4, state=running(4))
    pull = [{"name": PULL_SECRET}]
    world.workload("web", container("web", "quay.io/shop/web:1"), imagePullSecrets=pull)
    failing_pull(world, "web", ANONYMOUS)

    found = the_finding(world.diagnose(45))

    assert (found.cause, str(found.object)) == ("I02", f"Deployment {SPACE}/web")
    assert PULL_SECRET in found.seen


def test_a_wrong_key_is_told_with_what_the_kubelet_takes() -> None:
    world = with_pull_secret(World(SPACE), "https://ghcr.io/v2")
    service(world, "order")
    failing_pull(world, "order", ANONYMOUS)

    found = the_finding(world.diagnose(45))

    assert found.cause == "S04"
    assert "https://ghcr.io/v2 only" in found.seen
    assert "ghcr.io/musiccorp" in found.expected


def test_docker_hub_wants_its_own_key() -> None:
    world = World()
    app = container("app", "musiccorp/app:1")
    world.workload("app", app, imagePullSecrets=[{"name": "hub"}])
    world.secret("hub", ".dockerconfigjson", type=DOCKER_CONFIG, auths="https://hub.docker.com")
    failing_pull(world, "app", DENIED)

    found = the_finding(world.diagnose(45))

    assert (found.cause, found.object.name) == ("S04", "hub")
    assert "https://index.docker.io/v1/" in found.fix


def test_a_refusal_with_unknown_hosts_blames_no_secret() -> None:
    world = World(SPACE)
    service(world, "order")
    world.secret(PULL_SECRET, ".dockerconfigjson", type=DOCKER_CONFIG)
    failing_pull(world, "order", ANONYMOUS)

    assert the_finding(world.diagnose(45)).cause == "I02"


def test_an_older_pod_is_told_to_be_restarted() -> None:
    world = with_pull_secret(World(SPACE))
    service(world, "order", imagePullSecrets=[])
    account: Object = {
        "kind": "ServiceAccount",
        "metadata": {"name": "default", "namespace": SPACE},
        "imagePullSecrets": [{"name": PULL_SECRET}],
    }
    world.put(account, 8)
    failing_pull(world, "order", ANONYMOUS)

    assert the_finding(world.diagnose(45)).fix.endswith("rollout restart deployment/order")


def test_an_image_that_another_pod_brought_needs_the_secret_that_is_there() -> None:
    world = with_pull_secret(World(SPACE))
    service(world, "order", imagePullSecrets=[])
    on_the_node(world, "ghcr.io/musiccorp/musiccorp-order:v1.4.0")
    failing_pull(world, "order", ANONYMOUS)

    assert causes(world.diagnose(45)) == {"S05"}


def test_without_any_text_an_absent_pull_secret_needs_longer() -> None:
    world = World(SPACE)
    service(world, "order")
    failing_pull(world, "order", "", old=True, tries=(3, 15, 38, 82))
    world.entries = [e for e in world.entries if e.ref.kind != "Event"]

    assert not world.diagnose(60).findings
    assert the_finding(world.diagnose(120)).cause == "S01"


def test_a_pull_secret_is_not_missed_where_the_kubelet_did_not_miss_it() -> None:
    world = World(SPACE)
    service(world, "order")
    world.unlisted("Secret")
    failing_pull(world, "order", ANONYMOUS)

    assert the_finding(world.diagnose(45)).cause == "I02"


# How soon an absence counts


def job(*arguments: str) -> Object:
    spec = {"template": {"spec": {"containers": [{"name": "make", "args": list(arguments)}]}}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "make"}, "spec": spec}


def custom(group: str, name: str, **spec: object) -> Object:
    return {"apiVersion": f"{group}/v1", "kind": "Thing", "metadata": {"name": name}, "spec": spec}


@pytest.mark.parametrize(
    ("declared", "need"),
    [
        (None, T0),
        (job("--secret-name=ghcr-secret"), OTHERWISE),
        (job("--secret-name=ghcr-secret-2"), T0),
        (custom("postgresql.cnpg.io", "ghcr"), OTHERWISE),
        (custom("operator.example.com", "other", target={"secretName": "ghcr-secret"}), OTHERWISE),
        (custom("monitoring.coreos.com", "ghcr"), T0),
        (custom("operator.example.com", "other"), T0),
    ],
)
def test_what_may_still_be_made_is_waited_for(declared: Object | None, need: Need) -> None:
    world = World(SPACE)
    world.workload("app", container("app"))
    if declared:
        world.declare(declared)

    assert need_of_absence(facts_at(world, 5), SECRET, OTHERWISE) == need


def test_a_reference_to_an_object_does_not_speak_for_its_coming() -> None:
    world = World(SPACE)
    env = [secret_env("PASSWORD", PULL_SECRET, "password"), {"name": "HOST", "value": PULL_SECRET}]
    pull = [{"name": PULL_SECRET}]
    world.workload("app", container("app", env=env), imagePullSecrets=pull)

    assert not is_spoken_of(facts_at(world, 5), SECRET)


def synced(world: World) -> None:
    world.application()


def syncing(world: World) -> None:
    world.application(sync={"status": "OutOfSync"}, operationState={"phase": "Running"})


def failed(world: World) -> None:
    world.application(sync={"status": "OutOfSync"}, operationState={"phase": "Failed"})


def absent(_: World) -> None:
    """The Application does not exist yet."""


@pytest.mark.parametrize(
    ("state", "need"),
    [(synced, t1(3, 120)), (syncing, NEVER), (failed, NEVER), (absent, NEVER)],
)
def test_what_an_application_brings_is_never_missing_before_it_has_synced(
    state: Callable[[World], None], need: Need
) -> None:
    world = World(SPACE)
    world.declare({"kind": "Secret", "metadata": {"name": PULL_SECRET}})
    state(world)

    assert need_of_absence(facts_at(world, 5), SECRET, OTHERWISE) == need


def test_the_password_that_the_engine_makes_for_itself_is_waited_for() -> None:
    own, other = (ObjectRef("Secret", "argocd", name) for name in ("argocd-redis", "argocd-x"))
    facts = facts_at(World(SPACE), 5)

    assert need_of_absence(facts, own, OTHERWISE) == t1(3, 240)
    assert need_of_absence(facts, other, OTHERWISE) == OTHERWISE


# Secrets and ConfigMaps of containers


def test_the_keys_that_pods_want_are_named_with_a_missing_secret() -> None:
    world = World()
    env = [secret_env("TOKEN", "app-secret", "token"), secret_env("SALT", "app-secret", "salt")]
    world.workload("app", container("app", env=env))
    config_error(world, "app", 'secret "app-secret" not found', 3, 15)

    assert (
        the_finding(world.diagnose(16)).fix == "create Secret shop/app-secret with key salt, token"
    )


def test_a_secret_that_is_named_alike_is_proposed() -> None:
    world = World()
    env = [secret_env("TOKEN", "app-secrets", "token")]
    world.workload("app", container("app", env=env))
    world.secret("app-secret", "token")
    config_error(world, "app", 'secret "app-secrets" not found', 3, 15)

    assert the_finding(world.diagnose(16)).fix.startswith("name app-secret instead")


def test_a_key_that_somebody_needs_is_not_proposed_for_renaming() -> None:
    world = World()
    env = [secret_env("USER", "db", "POSTGRES_USER"), secret_env("PASS", "db", "POSTGRES_PASSWORD")]
    world.workload("app", container("app", env=env))
    world.secret("db", "POSTGRES_USER")
    config_error(world, "app", "couldn't find key POSTGRES_PASSWORD in Secret shop/db", 3, 15)

    found = the_finding(world.diagnose(16))

    assert found.fix == "add the key POSTGRES_PASSWORD to Secret shop/db"
    assert (found.field, found.expected) == (
        "data[POSTGRES_PASSWORD]",
        "the key POSTGRES_PASSWORD; it has POSTGRES_USER",
    )


def test_two_workloads_that_miss_one_key_are_one_finding() -> None:
    world = World()
    for name in ("api", "worker"):
        world.workload(name, container(name, env=[secret_env("TOKEN", "tokens", "token")]))
    world.secret("tokens", "tokken")
    for name in ("api", "worker"):
        config_error(world, name, "couldn't find key token in Secret shop/tokens", 3, 15)

    found = the_finding(world.diagnose(16))

    assert {v.name for v in found.victims} == {"api", "worker"}


def test_a_key_that_an_operator_may_fill_in_is_waited_for() -> None:
    world = World()
    world.workload("app", container("app", env=[secret_env("TOKEN", "db", "password")]))
    made = world.secret("db", "username")
    owners = [{"kind": "Cluster", "name": "x", "controller": True, "uid": "u"}]
    world.put({**made, "metadata": {**made["metadata"], "ownerReferences": owners}}, 1)
    config_error(world, "app", "couldn't find key password in Secret shop/db", 3, 15, 27, 39)

    assert not world.diagnose(40).findings
    assert the_finding(world.diagnose(60)).cause == "S08"


def test_a_key_that_is_declared_and_not_yet_synced_is_waited_for() -> None:
    world = World()
    world.workload("app", container("app", env=[secret_env("TOKEN", "db", "password")]))
    world.declare({"kind": "Secret", "metadata": {"name": "db"}, "stringData": {"password": ""}})
    syncing(world)
    world.secret("db", "pasword")
    config_error(world, "app", "couldn't find key password in Secret shop/db", 3, 15, 27, 39)

    assert "S08" not in {f.cause for f in world.diagnose(200).findings}


@pytest.mark.parametrize(
    ("name", "names", "expected"),
    [
        ("app-config", ["app-config-6ft88f2kf8"], "app-config-6ft88f2kf8"),
        ("app-config-2mh9b6b7f4", ["other", "app-config-6ft88f2kf8"], "app-config-6ft88f2kf8"),
        ("app-config", ["app-config-production"], ""),
        ("app-config", ["app-config"], ""),
    ],
)
def test_a_name_with_the_hash_of_kustomize_is_recognised(
    name: str, names: list[str], expected: str
) -> None:
    assert hashed_namesake(name, names) == expected


def test_a_volume_that_cannot_be_mounted_is_found_without_its_event() -> None:
    world = World()
    volumes = [{"name": "tls", "secret": {"secretName": "tls"}}]
    world.workload("app", container("app"), volumes=volumes)
    world.pod("app", 2)

    assert not world.diagnose(20).findings
    assert the_finding(world.diagnose(40)).cause == "S09"


def test_a_pod_without_a_node_has_no_mount_to_wait_for() -> None:
    world = World()
    volumes = [{"name": "tls", "secret": {"secretName": "tls"}}]
    world.workload("app", container("app"), volumes=volumes)
    world.pod("app", 2, scheduled=False)

    assert "S09" not in causes(world.diagnose(100))


# Passwords


def test_different_digests_are_told_and_values_are_not() -> None:
    found = the_finding(two_passwords("aaaa1111bbbb", "cccc2222dddd").diagnose(80))

    assert found.cause == "S13"
    assert found.seen.endswith("and the two differ")
    assert "Secret musiccorp-dev/postgres-order-secret key POSTGRES_PASSWORD" in found.seen
    assert "aaaa1111" not in str(found)


def test_equal_passwords_and_new_data_are_not_old_data() -> None:
    found = the_finding(two_passwords("aaaa1111bbbb", "aaaa1111bbbb").diagnose(80))

    assert found.cause == "S13"
    assert "differ" not in found.seen


def test_old_data_are_told_although_the_log_of_the_database_is_not_known() -> None:
    world = data_that_keep_an_older_password()
    world.entries = [e for e in world.entries if e.ref.name != "postgres-order-0" or not e.text]

    assert the_finding(world.diagnose(80)).cause == "S14"


def test_a_database_that_was_initialised_now_has_no_old_data() -> None:
    world = data_that_keep_an_older_password()
    claim = world.live("PersistentVolumeClaim", "data-postgres-order-0")
    world.put({**claim, "metadata": {**claim["metadata"], "creationTimestamp": stamp(3)}}, 4)

    assert the_finding(world.diagnose(80)).cause == "S13"


def test_without_a_known_database_the_clients_secret_is_named() -> None:
    world = World()
    app = container("app", env=[secret_env("PGPASSWORD", "db", "password")])
    world.workload("app", app)
    world.secret("db", "password")
    log = 'asyncpg.exceptions.InvalidPasswordError: password authentication failed for user "app"'
    crash_loop(world, "app", Crash(log=log))

    found = the_finding(world.diagnose(80))

    assert (found.cause, str(found.object), found.field) == (
        "S13",
        "Secret shop/db",
        "data[password]",
    )


def test_a_database_is_not_its_own_client() -> None:
    world = World()
    world.workload("db", container("postgres", "postgres:16"), kind="StatefulSet")
    world.pod("db", 2, state=running(2))
    line = '2026-09-21 14:13:30 UTC [70] FATAL:  password authentication failed for user "app"\n'
    world.log("db-0", "postgres", line * 9, 30)

    assert "S13" not in causes(world.diagnose(150))


def test_one_refusal_is_only_a_suspect() -> None:
    world = World()
    world.workload("app", container("app", env=[secret_env("PGPASSWORD", "db", "password")]))
    world.secret("db", "password")
    log = 'FATAL:  password authentication failed for user "app"'
    crash_loop(world, "app", Crash(log=log, times=1))

    assert "S13" not in {f.cause for f in world.diagnose(20).findings}


def test_a_client_that_stays_alive_is_given_more_time() -> None:
    world = World()
    world.workload("app", container("app", env=[secret_env("PGPASSWORD", "db", "password")]))
    world.secret("db", "password")
    line = 'FATAL:  password authentication failed for user "app"\n'
    world.pod("app", 2, state=running(2))
    world.log("app-h1-abcde", "app", line * 4, 40)
    world.log("app-h1-abcde", "app", line * 8, 55)

    assert "S13" not in {f.cause for f in world.diagnose(54).findings}
    assert "S13" in {f.cause for f in world.diagnose(70).findings}


def test_a_job_that_gave_up_is_judged_at_once() -> None:
    world = World()
    migrate = container("migrate", env=[secret_env("PGPASSWORD", "db", "password")])
    world.workload("migrate", migrate, kind="Job", restartPolicy="Never")
    world.secret("db", "password")
    world.pod("migrate", 2, name="migrate-x", state=running(2))
    world.pod("migrate", 6, name="migrate-x", state=ended(6, 1, "Error"), phase="Failed")
    text = 'FATAL:  password authentication failed for user "app"'
    world.log("migrate-x", "migrate", text, 6.5)
    condition = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
    world.put(
        {**world.live("Job", "migrate"), "status": {"failed": 1, "conditions": [condition]}}, 7
    )

    assert the_finding(world.diagnose(9)).cause == "S13"
