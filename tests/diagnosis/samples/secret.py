# ruff: noqa: E501 - texts of other programs are quoted as they are
"""Timelines of pull secrets that are not as they should be, or only seem so."""

from __future__ import annotations

from harness.model.refs import ObjectRef
from tests.diagnosis.sample import sample
from tests.diagnosis.samples.pull_world import (
    ANONYMOUS,
    DOCKER_CONFIG,
    NO_BASIC,
    PULL_SECRET,
    SECRET,
    SERVICES,
    SPACE,
    backends_ready,
    failing_pull,
    secrets_not_retrieved,
    service,
    shop,
    with_pull_secret,
)
from tests.diagnosis.world import (
    Object,
    World,
    container,
    running,
    stamp,
)

EVERYBODY = tuple(f"Deployment {SPACE}/{name}" for name in SERVICES)
ORDER = f"Deployment {SPACE}/order"
TRIES = (3, 15, 38, 82)


def refused_shop(world: World, text: str = ANONYMOUS, *, event: bool = False) -> World:
    """Every service is refused, a second after the other."""
    backends_ready(world, 12)
    for number, name in enumerate(SERVICES):
        failing_pull(world, name, text, tries=tuple(t + number for t in TRIES))
        if event:
            secrets_not_retrieved(world, f"{name}-h1-abcde", PULL_SECRET, {3 + number: 1, 15: 3})
    return world


@sample(("S01", SECRET), within=30, not_before=3, innocent=EVERYBODY, victims=EVERYBODY)
def scenario_2_the_pull_secret_was_never_created() -> World:
    return refused_shop(shop(), event=True)


@sample(("S01", SECRET), within=30, not_before=3, innocent=EVERYBODY, victims=EVERYBODY)
def scenario_19_a_missing_pull_secret_hides_a_missing_tag() -> World:
    return refused_shop(shop(tags={"payment": "v9.9.9"}))


@sample(("S04", SECRET), within=30, not_before=18, innocent=EVERYBODY, victims=EVERYBODY)
def scenario_4_the_pull_secret_is_for_another_host() -> World:
    return refused_shop(with_pull_secret(shop(), "docker.pkg.github.com"))


@sample(("S01", "Secret shop/registry-credentials"), within=20, not_before=3)
def a_pull_secret_that_is_missing_for_a_registry_with_basic_authentication() -> World:
    world = World()
    app = container("app", "registry.local:5000/shop/app:1")
    world.workload("app", app, imagePullSecrets=[{"name": "registry-credentials"}])
    failing_pull(world, "app", NO_BASIC)
    return world


@sample(("S01", SECRET), within=45, not_before=18)
def a_pull_secret_that_is_missing_told_as_before_1_32() -> World:
    world = World(SPACE)
    service(world, "order")
    world.declared.clear()
    failing_pull(world, "order", ANONYMOUS, old=True)
    return world


@sample(("S01", SECRET), within=45, not_before=18)
def a_missing_pull_secret_where_secrets_may_not_be_listed() -> World:
    world = World(SPACE)
    service(world, "order")
    world.unlisted("Secret")
    failing_pull(world, "order", ANONYMOUS)
    for at, count in ((3, 1), (9, 2), (15, 3), (21, 4), (27, 5), (38, 6)):
        secrets_not_retrieved(world, "order-h1-abcde", f"other, {PULL_SECRET}", {at: count})
    world.put(world.live("Pod", "order-h1-abcde"), 44)
    return world


@sample(("S02", SECRET), within=45, not_before=18)
def the_pull_secret_stands_in_another_namespace() -> World:
    world = World(SPACE)
    service(world, "order")
    world.put({
        "kind": "Secret", "metadata": {"name": PULL_SECRET, "namespace": "kube-system"},
        "type": DOCKER_CONFIG, "data": {".dockerconfigjson": "(hidden)"},
    })  # fmt: skip
    failing_pull(world, "order", ANONYMOUS)
    return world


@sample(("S03", SECRET), within=45, not_before=18)
def a_pull_secret_of_type_opaque() -> World:
    world = World(SPACE)
    service(world, "order")
    world.secret(PULL_SECRET, ".dockerconfigjson", type="Opaque", auths="ghcr.io")
    failing_pull(world, "order", ANONYMOUS)
    return world


@sample(("S04", SECRET), within=45, not_before=18)
def a_docker_hub_key_for_an_image_on_ghcr() -> World:
    world = with_pull_secret(World(SPACE), "https://index.docker.io/v1/")
    wait = container("wait", "busybox:1.36")
    service(world, "order", initContainers=[wait])
    failing_pull(world, "order", ANONYMOUS, name="order")
    return world


@sample(("S05", ORDER), within=45, not_before=18)
def the_account_got_its_pull_secret_after_the_pod() -> World:
    world = with_pull_secret(World(SPACE))
    service(world, "order", imagePullSecrets=[])
    account: Object = {
        "kind": "ServiceAccount",
        "metadata": {"name": "default", "namespace": SPACE},
    }
    world.put(account)
    failing_pull(world, "order", ANONYMOUS)
    world.put({**account, "imagePullSecrets": [{"name": PULL_SECRET}]}, 6)
    return world


@sample(("S05", ORDER), within=45, not_before=18)
def a_pull_secret_that_the_pod_does_not_name() -> World:
    world = with_pull_secret(World(SPACE), "https://ghcr.io")
    service(world, "order", imagePullSecrets=[])
    failing_pull(world, "order", ANONYMOUS)
    return world


@sample(("S05", f"ServiceAccount {SPACE}/default"), within=45, not_before=18, innocent=EVERYBODY)
def a_pull_secret_that_no_pod_names_is_one_finding() -> World:
    world = with_pull_secret(World(SPACE))
    for name in ("order", "payment"):
        service(world, name, imagePullSecrets=[])
        failing_pull(world, name, ANONYMOUS)
    return world


@sample(("S06", SECRET), within=45, not_before=18)
def a_pull_secret_without_any_host() -> World:
    world = with_pull_secret(World(SPACE), "invalid")
    service(world, "order")
    failing_pull(world, "order", ANONYMOUS)
    return world


@sample(("S06", SECRET), within=45, not_before=18)
def a_pull_secret_whose_credential_is_no_base64() -> World:
    world = with_pull_secret(World(SPACE))
    service(world, "order")
    failing_pull(world, "order", "illegal base64 data at input byte 4")
    return world


@sample(("A13", SECRET), within=45)
def a_pull_secret_that_the_api_server_refuses_is_one_finding() -> World:
    world = World(SPACE)
    service(world, "order")
    world.declare({"kind": "Secret", "metadata": {"name": PULL_SECRET}, "type": DOCKER_CONFIG})
    text = 'Secret "ghcr-secret" is invalid: data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": invalid character \'e\' looking for beginning of value'
    result = {
        "kind": "Secret",
        "version": "v1",
        "group": "",
        "namespace": SPACE,
        "name": PULL_SECRET,
        "status": "SyncFailed",
        "message": text,
        "syncPhase": "Sync",
    }
    for at, phase in ((2, "Running"), (30, "Failed")):
        world.application(
            at=at, sync={"status": "OutOfSync", "revision": world.revision},
            operationState={
                "phase": phase, "startedAt": stamp(1), "finishedAt": stamp(2), "retryCount": 5,
                "message": "one or more objects failed to apply, reason: " + text,
                "syncResult": {"revision": world.revision, "resources": [result]},
                "operation": {"sync": {"revision": world.revision}, "retry": {"limit": 5}},
            },
        )  # fmt: skip
    failing_pull(world, "order", ANONYMOUS)
    return world


@sample(within=90)
def a_warning_about_a_pull_secret_that_nobody_needs() -> World:
    world = World(SPACE)
    service(world, "order")
    world.pod("order", 2)
    secrets_not_retrieved(world, "order-h1-abcde", PULL_SECRET, {3: 1, 5: 2})
    world.pod("order", 8, state=running(8))
    world.ready("order", 20)
    secrets_not_retrieved(world, "order-h1-abcde", PULL_SECRET, {40: 8})
    return world


@sample(within=100)
def a_warning_about_a_pull_secret_while_the_image_comes() -> World:
    world = World(SPACE)
    service(world, "order")
    world.pod("order", 2)
    secrets_not_retrieved(world, "order-h1-abcde", PULL_SECRET, {3: 1, 5: 2})
    world.event(
        "Pod",
        "order-h1-abcde",
        "Pulling",
        'Pulling image "ghcr.io/musiccorp/musiccorp-order:v1.4.0"',
        3,
        type="Normal",
    )
    return world


@sample(within=100)
def a_pull_secret_that_the_harness_is_about_to_create() -> World:
    world = World(SPACE)
    service(world, "order")
    world.provided.append(ObjectRef("Secret", SPACE, PULL_SECRET))
    failing_pull(world, "order", ANONYMOUS, tries=TRIES)
    with_pull_secret(world, at=90)
    return world


@sample(within=100)
def a_pull_secret_that_was_created_after_the_refusal() -> World:
    world = World(SPACE)
    service(world, "order")
    world.provided.append(ObjectRef("Secret", SPACE, PULL_SECRET))
    failing_pull(world, "order", ANONYMOUS, tries=(3, 15))
    with_pull_secret(world, at=20)
    return world


@sample(within=100)
def a_pull_secret_that_an_operator_brings() -> World:
    world = World(SPACE)
    service(world, "order")
    world.declare({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
        "metadata": {"name": "registry"}, "spec": {"target": {"name": PULL_SECRET}},
    })  # fmt: skip
    failing_pull(world, "order", ANONYMOUS, tries=(3,))
    with_pull_secret(world, at=13)
    world.pod("order", 17, state=running(17))
    world.ready("order", 30)
    return world


@sample(within=280)
def a_pull_secret_whose_application_is_still_syncing() -> World:
    world = World(SPACE)
    service(world, "order")
    world.declare({"kind": "Secret", "metadata": {"name": PULL_SECRET}, "type": DOCKER_CONFIG})
    world.application(
        sync={"status": "OutOfSync", "revision": world.revision},
        operationState={"phase": "Running", "startedAt": stamp(1), "operation": {"sync": {}}},
    )
    failing_pull(world, "order", ANONYMOUS, tries=TRIES)
    return world
