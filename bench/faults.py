"""The faults: one wrong field each, as people make them; the last one has two.

Causes and objects to blame are those of `docs/reference/causes.md`.
"""

from __future__ import annotations

from bench.case import Case, Root
from bench.manifests import (
    DATABASE,
    deployment,
    egress_policy,
    from_secret,
    secret,
    service,
    stateful_set,
)

WEB = ("deployment/web",)
DATA = ("statefulset/store",)
FAULTS = (
    Case(
        name="secret-absent",
        title="environment from a Secret that does not exist",
        objects=(
            deployment(
                "web", container={"env": [from_secret("TOKEN", "payment-login", "password")]}
            ),
        ),
        workloads=WEB,
        roots=(Root(cause="S07", kind="Secret", name="payment-login"),),
        sight=(r'secret "payment-login" not found',),
        telling=("payment-login",),
        engine=True,
    ),
    Case(
        name="secret-key-absent",
        title="the Secret lacks the key",
        objects=(
            secret("tokens", api="nothing to see"),
            deployment("web", container={"env": [from_secret("TOKEN", "tokens", "api-token")]}),
        ),
        workloads=WEB,
        roots=(Root(cause="S08", kind="Secret", name="tokens"),),
        sight=(r"couldn't find key api-token",),
        telling=("api-token",),
    ),
    Case(
        name="image-name-invalid",
        title="image reference with capital letters",
        objects=(deployment("web", container={"image": "ghcr.io/Shop/App:1.1.0"}),),
        workloads=WEB,
        roots=(Root(cause="I04", kind="Deployment", name="web"),),
        sight=(r"couldn't parse image|InvalidImageName",),
        telling=("ghcr.io/Shop/App",),
    ),
    Case(
        name="image-absent",
        title="tag that nobody pushed",
        objects=(deployment("web", container={"image": "ghcr.io/shop/app:9.9.9"}),),
        workloads=WEB,
        roots=(Root(cause="I01", kind="Deployment", name="web"),),
        sight=(r"app:9\.9\.9.*not found",),
        telling=("app:9.9.9",),
        engine=True,
    ),
    Case(
        name="pull-secret-absent",
        title="pull secret that does not exist, private image",
        objects=(
            deployment(
                "web",
                container={"imagePullPolicy": "Always"},
                pod={"imagePullSecrets": [{"name": "registry-login"}]},
            ),
        ),
        workloads=WEB,
        roots=(Root(cause="S01", kind="Secret", name="registry-login"),),
        sight=(r"[Ff]ailed to pull", r"^Event .*registry-login"),
        telling=("registry-login",),
    ),
    Case(
        name="storage-class-absent",
        title="StorageClass that the cluster does not have",
        objects=(service("store"), stateful_set("store", storage_class="gp3")),
        workloads=DATA,
        roots=(Root(cause="V01", kind="StorageClass", name="gp3"),),
        sight=(r'storageclass.* "gp3" not found',),
        telling=("gp3",),
        engine=True,
    ),
    Case(
        name="too-large",
        title="64 GiB of memory requested",
        objects=(
            deployment(
                "web",
                container={
                    "resources": {"requests": {"memory": "64Gi"}, "limits": {"memory": "64Gi"}}
                },
            ),
        ),
        workloads=WEB,
        roots=(Root(cause="H01", kind="Deployment", name="web"),),
        sight=(r"^Pod .*Unschedulable: .*Insufficient memory",),
        telling=("Insufficient memory",),
    ),
    Case(
        name="command-absent",
        title="command that the image does not have",
        objects=(deployment("web", container={"command": ["serve-shop"]}),),
        workloads=WEB,
        roots=(Root(cause="P03", kind="Deployment", name="web"),),
        sight=(r"serve-shop",),
        telling=("serve-shop",),
    ),
    Case(
        name="root-user-forbidden",
        title="`runAsNonRoot` with an image that runs as root",
        objects=(
            service("store"),
            stateful_set(
                "store",
                container={"image": DATABASE, "readinessProbe": None},
                pod={"securityContext": {"runAsNonRoot": True}},
            ),
        ),
        workloads=DATA,
        roots=(Root(cause="P05", kind="StatefulSet", name="store"),),
        sight=(r"runAsNonRoot",),
        telling=("runAsNonRoot",),
    ),
    Case(
        name="service-account-absent",
        title="ServiceAccount that does not exist",
        objects=(deployment("web", pod={"serviceAccountName": "shop-robot"}),),
        workloads=WEB,
        roots=(Root(cause="H06", kind="ServiceAccount", name="shop-robot"),),
        sight=(r"FailedCreate.*shop-robot",),
        telling=("shop-robot",),
    ),
    Case(
        name="variable-absent",
        title="crash for want of an environment variable",
        objects=(deployment("web", variables={"REQUIRED": "SHOP_API_KEY"}),),
        workloads=WEB,
        roots=(Root(cause="P14", kind="Deployment", name="web"),),
        sight=(r"^Pod .*terminated Error",),
        telling=("SHOP_API_KEY",),
    ),
    Case(
        name="probe-path-wrong",
        title="readiness probe on a path that answers 404",
        objects=(
            deployment(
                "web",
                container={
                    "readinessProbe": {
                        "httpGet": {"path": "/health-z", "port": "http"},
                        "periodSeconds": 2,
                    }
                },
            ),
        ),
        workloads=WEB,
        roots=(Root(cause="B02", kind="Deployment", name="web"),),
        sight=(r"^Event .*Unhealthy.*statuscode: 404",),
        telling=("404",),
    ),
    Case(
        name="dns-not-allowed",
        title="policy that allows the peer and forgets DNS",
        objects=(
            egress_policy(
                "only-the-api", {"to": [{"podSelector": {"matchLabels": {"app": "api"}}}]}
            ),
            deployment("api"),
            service("api"),
            deployment("web", variables={"NEEDS": "api:8080"}),
            deployment("shop", variables={"NEEDS": "api:8080"}),
        ),
        workloads=("deployment/web", "deployment/shop"),
        roots=(Root(cause="N01", kind="NetworkPolicy", name="only-the-api"),),
        sight=(r"^Pod .*terminated Error",),
        telling=("only-the-api",),
    ),
    Case(
        name="two-faults",
        title="two at once: key absent, StorageClass absent",
        objects=(
            secret("tokens", api="nothing to see"),
            deployment("web", container={"env": [from_secret("TOKEN", "tokens", "api-token")]}),
            service("store"),
            stateful_set("store", storage_class="gp3"),
        ),
        workloads=(*WEB, *DATA),
        roots=(
            Root(cause="S08", kind="Secret", name="tokens"),
            Root(cause="V01", kind="StorageClass", name="gp3"),
        ),
        sight=(r"couldn't find key api-token", r'storageclass.* "gp3" not found'),
        telling=("api-token", "gp3"),
    ),
)
