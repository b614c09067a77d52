"""Tests of syncs that can not come to an end, and of the annotations that order them."""

from __future__ import annotations

from typing import Any

import pytest

from harness.audit.checks.hooks import bad_waves, piling_hooks, unknown_words
from harness.audit.checks.waves import deadlocks, early_claims, late_servers
from harness.audit.cluster_profile import KIND
from harness.audit.finding import Fault, Severity
from harness.audit.source import Source
from harness.audit.sync_phases import Phase, first, phases, wave
from harness.model.refs import ObjectRef
from tests.audit.scopes import faults, objects, scope, source
from tests.audit.trees import tree

HOOK = "argocd.argoproj.io/hook"
WAVE = "argocd.argoproj.io/sync-wave"


def marked(text: str, **marks: str) -> str:
    """An object with annotations: `wave` and `hook` for short."""
    names = {"wave": WAVE, "hook": HOOK, "policy": f"{HOOK}-delete-policy"}
    written = ", ".join(f"{names.get(key, key)}: '{value}'" for key, value in marks.items())
    return text.replace("metadata: {", f"metadata: {{annotations: {{{written}}}, ", 1) + "---\n"


SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\n"
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"
ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: runner}\n"
CLAIM = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec: {%s}\n"
KINDS = {
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "Job": "batch/v1",
    "CronJob": "batch/v1",
}


def workload(pod: str, kind: str = "Deployment", spec: str = "") -> str:
    template = f"template: {{spec: {{containers: [{{name: c, image: a}}], {pod}}}}}"
    inner = f"jobTemplate: {{spec: {{{template}}}}}" if kind == "CronJob" else template
    return (
        f"apiVersion: {KINDS[kind]}\nkind: {kind}\nmetadata: {{name: web}}\n"
        f"spec: {{{spec}{inner}}}\n"
    )


USES_SECRET = "volumes: [{name: v, secret: {secretName: db}}]"
USES_CONFIG = "volumes: [{name: v, configMap: {name: settings}}]"
USES_ACCOUNT = "serviceAccountName: runner"
USES_CLAIM = "volumes: [{name: v, persistentVolumeClaim: {claimName: data}}]"


@pytest.mark.parametrize(
    ("pod", "needed"),
    [
        (USES_SECRET, SECRET),
        (USES_CONFIG, CONFIG),
        (USES_ACCOUNT, ACCOUNT),
        (USES_CLAIM, CLAIM % ""),
    ],
)
def test_a_workload_that_needs_an_object_of_a_later_wave_is_a_defect(pod: str, needed: str) -> None:
    text = marked(workload(pod), wave="0") + marked(needed, wave="1")
    (fault,) = faults(deadlocks, text)
    assert (fault.rule, fault.cause) == ("sync-wave-deadlock", "A16")
    assert fault.object.kind == objects(needed)[0]["kind"]
    assert fault.user == ObjectRef("Deployment", "shop", "web")
    assert "(wave 0)" in fault.message
    assert "(wave 1)" in fault.message


def test_a_negative_wave_of_the_workload_counts() -> None:
    (fault,) = faults(deadlocks, marked(workload(USES_SECRET), wave="-1") + SECRET)
    assert fault.fix == f"annotate Secret shop/db with {WAVE}: '-1'"
    assert fault.field == "spec.template.spec.volumes[v].secret.secretName"


@pytest.mark.parametrize(("own", "other"), [("0", "0"), ("1", "0"), ("1", "-1")])
def test_the_same_wave_and_an_earlier_one_are_silent(own: str, other: str) -> None:
    text = marked(workload(USES_SECRET), wave=own) + marked(SECRET, wave=other)
    assert not faults(deadlocks, text)


@pytest.mark.parametrize(
    ("pod", "kind", "spec"),
    [
        ("volumes: [{name: v, secret: {secretName: db, optional: true}}]", "Deployment", ""),
        (USES_SECRET, "Deployment", "replicas: 0, "),
        (USES_SECRET, "Deployment", "paused: true, "),
        (USES_SECRET, "Job", "suspend: true, "),
        (USES_SECRET, "CronJob", ""),
        ("imagePullSecrets: [{name: db}]", "Deployment", ""),
        ("volumes: [{name: v, secret: {secretName: '${NAME}'}}]", "Deployment", ""),
    ],
)
def test_what_argo_cd_does_not_wait_for_is_silent(pod: str, kind: str, spec: str) -> None:
    text = marked(workload(pod, kind, spec), wave="0") + marked(SECRET, wave="1")
    assert not faults(deadlocks, text)


def test_an_object_that_another_application_brings_too_is_silent() -> None:
    text = marked(workload(USES_SECRET), wave="0") + marked(SECRET, wave="1")
    both = scope(source(text), source(SECRET, path="secrets"))
    assert not list(deadlocks(both))


def test_the_maker_of_a_secret_is_what_must_come_earlier() -> None:
    maker = (
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: vault}\n"
        "spec: {target: {name: db}}\n"
    )
    text = marked(workload(USES_SECRET), wave="0") + marked(maker, wave="2")
    (fault,) = faults(deadlocks, text)
    assert fault.object == ObjectRef("ExternalSecret", "shop", "vault")


def test_a_pre_sync_hook_that_needs_a_synced_object_is_a_defect() -> None:
    text = marked(workload(USES_SECRET, "Job"), hook="PreSync") + SECRET
    (fault,) = faults(deadlocks, text)
    assert fault.cause == "A17"
    assert f"{HOOK}: PreSync" in fault.fix


@pytest.mark.parametrize("hook", ["PostSync", "Sync", "SyncFail", "Skip"])
def test_later_hooks_have_what_the_sync_brought(hook: str) -> None:
    text = marked(workload(USES_SECRET, "Job"), hook=hook) + SECRET
    assert not faults(deadlocks, text)


def test_a_helm_hook_counts_as_argo_cd_reads_it() -> None:
    text = marked(workload(USES_SECRET, "Job"), **{"helm.sh/hook": "pre-install,pre-upgrade"})
    assert len(faults(deadlocks, text + SECRET)) == 1


def test_flux_knows_no_waves() -> None:
    text = marked(workload(USES_SECRET), wave="0") + marked(SECRET, wave="1")
    flux = source(text, deployer=ObjectRef("Kustomization", "flux-system", "shop"))
    assert not list(deadlocks(scope(flux)))


LATE = "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: late}\n%s---\n"


def claimed(spec: str, extra: str = "", **more: Any) -> list[Fault]:
    text = marked(CLAIM % spec, wave="-1") + workload(USES_CLAIM) + f"---\n{extra}"
    return faults(early_claims, text, **more)


def test_a_claim_that_binds_at_first_use_before_its_pod_is_a_defect() -> None:
    bound_late = LATE % "volumeBindingMode: WaitForFirstConsumer\n"
    text = marked(CLAIM % "storageClassName: late", wave="-1") + workload(USES_CLAIM)
    cluster = Source(path="cluster", objects=objects(bound_late))
    (fault,) = early_claims(scope(source(text), cluster))
    assert (fault.cause, fault.severity) == ("A16", Severity.DEFECT)
    assert fault.object == ObjectRef("PersistentVolumeClaim", "shop", "data")


def test_on_kind_the_default_class_binds_at_first_use() -> None:
    (fault,) = claimed("", profile=KIND)
    assert fault.severity is Severity.MISMATCH


def test_a_class_that_usually_binds_late_is_a_note() -> None:
    (fault,) = claimed("storageClassName: gp3")
    assert fault.severity is Severity.NOTE


def test_a_class_that_nobody_knows_is_silent() -> None:
    assert not claimed("storageClassName: longhorn")
    assert not claimed("")


@pytest.mark.parametrize("spec", ["volumeName: pv-1", "storageClassName: ''"])
def test_a_claim_that_is_bound_to_a_volume_is_silent(spec: str) -> None:
    assert not claimed(spec)


def test_a_class_that_binds_at_once_is_silent() -> None:
    text = marked(CLAIM % "storageClassName: late", wave="-1") + workload(USES_CLAIM)
    cluster = Source(path="cluster", objects=objects(LATE % ""))
    assert not list(early_claims(scope(source(text), cluster)))


def test_claim_and_pod_of_one_wave_or_another_pod_before_are_silent() -> None:
    assert not faults(early_claims, CLAIM % "" + "---\n" + workload(USES_CLAIM))
    early = workload(USES_CLAIM, "StatefulSet").replace("name: web", "name: first")
    assert not claimed("", marked(early, wave="-1"))
    assert not faults(early_claims, marked(CLAIM % "", wave="-1"))


def test_a_health_rule_of_the_repository_s_own_is_trusted() -> None:
    files = {"argocd/cm.yaml": "data: {resource.customizations.health.PersistentVolumeClaim: x}"}
    assert not claimed("", tree=tree(files))


DATABASE = """
apiVersion: v1
kind: Service
metadata: {name: postgres}
spec: {selector: {app: db}, ports: [{port: 5432}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {%sname: postgres}
spec:
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: 'postgres:16'}]}
---
"""
WAITS = "initContainers: [{name: wait, image: a, command: [pg_isready, -h, postgres]}]"
NAMES = "initContainers: []"


def served(client: str, wave_of_server: str = "") -> list[Fault]:
    mark = f"annotations: {{{WAVE}: '{wave_of_server}'}}, " if wave_of_server else ""
    return faults(late_servers, DATABASE % mark + client)


def test_a_workload_that_waits_for_a_server_of_a_later_wave_is_a_defect() -> None:
    (fault,) = served(workload(WAITS), "1")
    assert (fault.cause, fault.severity) == ("A16", None)
    assert fault.object == ObjectRef("StatefulSet", "shop", "postgres")
    assert fault.user == ObjectRef("Deployment", "shop", "web")


def test_a_pre_sync_hook_that_waits_for_a_synced_server_is_a_defect() -> None:
    (fault,) = served(marked(workload(WAITS, "Job"), hook="PreSync"))
    assert (fault.cause, fault.severity) == ("A17", None)
    assert "PostSync" in fault.fix


def test_a_pre_sync_hook_that_only_names_a_server_is_a_note() -> None:
    job = workload(NAMES, "Job").replace(
        "image: a", "image: a, env: [{name: DB_HOST, value: postgres}]"
    )
    (fault,) = served(marked(job, hook="PreSync"))
    assert fault.severity is Severity.NOTE


def test_a_server_of_the_same_wave_is_silent() -> None:
    assert not served(workload(WAITS))
    assert not served(marked(workload(WAITS), wave="2"), "1")


def test_phases_and_waves_are_read_as_argo_cd_does() -> None:
    pod = objects(marked(SECRET, hook="PreSync, PostSync", wave="3"))[0]
    assert phases(pod) == (Phase.PRE_SYNC, Phase.POST_SYNC)
    assert first(pod) == (Phase.PRE_SYNC, 3)
    assert wave(objects(marked(SECRET, wave="x"))[0]) == 0
    assert wave(objects(marked(SECRET, **{"helm.sh/hook-weight": "-5"}))[0]) == -5
    assert first(objects(marked(SECRET, hook="Skip"))[0]) is None
    assert first(objects(marked(SECRET, hook="Wrong"))[0]) is None
    assert phases({"metadata": []}) == (Phase.SYNC,)


@pytest.mark.parametrize(
    ("marks", "words"),
    [
        ({"hook": "PreSnyc"}, "never applied"),
        ({"hook": "pre-install"}, "never applied"),
        ({"hook": "Sync", "policy": "HookSuceeded"}, "BeforeHookCreation is taken"),
    ],
)
def test_an_unknown_hook_or_policy_is_a_defect(marks: dict[str, str], words: str) -> None:
    (fault,) = faults(unknown_words, marked(SECRET, **marks))
    assert fault.rule == "sync-hook-unknown"
    assert words in fault.message


def test_a_misspelt_hook_names_the_right_one_and_another_all_of_them() -> None:
    (fault,) = faults(unknown_words, marked(SECRET, hook="PreSnyc"))
    assert (fault.expected, fault.fix) == ("PreSync", "write PreSync")
    (fault,) = faults(unknown_words, marked(SECRET, hook="zzzz"))
    assert fault.expected.startswith("one of PostDelete, PostSync")
    assert fault.fix == f"correct {HOOK}"


@pytest.mark.parametrize(
    "marks",
    [
        {},
        {"hook": "PreSync,PostSync", "policy": "HookSucceeded, BeforeHookCreation"},
        {"hook": "PostDelete"},
        {"hook": "${HOOK}"},
    ],
)
def test_known_hooks_are_silent(marks: dict[str, str]) -> None:
    assert not faults(unknown_words, marked(SECRET, **marks))


@pytest.mark.parametrize("value", ["first", "1.5", "", "1 "])
def test_a_wave_that_is_no_number_is_a_defect(value: str) -> None:
    found = faults(bad_waves, marked(SECRET, wave=value))
    assert [f.rule for f in found] == (["sync-wave-invalid"] if value.strip() != "1" else [])


@pytest.mark.parametrize("value", ["0", "-5", "+3", "{{ wave }}"])
def test_numbers_and_placeholders_are_silent(value: str) -> None:
    assert not faults(bad_waves, marked(SECRET, wave=value))


JOB = "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: migrate-}\nspec: {%s}\n"


def test_a_hook_with_a_new_name_each_time_that_nothing_deletes_is_a_note() -> None:
    (fault,) = faults(piling_hooks, marked(JOB % "", hook="PreSync"))
    assert fault.rule == "sync-hook-accumulates"


@pytest.mark.parametrize(
    "text",
    [
        marked(JOB % "", hook="PreSync", policy="HookSucceeded"),
        marked(JOB % "ttlSecondsAfterFinished: 60", hook="PreSync"),
        marked((JOB % "").replace("generateName: migrate-", "name: migrate"), hook="PreSync"),
        marked(JOB % "", hook="PreSync", **{"helm.sh/hook-delete-policy": "hook-succeeded"}),
        marked((JOB % "").replace("{generateName", "{name: migrate, generateName"), hook="Sync"),
        JOB % "",
    ],
)
def test_hooks_that_are_deleted_or_have_a_name_are_silent(text: str) -> None:
    assert not faults(piling_hooks, text)
