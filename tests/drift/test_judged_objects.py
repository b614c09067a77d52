"""What one declared object counts as, and which differences are drift."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from harness.drift.desired import Desired, desired_of
from harness.drift.objects import Judged, State, Surroundings, judge
from harness.model.drift import DriftKind
from tests.drift.objects import (
    EARLIER,
    SALT,
    TIME,
    deployment,
    entry,
    live,
    loaded,
    plain,
    reading,
)

Object = dict[str, Any]
WEB = "spec/template/spec/containers/name=web"
SECRET = """
apiVersion: v1
kind: Secret
metadata: {name: login, namespace: shop}
stringData: {password: s3cret-of-dev}
"""
HPA = {
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}},
}


def changed(obj: Object, image: str = "", replicas: int = 0) -> Object:
    """A copy of a Deployment with another image, or another number of replicas."""
    found = copy.deepcopy(obj)
    if image:
        found["spec"]["template"]["spec"]["containers"][0]["image"] = image
    if replicas:
        found["spec"]["replicas"] = replicas
    return found


def judged(
    declared: Object,
    found: Object | None,
    rehearsed: Object | None = None,
    *,
    engine: Desired | None = None,
    autoscalers: tuple[Object, ...] = (),
    **more: Any,
) -> Judged:
    around = Surroundings(salt=SALT, autoscalers=autoscalers, conceal=more.pop("conceal", plain))
    one = reading(declared, found, rehearsed, **more)
    return judge(one, engine or Desired(), around)


def test_an_object_that_a_dry_run_would_not_change_is_exact() -> None:
    there = live(deployment())

    found = judged(deployment(), there, there)

    assert (found.state, found.findings) == (State.EXACT, ())


def test_a_manual_edit_names_field_values_manager_and_time() -> None:
    there = live(changed(deployment(), image="ghcr.io/shop/app:hand"))
    there["metadata"]["managedFields"] = [entry("kubectl-edit", f"{WEB}/image")]

    found = judged(deployment(), there, live(deployment()))

    assert found.state is State.DIFFERENT
    assert [
        (f.kind, f.field, f.declared, f.live, f.manager, f.operation, f.time)
        for f in found.findings
    ] == [
        (
            DriftKind.DIFFERENT,
            "spec.template.spec.containers[web].image",
            "ghcr.io/shop/app:1.1.0",
            "ghcr.io/shop/app:hand",
            "kubectl-edit",
            "Update",
            TIME,
        )
    ]


def test_what_the_server_alone_writes_is_no_difference() -> None:
    there, would = live(deployment()), live(deployment())
    would["metadata"] |= {"generation": 2, "managedFields": [entry("gitops-harness-drift", "spec")]}
    there["status"] = {"replicas": 1}

    assert judged(deployment(), there, would).state is State.EXACT


def test_absence_is_missing_and_so_is_an_object_that_is_being_deleted() -> None:
    ending = live(deployment())
    ending["metadata"]["deletionTimestamp"] = TIME

    gone, going = judged(deployment(), None), judged(deployment(), ending)

    assert (gone.state, going.state) == (State.MISSING, State.MISSING)
    assert [f.kind for f in (*gone.findings, *going.findings)] == [DriftKind.MISSING] * 2
    assert (going.findings[0].live, going.findings[0].time) == ("being deleted", TIME)


def test_what_could_not_be_read_is_not_judged_and_no_finding() -> None:
    found = judged(deployment(), None, unread="403 forbidden")

    assert (found.state, found.findings) == (State.NOT_JUDGED, ())


def test_a_job_that_removes_itself_may_be_absent() -> None:
    job = loaded("{kind: Job, apiVersion: batch/v1, metadata: {name: seed, namespace: shop}}")

    assert judged(job, None).state is State.MISSING
    assert judged({**job, "spec": {"ttlSecondsAfterFinished": 0}}, None).state is (
        State.ABSENT_BY_DESIGN
    )


class TestReplicas:
    scaled = entry("kube-controller-manager", "spec/replicas", subresource="scale")

    def test_scaled_by_hand_is_drift(self) -> None:
        there = live(changed(deployment(), replicas=3))
        there["metadata"]["managedFields"] = [
            entry("kubectl", "spec/replicas", subresource="scale")
        ]

        found = judged(deployment(), there, live(deployment())).findings

        assert [(f.field, f.live, f.manager, f.operation) for f in found] == [
            ("spec.replicas", "3", "kubectl", "Update scale")
        ]

    def test_replicas_that_an_autoscaler_owns_are_no_drift(self) -> None:
        there = live(changed(deployment(), replicas=3), self.scaled)

        found = judged(deployment(), there, live(deployment()), autoscalers=(HPA,))

        assert found.state is State.EXACT

    def test_an_autoscaler_of_something_else_excuses_nothing(self) -> None:
        other = {**HPA, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "api"}}}
        there = live(changed(deployment(), replicas=3), self.scaled)

        found = judged(deployment(), there, live(deployment()), autoscalers=(other,))

        assert found.state is State.DIFFERENT

    def test_replicas_that_a_person_wrote_are_drift_although_an_autoscaler_targets_them(
        self,
    ) -> None:
        there = live(changed(deployment(), replicas=3), entry("kubectl-edit", "spec/replicas"))

        found = judged(deployment(), there, live(deployment()), autoscalers=(HPA,))

        assert found.state is State.DIFFERENT

    def test_replicas_left_behind_by_an_autoscaler_that_is_gone_are_drift(self) -> None:
        there = live(changed(deployment(), replicas=7), self.scaled)

        assert judged(deployment(), there, live(deployment())).state is State.DIFFERENT


class TestSecrets:
    def there(self, text: str) -> Object:
        found = live(loaded(SECRET), entry("kubectl-edit", "data/password"))
        del found["stringData"]
        return {**found, "data": {"password": text}}

    def test_an_equal_value_is_exact_although_it_was_declared_as_text(self) -> None:
        there = self.there("czNjcmV0LW9mLWRldg==")

        assert judged(loaded(SECRET), there, there).state is State.EXACT
        assert judged(loaded(SECRET), there, refusal="403").state is State.EXACT

    @pytest.mark.parametrize("refusal", ["", "403"])
    def test_another_value_is_told_and_not_shown(self, refusal: str) -> None:
        there = self.there("aGFuZA==")
        would = None if refusal else self.there("czNjcmV0LW9mLWRldg==")
        applied = loaded(SECRET)
        there["metadata"]["annotations"] = {
            "kubectl.kubernetes.io/last-applied-configuration": json.dumps(applied)
        }

        found = judged(loaded(SECRET), there, would, refusal=refusal).findings

        assert [(f.field, f.declared, f.live, f.manager) for f in found] == [
            ("data.password", "(hidden)", "(hidden, another value)", "kubectl-edit")
        ]
        said = repr(found)
        assert not [s for s in ("s3cret", "czNjcmV0", "aGFuZA", "hand") if s in said]


class TestLeftovers:
    """Fields that nobody declares."""

    def test_a_variable_that_the_declaration_dropped_is_still_there(self) -> None:
        old = deployment()
        old["spec"]["template"]["spec"]["containers"][0]["env"].append(
            {"name": "OLD", "value": "1"}
        )
        there = live(old, entry("argocd-controller", f"{WEB}/env/name=OLD/."), applied=old)

        found = judged(deployment(), there, there).findings

        assert [(f.field, f.declared, f.live, f.desired) for f in found] == [
            (
                "spec.template.spec.containers[web].env[OLD]",
                "",
                '{"name": "OLD", "value": "1"}',
                '{"name": "OLD", "value": "1"}',
            )
        ]

    def test_a_tracking_mark_is_not_something_dropped(self) -> None:
        noted = deployment()
        noted["metadata"]["annotations"] = {"argocd.argoproj.io/tracking-id": "a:b/C:d/e"}
        there = live(noted, applied=noted)

        assert judged(deployment(), there, there).state is State.EXACT

    def test_a_variable_set_by_hand_beside_the_declaration_is_one_finding(self) -> None:
        there = live(deployment())
        container = there["spec"]["template"]["spec"]["containers"][0]
        container["env"].append({"name": "DEBUG", "value": "1"})
        there["metadata"]["managedFields"] = [
            entry(
                "kubectl-edit",
                *(f"{WEB}/env/name=DEBUG/{p}" for p in (".", "name", "value")),
            )
        ]

        found = judged(deployment(), there, there).findings

        assert [(f.field, f.manager) for f in found] == [
            ("spec.template.spec.containers[web].env[DEBUG]", "kubectl-edit")
        ]

    def test_a_label_added_by_hand_is_told_alone(self) -> None:
        there = live(deployment(), entry("kubectl-label", "metadata/labels/team"))
        there["metadata"]["labels"]["team"] = "red"

        assert [f.field for f in judged(deployment(), there, there).findings] == [
            "metadata.labels.team"
        ]

    @pytest.mark.parametrize(
        ("manager", "path"),
        [
            ("kube-controller-manager", "metadata/annotations/deployment.kubernetes.io/revision"),
            ("reloader", f"{WEB}/env/name=STAKATER"),
            ("kubectl-edit", "metadata/resourceVersion"),
        ],
    )
    def test_what_controllers_add_is_their_affair(self, manager: str, path: str) -> None:
        there = live(deployment(), entry(manager, path))
        there["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "3"}
        container = there["spec"]["template"]["spec"]["containers"][0]
        container["env"].append({"name": "STAKATER", "value": "1"})

        assert judged(deployment(), there, there).state is State.EXACT

    def test_a_restart_leaves_a_mark_that_is_no_drift(self) -> None:
        mark = "kubectl.kubernetes.io/restartedAt"
        there = live(deployment())
        there["spec"]["template"]["metadata"]["annotations"] = {mark: TIME}
        node: Object = {
            "f:spec": {"f:template": {"f:metadata": {"f:annotations": {".": {}, f"f:{mark}": {}}}}}
        }
        there["metadata"]["managedFields"] = [{**entry("kubectl-rollout"), "fieldsV1": node}]

        assert judged(deployment(), there, there).state is State.EXACT

    def test_defaults_that_an_applying_manager_owns_are_no_drift(self) -> None:
        there = live(deployment(), entry("argocd-controller", "spec/progressDeadlineSeconds"))
        there["spec"]["progressDeadlineSeconds"] = 600
        fresh = copy.deepcopy(there)

        assert judged(deployment(), there, there, fresh=fresh).state is State.EXACT

    def test_what_an_applying_manager_owns_beyond_the_defaults_is_drift(self) -> None:
        there = live(deployment(), entry("argocd-controller", "spec/progressDeadlineSeconds"))
        there["spec"]["progressDeadlineSeconds"] = 30
        fresh = live(deployment())
        fresh["spec"]["progressDeadlineSeconds"] = 600

        found = judged(deployment(), there, there, fresh=fresh).findings

        assert [(f.field, f.live) for f in found] == [("spec.progressDeadlineSeconds", "30")]

    def test_without_a_comparison_with_defaults_nothing_is_claimed_of_them(self) -> None:
        there = live(deployment(), entry("argocd-controller", "spec/progressDeadlineSeconds"))
        there["spec"]["progressDeadlineSeconds"] = 600

        assert judged(deployment(), there, there).state is State.EXACT

    def test_what_a_server_side_apply_would_remove_is_drift(self) -> None:
        there = live(deployment(), entry("argocd-controller", "spec/paused", operation="Apply"))
        there["spec"]["paused"] = True

        found = judged(deployment(), there, live(deployment())).findings

        assert [(f.field, f.declared, f.live, f.desired) for f in found] == [
            ("spec.paused", "", "true", "true")
        ]


class TestEngine:
    def app(self, *ignored: Object) -> Desired:
        resource = {"group": "apps", "kind": "Deployment", "namespace": "shop", "name": "web"}
        return desired_of(
            {
                "metadata": {"name": "web-dev"},
                "spec": {"ignoreDifferences": list(ignored)},
                "status": {"resources": [{**resource, "status": "Synced"}]},
            }
        )

    def different(self, engine: Desired) -> Judged:
        there = live(changed(deployment(), replicas=3), entry("kubectl-edit", "spec/replicas"))
        return judged(deployment(), there, live(deployment()), engine=engine)

    def test_the_engines_word_is_told_beside_the_difference(self) -> None:
        assert self.different(self.app()).findings[0].sync == "Synced"

    @pytest.mark.parametrize(
        "entry_of_spec",
        [
            {"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]},
            {"kind": "Deployment", "name": "web", "jqPathExpressions": [".spec.replicas"]},
            {"kind": "*", "managedFieldsManagers": ["kubectl-edit"]},
        ],
    )
    def test_what_the_application_asks_to_ignore_is_left_out_and_counted(
        self, entry_of_spec: Object
    ) -> None:
        found = self.different(self.app(entry_of_spec))

        assert (found.state, found.ignored) == (State.EXACT, 1)

    @pytest.mark.parametrize(
        "entry_of_spec",
        [
            {"kind": "Deployment", "name": "api", "jsonPointers": ["/spec/replicas"]},
            {"kind": "StatefulSet", "jsonPointers": ["/spec/replicas"]},
            {"kind": "Deployment", "jsonPointers": ["/spec/paused"]},
            {"kind": "Deployment", "jqPathExpressions": ['.spec | select(.x == "y")']},
        ],
    )
    def test_what_it_asks_of_something_else_changes_nothing(self, entry_of_spec: Object) -> None:
        assert self.different(self.app(entry_of_spec)).state is State.DIFFERENT

    def test_what_was_applied_last_is_told_where_it_is_known(self) -> None:
        old = changed(deployment(), image="ghcr.io/shop/app:1.0.0")
        there = live(old, entry("argocd-controller", f"{WEB}/image", time=EARLIER), applied=old)

        found = judged(deployment(), there, live(deployment())).findings[0]

        assert (found.declared, found.desired, found.live) == (
            "ghcr.io/shop/app:1.1.0",
            "ghcr.io/shop/app:1.0.0",
            "ghcr.io/shop/app:1.0.0",
        )


def test_what_kubernetes_controllers_wrote_is_the_working_of_the_declaration() -> None:
    declared = loaded("{kind: ClusterRole, apiVersion: rbac.authorization.k8s.io/v1,"
                      " metadata: {name: all}, rules: []}")  # fmt: skip
    there = live(declared, entry("clusterrole-aggregation-controller", "rules"))
    there["rules"] = [{"verbs": ["get"]}]

    assert judged(declared, there, live(declared)).state is State.EXACT


def test_an_injected_ca_bundle_is_no_drift_and_one_written_by_hand_is() -> None:
    declared = loaded("{kind: X, apiVersion: v1, metadata: {name: a},"
                      " spec: {conversion: {caBundle: Cg==}}}")  # fmt: skip
    path = "spec/conversion/caBundle"
    injected = live(declared, entry("cert-manager-cainjector", path))
    injected["spec"] = {"conversion": {"caBundle": "AAAA"}}
    by_hand = {**injected, "metadata": live(declared, entry("kubectl-edit", path))["metadata"]}

    assert judged(declared, injected, live(declared)).state is State.EXACT
    assert judged(declared, by_hand, live(declared)).state is State.DIFFERENT


def test_credentials_in_other_objects_are_concealed_by_their_name() -> None:
    there = live(deployment())
    there["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"] = "hand"

    def conceal(name: str, text: str) -> str:
        return "(hidden)" if name == "NAME" else text

    found = judged(deployment(), there, live(deployment()), conceal=conceal).findings

    assert [(f.field, f.declared, f.live) for f in found] == [
        (
            "spec.template.spec.containers[web].env[NAME].value",
            "(hidden)",
            "(hidden, another value)",
        )
    ]


def test_a_label_of_the_harness_is_no_drift() -> None:
    space = loaded("{kind: Namespace, apiVersion: v1, metadata: {name: shop}}")
    there = live({**space, "metadata": {"name": "shop", "labels": {"dev.gitops-harness/run": "1"}}})
    node: Object = {"f:metadata": {"f:labels": {"f:dev.gitops-harness/run": {}}}}
    there["metadata"]["managedFields"] = [
        {**entry("gitops-harness", operation="Apply"), "fieldsV1": node}
    ]

    assert judged(space, there, live(space)).state is State.EXACT


def test_a_tracking_label_is_the_engines() -> None:
    there = live(deployment())
    there["metadata"]["labels"]["app.kubernetes.io/instance"] = "web-dev"
    node: Object = {"f:metadata": {"f:labels": {"f:app.kubernetes.io/instance": {}}}}
    there["metadata"]["managedFields"] = [{**entry("argocd-controller"), "fieldsV1": node}]
    app = desired_of({"metadata": {"name": "web-dev"}})

    assert judged(deployment(), there, live(deployment()), engine=app).state is State.EXACT
    other = desired_of({"metadata": {"name": "api-dev"}})
    assert judged(deployment(), there, live(deployment()), engine=other).state is State.DIFFERENT


def test_without_a_dry_run_the_declared_fields_are_compared() -> None:
    there = live(changed(deployment(), replicas=4), entry("kubectl-edit", "spec/replicas"))
    there["spec"]["strategy"] = {"type": "RollingUpdate"}

    found = judged(deployment(), there, refusal="403 forbidden")

    assert [(f.field, f.declared, f.live) for f in found.findings] == [("spec.replicas", "1", "4")]


def test_what_a_controller_wrote_into_a_list_that_is_applied_whole_is_its_own() -> None:
    declared = loaded(
        "{kind: ApplicationSet, apiVersion: argoproj.io/v1alpha1,"
        " metadata: {name: a, namespace: argocd}, spec: {generators: [{git: {revision: HEAD}}]}}"
    )
    there = live(declared, entry("argocd-applicationset-controller", "spec/generators"))
    there["spec"]["generators"][0]["git"]["template"] = {"metadata": {}}

    assert judged(declared, there, live(declared)).state is State.EXACT
    there["metadata"]["managedFields"] = [entry("kubectl-edit", "spec/generators")]
    assert judged(declared, there, live(declared)).state is State.DIFFERENT
