"""The whole comparison, from a declaration and an API server to the gap."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from harness.drift.compare import compare
from harness.drift.observe import MANAGER, PROBE
from harness.drift.terms import Terms, Wanted, at_commit
from harness.io.kube import KubeError
from harness.model.drift import ApplicationGap, DriftKind, Gap
from harness.model.errors import ClusterError
from harness.model.refs import ObjectRef
from harness.model.repository import Declaration, ExpectedApplication, RenderedApplication
from tests.drift.api import FakeApi
from tests.drift.objects import SALT, TIME, deployment, entry, loaded, plain

Object = dict[str, Any]
CONFIG = loaded(
    "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: shop}, data: {A: '1'}}"
)
SERVICE = loaded(
    "{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop},"
    " spec: {ports: [{name: http, port: 80}]}}"
)
SET = loaded(
    "{apiVersion: argoproj.io/v1alpha1, kind: ApplicationSet,"
    " metadata: {name: shop, namespace: argocd}, spec: {goTemplate: true}}"
)
COMMIT, OLDER = "c" * 40, "a" * 40


def expected(name: str = "web-dev", namespace: str = "shop") -> ExpectedApplication:
    return ExpectedApplication(
        name=name,
        path=f"overlays/dev/{name}",
        namespace=namespace,
        repo_url="https://git.shop.example/shop.git",
        revision="HEAD",
        origin="apps/shop.yaml",
    )


def declaration(
    *applications: RenderedApplication, bootstrap: tuple[Object, ...] = (SET,)
) -> Declaration:
    rendered = applications or (app(deployment(), CONFIG, SERVICE),)
    return Declaration(
        root=Path("/repository"),
        environment="dev",
        bootstrap=bootstrap,
        generated_bootstrap=False,
        applications=rendered,
        repo_urls=(),
        images=(),
        secrets=(),
        ingresses=(),
        load_balancer_subnets=(),
    )


def app(*objects: Object, name: str = "web-dev") -> RenderedApplication:
    return RenderedApplication(application=expected(name), objects=objects)


def argo_app(name: str = "web-dev", revision: str = COMMIT, **status: Any) -> Object:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {"source": {"path": f"overlays/dev/{name}"}},
        "status": {
            "sync": {"status": "Synced", "revision": revision},
            "health": {"status": "Healthy"},
            **status,
        },
    }


def cluster(*more: Object, without: tuple[str, ...] = ()) -> FakeApi:
    """A cluster that runs exactly what the declaration of these tests says."""
    engine = () if "argoproj.io/v1alpha1" in without else (SET, argo_app())
    return FakeApi(deployment(), CONFIG, SERVICE, *engine, *more, without=without)


def gap_of(api: FakeApi, declared: Declaration | None = None, **more: Any) -> Gap:
    terms = {"conceal": plain, "salt": SALT, "wanted": at_commit(COMMIT), **more}
    return compare(api, declared or declaration(), Terms(**terms))


def told(gap: Gap) -> list[tuple[DriftKind, str, str]]:
    return [(f.kind, str(f.object), f.field) for f in gap.findings]


def the(gap: Gap, title: str) -> ApplicationGap:
    return next(a for a in gap.applications if a.title == title)


def test_a_cluster_that_is_what_is_declared_has_no_gap() -> None:
    gap = gap_of(cluster())

    assert gap.findings == ()
    assert (gap.honesty, gap.exact, gap.declared, gap.extra) == (100.0, 4, 4, 0)
    assert [(a.title, a.declared) for a in gap.applications] == [("web-dev", 3), ("bootstrap", 1)]
    assert (gap.notes, gap.not_judged, gap.without_dry_run) == ((), (), ())


def test_nothing_is_written() -> None:
    api = cluster()
    before = copy.deepcopy(api.objects)

    gap_of(api)

    assert api.objects == before
    assert {method for method, _ in api.asked} == {"GET", "LIST", "PATCH"}


def test_every_kind_of_drift_counts_once_against_the_honesty() -> None:
    api = cluster({**CONFIG, "metadata": {"name": "left-over", "namespace": "shop"}})
    api.remove("ConfigMap", "settings")
    api.one("Deployment", "web")["spec"]["replicas"] = 3

    gap = gap_of(api)

    web = the(gap, "web-dev")
    assert told(gap) == [
        (DriftKind.DIFFERENT, "Deployment shop/web", "spec.replicas"),
        (DriftKind.MISSING, "ConfigMap shop/settings", ""),
        (DriftKind.EXTRA, "ConfigMap shop/left-over", ""),
    ]
    assert (web.exact, web.different, web.missing, web.extra) == (1, 1, 1, 1)
    assert (web.honesty, gap.honesty) == (25.0, 40.0)


def test_an_extra_names_who_made_it_and_how_to_remove_it() -> None:
    made = {**CONFIG, "metadata": {"name": "by-hand", "namespace": "shop"}}
    made["metadata"]["managedFields"] = [
        entry("kubectl-edit", "data/B", time="2025-11-23T00:00:00Z"),
        entry("kubectl-create", "data"),
    ]
    made["metadata"]["creationTimestamp"] = TIME

    found = gap_of(cluster(made)).findings[0]

    assert (found.manager, found.time, found.application) == ("kubectl-create", TIME, "web-dev")
    assert found.fix == (
        "kubectl delete configmap by-hand --namespace shop, or declare it in overlays/dev/web-dev"
    )


def test_an_extra_in_a_namespace_of_two_applications_blames_neither() -> None:
    two = declaration(app(deployment(), CONFIG), app(SERVICE, name="net-dev"))
    made = {**CONFIG, "metadata": {"name": "by-hand", "namespace": "shop"}}
    api = cluster(argo_app("net-dev"), made)

    gap = gap_of(api, two)

    assert [(f.object.name, f.application) for f in gap.findings] == [("by-hand", "")]
    assert [(a.title, a.honesty) for a in gap.applications] == [
        ("web-dev", 100.0),
        ("net-dev", 100.0),
        ("bootstrap", 100.0),
        ("shared namespaces: shop", 0.0),
    ]
    assert gap.honesty == 80.0
    note = {"argocd.argoproj.io/tracking-id": "net-dev:/ConfigMap:shop/by-hand"}
    api.one("ConfigMap", "by-hand")["metadata"]["annotations"] = note
    assert gap_of(api, two).findings[0].application == "net-dev"


def test_an_application_known_by_its_path_alone_has_its_own_extras() -> None:
    nameless = ExpectedApplication(
        name="",
        path="overlays/dev/web-dev",
        namespace="shop",
        repo_url="",
        revision="HEAD",
        origin="",
    )
    rendered = RenderedApplication(application=nameless, objects=(deployment(), CONFIG, SERVICE))
    note = {"argocd.argoproj.io/tracking-id": "web-dev:/ConfigMap:shop/old"}
    old = {**CONFIG, "metadata": {"name": "old", "namespace": "shop", "annotations": note}}

    found = gap_of(cluster(old), declaration(rendered)).findings

    assert [(f.object.name, f.application) for f in found] == [("old", "overlays/dev/web-dev")]


def test_one_application_can_be_chosen_and_the_others_still_explain_what_lives() -> None:
    two = declaration(app(deployment(), CONFIG), app(SERVICE, name="net-dev"))
    api = cluster(argo_app("net-dev"))
    api.remove("Service", "web")

    gap = gap_of(api, two, application="web-dev")

    assert [a.title for a in gap.applications] == ["web-dev"]
    assert gap.findings == ()
    assert told(gap_of(api, two, application="net-dev")) == [
        (DriftKind.MISSING, "Service shop/web", "")
    ]


def test_namespaces_can_be_chosen() -> None:
    elsewhere = {**CONFIG, "metadata": {"name": "settings", "namespace": "jobs"}}
    declared = declaration(app(deployment(), elsewhere))
    api = cluster()

    gap = gap_of(api, declared, namespaces=("shop",))

    assert [(f.kind, f.object.namespace) for f in gap.findings] == [
        (DriftKind.EXTRA, "shop"),
        (DriftKind.EXTRA, "shop"),
    ]
    assert gap.declared == 1
    assert not [path for _, path in api.asked if "/jobs/" in path]


def test_findings_have_the_line_of_the_repository_and_a_fix() -> None:
    api = cluster()
    api.one("Deployment", "web")["spec"]["replicas"] = 3
    asked: list[tuple[ObjectRef, str, str]] = []

    def locate(ref: ObjectRef, field: str, folder: str) -> tuple[str, int]:
        asked.append((ref, field, folder))
        return "base/web.yaml", 7

    found = gap_of(api, locate=locate).findings[0]

    assert (found.file, found.line) == ("base/web.yaml", 7)
    assert asked == [
        (ObjectRef("Deployment", "shop", "web"), "spec.replicas", "overlays/dev/web-dev")
    ]
    assert found.fix == (
        "to undo it: argocd app sync web-dev; to keep it: write it at base/web.yaml:7"
    )


def test_a_field_that_nobody_declares_is_undone_by_hand_because_no_sync_removes_it() -> None:
    api = cluster()
    api.one("ConfigMap", "settings")["data"]["B"] = "2"
    api.one("ConfigMap", "settings")["metadata"]["managedFields"] = [
        entry("kubectl-edit", "data/B")
    ]

    found = gap_of(api).findings[0]

    assert (found.field, found.declared) == ("data.B", "")
    assert found.fix.startswith("to undo it: kubectl edit configmap settings --namespace shop;")


class TestRevisions:
    def test_an_application_at_another_commit_is_told_once(self) -> None:
        api = cluster()
        api.put(argo_app(revision=OLDER))

        gap = gap_of(api)

        assert [(f.kind, str(f.object), f.declared, f.live) for f in gap.findings] == [
            (
                DriftKind.REVISION,
                "Application argocd/web-dev",
                COMMIT,
                f"{OLDER} (another commit)",
            )
        ]
        assert the(gap, "web-dev").honesty == 100.0

    def test_the_one_who_knows_the_commit_may_know_what_brings_it_there(self) -> None:
        def wanted(_: ExpectedApplication, synced: str) -> Wanted:  # noqa: ARG001
            return Wanted(revision="d" * 40, behind="older", fix="harness up")

        assert gap_of(cluster(), wanted=wanted).findings[0].fix == "harness up"

    def test_without_a_wanted_commit_none_is_compared(self) -> None:
        api = cluster()
        api.put(argo_app(revision=OLDER))

        assert gap_of(api, wanted=at_commit("")).findings == ()

    def test_a_note_on_the_commit_is_told_and_is_no_finding(self) -> None:
        def wanted(_: ExpectedApplication, synced: str) -> Wanted:
            return Wanted(note=f"{synced[:8]} is not known here")

        gap = gap_of(cluster(), wanted=wanted)

        assert gap.findings == ()
        assert gap.notes == ("web-dev: cccccccc is not known here",)

    def test_the_engines_state_is_told_with_the_application(self) -> None:
        web = the(gap_of(cluster()), "web-dev")

        assert (web.revision, web.wanted, web.sync, web.health) == (
            COMMIT,
            COMMIT,
            "Synced",
            "Healthy",
        )


class TestDryRun:
    def test_it_is_asked_in_the_name_of_whoever_applies_server_side(self) -> None:
        api = cluster()
        api.one("Service", "web")["metadata"]["managedFields"] = [
            entry("argocd-controller", "spec/ports", operation="Apply")
        ]

        gap_of(api, declaration(app(SERVICE), bootstrap=()))

        assert api.managers == [MANAGER, "argocd-controller"]

    def test_a_server_that_stores_it_ends_everything_after_one_harmless_annotation(self) -> None:
        api = cluster()
        api.one("Deployment", "web")["spec"]["replicas"] = 3
        api.ignores_dry_run = True

        with pytest.raises(ClusterError, match="stored the annotation"):
            gap_of(api)

        assert api.one("Deployment", "web")["spec"]["replicas"] == 3
        assert any(PROBE in o["metadata"].get("annotations", {}) for o in api.objects.values())

    def test_an_object_that_changes_meanwhile_is_read_again(self) -> None:
        api = cluster()
        api.moves = 5

        assert gap_of(api).findings == ()

    def test_one_that_never_rests_is_compared_by_its_fields(self) -> None:
        api = cluster()
        api.moves = 1000
        api.one("Deployment", "web")["spec"]["replicas"] = 3

        gap = gap_of(api)

        assert (DriftKind.DIFFERENT, "Deployment shop/web", "spec.replicas") in told(gap)
        assert {r.reason for r in gap.without_dry_run} == {
            "it changes faster than it can be compared"
        }

    @pytest.mark.parametrize(
        ("error", "said"),
        [
            (KubeError("PATCH /x: 403 may not patch", 403), "403 may not patch"),
            (
                KubeError("PATCH /x: 400 admission webhook x does not support dry run", 400),
                "400 admission webhook x does not support dry run",
            ),
        ],
    )
    def test_a_refusal_is_told_and_declared_fields_are_compared(
        self, error: KubeError, said: str
    ) -> None:
        api = cluster()
        api.refusals["PATCH", "/deployments/web"] = error
        api.one("Deployment", "web")["spec"]["replicas"] = 3

        gap = gap_of(api)

        assert told(gap) == [(DriftKind.DIFFERENT, "Deployment shop/web", "spec.replicas")]
        assert [(str(r.object), r.reason) for r in gap.without_dry_run] == [
            ("Deployment shop/web", said)
        ]

    def test_a_refusal_never_quotes_a_secret(self) -> None:
        secret = loaded(
            "{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: shop},"
            " data: {a: cGFzcw==}}"
        )
        api = cluster(secret)
        text = "PATCH /x: 422 data[a]: Invalid value: cGFzcw=="
        api.refusals["PATCH", "/secrets/s"] = KubeError(text, 422)

        gap = gap_of(api, declaration(app(secret), bootstrap=()))

        assert len(gap.without_dry_run) == 1
        assert "cGFzcw" not in repr(gap)

    def test_an_extension_api_server_is_never_asked_for_one(self) -> None:
        api = cluster()
        api.extensions = ("apps",)

        gap = gap_of(api)

        assert not [p for m, p in api.asked if m == "PATCH" and "/deployments/" in p]
        assert [str(r.object) for r in gap.without_dry_run] == ["Deployment shop/web"]

    def test_where_extensions_cannot_be_asked_only_kubernetes_own_groups_are_trusted(self) -> None:
        api = cluster()
        api.refusals["GET", "/apiservices"] = KubeError("GET /x: 403 no", 403)

        gap = gap_of(api)

        assert [str(r.object) for r in gap.without_dry_run] == ["ApplicationSet argocd/shop"]

    def test_defaults_are_asked_for_only_where_somebody_owns_more_than_is_declared(self) -> None:
        api = cluster()
        service = api.one("Service", "web")
        service["spec"]["type"] = "ClusterIP"
        service["metadata"]["managedFields"] = [entry("argocd-controller", "spec/type")]

        found = told(gap_of(api))

        assert [p for m, p in api.asked if m == "POST"] == ["/api/v1/namespaces/shop/services"]
        assert found == [(DriftKind.DIFFERENT, "Service shop/web", "spec.type")]


class TestWhatCannotBeSeen:
    def test_an_object_that_may_not_be_read_lowers_the_honesty_and_is_named(self) -> None:
        api = cluster()
        api.refusals["GET", "/configmaps/settings"] = KubeError("GET /x: 403 may not", 403)

        gap = gap_of(api)

        assert gap.findings == ()
        assert [(str(r.object), r.reason) for r in gap.not_judged] == [
            ("ConfigMap shop/settings", "403 may not")
        ]
        assert gap.honesty == 75.0

    def test_a_kind_that_is_not_served_is_missing(self) -> None:
        policy = loaded(
            "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy,"
            " metadata: {name: p, namespace: shop}}"
        )

        gap = gap_of(cluster(), declaration(app(policy), bootstrap=()), application="web-dev")

        assert (DriftKind.MISSING, "CiliumNetworkPolicy shop/p", "") in told(gap)

    def test_a_version_that_is_not_served_is_not_judged_where_another_one_is(self) -> None:
        old = {**deployment(), "apiVersion": "apps/v1beta1"}

        gap = gap_of(cluster(), declaration(app(old, CONFIG, SERVICE)))

        assert gap.findings == ()
        assert [r.reason for r in gap.not_judged] == ["apps/v1beta1 is not served, but apps/v1"]

    def test_an_object_without_any_namespace_is_not_judged(self) -> None:
        lost = {**CONFIG, "metadata": {"name": "lost"}}

        gap = gap_of(cluster(), declaration(app(deployment(), CONFIG, SERVICE, lost)))

        assert [r.reason for r in gap.not_judged] == [
            "neither it nor its Application names a namespace"
        ]

    def test_a_namespace_given_to_an_object_of_the_cluster_means_nothing(self) -> None:
        space = loaded("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}")
        given = {**space, "metadata": {"name": "shop", "namespace": "shop"}}

        gap = gap_of(cluster(space), declaration(app(deployment(), CONFIG, SERVICE, given)))

        assert (gap.findings, gap.not_judged, gap.honesty) == ((), (), 100.0)

    def test_a_group_that_does_not_answer_is_not_judged(self) -> None:
        api = cluster()
        api.refusals["GET", "/apis/apps/v1"] = KubeError("GET /x: 503 unavailable", 503)

        gap = gap_of(api)

        assert [str(r.object) for r in gap.not_judged] == ["Deployment shop/web"]
        assert "API groups that do not answer: apps" in gap.notes

    def test_kinds_that_may_not_be_listed_are_named(self) -> None:
        api = cluster()
        api.refusals["LIST", "/shop/secrets"] = KubeError("LIST /x: 403 no", 403)

        assert gap_of(api).notes == (
            "extras not looked for, as listing is refused: Secret in shop",
        )

    def test_without_an_engine_declaration_and_cluster_are_compared(self) -> None:
        api = cluster(without=("argoproj.io/v1alpha1",))
        api.one("Deployment", "web")["spec"]["replicas"] = 3

        gap = gap_of(api)

        assert [a.title for a in gap.applications] == ["web-dev"]
        assert gap.notes == (
            "the cluster has no Argo CD: only what is declared and what runs were compared",
        )
        assert "kubectl apply --server-side -k overlays/dev/web-dev" in gap.findings[0].fix

    def test_an_application_that_the_engine_does_not_have_is_named(self) -> None:
        api = cluster()
        api.remove("Application", "web-dev")

        assert gap_of(api).notes == ("Argo CD has no Application web-dev: its word is not known",)

    def test_hooks_are_left_out_and_named(self) -> None:
        hook = copy.deepcopy(CONFIG)
        hook["metadata"] |= {
            "name": "migrate",
            "annotations": {"argocd.argoproj.io/hook": "PreSync"},
        }

        gap = gap_of(cluster(), declaration(app(deployment(), CONFIG, SERVICE, hook)))

        assert gap.findings == ()
        assert gap.declared == 4
        assert gap.notes == (
            "hooks are there for a while only and were not compared: ConfigMap shop/migrate",
        )

    def test_nothing_is_called_extra_in_the_clusters_own_namespaces(self) -> None:
        system = {**CONFIG, "metadata": {"name": "settings", "namespace": "kube-system"}}
        stranger = {**CONFIG, "metadata": {"name": "coredns-extra", "namespace": "kube-system"}}
        declared = declaration(app(system), bootstrap=())

        gap = gap_of(FakeApi(SET, argo_app(), system, stranger), declared)

        assert told(gap) == []
        assert "extras are not looked for in kube-system: the cluster's own" in gap.notes


def test_a_generated_bootstrap_is_nobodys_declaration() -> None:
    api = cluster()
    api.remove("ApplicationSet", "shop")
    declared = declaration()

    assert told(gap_of(api, declared)) == [(DriftKind.MISSING, "ApplicationSet argocd/shop", "")]
    object.__setattr__(declared, "generated_bootstrap", True)
    assert told(gap_of(api, declared)) == []


def test_sources_of_one_application_are_one_application() -> None:
    both = declaration(app(deployment(), CONFIG), app(SERVICE))

    assert [a.title for a in gap_of(cluster(), both).applications] == ["web-dev", "bootstrap"]


def test_a_moved_tag_makes_its_workload_different() -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "web-1-x",
            "namespace": "shop",
            "ownerReferences": [{"kind": "Deployment", "name": "web", "controller": True}],
        },
        "spec": {"containers": [{"name": "web", "image": "ghcr.io/shop/app:1.1.0"}]},
        "status": {
            "containerStatuses": [{"name": "web", "imageID": f"ghcr.io/shop/app@sha256:{'a' * 64}"}]
        },
    }

    gap = gap_of(cluster(pod), images={"ghcr.io/shop/app:1.1.0": f"sha256:{'b' * 64}"})

    assert [f.kind for f in gap.findings] == [DriftKind.IMAGE]
    assert (the(gap, "web-dev").different, gap.honesty) == (1, 75.0)
