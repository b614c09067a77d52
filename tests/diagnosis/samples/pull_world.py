# ruff: noqa: E501 - texts of other programs are quoted as they are
"""Pulls as kubelet and containerd tell of them, and the shop whose images are pulled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.diagnosis.world import Object, World, container, running, waiting

SPACE = "musiccorp-dev"
SERVICES = ("catalog", "customer", "notification", "order", "payment")
PULL_SECRET = "ghcr-secret"
SECRET = f"Secret {SPACE}/{PULL_SECRET}"
DOCKER_CONFIG = "kubernetes.io/dockerconfigjson"
TRIES = (3, 15, 38)
"""Seconds of the first pulls: the kubelet backs off 10 s, then 20 s."""
RESOLVE = 'failed to pull and unpack image "{0}": failed to resolve reference "{0}": '
NOT_FOUND = "rpc error: code = NotFound desc = " + RESOLVE + "{0}: not found"
ANONYMOUS = (
    RESOLVE
    + "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to "
    "https://ghcr.io/token?scope=repository%3Amusiccorp%2Fmusiccorp%3Apull&service=ghcr.io: 401 Unauthorized"
)
OAUTH = (
    RESOLVE
    + "failed to authorize: failed to fetch oauth token: unexpected status from GET request to "
    "https://ghcr.io/token?scope=repository%3Amusiccorp%2Fmusiccorp%3Apull&service=ghcr.io: 403 Forbidden"
)
DENIED = (
    "rpc error: code = Unknown desc = "
    + RESOLVE
    + "pull access denied, repository does not exist or may require authorization: server message: "
    "insufficient_scope: authorization failed"
)
NO_BASIC = (
    "rpc error: code = Unknown desc = "
    + RESOLVE
    + "pull access denied, repository does not exist or may require authorization: authorization "
    "failed: no basic auth credentials"
)
NO_HOST = (
    "rpc error: code = Unknown desc = "
    + RESOLVE
    + 'failed to do request: Head "https://{1}/v2/musiccorp/app/manifests/1": dial tcp: lookup {1} on '
    "172.18.0.1:53: no such host"
)
TIMED_OUT = (
    "rpc error: code = Unknown desc = "
    + RESOLVE
    + 'failed to do request: Head "https://{1}/v2/musiccorp/app/manifests/1": dial tcp 140.82.121.34:443: '
    "i/o timeout"
)
RETRIEVAL = (
    "Unable to retrieve some image pull secrets ({}); attempting to pull the image may not succeed."
)


def image_of(service: str, tag: str = "v1.4.0") -> str:
    return f"ghcr.io/musiccorp/musiccorp-{service}:{tag}"


def failing_pull(
    world: World, workload: str, text: str, *, name: str = "", tries: Sequence[float] = TRIES,
    old: bool = False, pod: str = "", spec: Mapping[str, Any] | None = None,
    others: Mapping[str, Object] | None = None, node: str = "node-1",
) -> None:  # fmt: skip
    """The kubelet tries to pull a container's image in vain; `{0}` in the text is the image.

    `old` writes the messages as before Kubernetes 1.32; `spec` changes the pod's specification as
    admission does.
    """
    pull = _Pull(world, workload, name, pod, dict(spec or {}), dict(others or {}), node)
    pull.state(tries[0] - 1, {"state": {"waiting": {"reason": "ContainerCreating"}}})
    said = text.format(pull.image, pull.image.partition("/")[0])
    back = f'Back-off pulling image "{pull.image}"'
    for number, at in enumerate(tries, 1):
        pull.event("Pulling", f'Pulling image "{pull.image}"', at, number, kind="Normal")
        failed = f'Failed to pull image "{pull.image}": {said}'
        pull.event("Failed", failed, at + 1, number, key=f"pull-{said[:40]}")
        pull.event("Failed", "Error: ErrImagePull", at + 1, number, key="error")
        pull.state(at + 1, waiting("ErrImagePull", said))
        pull.event("BackOff", back, at + 3, number, kind="Normal")
        pull.event("Failed", "Error: ImagePullBackOff", at + 3, number, key="back-off")
        message = back if old else f"{back}: ErrImagePull: {said}"
        pull.state(at + 3, waiting("ImagePullBackOff", message))


def _template(world: World, workload: str) -> Object:
    for kind in ("Deployment", "StatefulSet", "DaemonSet"):
        try:
            found: Object = world.live(kind, workload)["spec"]["template"]["spec"]
        except LookupError:
            continue
        return found
    return dict(world.live("Job", workload)["spec"]["template"]["spec"])


class _Pull:
    def __init__(
        self, world: World, workload: str, name: str, pod: str, spec: Object, others: Object,
        node: str,
    ) -> None:  # fmt: skip
        self.world, self.workload, self.pod, self.node = world, workload, pod, node
        self.spec, self.others = spec, others
        owner = _template(world, workload)
        groups = {k: owner.get(k) or [] for k in ("initContainers", "containers")}
        self.name = name or (groups["initContainers"] or groups["containers"])[0]["name"]
        self.is_init = any(c["name"] == self.name for c in groups["initContainers"])
        every = [*groups["initContainers"], *groups["containers"]]
        self.image = next(c["image"] for c in every if c["name"] == self.name)

    def state(self, at: float, status: Object) -> None:
        own = {**self.others, self.name: status}
        made = self.world.pod(
            self.workload, at, name=self.pod, node=self.node,
            state=None if self.is_init else own, init=own if self.is_init else self.others,
        )  # fmt: skip
        self.title = made["metadata"]["name"]
        if self.spec:
            self.world.put({**made, "spec": {**made["spec"], **self.spec}}, at)

    def event(
        self, reason: str, text: str, at: float, count: int, *, kind: str = "Warning", key: str = ""
    ) -> None:
        self.world.event(
            "Pod", self.title, reason, text, int(at), count=count, type=kind,
            key=f"{self.name}-{reason}-{key}", container=self.name,
        )  # fmt: skip


def secrets_not_retrieved(world: World, pod: str, names: str, times: Mapping[float, int]) -> None:
    for at, count in times.items():
        world.event(
            "Pod", pod, "FailedToRetrieveImagePullSecret", RETRIEVAL.format(names), at, count=count
        )


def service(world: World, name: str, tag: str = "v1.4.0", **template: Any) -> None:
    """A Deployment of the shop with its environment and its Service."""
    database = {"order": "postgres-order"}.get(name, "postgres-catalog")
    variables = {"order": [{"name": "DB_HOST", "value": database}]}.get(name, [])
    if name in {"catalog", "customer"}:
        variables = [{"name": "DB_HOST", "value": database}]
    if name in {"order", "payment", "notification"}:
        variables = [*variables, {"name": "KAFKA_BOOTSTRAP_SERVERS", "value": "kafka:9092"}]
    template.setdefault("imagePullSecrets", [{"name": PULL_SECRET}])
    world.workload(name, container(name, image_of(name, tag), env=variables), **template)
    world.service(name, 80)


def shop(*, tags: Mapping[str, str] | None = None) -> World:
    """The five services, two databases and the broker of MusicCorp; nothing runs yet."""
    world = World(SPACE)
    for name in SERVICES:
        service(world, name, (tags or {}).get(name, "v1.4.0"))
    for name in ("postgres-catalog", "postgres-order"):
        secret = f"{name}-secret"
        source = {"secretKeyRef": {"name": secret, "key": "POSTGRES_PASSWORD"}}
        env = [{"name": "POSTGRES_PASSWORD", "valueFrom": source}]
        world.workload(name, container("postgres", "postgres:16.4", env=env), kind="StatefulSet")
        world.service(name, 5432)
        world.secret(secret, "POSTGRES_DB", "POSTGRES_PASSWORD", "POSTGRES_USER")
    world.workload("kafka", container("kafka", "apache/kafka:3.8.0"), kind="StatefulSet")
    world.service("kafka", 9092)
    return world


def backends_ready(world: World, at: float, *names: str) -> None:
    for name in names or ("postgres-catalog", "postgres-order", "kafka"):
        world.pod(name, 2, state=running(2))
        world.ready(name, at)


def services_ready(world: World, at: float, *names: str) -> None:
    for name in names:
        world.pod(name, 2)
        world.pod(name, at - 2, state=running(at - 2))
        world.ready(name, at)


def with_pull_secret(world: World, auths: str = "ghcr.io", at: float = 0.5) -> World:
    world.secret(PULL_SECRET, ".dockerconfigjson", type=DOCKER_CONFIG, at=at, auths=auths)
    return world
