# ruff: noqa: E501 - texts of other programs are quoted as they are
"""Timelines of Secrets and ConfigMaps that containers and volumes need in vain."""

from __future__ import annotations

from harness.model.refs import ObjectRef
from tests.diagnosis.crash_loops import Crash, crash_loop
from tests.diagnosis.sample import sample
from tests.diagnosis.samples.configuration_world import (
    config_error,
    secret_env,
)
from tests.diagnosis.samples.pull_world import (
    NOT_FOUND,
    SPACE,
    backends_ready,
    failing_pull,
    services_ready,
    shop,
    with_pull_secret,
)
from tests.diagnosis.world import (
    Object,
    World,
    container,
    running,
    stamp,
    waiting,
)

APP, ORDER = "Deployment shop/app", f"Deployment {SPACE}/order"
DATABASE_SECRET = f"Secret {SPACE}/postgres-order-secret"
POD = "app-h1-abcde"


def renamed_key(world: World) -> World:
    """Scenario 6: the key is called `password`, and the service waits for the database."""
    world.secret("postgres-order-secret", "POSTGRES_DB", "POSTGRES_USER", "password", at=1)
    config_error(
        world, "postgres-order",
        f"couldn't find key POSTGRES_PASSWORD in Secret {SPACE}/postgres-order-secret",
        4, 16, 29,
        container_name="postgres",
    )  # fmt: skip
    return world


@sample(
    ("S08", DATABASE_SECRET),
    within=15,
    not_before=4,
    innocent=(ORDER, f"StatefulSet {SPACE}/kafka"),
    victims=(f"StatefulSet {SPACE}/postgres-order", ORDER),
)
def scenario_6_a_key_was_renamed() -> World:
    world = renamed_key(with_pull_secret(shop()))
    backends_ready(world, 10, "postgres-catalog", "kafka")
    services_ready(world, 13, "catalog", "customer", "payment", "notification")
    world.pod("order", 2)
    world.pod("order", 4, state=running(4))
    return world


@sample(
    ("S08", DATABASE_SECRET),
    ("I01", f"Deployment {SPACE}/notification"),
    within=45,
    not_before=4,
    innocent=(ORDER, f"StatefulSet {SPACE}/kafka"),
    victims=(ORDER,),
)
def scenario_17_a_renamed_key_and_a_missing_tag_are_two_findings() -> World:
    world = renamed_key(with_pull_secret(shop(tags={"notification": "v1.4.O"})))
    backends_ready(world, 10, "postgres-catalog", "kafka")
    services_ready(world, 13, "catalog", "customer", "payment")
    log = 'psycopg.OperationalError: connection failed: connection to server at "postgres-order" (10.96.20.15), port 5432 failed: Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?'
    crash_loop(world, "order", Crash(log=log, times=3))
    failing_pull(world, "notification", NOT_FOUND)
    return world


@sample(("S07", "Secret shop/app-secret"), within=10, not_before=3)
def an_environment_without_its_secret() -> World:
    world = World()
    world.workload("app", container("app", env=[secret_env("TOKEN", "app-secret", "token")]))
    config_error(world, "app", 'secret "app-secret" not found', 3, 15, 27)
    return world


@sample(("S07", "Secret shop/app-secret"), within=60, not_before=45)
def an_environment_without_its_secret_in_an_open_world() -> World:
    world = World()
    app = container("app", envFrom=[{"secretRef": {"name": "app-secret"}}])
    world.workload("app", app, declared=False)
    config_error(world, "app", 'secret "app-secret" not found', 3, 15, 27, 40, 53)
    return world


@sample(("S07", APP), within=160, not_before=125)
def a_pod_that_sticks_although_its_secret_is_there() -> World:
    world = World()
    world.workload("app", container("app", env=[secret_env("TOKEN", "app-secret", "token")]))
    world.provided.append(ObjectRef("Secret", "shop", "app-secret"))
    config_error(world, "app", 'secret "app-secret" not found', *range(3, 160, 12))
    world.secret("app-secret", "token", at=5)
    return world


@sample(("S08", "ConfigMap shop/app-config"), within=10, not_before=3)
def an_init_container_that_wants_a_key_no_config_map_has() -> World:
    world = World()
    source = {"configMapKeyRef": {"name": "app-config", "key": "LOG_LEVEL"}}
    migrate = container("migrate", env=[{"name": "LOG_LEVEL", "valueFrom": source}])
    world.workload("app", container("app"), initContainers=[migrate])
    world.config_map("app-config", LOG_LEVE="info", PORT="8080")
    text = "couldn't find key LOG_LEVEL in ConfigMap shop/app-config"
    config_error(world, "app", text, 3, 15, 27, init=True, container_name="migrate")
    return world


@sample(("S11", "ConfigMap shop/app-config"), within=10, not_before=3)
def an_environment_whose_config_map_has_a_hashed_name() -> World:
    world = World()
    world.workload("app", container("app", envFrom=[{"configMapRef": {"name": "app-config"}}]))
    world.config_map("app-config-6ft88f2kf8", PORT="8080")
    config_error(world, "app", 'configmap "app-config" not found', 3, 15, 27)
    return world


def mounting(*sources: Object) -> World:
    world = World()
    volumes = [{"name": f"volume-{n}", **source} for n, source in enumerate(sources)]
    world.workload("app", container("app"), volumes=volumes)
    world.pod("app", 2)
    return world


def not_mounted(world: World, text: str, *times: float, volume: str = "volume-0") -> None:
    for number, at in enumerate(times, 1):
        message = f'MountVolume.SetUp failed for volume "{volume}" : {text}'
        world.event(
            "Pod", POD, "FailedMount", message, at, count=number, key=f"mount-{volume}-{text}"
        )


@sample(("S09", "Secret shop/tls"), within=40, not_before=3)
def a_volume_without_its_secret() -> World:
    world = mounting({"secret": {"secretName": "tls"}})
    not_mounted(world, 'secret "tls" not found', 3, 4, 5, 7, 11, 19, 35)
    return world


@sample(("S09", "ConfigMap shop/settings"), within=40, not_before=3)
def a_projected_volume_without_its_config_map() -> World:
    world = mounting({"projected": {"sources": [{"configMap": {"name": "settings"}}]}})
    not_mounted(world, 'configmap "settings" not found', 3, 4, 5, 7, 11, 19, 35)
    return world


@sample(("S09", "Secret shop/tls"), within=150, not_before=122)
def a_volume_without_its_secret_in_an_open_world() -> World:
    world = World()
    volumes = [{"name": "volume-0", "secret": {"secretName": "tls"}}]
    world.workload("app", container("app"), volumes=volumes, declared=False)
    world.pod("app", 2)
    not_mounted(world, 'secret "tls" not found', 3, 4, 5, 7, 11, 19, 35, 67, 131)
    return world


@sample(("S10", "Secret shop/tls"), within=40, not_before=3)
def a_volume_item_whose_key_is_missing() -> World:
    items = [{"key": "tls.crt", "path": "crt"}, {"key": "tls.pem", "path": "pem"}]
    world = mounting({"secret": {"secretName": "tls", "items": items}})
    world.secret("tls", "tls.crt", "tls.key", type="kubernetes.io/tls")
    not_mounted(world, "references non-existent secret key: tls.pem", 3, 4, 5, 7, 11, 19, 35)
    return world


@sample(("S10", "ConfigMap shop/settings"), within=40, not_before=3)
def a_volume_item_whose_config_key_is_missing() -> World:
    items = [{"key": "app.yaml", "path": "app.yaml"}]
    world = mounting({"configMap": {"name": "settings", "items": items}})
    world.put(
        {
            "kind": "ConfigMap",
            "metadata": {"name": "settings", "namespace": "shop"},
            "data": {"app.yml": "a: 1"},
        }
    )
    not_mounted(world, "references non-existent config key: app.yaml", 3, 4, 5, 7, 11, 19, 35)
    return world


@sample(within=100)
def a_cache_of_the_kubelet_that_is_not_in_step() -> World:
    world = mounting({"secret": {"secretName": "tls"}})
    world.secret("tls", "tls.crt", "tls.key")
    not_mounted(world, 'object "shop"/"tls" not registered', 3, 4, 5)
    not_mounted(world, "failed to sync secret cache: timed out waiting for the condition", 6, 8)
    text = "failed to sync secret cache: timed out waiting for the condition"
    world.pod("app", 20, state=waiting("CreateContainerConfigError", text))
    world.event("Pod", POD, "Failed", f"Error: {text}", 20)
    return world


@sample(within=60)
def a_secret_that_comes_a_moment_after_its_pod() -> World:
    world = World()
    world.workload("app", container("app", env=[secret_env("TOKEN", "app-secret", "token")]))
    world.declare(
        {"kind": "Secret", "metadata": {"name": "app-secret"}, "stringData": {"token": ""}}
    )
    world.application(
        sync={"status": "OutOfSync", "revision": world.revision},
        operationState={"phase": "Running", "startedAt": stamp(1), "operation": {"sync": {}}},
    )
    config_error(world, "app", 'secret "app-secret" not found', 3, 15)
    world.secret("app-secret", "token", at=12)
    brought = [{"kind": "Deployment", "name": "app"}, {"kind": "Secret", "name": "app-secret"}]
    world.application(
        at=13, resources=[{**r, "namespace": "shop", "version": "v1"} for r in brought]
    )
    world.pod("app", 28, state=running(28))
    world.ready("app", 35)
    return world


@sample(within=100)
def an_operator_that_fills_in_keys_one_after_the_other() -> World:
    world = World()
    world.workload("app", container("app", env=[secret_env("PASSWORD", "db-app", "password")]))
    world.declare(
        {
            "apiVersion": "postgresql.cnpg.io/v1",
            "kind": "Cluster",
            "metadata": {"name": "db"},
            "spec": {"instances": 1},
        }
    )
    config_error(world, "app", 'secret "db-app" not found', 3, 15)
    world.secret("db-app", "username", at=20)
    config_error(world, "app", "couldn't find key password in Secret shop/db-app", 27, 39)
    world.secret("db-app", "password", "username", at=45)
    world.pod("app", 52, state=running(52))
    world.ready("app", 60)
    return world


@sample(within=100)
def the_admission_secret_that_a_job_makes() -> World:
    world = mounting({"secret": {"secretName": "ingress-nginx-admission"}})
    create = container("create", args=["create", "--secret-name=ingress-nginx-admission"])
    world.workload("ingress-nginx-admission-create", create, kind="Job")
    not_mounted(world, 'secret "ingress-nginx-admission" not found', 3, 4, 5, 7, 11, 19)
    world.ready("ingress-nginx-admission-create", 24)
    world.put(
        {
            **world.live("Job", "ingress-nginx-admission-create"),
            "status": {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]},
        },
        25,
    )
    world.secret("ingress-nginx-admission", "ca", "cert", "key", at=24)
    world.pod("app", 40, state=running(40))
    world.ready("app", 50)
    return world


@sample(within=100)
def what_is_optional_or_made_by_controllers() -> World:
    world = mounting(
        {"secret": {"secretName": "extra", "optional": True}},
        {"projected": {"sources": [{"configMap": {"name": "kube-root-ca.crt"}}]}},
    )
    not_mounted(world, 'configmap "kube-root-ca.crt" not found', 3, 4, volume="volume-1")
    world.pod("app", 95, state=running(95))
    return world
