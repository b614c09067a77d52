"""Timelines of Argo CD's manifest cache: old manifests under a new commit, repeated errors."""

from __future__ import annotations

import copy
from typing import Any

from tests.diagnosis.sample import sample
from tests.diagnosis.samples.argocd import repo_server
from tests.diagnosis.samples.repo import PLAIN, unknown
from tests.diagnosis.world import World, container, stamp

SHOP = "Application argocd/shop"
SERVER = "Deployment argocd/argocd-repo-server"
CACHED = PLAIN + "Manifest generation error (cached): "
TIMED_OUT = (
    CACHED + "failed to initialize repository resources: rpc error: code = Internal desc = Failed "
    "to fetch default: `git fetch origin --tags --force --prune` failed timeout after 1m30s"
)


def settings(made: World, name: str = "argocd-cm", **data: str) -> World:
    made.put(
        {"kind": "ConfigMap", "metadata": {"name": name, "namespace": "argocd"}, "data": data}, 0.2
    )
    return made


def held(*names: str) -> list[dict[str, Any]]:
    """The Application's resources: Deployments and ConfigMaps, all Synced."""
    return [
        {
            "kind": name.partition("/")[0],
            "name": name.partition("/")[2],
            "namespace": "shop",
            "status": "Synced",
        }
        for name in names
    ]


def shop(image: str = "ghcr.io/shop/order:2", **env: str) -> World:
    """A Deployment and a ConfigMap are declared; live they are as told."""
    made = settings(repo_server(World(), ready=True))
    declared = container(
        "order", "ghcr.io/shop/order:2", env=[{"name": "CURRENCY", "value": "EUR"}]
    )
    made.workload("order", declared)
    made.declare(
        {"kind": "ConfigMap", "metadata": {"name": "flags"}, "data": {"cors": "https://shop.test"}}
    )
    made.config_map("flags", cors="https://shop.test")
    live = copy.deepcopy(made.live("Deployment", "order"))
    variables = [{"name": key, "value": text} for key, text in ({"CURRENCY": "EUR"} | env).items()]
    own = live["spec"]["template"]["spec"]["containers"][0]
    own |= {"image": image, "env": [v if v["value"] else {"name": v["name"]} for v in variables]}
    made.put(live, 1)
    made.ready("order", 3)
    return made


def synced(made: World, at: float = 4, **fields: Any) -> World:
    fields.setdefault("resources", held("Deployment/order", "ConfigMap/flags"))
    made.application(at=at, reconciledAt=stamp(at), **fields)
    return made


@sample(("A28", SERVER), within=95, not_before=60, victims=("Deployment shop/order", SHOP))
def synced_at_the_commit_with_the_image_of_an_older_one() -> World:
    return synced(shop("ghcr.io/shop/order:1"))


@sample(("A28", SERVER), within=95, not_before=60)
def synced_at_the_commit_with_a_variable_of_an_older_one() -> World:
    return synced(shop(CURRENCY="USD"))


@sample(("A28", SERVER), within=95, not_before=60, victims=("ConfigMap shop/flags",))
def synced_at_the_commit_with_the_settings_of_an_older_one() -> World:
    made = shop()
    made.config_map("flags", at=2, cors="https://old.test")
    return synced(made)


@sample(within=300)
def a_live_object_that_is_seen_later_than_its_application() -> World:
    made = synced(shop("ghcr.io/shop/order:1"))
    live = copy.deepcopy(made.live("Deployment", "order"))
    live["spec"]["template"]["spec"]["containers"][0]["image"] = "ghcr.io/shop/order:2"
    made.put(live, 40)
    return made


@sample(within=300)
def an_application_with_overrides_of_its_own() -> World:
    source = {"repoURL": "https://git.test/shop.git", "path": "overlays/dev"}
    images = {"kustomize": {"images": ["ghcr.io/shop/order:1"]}}
    return synced(shop("ghcr.io/shop/order:1"), spec={"source": {**source, **images}})


@sample(within=300)
def differences_that_the_application_ignores() -> World:
    ignored = [{"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/template"]}]
    return synced(shop("ghcr.io/shop/order:1"), spec={"ignoreDifferences": ignored})


@sample(within=300)
def differences_that_the_settings_of_argo_cd_ignore() -> World:
    made = shop("ghcr.io/shop/order:1")
    key = "resource.customizations.ignoreDifferences.apps_Deployment"
    return synced(settings(made, **{key: "jsonPointers: [/spec/template]"}))


@sample(within=300)
def images_that_a_webhook_rewrites_under_a_server_side_diff() -> World:
    made = shop("mirror.test/shop/order:2")
    return synced(settings(made, "argocd-cmd-params-cm", **{"controller.diff.server.side": "true"}))


@sample(within=300)
def a_secret_value_that_the_recording_hides() -> World:
    return synced(shop(CURRENCY="********"))


@sample(("A28", SHOP), within=95, not_before=60)
def a_timeout_of_an_earlier_attempt_is_repeated_from_the_cache() -> World:
    return unknown(repo_server(World(), ready=True), TIMED_OUT)


@sample(within=300)
def a_cached_error_while_the_repo_server_is_not_ready() -> World:
    return unknown(repo_server(World(), ready=False), TIMED_OUT)


@sample(within=300)
def a_cached_error_that_a_refresh_lifts() -> World:
    made = unknown(repo_server(World(), ready=True), TIMED_OUT)
    return synced(made, 40, resources=held())
