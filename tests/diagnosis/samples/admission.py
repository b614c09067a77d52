"""Timelines of refused objects: results of a sync with status `SyncFailed`, and their controls."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.sample import sample
from tests.diagnosis.samples.argocd import SERVER, project
from tests.diagnosis.world import World, container, stamp

SHOP = "Application argocd/shop"
ORDER = "Deployment shop/order"
DRY_RUN = "one or more objects failed to apply (dry run)"
INVALID = "one or more synchronization tasks are not valid"


def result(
    message: str, ref: str = ORDER, group: str = "apps", version: str = "v1"
) -> dict[str, Any]:
    kind, _, place = ref.partition(" ")
    namespace, _, name = place.rpartition("/")
    return {
        "group": group, "version": version, "kind": kind, "namespace": namespace, "name": name,
        "status": "SyncFailed", "message": message, "syncPhase": "Sync",
    }  # fmt: skip


def refused(
    made: World, *results: dict[str, Any], at: float = 3, retries: int = 1, text: str = DRY_RUN,
    revision: str = "", spec: dict[str, Any] | None = None, phase: str = "Running",
    name: str = "shop",
) -> World:  # fmt: skip
    """An operation that is retried (`Running`, with a `finishedAt`), or over."""
    wanted = revision or made.revision
    again = f" Retrying attempt #{retries} at 10:02AM." if phase == "Running" else ""
    made.application(
        name,
        at,
        spec=spec,
        sync={"status": "OutOfSync", "revision": made.revision},
        health={"status": "Missing"},
        resources=[],
        reconciledAt=stamp(at),
        operationState={
            "phase": phase,
            "message": f"{text}.{again}",
            "startedAt": stamp(2),
            "finishedAt": stamp(at),
            "retryCount": retries,
            "operation": {"sync": {"revision": wanted}, "retry": {"limit": 5}},
            "syncResult": {"revision": wanted, "resources": list(results)},
        },
    )
    return made


def retried(made: World, *results: dict[str, Any], **fields: Any) -> World:
    """Argo CD's default retries: after 5, 10, 20, 40 and 80 s, then it gives up."""
    moments = ((3, 1), (9, 2), (20, 3), (41, 4), (82, 5))
    for at, retries in moments:
        refused(made, *results, at=at, retries=retries, **fields)
    return refused(made, *results, at=163, retries=5, phase="Failed", **fields)


def declared_order(made: World) -> World:
    pod = {"containers": [container("order")]}
    made.declare(
        {"kind": "Deployment", "metadata": {"name": "order"}, "spec": {"template": {"spec": pod}}}
    )
    return made


@sample(("A08", "AppProject argocd/shop"), within=5, victims=(SHOP,), innocent=(SHOP,))
def a_fresh_cluster_and_a_namespace_the_project_does_not_permit() -> World:
    return refused(
        project(World(), clusterResourceWhitelist=[]),
        result("resource :Namespace is not permitted in project shop", "Namespace /shop", ""),
        text=INVALID,
        spec={"project": "shop", "syncPolicy": {"syncOptions": ["CreateNamespace=true"]}},
    )


@sample(("A09", "ConfigMap shared/flags"), within=5, victims=(SHOP,))
def one_object_is_in_a_namespace_outside_the_project() -> World:
    return refused(
        project(World()),
        result("namespace shared is not permitted in project 'shop'", "ConfigMap shared/flags", ""),
        text=INVALID,
        spec={"project": "shop"},
    )


@sample(("A09", "AppProject argocd/shop"), within=5, victims=("Application argocd/parent",))
def children_live_in_a_namespace_the_project_does_not_permit() -> World:
    child = result(
        "namespace argocd is not permitted in project 'shop'",
        "Application argocd/orders", "argoproj.io", "v1alpha1",
    )  # fmt: skip
    return refused(project(World()), child, text=INVALID, name="parent", spec={"project": "shop"})


MONITOR = "ServiceMonitor shop/order"
NO_CRD = (
    "The Kubernetes API could not find monitoring.coreos.com/ServiceMonitor for requested resource "
    'shop/order. Make sure the "ServiceMonitor" CRD is installed on the destination cluster.'
)
DEFINITION = "CustomResourceDefinition servicemonitors.monitoring.coreos.com"


def monitored(made: World) -> World:
    made.declare({
        "apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor",
        "metadata": {"name": "order"},
    })  # fmt: skip
    return retried(made, result(NO_CRD, MONITOR, "monitoring.coreos.com"), text=INVALID)


@sample(("A11", DEFINITION), within=6, victims=(SHOP,))
def a_kind_whose_definition_nobody_installs() -> World:
    return monitored(World())


@sample(("A11", DEFINITION), within=330, not_before=150)
def a_kind_that_an_unrendered_application_may_bring() -> World:
    made = World()
    made.application("operators", at=1, sync={"status": "OutOfSync"}, operationState=None)
    return monitored(made)


@sample(within=90)
def a_kind_that_another_application_brings_soon() -> World:
    made = World()
    made.declare(
        {
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "servicemonitors.monitoring.coreos.com"},
            "spec": {"group": "monitoring.coreos.com", "names": {"kind": "ServiceMonitor"}},
        },
        application="operators",
    )
    failed = result(NO_CRD, MONITOR, "monitoring.coreos.com")
    for at, retries in ((3, 1), (9, 2), (20, 3)):
        refused(made, failed, at=at, retries=retries, text=INVALID)
    made.application(at=42, resources=[{"kind": "ServiceMonitor", "name": "order"}])
    return made


@sample(("A11", "PodDisruptionBudget shop/order"), within=5, victims=(SHOP,))
def a_version_that_kubernetes_has_removed() -> World:
    return refused(
        World(),
        result(
            'The Kubernetes API could not find version "v1beta1" of policy/PodDisruptionBudget for '
            'requested resource shop/order. Version "v1" of policy/PodDisruptionBudget is '
            "installed on the destination cluster.",
            "PodDisruptionBudget shop/order", "policy", "v1beta1",
        ),
        text=INVALID,
    )  # fmt: skip


NO_NAMESPACE = 'namespaces "shop-dev" not found'


@sample(("A12", "Namespace shop-dev"), within=5, victims=(SHOP,))
def a_namespace_that_nobody_makes() -> World:
    made = declared_order(World())
    return retried(made, result(NO_NAMESPACE, "Deployment shop-dev/order"))


@sample(within=120)
def a_namespace_that_another_application_makes() -> World:
    made = declared_order(World())
    options = {"syncPolicy": {"automated": {}, "syncOptions": ["CreateNamespace=true"]}}
    place = {"destination": {"server": SERVER, "namespace": "shop-dev"}}
    made.application("base", at=1, spec={**options, **place}, operationState=None, resources=[],
                     sync={"status": "Unknown"})  # fmt: skip
    failed = result(NO_NAMESPACE, "Deployment shop-dev/order")
    for at, retries in ((3, 1), (9, 2), (20, 3), (41, 4)):
        refused(made, failed, at=at, retries=retries)
    made.put({"kind": "Namespace", "metadata": {"name": "shop-dev"}}, 60)
    held = [{"kind": "Deployment", "name": "order", "namespace": "shop-dev"}]
    made.application(at=83, resources=held)
    return made


@sample(("A13", ORDER), within=5, victims=(SHOP,))
def an_image_is_missing() -> World:
    return refused(
        declared_order(World()),
        result(
            'Deployment.apps "order" is invalid: spec.template.spec.containers[0].image: Required '
            "value"
        ),
    )


@sample(("A13", "StatefulSet shop/db"), within=5, victims=(SHOP,))
def a_claim_template_was_changed() -> World:
    return refused(
        World(),
        result(
            'StatefulSet.apps "db" is invalid: spec: Forbidden: updates to statefulset spec for '
            "fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
            "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' "
            "are forbidden",
            "StatefulSet shop/db",
        ),
    )


IMMUTABLE_JOB = (
    'Job.batch "seed" is invalid: spec.template: Invalid value: core.PodTemplateSpec{ObjectMeta:'
    "...}: field is immutable"
)


@sample(("A13", "Job shop/seed"), within=60, not_before=30)
def a_changed_job_that_nobody_deletes() -> World:
    return retried(World(), result(IMMUTABLE_JOB, "Job shop/seed", "batch"))


@sample(within=60)
def a_changed_job_that_the_run_deletes() -> World:
    made = World()
    for at, retries in ((3, 1), (9, 2)):
        refused(made, result(IMMUTABLE_JOB, "Job shop/seed", "batch"), at=at, retries=retries)
    made.application(at=22, resources=[{"kind": "Job", "name": "seed"}])
    return made


@sample(("A13", ORDER), ("A13", "Service shop/order"), ("R14", "Deployment shop/payment"), within=5)
def three_objects_are_refused_for_three_reasons() -> World:
    return refused(
        declared_order(World()),
        result(
            'Deployment.apps "order" is invalid: spec.replicas: Invalid value: -1: must be >= 0'
        ),
        result('Service "order" is invalid: spec.ports: Required value', "Service shop/order", ""),
        result(
            'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: '
            'unknown field "spec.template.spec.containers[0].imagePullPolcy"',
            "Deployment shop/payment",
        ),
    )


@sample(("A14", "ConfigMap shop/dashboards"), within=5)
def a_config_map_is_too_big_for_its_annotation() -> World:
    return refused(
        World(),
        result(
            'ConfigMap "dashboards" is invalid: metadata.annotations: Too long: may not be more '
            "than 262144 bytes (must have at most 262144 bytes)",
            "ConfigMap shop/dashboards",
        ),
    )


@sample(("A15", ORDER), within=5, victims=(SHOP,))
def a_policy_refuses() -> World:
    return refused(
        World(),
        result(
            'admission webhook "validate.kyverno.svc-fail" denied the request: resource '
            "Deployment/shop/order was blocked due to the following policies require-limits: "
            "autogen-check: 'validation error: CPU and memory limits are required.'"
        ),
    )


WEBHOOK = (
    'Internal error occurred: failed calling webhook "validate.nginx.ingress.kubernetes.io": '
    'failed to call webhook: Post "https://ingress-nginx-controller-admission.ingress-nginx.svc:443/'
    'networking/v1/ingresses?timeout=10s": dial tcp 10.96.201.4:443: connect: connection refused'
)


@sample(
    ("A15", "Service ingress-nginx/ingress-nginx-controller-admission"), within=190, not_before=90
)
def a_webhook_never_answers() -> World:
    return retried(World(), result(WEBHOOK, "Ingress shop/order", "networking.k8s.io"))


@sample(within=150)
def a_webhook_that_starts_late() -> World:
    made = World()
    failed = result(WEBHOOK, "Ingress shop/order", "networking.k8s.io")
    for at, retries in ((3, 1), (9, 2), (20, 3), (41, 4)):
        refused(made, failed, at=at, retries=retries)
    made.application(at=83, resources=[{"kind": "Ingress", "name": "order"}])
    return made


@sample(("R15", ORDER), within=5)
def a_selector_that_does_not_match() -> World:
    return refused(
        declared_order(World()),
        result(
            'Deployment.apps "order" is invalid: spec.template.metadata.labels: Invalid value: '
            'map[string]string{"app":"ordr"}: `selector` does not match template `labels`'
        ),
    )


@sample(("R16", ORDER), within=5)
def a_selector_that_was_changed() -> World:
    return refused(
        World(),
        result(
            'Deployment.apps "order" is invalid: spec.selector: Invalid value: v1.LabelSelector{'
            'MatchLabels:map[string]string{"app":"order", "version":"2"}, MatchExpressions:[]v1.'
            "LabelSelectorRequirement(nil)}: field is immutable"
        ),
    )


@sample(("R17", "Secret shop/order-db"), within=5)
def a_secret_holds_plain_text() -> World:
    return refused(
        World(),
        result(
            'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input '
            "byte 8",
            "Secret shop/order-db",
        ),
    )


@sample(("A21", "Widget shop/order"), within=240, not_before=163)
def an_object_is_refused_for_a_reason_nobody_knows() -> World:
    return retried(
        World(), result("the widget server is in a bad mood", "Widget shop/order", "x.io")
    )


@sample(within=60)
def a_refusal_of_another_commit_does_not_count() -> World:
    made = declared_order(World())
    failed = result('Deployment.apps "order" is invalid: spec.replicas: Required value')
    refused(made, failed, revision="0ddba11" + "0" * 33)
    made.application(at=20, resources=[{"kind": "Deployment", "name": "order"}])
    return made
