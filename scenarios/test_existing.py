"""The promise: a cluster of somebody else is judged as ours is, and left as it was.

A second cluster of three nodes, with its own state folder, is treated as foreign: the harness gets
its kubeconfig and a clone of its repository, and nothing else of it.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.cluster.runs import RunFolder, all_runs
from harness.io.kube import Kube
from harness.model.errors import ExitCode
from harness.model.kinds import collection, object_path
from harness.model.refs import ObjectRef
from harness.stages.existing.clearing import found_of
from scenarios.conftest import CACHES, ROOT, CommandLine, in_docker, kill, run_until, wait_until

pytestmark = pytest.mark.nightly

SHOP = ROOT / "scenarios" / "trees" / "shop"
SPACE = "shop-dev"
NODES = """kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes: [{role: control-plane}, {role: worker}, {role: worker}]
"""
LOGIN = """
[secrets.ghcr-secret]
type = "kubernetes.io/dockerconfigjson"
[secrets.ghcr-secret.data]
".dockerconfigjson" = "env:PULL_SECRET"
"""
QUIET_KINDS = (
    "ConfigMap", "Secret", "Service", "Namespace", "AppProject", "ApplicationSet", "StatefulSet",
)  # fmt: skip
"""Kinds whose objects change only when somebody writes them."""


class Foreign:
    """A cluster that the harness is a guest of."""

    def __init__(self, owner: CommandLine, guest: CommandLine, place: Path, state: Path) -> None:
        self.owner, self.guest = owner, guest
        tree = Path(shutil.copytree(SHOP, place / "tree", ignore=CACHES))
        nodes = place / "nodes.yaml"
        nodes.write_text(NODES, encoding="utf-8")
        made = owner.run(
            *("up", "--repo", str(tree), "--output", str(owner.output)),
            *("--kind-config", str(nodes)),
            seconds=900,
        )
        assert made.code == ExitCode.OK, made.text[-3000:]
        run: RunFolder = all_runs(state / "gitops-harness" / "runs")[-1]
        self.kubeconfig = Path(shutil.copy(run.path / "kubeconfig", place / "kubeconfig"))
        self.kube = Kube(self.kubeconfig)
        self.context = str(yaml.safe_load(self.kubeconfig.read_text())["current-context"])
        self.checkout = place / "checkout"
        bare = next(p.parent for p in sorted((run.path / "git").rglob("HEAD")) if _is_bare(p))
        git("clone", "--quiet", str(bare), str(self.checkout))
        self.pull_secret = self.secret("ghcr-secret", ".dockerconfigjson")

    def secret(self, name: str, key: str) -> str:
        """Returns a value of a Secret."""
        found = self.kube.get(object_path(ObjectRef("Secret", SPACE, name)))
        return base64.b64decode(found["data"][key]).decode()

    def words(self, *more: str, kubeconfig: Path | None = None) -> tuple[str, ...]:
        """Returns the words of a confirmed run on this cluster."""
        where = ("--kubeconfig", str(kubeconfig or self.kubeconfig), "--context", self.context)
        repo = ("--repo", str(self.checkout), "--output", str(self.guest.output))
        confirmed = ("--confirm", self.context)
        return ("e2e", "--provider", "existing", *where, *confirmed, *repo, *more)

    def down(self) -> str:
        """Runs `harness down` for this cluster and returns what it printed."""
        where = ("--kubeconfig", str(self.kubeconfig), "--context", self.context)
        done = self.guest.run("down", *where, "--confirm", self.context)
        assert done.code == ExitCode.OK, done.text
        return done.text

    def state(self) -> dict[str, str]:
        """Returns the versions of everything that only people and Argo CD write."""
        return {
            f"{kind} {o['metadata'].get('namespace', '')}/{o['metadata']['name']}": o["metadata"][
                "resourceVersion"
            ]
            for kind in QUIET_KINDS
            for o in self.kube.items(collection(kind))
            if o["metadata"].get("namespace") not in {"kube-system", "kube-public"}
        }

    def names(self) -> set[str]:
        """Returns the names of the same objects."""
        return set(self.state())

    def ours(self) -> tuple[str, ...]:
        """Returns what carries a label of a guest."""
        return tuple(str(e.ref) for e in found_of(self.kube, ""))

    def record(self) -> dict[str, Any]:
        """Returns the record of the guest's last run."""
        found: dict[str, Any] = json.loads((self.guest.output / "run.json").read_text())
        return found

    def causes(self) -> set[str]:
        """Returns the causes that the guest's last run found."""
        return {f["cause"] for f in (self.record()["diagnosis"] or {}).get("findings", [])}

    def is_ready(self) -> bool:
        """Tells whether every workload of the shop has its replicas."""
        found = [
            o for k in ("Deployment", "StatefulSet") for o in self.kube.items(collection(k, SPACE))
        ]
        return len(found) == 3 and all(
            (o.get("status") or {}).get("readyReplicas") == o["spec"]["replicas"] for o in found
        )


def _is_bare(head: Path) -> bool:
    return (head.parent / "objects").is_dir()


def git(*arguments: str) -> None:
    """Runs git."""
    subprocess.run(["git", *arguments], check=True, timeout=60)


@pytest.fixture(scope="module")
def foreign(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Foreign]:
    """Three nodes of somebody else; everything is removed at the end."""
    before, place = in_docker(), tmp_path_factory.mktemp("foreign")
    bundle = str(request.config.getoption("--gitops-bundle"))
    owner = CommandLine(place / "owner", place / "owner-report", bundle)
    guest = CommandLine(place / "guest", place / "report", bundle)
    try:
        yield Foreign(owner, guest, place, place / "owner")
    finally:
        owner.run("down")
    assert in_docker() == before


def test_a_healthy_foreign_cluster_passes_and_nothing_in_it_or_in_docker_changes(
    foreign: Foreign,
) -> None:
    before, docker = foreign.state(), in_docker()
    done = foreign.guest.run(*foreign.words())
    assert done.code == ExitCode.OK, done.text
    assert foreign.state() == before
    assert in_docker() == docker
    assert foreign.ours() == ()
    record = foreign.record()
    assert record["facts"]["nodes"] == "3 nodes"
    assert [a["passed"] for a in record["applications"]] == [True]
    assert record["gap"]["applications"]
    assert not [f for app in record["gap"]["applications"] for f in app["findings"]]
    assert any("images were not delivered by this run" in note for note in record["notes"])
    assert not list((foreign.guest.output.parent / "guest").rglob("kubeconfig"))


def test_a_context_that_nobody_confirmed_or_that_does_not_exist_is_refused(
    foreign: Foreign,
) -> None:
    words = [w for w in foreign.words() if w != "--confirm"]
    words.pop(words.index(foreign.context) + 1)  # what followed --confirm
    done = foreign.guest.run(*words)
    assert done.code == ExitCode.USAGE
    assert f"--confirm {foreign.context}" in done.text
    other = foreign.guest.run(*foreign.words("--context", "prod", "--confirm", "prod"))
    assert other.code == ExitCode.USAGE
    assert foreign.context in other.text


def test_credentials_that_are_not_valid_and_a_silent_server_are_one_paragraph(
    foreign: Foreign, tmp_path: Path
) -> None:
    document = yaml.safe_load(foreign.kubeconfig.read_text())
    document["users"][0]["user"] = {"token": "expired"}
    stale = tmp_path / "stale"
    stale.write_text(yaml.safe_dump(document))
    done = foreign.guest.run(*foreign.words(kubeconfig=stale))
    assert done.code == ExitCode.CLUSTER
    assert "401" in done.text
    document["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:9"
    stale.write_text(yaml.safe_dump(document))
    done = foreign.guest.run(*foreign.words(kubeconfig=stale))
    assert done.code == ExitCode.CLUSTER
    assert "Traceback" not in done.text


def viewer(foreign: Foreign, path: Path) -> Path:
    """Writes the kubeconfig of a user who has the ClusterRole view."""
    kube, account = foreign.kube, {"name": "viewer", "namespace": "default"}
    kube.apply(
        "/api/v1/namespaces/default/serviceaccounts/viewer",
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account},
    )
    kube.apply(
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/viewer",
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "viewer"},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": "view",
            },
            "subjects": [{"kind": "ServiceAccount", **account}],
        },
    )
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = kube.create("/api/v1/namespaces/default/serviceaccounts/viewer/token", asked)
    document = yaml.safe_load(foreign.kubeconfig.read_text())
    document["users"][0]["user"] = {"token": token["status"]["token"]}
    path.write_text(yaml.safe_dump(document))
    return path


def test_a_user_who_may_only_view_gets_a_verdict_and_what_was_not_judged(
    foreign: Foreign, tmp_path: Path
) -> None:
    done = foreign.guest.run(*foreign.words(kubeconfig=viewer(foreign, tmp_path / "viewer")))
    assert done.code == ExitCode.OK, done.text
    notes = " ".join(foreign.record()["notes"])
    assert "not judged: Applications, because this user may not list them" in notes
    assert all(o["health"] == "ready" for o in foreign.record()["objects"])


def test_a_commit_that_nobody_pushed_is_not_waited_for(foreign: Foreign) -> None:
    file = foreign.checkout / "deploy" / "base" / "config.yaml"
    file.write_text(file.read_text() + "# changed\n")
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    git("-C", str(foreign.checkout), *who, "commit", "--quiet", "--all", "--message", "change")
    done = foreign.guest.run(*foreign.words(), seconds=120)
    git("-C", str(foreign.checkout), "reset", "--quiet", "--hard", "HEAD~1")
    assert done.code == ExitCode.ENGINE, done.text
    assert "it is not pushed" in done.ending
    assert "1 commit older" in done.ending


def test_a_fault_has_the_same_cause_as_harness_diagnose_says(foreign: Foreign) -> None:
    path = object_path(ObjectRef("Secret", SPACE, "store-password"))
    secret = foreign.kube.get(path)
    foreign.kube.delete(path)
    for pod in foreign.kube.items(collection("Pod", SPACE), labelSelector="app=store"):
        foreign.kube.delete(object_path(ObjectRef("Pod", SPACE, pod["metadata"]["name"])))
    done = foreign.guest.run(*foreign.words())
    where = ("--kubeconfig", str(foreign.kubeconfig), "--context", foreign.context, "-n", SPACE)
    said = foreign.guest.run("diagnose", *where, "--repo", str(foreign.checkout), "--json")
    body = {k: v for k, v in secret.items() if k in {"apiVersion", "kind", "data", "type"}}
    meta = {
        "name": "store-password",
        "namespace": SPACE,
        "labels": secret["metadata"].get("labels"),
    }
    foreign.kube.create(collection("Secret", SPACE), {**body, "metadata": meta})
    assert done.code == ExitCode.ROOT_CAUSE, done.text
    assert foreign.causes() == {"S07"}
    assert {f["cause"] for f in json.loads(said.text)["findings"]} == {"S07"}
    assert wait_until(foreign.is_ready, 180)


def test_an_environment_that_is_not_there_is_deployed_for_the_run_and_removed(
    foreign: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    undeployed(foreign)
    settings = foreign.checkout / "harness.toml"
    settings.write_text(settings.read_text() + LOGIN)
    before = foreign.names()
    nothing = foreign.guest.run(*foreign.words())
    assert nothing.code == ExitCode.ENGINE
    assert "not deployed here" in nothing.ending
    monkeypatch.setenv("PULL_SECRET", foreign.pull_secret)
    guest = guest_with(foreign)
    done = guest.run(*foreign.words("--apply", "--make-secrets"), seconds=900)
    assert done.code == ExitCode.OK, done.text[-3000:]
    assert foreign.ours() == ()
    assert foreign.names() == before
    assert foreign.pull_secret not in done.text


def test_what_a_killed_run_made_is_found_by_down_and_removed_exactly(
    foreign: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULL_SECRET", foreign.pull_secret)
    before = foreign.names()
    bystander = ObjectRef("ConfigMap", "default", "bystander")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "bystander"}}
    foreign.kube.apply(object_path(bystander), body)
    process = guest_with(foreign).start(*foreign.words("--apply", "--make-secrets"))
    run_until(process, "Applications synced", kill)
    assert foreign.ours() != ()
    said = foreign.down()
    assert f"removed Namespace {SPACE}" in said
    assert foreign.ours() == ()
    assert foreign.kube.find(object_path(bystander)) is not None
    foreign.kube.delete(object_path(bystander))
    assert foreign.names() == before


def test_argo_cd_is_installed_on_request_and_removed(foreign: Foreign) -> None:
    without_argocd(foreign)
    absent = foreign.guest.run(*foreign.words())
    assert absent.code == ExitCode.ENGINE
    assert "--install-engine" in absent.ending
    done = foreign.guest.run(*foreign.words("--install-engine"), seconds=600)
    assert done.code == ExitCode.ENGINE, done.text[-3000:]
    assert "not deployed here" in done.ending
    assert "installed in argocd" in done.text
    assert foreign.ours() == ()
    assert foreign.kube.find("/apis/argoproj.io/v1alpha1") is None


def guest_with(foreign: Foreign) -> CommandLine:
    """Returns the guest's command line with the environment as it is now."""
    place = foreign.guest.output.parent
    return CommandLine(place / "guest", foreign.guest.output, foreign.guest.bundle)


def undeployed(foreign: Foreign) -> None:
    """Removes the shop as its owner would."""
    kube = foreign.kube
    kube.delete(object_path(ObjectRef("ApplicationSet", "argocd", "shop")))
    gone = object_path(ObjectRef("Application", "argocd", "shop-dev"))
    assert wait_until(lambda: kube.find(gone) is None, 120)
    kube.delete(object_path(ObjectRef("AppProject", "argocd", "shop")))
    kube.delete(f"/api/v1/namespaces/{SPACE}")
    assert wait_until(lambda: kube.find(f"/api/v1/namespaces/{SPACE}") is None, 120)


def without_argocd(foreign: Foreign) -> None:
    """Removes Argo CD as its owner would."""
    kube, rbac = foreign.kube, "/apis/rbac.authorization.k8s.io/v1"
    definitions = collection("CustomResourceDefinition")
    for kind in ("applications", "applicationsets", "appprojects"):
        kube.delete(f"{definitions}/{kind}.argoproj.io")
    kube.delete("/api/v1/namespaces/argocd")
    for plural in ("clusterroles", "clusterrolebindings"):
        for obj in kube.items(f"{rbac}/{plural}"):
            if obj["metadata"]["name"].startswith("argocd-"):
                kube.delete(f"{rbac}/{plural}/{obj['metadata']['name']}")
    assert wait_until(lambda: kube.find("/api/v1/namespaces/argocd") is None, 120)
    assert wait_until(lambda: kube.find("/apis/argoproj.io/v1alpha1") is None, 60)
