"""What a run made is removed, in an order that lets Argo CD prune; nothing else is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cluster.runs import RunFolder
from harness.drift.api_resources import read_resources
from harness.model.errors import ClusterError
from harness.stages.existing.clearing import clear
from harness.stages.existing.connection import SERVER
from harness.stages.existing.making import LEDGER, Maker, remember, remembered
from harness.stages.existing.removal import forget_ended, remove_left_in, runs_of
from harness.stages.existing.request import labels
from tests.existing.cluster import PRUNE, FakeCluster, RunningClock

ARGO = "/apis/argoproj.io/v1alpha1/namespaces/argocd"
OURS = labels("aaaa1111")
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": "shop"}}


def cleared(cluster: FakeCluster, *made: str) -> list[str]:
    return list(clear(cluster, "aaaa1111", made, clock=RunningClock(cluster)).left)


def test_only_what_carries_the_labels_of_the_run_is_removed() -> None:
    cluster = FakeCluster()
    cluster.put("/api/v1/namespaces/shop/secrets/ours", labels=OURS)
    cluster.put("/api/v1/namespaces/shop/secrets/other-run", labels=labels("bbbb2222"))
    cluster.put(
        "/api/v1/namespaces/shop/secrets/kind-run", labels={"dev.gitops-harness/run": "aaaa1111"}
    )
    cluster.put("/api/v1/namespaces/shop/secrets/theirs")
    assert cleared(cluster) == []
    left = sorted(p.rpartition("/")[2] for p in cluster.objects)
    assert left == ["kind-run", "other-run", "theirs"]


def test_applications_of_our_set_are_pruned_before_their_project_goes() -> None:
    cluster = FakeCluster()
    made = cluster.put(f"{ARGO}/applicationsets/shop", labels=OURS)
    owner = [{"uid": made["metadata"]["uid"]}]
    cluster.put(f"{ARGO}/applications/shop-web", ownerReferences=owner)
    cluster.put(f"{ARGO}/applications/theirs", ownerReferences=[{"uid": "else"}])
    cluster.put(f"{ARGO}/appprojects/shop", labels=OURS)
    cluster.put("/api/v1/namespaces/shop", labels=OURS)
    assert cleared(cluster) == []
    assert list(cluster.objects) == [f"{ARGO}/applications/theirs"]
    order = [line for line in cluster.log if "theirs" not in line]
    assert order[0] == f"merge {ARGO}/applications/shop-web"  # the finalizer that prunes
    assert order.index(f"delete {ARGO}/applicationsets/shop") < order.index(
        f"delete {ARGO}/appprojects/shop"
    )
    assert order[-1] == "delete /api/v1/namespaces/shop"


def test_an_application_that_already_prunes_is_not_changed() -> None:
    cluster = FakeCluster()
    cluster.put(f"{ARGO}/applications/shop", labels=OURS, finalizers=[f"{PRUNE}/background"])
    assert cleared(cluster) == []
    assert f"merge {ARGO}/applications/shop" not in cluster.log


def test_without_a_living_argo_cd_the_finalizer_is_taken_away_after_the_wait() -> None:
    cluster = FakeCluster()
    cluster.put(f"{ARGO}/applications/shop", labels=OURS)
    clock, said = RunningClock(), list[str]()
    assert clear(cluster, "aaaa1111", (), clock=clock, say=said.append).left == ()
    assert clock.seconds >= 120
    assert any("finalizers are taken away" in line for line in said)


def test_a_definition_stays_while_somebody_has_objects_of_it() -> None:
    cluster = FakeCluster()
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/applications.argoproj.io"
    cluster.put(path, labels=OURS)["spec"] = {
        "group": "argoproj.io",
        "names": {"plural": "applications"},
        "versions": [{"name": "v1alpha1", "served": True}],
    }
    cluster.put(f"{ARGO}/applications/theirs")
    assert cleared(cluster) == ["CustomResourceDefinition applications.argoproj.io"]
    assert f"delete {path}" not in cluster.log


def test_a_user_who_may_not_list_everywhere_finds_what_the_run_wrote_down() -> None:
    cluster = FakeCluster(refuse=("/api/v1/secrets",))
    path = "/api/v1/namespaces/shop/secrets/db"
    cluster.put(path, labels=OURS)
    assert cleared(cluster, path) == []
    assert not cluster.objects


def test_a_note_of_the_run_removes_nothing_that_lost_its_label() -> None:
    cluster = FakeCluster()
    path = "/api/v1/namespaces/shop/secrets/db"
    cluster.put(path)
    assert cleared(cluster, path) == []
    assert path in cluster.objects


def test_what_may_not_be_removed_is_left_and_named() -> None:
    cluster = FakeCluster()
    cluster.put("/api/v1/namespaces/shop/secrets/db", labels=OURS, finalizers=["someone/else"])
    done = clear(cluster, "aaaa1111", (), clock=RunningClock())
    assert done.left == ("Secret shop/db",)
    assert done.removed == ()


def test_the_path_is_written_down_before_the_object_is_made(tmp_path: Path) -> None:
    cluster = FakeCluster(refuse=("/secrets",))
    maker = Maker(kube=cluster, folder=tmp_path, run_id="aaaa1111")
    with pytest.raises(ClusterError):
        maker.create(SECRET, read_resources(cluster, ()))
    assert remembered(tmp_path) == ("/api/v1/namespaces/shop/secrets/db",)


def test_what_is_made_carries_both_labels_and_keeps_its_own(tmp_path: Path) -> None:
    cluster = FakeCluster()
    maker = Maker(kube=cluster, folder=tmp_path, run_id="aaaa1111")
    meta = {"name": "db", "namespace": "shop", "labels": {"app": "db"}}
    maker.create({**SECRET, "metadata": meta}, read_resources(cluster, ()))
    made = cluster.objects["/api/v1/namespaces/shop/secrets/db"]
    assert made["metadata"]["labels"] == {"app": "db", **OURS}


def test_a_namespace_that_exists_is_not_made_and_not_ours(tmp_path: Path) -> None:
    cluster = FakeCluster()
    cluster.put("/api/v1/namespaces/shop")
    assert not Maker(kube=cluster, folder=tmp_path, run_id="aaaa1111").namespace("shop")
    assert cluster.log == []
    assert remembered(tmp_path) == ()


def test_a_torn_line_of_the_notes_is_passed_over(tmp_path: Path) -> None:
    remember(tmp_path, "/api/v1/namespaces/shop")
    with (tmp_path / LEDGER).open("a") as file:
        file.write('"/api/v1/name')
    assert remembered(tmp_path) == ("/api/v1/namespaces/shop",)


def run_folder(runs: Path) -> RunFolder:
    folder = RunFolder.create(runs_of(runs), repository=Path("/r"), environment="dev", created="")
    (folder.path / SERVER).write_text("s")
    return folder


def test_down_removes_dead_runs_of_this_machine_and_names_the_others(tmp_path: Path) -> None:
    cluster, runs = FakeCluster(), tmp_path / "runs"
    dead, living = run_folder(runs), run_folder(runs)
    for id_ in (dead.state.run_id, living.state.run_id, "cccc3333"):
        cluster.put(f"/api/v1/namespaces/shop/secrets/{id_}", labels=labels(id_))
    dead.release()
    done = remove_left_in(
        cluster, runs, server="s", run_id="", clock=RunningClock(), say=lambda _: None
    )
    assert done.removed == (f"Secret shop/{dead.state.run_id}",)
    assert set(done.others) == {living.state.run_id, "cccc3333"}
    assert not dead.path.exists()
    assert living.path.exists()
    living.release()


def test_down_removes_a_run_of_another_machine_when_it_is_named(tmp_path: Path) -> None:
    cluster = FakeCluster()
    cluster.put("/api/v1/namespaces/shop/secrets/db", labels=labels("cccc3333"))
    done = remove_left_in(
        cluster,
        tmp_path / "runs",
        server="s",
        run_id="cccc3333",
        clock=RunningClock(),
        say=lambda _: None,
    )
    assert done.removed == ("Secret shop/db",)
    assert done.others == ()


def test_down_does_not_remove_a_living_run_even_when_it_is_named(tmp_path: Path) -> None:
    cluster, runs = FakeCluster(), tmp_path / "runs"
    living = run_folder(runs)
    id_ = living.state.run_id
    cluster.put("/api/v1/namespaces/shop/secrets/db", labels=labels(id_))
    done = remove_left_in(
        cluster, runs, server="s", run_id=id_, clock=RunningClock(), say=lambda _: None
    )
    living.release()
    assert done.others == (id_,)
    assert "/api/v1/namespaces/shop/secrets/db" in cluster.objects


def test_down_leaves_the_notes_of_a_run_on_another_cluster(tmp_path: Path) -> None:
    cluster, runs = FakeCluster(), tmp_path / "runs"
    elsewhere = run_folder(runs)
    remember(elsewhere.path, "/api/v1/namespaces/shop")
    elsewhere.release()
    done = remove_left_in(
        cluster, runs, server="t", run_id="", clock=RunningClock(), say=lambda _: None
    )
    assert done.removed == ()
    assert elsewhere.path.exists()


def test_the_run_that_installed_argo_cd_is_removed_after_those_that_used_it(
    tmp_path: Path,
) -> None:
    cluster, runs = FakeCluster(), tmp_path / "runs"
    first, second = run_folder(runs), run_folder(runs)
    installer, user = sorted((first, second), key=lambda f: f.state.run_id)
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/appprojects.argoproj.io"
    cluster.put(path, labels=labels(installer.state.run_id))["spec"] = {
        "group": "argoproj.io",
        "names": {"plural": "appprojects"},
        "versions": [{"name": "v1alpha1", "served": True}],
    }
    cluster.put(f"{ARGO}/appprojects/shop", labels=labels(user.state.run_id))
    remember(installer.path, path)
    installer.release()
    user.release()
    done = remove_left_in(
        cluster, runs, server="s", run_id="", clock=RunningClock(), say=lambda _: None
    )
    assert done.left == ()
    assert cluster.objects == {}


def test_a_stopped_run_makes_nothing_more(tmp_path: Path) -> None:
    cluster = FakeCluster()
    maker = Maker(kube=cluster, folder=tmp_path, run_id="aaaa1111")
    maker.stopped.set()
    with pytest.raises(ClusterError, match="the run was ended"):
        maker.namespace("shop")
    assert cluster.log == []


def test_credentials_that_a_killed_run_left_go_with_the_next_one(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    reader, maker, living = run_folder(runs), run_folder(runs), run_folder(runs)
    for folder in (reader, maker, living):
        (folder.path / "kubeconfig").write_text("geheim")
    remember(maker.path, "/api/v1/namespaces/shop")
    reader.release()
    maker.release()
    forget_ended(runs)
    assert not reader.path.exists()
    assert maker.path.exists()
    assert not (maker.path / "kubeconfig").exists()
    assert (living.path / "kubeconfig").exists()
    living.release()
