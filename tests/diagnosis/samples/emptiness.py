"""Timelines of vacuous green: nothing applied, nothing run, nobody looked."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.sample import sample
from tests.diagnosis.world import World, stamp

SHOP = "Application argocd/shop"
OLD = "0ddba11" + "0" * 33


def declared(made: World, *names: str) -> World:
    for name in names or ("flags", "limits"):
        made.declare({"kind": "ConfigMap", "metadata": {"name": name}})
        made.config_map(name)
    return made


def held(*names: str) -> list[dict[str, Any]]:
    return [
        {"kind": "ConfigMap", "name": n, "namespace": "shop", "status": "Synced"} for n in names
    ]


@sample(("A20", SHOP), within=5)
def an_application_holds_nothing() -> World:
    made = declared(World())
    made.application(at=3, resources=[])
    return made


@sample(("R02", SHOP), within=5)
def argo_cd_reads_a_folder_as_plain_yaml() -> World:
    made = declared(World())
    made.application(at=3, resources=[], sourceType="Directory")
    return made


@sample(("A20", SHOP), within=70, not_before=30)
def an_application_holds_less_than_is_declared() -> World:
    made = declared(World(), "flags", "limits", "routes")
    made.application(at=3, resources=held("flags"))
    return made


@sample(within=300)
def hooks_and_excluded_kinds_are_no_resources() -> World:
    made = declared(World(), "flags")
    hook = {"name": "migrate", "annotations": {"argocd.argoproj.io/hook": "PreSync"}}
    made.declare({"kind": "ConfigMap", "metadata": hook})
    made.declare({"kind": "EndpointSlice", "metadata": {"name": "outside"}})
    text = "Resource discovery.k8s.io/EndpointSlice outside is excluded in the settings"
    excluded = {"type": "ExcludedResourceWarning", "message": text, "lastTransitionTime": stamp(3)}
    made.application(at=3, resources=held("flags"), conditions=[excluded])
    return made


@sample(within=300)
def nothing_is_held_while_the_first_sync_is_to_come() -> World:
    made = declared(World())
    made.application(at=2, sync={"status": "OutOfSync", "revision": made.revision}, resources=[],
                     operationState=None)  # fmt: skip
    made.application(at=30, resources=held("flags", "limits"))
    return made


@sample(within=300)
def an_application_of_another_repository_is_not_counted() -> World:
    made = declared(World())
    made.application("monitoring", at=2, resources=[])
    made.expected_applications = ["shop"]
    made.application(at=3, resources=held("flags", "limits"))
    return made


@sample(("E01", SHOP), within=380, not_before=180)
def nobody_compares_the_application() -> World:
    made = World()
    made.application(at=2, sync={"status": "Unknown"}, operationState=None, resources=[])
    return made


@sample(within=170)
def an_application_is_unknown_while_argo_cd_starts() -> World:
    made = declared(World())
    made.application(at=2, sync={"status": "Unknown"}, operationState=None, resources=[])
    made.application(at=150, resources=held("flags", "limits"))
    return made


def engine_part(made: World, kind: str, name: str, at: float, *, ready: bool) -> World:
    """A workload of Argo CD; ready with a pod that is."""
    counts = {"readyReplicas": int(ready), "availableReplicas": int(ready)}
    made.put(
        {
            "kind": kind,
            "metadata": {"name": name, "namespace": "argocd", "generation": 1},
            "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}}},
            "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, **counts},
        },
        at,
    )
    owner = {"kind": kind, "name": name, "controller": True}
    state = {"type": "Ready", "status": str(ready), "lastTransitionTime": stamp(at)}
    made.put(
        {
            "kind": "Pod",
            "metadata": {"name": f"{name}-0", "namespace": "argocd", "ownerReferences": [owner]},
            "spec": {"containers": [{"name": "main"}], "nodeName": "node-1"},
            "status": {"phase": "Running", "conditions": [state]},
        },
        at,
    )
    return made


CONTROLLER = ("StatefulSet", "argocd-application-controller")
REPO_SERVER = ("Deployment", "argocd-repo-server")
SETS = ("Deployment", "argocd-applicationset-controller")


def unlooked(part: tuple[str, str]) -> World:
    made = engine_part(World(), *part, 0.3, ready=False)
    made.application(at=2, sync={"status": "Unknown"}, operationState=None, resources=[])
    return made


@sample(within=230)
def nobody_looks_while_the_application_controller_is_not_ready() -> World:
    return unlooked(CONTROLLER)


@sample(within=230)
def nobody_looks_while_the_repo_server_is_not_ready() -> World:
    return unlooked(REPO_SERVER)


@sample(within=230)
def nobody_looks_while_the_application_set_controller_is_not_ready() -> World:
    return unlooked(SETS)


@sample(("E01", SHOP), within=350, not_before=330)
def nobody_compares_although_the_controller_is_ready_by_now() -> World:
    return engine_part(unlooked(CONTROLLER), *CONTROLLER, 150, ready=True)


def at_commit(made: World, at: float, revision: str, **status: Any) -> None:
    made.application(
        at=at,
        sync={"status": "Synced", "revision": revision},
        reconciledAt=stamp(at),
        resources=held("flags", "limits"),
        operationState={
            "phase": "Succeeded", "startedAt": stamp(-900), "finishedAt": stamp(-890),
            "syncResult": {"revision": revision, "resources": []},
        },
        **status,
    )  # fmt: skip


@sample(("E02", SHOP), within=200, not_before=60)
def an_application_follows_another_commit() -> World:
    made = declared(World())
    for at in (5, 125):
        at_commit(made, at, OLD)
    return made


@sample(within=300)
def an_application_was_not_looked_at_since_the_push() -> World:
    made = declared(World())
    at_commit(made, -30, OLD)
    at_commit(made, 100, made.revision)
    return made


def failed(made: World, at: float, revision: str, text: str) -> None:
    made.application(
        at=at,
        resources=held("flags", "limits"),
        operationState={
            "phase": "Failed", "message": text, "startedAt": stamp(at - 5), "finishedAt": stamp(at),
            "syncResult": {"revision": revision, "resources": []},
        },
    )  # fmt: skip


@sample(("E03", SHOP), within=130, not_before=60)
def the_last_operation_has_failed_and_all_is_synced() -> World:
    made = declared(World())
    failed(made, 3, made.revision, "something went wrong at the end")
    return made


@sample(within=600)
def the_operation_that_failed_was_of_another_commit() -> World:
    made = declared(World())
    failed(made, -300, OLD, "something went wrong at the end")
    return made


def job(made: World, at: float = 1, **spec: Any) -> World:
    made.workload("seed", kind="Job", at=at, spec=spec)
    return made


@sample(("E04", "Job shop/seed"), within=380, not_before=180)
def a_job_never_gets_a_pod() -> World:
    return job(World())


@sample(within=600)
def a_suspended_cron_job_is_no_failure() -> World:
    made = World()
    made.declare({
        "kind": "CronJob", "metadata": {"name": "nightly"},
        "spec": {"suspend": True, "schedule": "0 3 * * *", "jobTemplate": {"spec": {}}},
    })  # fmt: skip
    made.put(
        {
            "kind": "CronJob",
            "metadata": {"name": "nightly", "namespace": "shop"},
            "spec": {"suspend": True, "schedule": "0 3 * * *", "jobTemplate": {"spec": {}}},
        }
    )
    return made


@sample(within=600)
def a_job_that_ran_and_lost_its_pod() -> World:
    made = job(World())
    done = {"type": "Complete", "status": "True", "lastTransitionTime": stamp(9)}
    obj = made.live("Job", "seed")
    made.put({**obj, "status": {"succeeded": 1, "conditions": [done]}}, 10)
    return made
