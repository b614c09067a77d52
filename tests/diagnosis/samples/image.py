# ruff: noqa: E501 - texts of other programs are quoted as they are
"""Timelines of images that cannot be had."""

from __future__ import annotations

from tests.diagnosis.sample import sample
from tests.diagnosis.samples.image_world import (
    LONG,
    NEVER_PULL,
    on_the_node,
    one,
    waits,
)
from tests.diagnosis.samples.pull_world import (
    DENIED,
    DOCKER_CONFIG,
    NO_HOST,
    NOT_FOUND,
    OAUTH,
    RESOLVE,
    SECRET,
    SERVICES,
    SPACE,
    TIMED_OUT,
    TRIES,
    backends_ready,
    failing_pull,
    image_of,
    service,
    services_ready,
    shop,
    with_pull_secret,
)
from tests.diagnosis.world import (
    World,
    container,
    waiting,
)

ORDER = f"Deployment {SPACE}/order"
APP = "Deployment shop/app"


@sample(
    ("I01", ORDER),
    within=45,
    not_before=18,
    innocent=(f"StatefulSet {SPACE}/kafka", f"StatefulSet {SPACE}/postgres-order"),
)
def scenario_1_a_tag_that_was_never_pushed() -> World:
    world = with_pull_secret(shop(tags={"order": "v9.9.9"}))
    backends_ready(world, 12)
    services_ready(world, 20, *(s for s in SERVICES if s != "order"))
    on_the_node(world, image_of("order"), image_of("payment"), at=14)
    failing_pull(world, "order", NOT_FOUND)
    return world


@sample(("I01", ORDER), within=45, not_before=18, variations=False)
def a_tag_that_was_never_pushed_told_as_before_1_32() -> World:
    world = with_pull_secret(World(SPACE))
    service(world, "order", "v9.9.9")
    failing_pull(world, "order", NOT_FOUND, old=True)
    return world


@sample(("I01", "Deployment shop/app"), within=45, not_before=18)
def a_missing_image_of_an_init_container() -> World:
    world = World()
    wait = container("wait-for-db", "busybox:1.36.99")
    world.workload("app", container("app"), initContainers=[wait])
    text = 'rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/busybox:1.36.99": failed to resolve reference "docker.io/library/busybox:1.36.99": docker.io/library/busybox:1.36.99: not found'
    failing_pull(world, "app", text)
    return world


@sample(("I01", "Deployment shop/app"), within=45, not_before=18)
def an_official_image_that_does_not_exist() -> World:
    world = one("postgress:16")
    failing_pull(world, "app", DENIED)
    return world


@sample(("I01", "StatefulSet shop/store"), within=45, not_before=18)
def three_replicas_that_miss_one_image_are_one_finding() -> World:
    world = World()
    world.workload(
        "store", container("store", "ghcr.io/shop/store:2"), kind="StatefulSet", replicas=3
    )
    for number in range(3):
        failing_pull(world, "store", NOT_FOUND, pod=f"store-{number}")
    return world


@sample(
    ("I01", "Deployment shop/api"), within=50, not_before=18, victims=("Deployment shop/worker",)
)
def two_workloads_with_the_same_wrong_image_are_one_finding() -> World:
    world = World()
    for name in ("api", "worker"):
        world.workload(name, container(name, "ghcr.io/shop/app:nope"))
        failing_pull(world, name, NOT_FOUND)
    return world


@sample(("I02", APP), within=45, not_before=18)
def a_private_image_without_any_pull_secret() -> World:
    world = one("ghcr.io/musiccorp/private:1")
    failing_pull(
        world,
        "app",
        RESOLVE
        + "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token?scope=repository%3Amusiccorp%2Fprivate%3Apull&service=ghcr.io: 403 Forbidden",
    )
    return world


@sample(
    ("I02", "ServiceAccount shop/default"),
    within=45,
    not_before=18,
    victims=("Deployment shop/api", "Deployment shop/worker"),
)
def private_images_without_any_pull_secret_are_one_finding() -> World:
    world = World()
    world.put({"kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "shop"}})
    for name in ("api", "worker"):
        world.workload(name, container(name, f"registry.example.com/shop/{name}:1"))
        failing_pull(world, name, DENIED)
    return world


@sample(("I03", SECRET), within=60, not_before=33)
def a_token_that_may_not_read_packages() -> World:
    world = with_pull_secret(World(SPACE))
    for name in ("order", "payment"):
        service(world, name)
        failing_pull(world, name, OAUTH, tries=TRIES)
    return world


@sample(("I03", ORDER), within=60, not_before=33)
def an_image_that_the_good_credential_may_not_read() -> World:
    world = with_pull_secret(World(SPACE))
    service(world, "payment")
    services_ready(world, 9, "payment")
    service(world, "order")
    text = (
        "rpc error: code = Unknown desc = "
        + RESOLVE
        + "unexpected status from HEAD request to https://ghcr.io/v2/musiccorp/musiccorp-order/manifests/v1.4.0: 403 Forbidden"
    )
    failing_pull(world, "order", text)
    return world


@sample(("I04", APP), within=5, not_before=2)
def an_upper_case_repository() -> World:
    image = "ghcr.io/MusicCorp/order:v1"
    world = one(image)
    text = f'Failed to apply default image tag "{image}": couldn\'t parse image name "{image}": invalid reference format: repository name (MusicCorp/order) must be lowercase'
    world.pod("app", 1)
    world.pod("app", 3, state=waiting("InvalidImageName", text))
    world.event("Pod", "app-h1-abcde", "InspectFailed", text, 3)
    return world


@sample(("I05", APP), within=60, not_before=32)
def an_image_that_was_not_loaded() -> World:
    world = one("shop/app:dev", imagePullPolicy="Never")
    on_the_node(world, "docker.io/shop/app:prod")
    waits(world, "ErrImageNeverPull", NEVER_PULL.format("shop/app:dev"), 3, 14, 27, 40, 52)
    return world


@sample(("I06", APP), within=45, not_before=18)
def latest_is_always_pulled_although_it_was_loaded() -> World:
    world = one("shop-app:latest", imagePullPolicy="Always")
    on_the_node(world, "docker.io/library/shop-app:latest")
    failing_pull(world, "app", DENIED)
    return world


@sample(("I06", APP), within=45, not_before=18)
def a_private_image_is_always_pulled_although_it_was_loaded() -> World:
    world = one("registry.example.com/shop/app:1", imagePullPolicy="Always")
    on_the_node(world, "registry.example.com/shop/app:1")
    failing_pull(world, "app", DENIED)
    return world


@sample(("I06", APP), within=120, not_before=90)
def always_without_a_network_although_it_was_loaded() -> World:
    world = one("docker.io/shop/app:1", imagePullPolicy="Always")
    on_the_node(world, "docker.io/shop/app:1")
    failing_pull(world, "app", NO_HOST, tries=LONG[:4])
    return world


@sample(("I07", APP), within=6, not_before=3)
def an_image_for_another_processor() -> World:
    world = one("mysql:5.7")
    failing_pull(
        world,
        "app",
        'failed to pull and unpack image "docker.io/library/mysql:5.7": no match for platform in manifest: not found',
    )
    return world


@sample(("I08", APP), within=120, not_before=90)
def a_misspelt_registry() -> World:
    world = one("ghrc.io/shop/app:1")
    failing_pull(world, "app", NO_HOST, tries=LONG[:4])
    return world


@sample(("I08", "Registry ghcr.io"), within=120, not_before=90)
def a_registry_that_does_not_answer_is_one_finding() -> World:
    world = with_pull_secret(World(SPACE))
    for name in ("order", "payment"):
        service(world, name)
        failing_pull(world, name, TIMED_OUT, tries=LONG[:4])
    return world


@sample(("I08", "Node node-1"), within=120, not_before=90)
def two_registries_that_do_not_answer_are_the_nodes_network() -> World:
    world = World()
    for name, image in (("api", "ghcr.io/shop/api:1"), ("web", "quay.io/shop/web:1")):
        world.workload(name, container(name, image))
        failing_pull(world, name, TIMED_OUT, tries=LONG[:4])
    return world


@sample(("I09", "Registry docker.io"), within=330, not_before=300)
def a_rate_limit_that_does_not_pass() -> World:
    world = one("bitnami/redis:7.4")
    failing_pull(
        world, "app",
        'failed to pull and unpack image "docker.io/bitnami/redis:7.4": failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/bitnami/redis/manifests/sha256:1f: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit.',
        tries=LONG,
    )  # fmt: skip
    return world


@sample(("I10", "Registry registry.local:5000"), within=30, not_before=8)
def a_registry_that_speaks_http() -> World:
    world = one("registry.local:5000/shop/app:1")
    failing_pull(
        world,
        "app",
        "rpc error: code = Unknown desc = "
        + RESOLVE
        + 'failed to do request: Head "https://registry.local:5000/v2/shop/app/manifests/1": http: server gave HTTP response to HTTPS client',
    )
    return world


@sample(("I11", "Node node-1"), within=45, not_before=20)
def a_disk_that_is_full() -> World:
    world = World()
    full = 'failed to pull and unpack image "{0}": failed to extract layer sha256:1f6a: write /var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/41/fs/usr/lib/libLLVM.so: no space left on device: unknown'
    for name in ("api", "web"):
        world.workload(name, container(name, f"ghcr.io/shop/{name}:1"))
        failing_pull(world, name, full)
    return world


@sample(("I12", APP), within=90, not_before=60)
def a_signature_that_is_not_accepted() -> World:
    world = one("ghcr.io/shop/app:1")
    failing_pull(
        world,
        "app",
        "SignatureValidationFailed: Source image rejected: A signature was required, but no signature exists",
        tries=LONG[:4],
    )
    return world


@sample(("I15", APP), within=60, not_before=33)
def an_image_that_another_pod_pulled_with_its_secret() -> World:
    world = one("registry.example.com/shop/app:1", imagePullPolicy="IfNotPresent")
    on_the_node(world, "registry.example.com/shop/app:1")
    failing_pull(world, "app", DENIED, tries=LONG)
    return world


@sample(("I03", "Deployment shop/app"), within=60, not_before=33)
def a_path_that_docker_hub_denies_to_a_known_user() -> World:
    world = World()
    app = container("app", "docker.io/shop/ap:1")
    world.workload("app", app, imagePullSecrets=[{"name": "hub"}])
    world.secret(
        "hub", ".dockerconfigjson", type=DOCKER_CONFIG, auths="https://index.docker.io/v1/"
    )
    failing_pull(world, "app", DENIED)
    return world


@sample(("I12", "Deployment shop/app"), within=330, not_before=300)
def a_registry_with_an_error_of_its_own() -> World:
    world = one("ghcr.io/shop/app:1")
    text = (
        RESOLVE
        + "unexpected status from HEAD request to https://ghcr.io/v2/shop/app/manifests/1: 503 Service Unavailable"
    )
    failing_pull(world, "app", text, tries=LONG)
    return world


@sample(("I01", "Job shop/migrate"), within=45, not_before=18)
def a_missing_image_of_a_job() -> World:
    world = World()
    world.workload(
        "migrate", container("migrate", "ghcr.io/shop/app:nope"), kind="Job", restartPolicy="Never"
    )
    failing_pull(world, "migrate", NOT_FOUND)
    return world
