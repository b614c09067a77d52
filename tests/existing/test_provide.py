"""What is made on request, and what is refused so that everything made can be removed again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.config import SecretSettings
from harness.model.errors import EngineError, SecretError
from harness.model.repository import SecretUse
from harness.stages.existing.plan import existing_stages
from harness.stages.existing.provide import provide
from harness.stages.existing.removal import remove_made
from harness.stages.existing.request import labels
from harness.stages.existing.sync import sync
from harness.stages.stage import Voice
from tests.existing.cluster import FakeCluster
from tests.existing.conftest import World

ARGO = "/apis/argoproj.io/v1alpha1/namespaces/argocd"
SECRETS = "/api/v1/namespaces/shop/secrets"


def use(name: str, *, pull: bool = False) -> SecretUse:
    return SecretUse(namespace="shop", name=name, keys=("password",), is_pull_secret=pull, users=())


def test_the_bootstrap_is_applied_with_its_project_first_and_labelled(
    world: World, voice: Voice
) -> None:
    context, place, cluster, asked = world(apply=True)
    provide(context, voice, asked, place)
    assert cluster.log == [
        "create /api/v1/namespaces/shop",
        f"create {ARGO}/appprojects/shop",
        f"create {ARGO}/applicationsets/shop",
    ]
    for obj in cluster.objects.values():
        assert obj["metadata"]["labels"] == labels(context.run_id)


def test_everything_that_was_applied_is_removed_at_the_end(world: World, voice: Voice) -> None:
    context, place, cluster, asked = world(apply=True)
    provide(context, voice, asked, place)
    assert remove_made(context, asked, lambda _: None) == []
    assert cluster.objects == {}
    assert not context.folder.path.exists()


def test_what_is_kept_stays_with_its_notes_and_without_credentials(
    world: World, voice: Voice
) -> None:
    context, place, cluster, asked = world(keep=True, apply=True)
    (context.folder.path / "kubeconfig").write_text("geheim")
    provide(context, voice, asked, place)
    before = dict(cluster.objects)
    assert remove_made(context, asked, lambda _: None) == []
    assert cluster.objects == before
    assert context.folder.state.kept
    assert not (context.folder.path / "kubeconfig").exists()


def test_a_run_that_made_nothing_removes_its_folder_and_asks_nothing(world: World) -> None:
    context, _, cluster, asked = world()
    cluster.refuse = ("/",)
    assert remove_made(context, asked, lambda _: None) == []
    assert not context.folder.path.exists()


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/api/v1/namespaces/shop", "namespace shop exists already"),
        (f"{ARGO}/applicationsets/shop", "ApplicationSet argocd/shop exists"),
        (f"{ARGO}/appprojects/shop", "AppProject argocd/shop exists"),
    ],
)
def test_nothing_is_made_next_to_what_others_have(
    world: World, voice: Voice, path: str, seen: str
) -> None:
    context, place, cluster, asked = world(apply=True)
    cluster.put(path)
    with pytest.raises(EngineError, match=seen):
        provide(context, voice, asked, place)
    assert cluster.log == []


def test_a_cluster_wide_object_of_that_name_is_not_taken_over(world: World, voice: Voice) -> None:
    context, place, cluster, asked = world(apply=True)
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "reader"},
    }
    declaration = context.declaration.get()
    app = replace(declaration.applications[0], objects=(role,))
    context.declaration.put(replace(declaration, applications=(app,)))
    cluster.put("/apis/rbac.authorization.k8s.io/v1/clusterroles/reader")
    with pytest.raises(EngineError, match="ClusterRole reader exists already"):
        provide(context, voice, asked, place)
    assert cluster.log == []


def test_what_is_deployed_already_is_not_applied_again(world: World, voice: Voice) -> None:
    context, place, cluster, asked = world(apply=True)
    cluster.put(f"{ARGO}/applications/shop")
    assert provide(context, voice, asked, place) == "nothing to make"
    assert cluster.log == []
    assert "nothing was applied" in context.run.notes[0]


def test_a_repository_without_applications_cannot_be_applied(world: World, voice: Voice) -> None:
    context, place, _, asked = world(apply=True)
    context.declaration.put(replace(context.declaration.get(), generated_bootstrap=True))
    with pytest.raises(EngineError, match="declares no Application"):
        provide(context, voice, asked, place)


def test_a_bootstrap_for_another_namespace_than_argo_cds_is_refused(
    world: World, voice: Voice
) -> None:
    context, place, cluster, asked = world(apply=True)
    place.engine.put(replace(place.engine.get(), namespace="gitops"))
    with pytest.raises(EngineError, match="belongs to argocd, and Argo CD runs in gitops"):
        provide(context, voice, asked, place)
    assert cluster.log == []


def test_only_missing_secrets_are_made_and_their_values_are_known_as_secret(
    world: World, voice: Voice
) -> None:
    context, place, cluster, asked = world(make_secrets=True)
    cluster.put("/api/v1/namespaces/shop")
    cluster.put(f"{SECRETS}/there")
    declaration = context.declaration.get()
    context.declaration.put(replace(declaration, secrets=(use("there"), use("absent"))))
    provide(context, voice, asked, place)
    assert cluster.log == [f"create {SECRETS}/absent"]
    assert len(context.secrets) == 1


def test_credentials_of_a_real_registry_are_not_invented_and_nothing_is_made(
    world: World, voice: Voice
) -> None:
    context, place, cluster, asked = world(apply=True, make_secrets=True)
    declaration = context.declaration.get()
    context.declaration.put(replace(declaration, secrets=(use("ghcr", pull=True),)))
    with pytest.raises(SecretError, match="cannot be invented"):
        provide(context, voice, asked, place)
    assert cluster.log == []


def test_a_pull_secret_is_made_from_the_configuration(world: World, voice: Voice) -> None:
    context, place, cluster, asked = world(make_secrets=True)
    cluster.put("/api/v1/namespaces/shop")
    data = {".dockerconfigjson": "{}"}
    context.settings = context.settings.model_copy(
        update={"secrets": {"ghcr": SecretSettings(type="Opaque", data=data)}}
    )
    pulling = replace(use("ghcr", pull=True), keys=())
    context.declaration.put(replace(context.declaration.get(), secrets=(pulling,)))
    provide(context, voice, asked, place)
    assert cluster.log == [f"create {SECRETS}/ghcr"]


def test_what_is_not_deployed_is_the_answer_with_what_to_run(world: World, voice: Voice) -> None:
    context, place, cluster, asked = world()
    cluster.put(f"{ARGO}/applications/other")
    with pytest.raises(EngineError, match="not deployed here: argocd holds none of shop") as caught:
        sync(context, voice, asked, place)
    assert "--apply" in caught.value.next_step


def test_a_run_that_only_reads_has_no_stage_that_makes_anything(world: World) -> None:
    context, _, _, asked = world()
    assert [s.name for s in existing_stages(context, asked)] == [
        "connect",
        "audit",
        "engine",
        "sync",
        "ready",
        "drift",
    ]


def test_what_a_run_makes_elsewhere_carries_the_label_of_the_provider(world: World) -> None:
    context, _, _, _ = world()
    assert context.kube_labels == labels(context.run_id)
    assert FakeCluster().log == []
