"""Timelines of the phase `argocd`: conditions of Applications and their projects, waits, hooks.

Texts and reasons are those of Argo CD 3.5; a retried operation keeps the phase `Running` with a
`finishedAt` and the results of the attempt that failed.
"""

from __future__ import annotations

from typing import Any

from tests.diagnosis.sample import sample
from tests.diagnosis.samples.repo import PLAIN, condition, unknown
from tests.diagnosis.world import World, container, ended, stamp

SHOP = "Application argocd/shop"
PROJECT = "AppProject argocd/shop"
SERVER = "https://kubernetes.default.svc"
URL = "https://git.test/shop.git"


def invalid(message: str, *, made: World | None = None, **fields: Any) -> World:
    return unknown(made or World(), message, kind="InvalidSpecError", **fields)


def project(made: World, name: str = "shop", *, declared: bool = True, **spec: Any) -> World:
    obj = {
        "kind": "AppProject",
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {
            "sourceRepos": [URL],
            "destinations": [{"server": SERVER, "namespace": "shop"}],
            **spec,
        },
    }
    if declared:
        made.declare(obj, application="")
    made.put(obj, 0.2)
    return made


# Conditions


@sample(("A01", SHOP), within=45, not_before=20)
def a_private_repository_without_a_secret() -> World:
    return unknown(
        World(),
        PLAIN + "authentication required: Repository not found.",
    )


@sample(("A01", SHOP), within=45, not_before=20)
def a_repository_that_does_not_exist() -> World:
    return invalid(
        "repository not accessible: repositories not accessible: &Repository{Repo: "
        f'"{URL}", Type: "git", Name: "", Project: ""}}: repo client error while testing '
        "repository: rpc error: code = Unknown desc = error testing repository connectivity: "
        "authentication required: Repository not found."
    )


HOST_DOWN = (
    PLAIN + "failed to list refs: Get "
    '"https://git.test/shop.git/info/refs?service=git-upload-pack": dial tcp 10.96.12.7:443: '
    "connect: connection refused"
)


@sample(within=150)
def a_git_server_in_the_cluster_starts_late() -> World:
    made = unknown(World(), HOST_DOWN)
    made.application(at=140, reconciledAt=stamp(140))
    return made


@sample(("A01", SHOP), within=370, not_before=180)
def a_git_host_that_never_answers() -> World:
    return unknown(World(), HOST_DOWN)


@sample(("A02", SHOP), within=45, not_before=20)
def a_branch_that_was_not_pushed() -> World:
    return unknown(World(), PLAIN + "unable to resolve 'release-2' to a commit SHA")


@sample(within=60)
def a_push_still_in_flight() -> World:
    made = unknown(World(), PLAIN + "unable to resolve 'main' to a commit SHA")
    made.application(at=15, reconciledAt=stamp(15))
    return made


@sample(("A03", SHOP), within=130, not_before=60)
def a_manifest_error_that_nobody_knows() -> World:
    return unknown(
        World(),
        PLAIN + "Manifest generation error (cached): `kustomize build <path to cached source>/"
        "overlays/dev` failed exit status 1: Error: loading KV pairs: literal sources [novalue]: "
        "invalid literal source novalue, expected key=value",
    )


@sample(within=300)
def a_repo_server_that_rolls_out() -> World:
    """Unknown with code Unavailable for minutes while the image of the repo server is pulled."""
    made = repo_server(World(), ready=False)
    unknown(
        made,
        PLAIN.replace("Unknown", "Unavailable")
        + 'connection error: desc = "transport: Error while '
        'dialing: dial tcp 10.96.40.11:8081: connect: connection refused"',
    )
    return made


def repo_server(made: World, *, ready: bool) -> World:
    name = "argocd-repo-server"
    status = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1}
    made.put(
        {
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": "argocd", "generation": 1},
            "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}}},
            "status": {**status, "readyReplicas": int(ready), "availableReplicas": int(ready)},
        },
        0.3,
    )
    return made


UNAVAILABLE = (
    "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = "
    'Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp: lookup '
    'argocd-repo-server on 10.96.0.10:53: read udp 10.244.0.9:33251->10.96.0.10:53: i/o timeout"'
)


@sample(("A04", "Deployment argocd/argocd-repo-server"), within=380, not_before=180)
def a_ready_repo_server_that_cannot_be_reached() -> World:
    return unknown(repo_server(World(), ready=True), UNAVAILABLE)


@sample(("A05", PROJECT), within=5, victims=(SHOP,))
def a_project_that_nobody_declares() -> World:
    made = project(World(), "shop-dev")
    made.workload("order")
    spec = {"project": "shop"}
    invalid("Application referencing project shop which does not exist", made=made, spec=spec)
    return made


@sample(within=100)
def a_project_that_comes_a_minute_later() -> World:
    made = World()
    made.declare(
        {"kind": "AppProject", "metadata": {"name": "shop", "namespace": "argocd"}}, application=""
    )
    invalid("Application referencing project shop which does not exist", made=made)
    project(made, declared=False)
    made.entries = [e for e in made.entries if e.ref.kind != "AppProject" or not e.ref.name]
    late = project(World(), declared=False)
    made.put(late.live("AppProject", "shop"), 60)
    made.application(at=62, reconciledAt=stamp(62))
    return made


@sample(("A06", PROJECT), within=5, victims=(SHOP,))
def a_repository_that_the_project_does_not_permit() -> World:
    made = project(World(), sourceRepos=["https://git.test/shop"])
    invalid(f"application repo {URL} is not permitted in project 'shop'", made=made)
    return made


NOT_PERMITTED = (
    f"application destination server '{SERVER}' and namespace 'shop-staging' do not match any of "
    "the allowed destinations in project 'shop'"
)


@sample(("A07", PROJECT), within=5, victims=(SHOP,), innocent=(SHOP,))
def section_4_09_a_destination_that_the_project_does_not_permit() -> World:
    return invalid(NOT_PERMITTED, made=project(World()))


@sample(within=60)
def a_project_that_was_corrected_since() -> World:
    made = project(World(), destinations=[{"server": SERVER, "namespace": "shop-*"}])
    invalid(NOT_PERMITTED, made=made)
    made.application(at=20, reconciledAt=stamp(20))
    return made


@sample(("A10", SHOP), within=30, not_before=10)
def a_cluster_that_nobody_knows() -> World:
    return invalid("there are no clusters with this name: dev-1")


# What Argo CD does by itself


SHARED = "ConfigMap/flags is part of applications argocd/shop and platform"


@sample(("A18", "ConfigMap shop/flags"), within=5, victims=(SHOP,))
def an_object_of_two_applications_is_refused() -> World:
    made = World()
    made.application(
        at=3,
        sync={"status": "OutOfSync", "revision": made.revision},
        conditions=[condition(SHARED, 3, "SharedResourceWarning")],
        operationState={
            "phase": "Failed",
            "message": f"Shared resource found: {SHARED}",
            "startedAt": stamp(2),
            "finishedAt": stamp(3),
            "syncResult": {"revision": made.revision, "resources": []},
        },
        resources=[{"kind": "ConfigMap", "name": "flags", "namespace": "shop"}],
    )
    return made


@sample(within=300)
def an_object_of_two_applications_is_a_warning() -> World:
    made = World()
    made.application(at=3, conditions=[condition(SHARED, 3, "SharedResourceWarning")])
    return made


@sample(("A19", SHOP), within=5)
def a_sync_would_delete_everything() -> World:
    made = World()
    text = f"Skipping sync attempt to [{made.revision}]: auto-sync will wipe out all resources"
    made.application(
        at=3,
        sync={"status": "OutOfSync", "revision": made.revision},
        operationState=None,
        conditions=[condition(text, 3, "SyncError")],
        resources=[{"kind": "Deployment", "name": "app", "requiresPruning": True}],
    )
    return made


def out_of_sync(
    made: World, at: float = 2, *, spec: dict[str, Any] | None = None, **status: Any
) -> None:
    fields: dict[str, Any] = {
        "sync": {"status": "OutOfSync", "revision": made.revision},
        "health": {"status": "Missing"},
        "operationState": None,
        **status,
    }
    made.application("shop", at, spec=spec, **fields)


@sample(("A27", SHOP), within=130, not_before=60)
def nobody_syncs_by_hand() -> World:
    made = World()
    out_of_sync(made, spec={"syncPolicy": {}})
    return made


@sample(("A27", PROJECT), within=130, not_before=60)
def a_sync_window_is_closed() -> World:
    made = project(
        World(), syncWindows=[{"kind": "deny", "schedule": "* * * * *", "duration": "1h"}]
    )
    out_of_sync(made, spec={"project": "shop"})
    return made


@sample(("A27", SHOP), within=130, not_before=60)
def pruning_is_off() -> World:
    made = World()
    held = {"kind": "ConfigMap", "name": "old", "status": "OutOfSync", "requiresPruning": True}
    out_of_sync(made, resources=[held])
    return made


@sample(within=300)
def a_sync_that_is_about_to_start() -> World:
    made = World()
    out_of_sync(made)
    made.application(at=40)
    return made


@sample(within=600)
def an_operation_of_an_older_commit_is_never_a_failure() -> World:
    """A29: pinned to an old commit, waiting for health; the harness ends it."""
    made = World()
    old = "0ddba11" + "0" * 33
    out_of_sync(
        made,
        operationState={
            "phase": "Running",
            "message": "waiting for healthy state of apps/Deployment/order",
            "startedAt": stamp(-300),
            "operation": {"sync": {"revision": old}},
            "syncResult": {"revision": old, "resources": [
                {"kind": "Deployment", "name": "order", "namespace": "shop", "status": "SyncFailed",
                 "message": 'Deployment.apps "order" is invalid: spec: Required value'},
            ]},
        },
    )  # fmt: skip
    return made


@sample(within=300)
def a_health_that_is_ignored_is_a_note() -> World:
    """A30: the Deployment starts slowly, and Argo CD was told not to look."""
    made = World()
    marks = {"argocd.argoproj.io/ignore-healthcheck": "true"}
    made.workload("order")
    made.put({**made.live("Deployment", "order"), "metadata": {
        **made.live("Deployment", "order")["metadata"], "annotations": marks,
    }}, 1)  # fmt: skip
    made.pod("order", 1)
    made.application(at=2, resources=[{"kind": "Deployment", "name": "order"}])
    return made


# Waves and hooks


def waiting_for(made: World, what: str, at: float = 3) -> None:
    out_of_sync(
        made,
        at,
        operationState={
            "phase": "Running",
            "message": f"waiting for healthy state of {what}",
            "startedAt": stamp(at - 1),
            "operation": {"sync": {"revision": made.revision}},
            "syncResult": {"revision": made.revision, "resources": []},
        },
    )


def claim(made: World, *, wave: str, at: float = 2) -> World:
    obj = {
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": "uploads",
            "namespace": "shop",
            "annotations": {"argocd.argoproj.io/sync-wave": wave},
        },
        "spec": {"accessModes": ["ReadWriteOnce"]},
    }
    made.declare(obj)
    made.put({**obj, "status": {"phase": "Pending"}}, at)
    made.put(
        {
            "kind": "StorageClass",
            "metadata": {
                "name": "standard",
                "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
            },
            "provisioner": "rancher.io/local-path",
            "volumeBindingMode": "WaitForFirstConsumer",
        },
        0.1,
    )
    return made


def user_of_the_claim(wave: str) -> dict[str, Any]:
    mount = {"name": "data", "persistentVolumeClaim": {"claimName": "uploads"}}
    return {
        "kind": "Deployment",
        "metadata": {"name": "web", "annotations": {"argocd.argoproj.io/sync-wave": wave}},
        "spec": {"template": {"spec": {"containers": [container("web")], "volumes": [mount]}}},
    }


@sample(
    ("A16", "PersistentVolumeClaim shop/uploads"), within=5, victims=(SHOP, "Deployment shop/web")
)
def section_4_23_a_claim_waits_for_a_pod_of_a_later_wave() -> World:
    made = claim(World(), wave="-1")
    made.declare(user_of_the_claim("0"))
    waiting_for(made, "/PersistentVolumeClaim/uploads")
    return made


@sample(within=100)
def a_claim_in_the_wave_of_its_pod() -> World:
    made = claim(World(), wave="0")
    made.declare(user_of_the_claim("0"))
    waiting_for(made, "/PersistentVolumeClaim/uploads and 1 more resources")
    return made


@sample(within=900)
def a_wave_that_waits_for_a_slow_workload() -> World:
    made = World()
    made.workload("db", kind="StatefulSet")
    made.pod("db", 2)
    waiting_for(made, "apps/StatefulSet/db")
    return made


@sample(("A16", "KafkaTopic shop/orders"), within=620, not_before=300)
def a_wave_that_waits_for_a_kind_nobody_judges() -> World:
    made = World()
    made.declare({"kind": "KafkaTopic", "metadata": {"name": "orders"}})
    waiting_for(made, "kafka.strimzi.io/KafkaTopic/orders")
    return made


HOOKED = {"argocd.argoproj.io/hook": "PreSync"}


def hook(made: World, *containers: Any, failed_at: float, at: float = 2) -> World:
    made.workload("migrate", *containers, kind="Job", restartPolicy="Never")
    job = made.live("Job", "migrate")
    job["metadata"]["annotations"] = HOOKED
    made.put(job, at)
    made.pod("migrate", failed_at - 1, state=ended(failed_at - 1, 1, "Error"), phase="Failed")
    line = 'sqlalchemy.exc.ProgrammingError: relation "orders" already exists'
    made.log("migrate-h1-abcde", "migrate", line, failed_at - 0.5)
    failure = {
        "type": "Failed", "status": "True", "reason": "BackoffLimitExceeded",
        "message": "Job has reached the specified backoff limit",
        "lastTransitionTime": stamp(failed_at),
    }  # fmt: skip
    made.put({**job, "status": {"failed": 1, "conditions": [failure]}}, failed_at)
    return made


def hooked(made: World, at: float, *, retries: int, phase: str = "Failed") -> None:
    text = "Job has reached the specified backoff limit"
    more = f" Retrying attempt #{retries} at 10:02AM." if phase == "Running" else ""
    out_of_sync(
        made,
        at,
        operationState={
            "phase": phase,
            "message": "one or more synchronization tasks completed unsuccessfully, reason: "
            f"{text}.{more}",
            "startedAt": stamp(1),
            "finishedAt": stamp(at),
            "retryCount": retries,
            "operation": {"sync": {"revision": made.revision}},
            "syncResult": {"revision": made.revision, "resources": [
                {"group": "batch", "version": "v1", "kind": "Job", "namespace": "shop",
                 "name": "migrate", "hookType": "PreSync", "hookPhase": "Failed",
                 "syncPhase": "PreSync", "message": text},
            ]},
        },
    )  # fmt: skip


@sample(("A17", "Job shop/migrate"), within=40, not_before=20, victims=(SHOP,))
def a_hook_fails_and_nobody_tries_again() -> World:
    made = hook(World(), failed_at=20)
    hooked(made, 20.5, retries=0)
    return made


@sample(("A17", "Job shop/migrate"), within=80, not_before=40, victims=(SHOP,))
def a_hook_fails_at_every_retry() -> World:
    made = hook(World(), failed_at=12)
    for at, retries in ((13, 1), (25, 2), (42, 3)):
        hooked(made, at, retries=retries, phase="Running")
    return made


@sample(within=60)
def a_hook_that_fails_once_and_then_succeeds() -> World:
    made = hook(World(), failed_at=12)
    hooked(made, 13, retries=1, phase="Running")
    done = {"type": "Complete", "status": "True", "lastTransitionTime": stamp(30)}
    job = {**made.live("Job", "migrate"), "status": {"succeeded": 1, "conditions": [done]}}
    made.gone("Pod", "migrate-h1-abcde", 20)
    made.gone("Job", "migrate", 20)
    job["metadata"] = {"name": "migrate", "namespace": "shop", "annotations": HOOKED}
    made.put(job, 30)
    made.application(at=31, resources=[])
    made.declared.clear()
    return made


# Operations that are over


@sample(("A21", SHOP), within=5)
def the_retries_are_used_up() -> World:
    made = World()
    reason = "the widget controller said something nobody knows (retried 5 times)."
    text = f"Failed last sync attempt to [{made.revision}]: {reason}"
    out_of_sync(
        made,
        3,
        conditions=[condition(text, 3, "SyncError")],
        operationState={
            "phase": "Failed",
            "message": reason,
            "startedAt": stamp(-160),
            "finishedAt": stamp(2),
            "retryCount": 5,
            "operation": {"sync": {"revision": made.revision}},
            "syncResult": {"revision": made.revision, "resources": []},
        },
    )
    return made


@sample(within=60)
def the_retries_of_the_commit_before_are_used_up() -> World:
    made = World()
    old = "0ddba11" + "0" * 33
    text = f"Failed last sync attempt to [{old}]: something (retried 5 times)."
    out_of_sync(
        made,
        3,
        conditions=[condition(text, -100, "SyncError")],
        operationState={
            "phase": "Failed",
            "message": "something (retried 5 times).",
            "startedAt": stamp(-260),
            "finishedAt": stamp(-100),
            "retryCount": 5,
            "operation": {"sync": {"revision": old}},
            "syncResult": {"revision": old, "resources": []},
        },
    )
    made.application(at=30)
    return made
