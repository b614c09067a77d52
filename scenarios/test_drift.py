"""The promise: whatever runs otherwise than declared is found, with who did it; nothing else is.

One kept cluster with the small shop. Argo CD is paused first (its automated sync is patched away),
so that it does not heal what the scenarios break; a sync by hand restores the shop between them.
People act with kubectl, as they do.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from platformdirs import user_cache_path

from harness.bundle.manifest import read_bundle
from harness.cluster.runs import RunFolder, all_runs
from harness.comparison.digests import registry_url, tokens
from harness.drift.observe import MANAGER
from harness.io.kube import Kube
from harness.io.registry_http import MANIFESTS
from harness.model.errors import ExitCode
from harness.model.kinds import collection, object_path
from harness.model.refs import ImageReference, ObjectRef
from harness.model.registry import registry_repository
from scenarios.conftest import CACHES, ROOT, CommandLine, in_docker, wait_until

SHOP = ROOT / "scenarios" / "trees" / "shop"
SPACE, APP = "shop-dev", "shop-dev"
IMAGE = ImageReference.parse("ghcr.io/shop/app:1.1.0")
ENGINE_APP = ObjectRef("Application", "argocd", APP)
QUIET_KINDS = ("ConfigMap", "NetworkPolicy", "Secret", "Service")
"""Kinds whose objects change only when somebody writes them."""
Finding = dict[str, Any]


class Shop:
    """The deployed shop, and what people do to it."""

    def __init__(self, line: CommandLine, tree: Path, state: Path) -> None:
        self.line, self.tree = line, tree
        outcome = line.run("up", "--repo", str(tree), "--output", str(line.output), seconds=900)
        assert outcome.code == ExitCode.OK, outcome.text[-3000:]
        self.run: RunFolder = all_runs(state / "gitops-harness" / "runs")[-1]
        self.kubeconfig = self.run.path / "kubeconfig"
        self.kube = Kube(self.kubeconfig)

    def kubectl(self, *arguments: str, editor: str = "") -> str:
        """Runs kubectl in the shop's namespace and returns what it printed."""
        environment = {**os.environ, "KUBECONFIG": str(self.kubeconfig), "KUBE_EDITOR": editor}
        done = subprocess.run(
            [str(kubectl()), "--namespace", SPACE, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def drift(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Returns the exit code and the JSON of `harness drift`."""
        outcome = self.line.run("drift", "--repo", str(self.tree), "--json", *arguments)
        assert outcome.text.startswith("{"), outcome.text
        print(f"harness drift: {outcome.code}")
        return outcome.code, json.loads(outcome.text)

    def findings(self) -> list[Finding]:
        """Returns what is found in the Application."""
        code, said = self.drift("--application", APP)
        assert code == (ExitCode.DRIFT if said["findings"] else ExitCode.OK)
        assert said["without_dry_run"] == []
        return list(said["findings"])

    def pause(self) -> None:
        """Takes automated sync away, in the set that makes the Application."""
        path = object_path(ObjectRef("ApplicationSet", "argocd", "shop"))
        template = {"template": {"spec": {"syncPolicy": {"automated": None}}}}
        self.kube.merge(path, {"spec": template})
        assert wait_until(lambda: "automated" not in self.application()["spec"]["syncPolicy"])

    def application(self) -> dict[str, Any]:
        """Returns the live Application."""
        return self.kube.get(object_path(ENGINE_APP))

    def restore(self) -> None:
        """Syncs by hand and waits until the shop is as declared and at rest."""
        before = (self.application()["status"].get("operationState") or {}).get("finishedAt")
        sync = {"sync": {"revision": self.application()["status"]["sync"]["revision"]}}
        self.kube.merge(object_path(ENGINE_APP), {"operation": sync})

        def is_done() -> bool:
            state = self.application()["status"].get("operationState") or {}
            return state.get("phase") == "Succeeded" and state.get("finishedAt") != before

        assert wait_until(is_done, 120)
        self.rest()

    def rest(self) -> None:
        """Waits until every Deployment runs its newest template alone."""
        for name in ("api", "web"):
            self.kubectl("rollout", "status", "deployment", name, "--timeout=100s")
        assert wait_until(self._is_settled)

    def _is_settled(self) -> bool:
        pods = self.kube.items(collection("Pod", SPACE))
        return not any(p["metadata"].get("deletionTimestamp") for p in pods)


def kubectl() -> Path:
    """Returns kubectl: that of the newest bundle."""
    bundles = (user_cache_path("gitops-harness") / "bundles").glob("*/bundle.json")
    newest = max(bundles, key=lambda p: p.stat().st_mtime)
    return read_bundle(newest).tools["kubectl"].path


@pytest.fixture(scope="module")
def shop(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Shop]:
    """The shop on a kept cluster, Argo CD paused; everything is removed at the end."""
    before, place = in_docker(), tmp_path_factory.mktemp("drift")
    tree = Path(shutil.copytree(SHOP, place / "tree", ignore=CACHES))
    declare_what_is_easily_mistaken(tree)
    bundle = str(request.config.getoption("--gitops-bundle"))
    line = CommandLine(place / "state", place / "report", bundle)
    try:
        made = Shop(line, tree, place / "state")
        made.pause()
        yield made
    finally:
        line.run("down")
    assert in_docker() == before


def declare_what_is_easily_mistaken(tree: Path) -> None:
    """Writes values that the API server spells otherwise, and replicas for an autoscaler."""
    path = tree / "deploy" / "base" / "web.yaml"
    text = path.read_text(encoding="utf-8")
    text = text.replace("spec:\n  selector:", "spec:\n  replicas: 1\n  selector:", 1)
    text = text.replace("limits: {memory: 64Mi}", "limits: {memory: 65536Ki, cpu: 1000m}", 1)
    path.write_text(text, encoding="utf-8")


@pytest.fixture(autouse=True)
def restored(shop: Shop) -> Iterator[None]:
    """Every scenario leaves the shop as declared."""
    yield
    shop.restore()


def brief(findings: list[Finding]) -> list[tuple[str, str, str]]:
    """Returns kind, object and field of each finding."""
    return [
        (f["kind"], f"{f['object']['kind']} {f['object']['name']}", f["field"]) for f in findings
    ]


def versions(shop: Shop) -> dict[str, str]:
    """Returns the resource versions of what nobody but people and Argo CD writes."""
    return {
        f"{kind} {o['metadata']['name']}": o["metadata"]["resourceVersion"]
        for kind in QUIET_KINDS
        for o in shop.kube.items(collection(kind, SPACE))
    }


def test_defaults_and_spellings_of_the_api_server_are_no_drift_and_nothing_is_written(
    shop: Shop,
) -> None:
    before, started = versions(shop), time.monotonic()

    code, said = shop.drift("--application", APP)

    seconds = time.monotonic() - started
    assert said["findings"] == []
    assert (code, said["honesty"], said["exact"]) == (ExitCode.OK, 100.0, said["declared"])
    assert (said["without_dry_run"], said["not_judged"]) == ([], [])
    assert said["applications"][0]["sync"] == "Synced"
    assert versions(shop) == before
    assert MANAGER not in shop.kubectl("get", "all,cm,secret,netpol", "-o", "json",
                                       "--show-managed-fields")  # fmt: skip
    assert seconds < 30


def test_a_paused_engine_is_itself_told(shop: Shop) -> None:
    _, said = shop.drift()

    found = [f for f in said["findings"] if f["object"]["kind"] == "ApplicationSet"]
    assert [f["field"] for f in found] == ["spec.template.spec.syncPolicy.automated"]


def test_a_manual_edit_names_who_when_and_the_line(shop: Shop) -> None:
    shop.kubectl("edit", "deployment", "web", editor="sed -i 's/value: api:8080/value: api:9090/'")

    found = shop.findings()

    field = "spec.template.spec.containers[web].env[NEEDS].value"
    edited = next(f for f in found if f["field"] == field)
    assert (edited["declared"], edited["desired"], edited["live"]) == (
        "api:8080",
        "api:8080",
        "api:9090",
    )
    assert (edited["manager"], edited["operation"]) == ("kubectl-edit", "Update")
    assert edited["time"].startswith("20")
    assert edited["file"] == "deploy/base/web.yaml"
    line = (shop.tree / edited["file"]).read_text(encoding="utf-8").splitlines()
    assert "api:8080" in line[edited["line"] - 1]
    assert {f["object"]["name"] for f in found} == {"web"}


def test_a_variable_added_by_hand_is_told_although_no_sync_removes_it(shop: Shop) -> None:
    shop.kubectl("set", "env", "deployment/web", "DEBUG=1")
    shop.rest()
    try:
        field = "spec.template.spec.containers[web].env[DEBUG]"
        assert brief(shop.findings()) == [("different", "Deployment web", field)]
    finally:
        shop.kubectl("set", "env", "deployment/web", "DEBUG-")


def test_scaled_by_hand(shop: Shop) -> None:
    shop.kubectl("scale", "deployment", "web", "--replicas=2")
    shop.rest()

    found = shop.findings()

    assert brief(found) == [("different", "Deployment web", "spec.replicas")]
    assert (found[0]["manager"], found[0]["operation"]) == ("kubectl", "Update scale")


def test_a_deleted_object_is_missing(shop: Shop) -> None:
    shop.kubectl("delete", "networkpolicy", "store-from-api")

    found = shop.findings()

    assert brief(found) == [("missing", "NetworkPolicy store-from-api", "")]
    assert found[0]["file"] == "deploy/base/policies.yaml"


def test_an_object_that_nobody_declares_is_extra(shop: Shop) -> None:
    shop.kubectl("create", "configmap", "by-hand", "--from-literal=a=b")
    try:
        found = shop.findings()
    finally:
        shop.kubectl("delete", "configmap", "by-hand")

    assert brief(found) == [("extra", "ConfigMap by-hand", "")]
    assert (found[0]["manager"], found[0]["application"]) == ("kubectl-create", APP)


def test_a_changed_image(shop: Shop) -> None:
    shop.kubectl("set", "image", "deployment/web", "web=ghcr.io/shop/app:hand")

    found = shop.findings()

    field = "spec.template.spec.containers[web].image"
    assert ("different", "Deployment web", field) in brief(found)
    changed = next(f for f in found if f["field"] == field)
    assert (changed["manager"], changed["live"]) == ("kubectl-set", "ghcr.io/shop/app:hand")
    assert changed["file"] == "deploy/overlays/dev/shop/kustomization.yaml"
    assert {kind for kind, _, _ in brief(found)} <= {"different", "revision"}


def test_a_changed_secret_is_told_without_its_value(shop: Shop) -> None:
    value = base64.b64encode(b"another-web-token").decode()
    shop.kubectl("patch", "secret", "shop-tokens", "--patch", json.dumps({"data": {"web": value}}))

    found = shop.findings()

    assert brief(found) == [("different", "Secret shop-tokens", "data.web")]
    assert (found[0]["declared"], found[0]["live"]) == ("(hidden)", "(hidden, another value)")
    assert found[0]["manager"] == "kubectl-patch"
    said = json.dumps(found)
    assert not [s for s in ("another-web-token", value, "web-token-of-dev") if s in said]


def test_replicas_that_an_autoscaler_owns_are_no_drift_until_it_is_gone(shop: Shop) -> None:
    shop.kubectl("autoscale", "deployment", "web", "--min=2", "--max=3")
    assert wait_until(lambda: _replicas(shop) == 2, 90)
    shop.rest()
    try:
        assert brief(shop.findings()) == [("extra", "HorizontalPodAutoscaler web", "")]
    finally:
        shop.kubectl("delete", "horizontalpodautoscaler", "web")

    assert brief(shop.findings()) == [("different", "Deployment web", "spec.replicas")]


def _replicas(shop: Shop) -> int:
    web = ObjectRef("Deployment", SPACE, "web")
    return int(shop.kube.get(object_path(web))["spec"]["replicas"])


def test_a_tag_that_moved_to_another_digest(shop: Shop) -> None:
    old, new = move_tag(shop)
    try:
        found = shop.findings()
    finally:
        move_tag(shop, back=True)

    places = [("image", f"Deployment {n}",
               f"spec.template.spec.containers[{n}].image") for n in ("api", "web")]  # fmt: skip
    assert sorted(brief(found)) == places
    assert {(f["declared"], f["live"]) for f in found} == {(new, old)}
    assert shop.findings() == []


def move_tag(shop: Shop, *, back: bool = False) -> tuple[str, str]:
    """Stores another manifest of the same layers under the tag; returns both digests."""
    repository = registry_repository(IMAGE)
    token = tokens(shop.run, ("pull", "push"))([repository]).reveal()
    url = f"{registry_url(shop.run)}/v2/{repository}/manifests/{IMAGE.tag}"
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {token}"
        held = session.get(url, headers={"Accept": ", ".join(MANIFESTS)}, timeout=20)
        manifest = json.loads(held.content)
        if back:
            del manifest["annotations"]
            body = shop.run.path.joinpath("first-manifest").read_bytes()
        else:
            shop.run.path.joinpath("first-manifest").write_bytes(held.content)
            body = json.dumps({**manifest, "annotations": {"moved": "yes"}}).encode()
        kind = {"Content-Type": held.headers["Content-Type"]}
        stored = session.put(url, data=body, headers=kind, timeout=20)
    assert stored.status_code == 201, stored.text
    digest = "Docker-Content-Digest"
    return held.headers[digest], stored.headers[digest]


def test_a_changed_tree_is_newer_than_what_runs(shop: Shop) -> None:
    path = shop.tree / "deploy" / "base" / "config.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("greeting: hello", "greeting: welcome"), encoding="utf-8")
    try:
        found = shop.findings()
    finally:
        path.write_text(text, encoding="utf-8")

    assert brief(found) == [
        ("revision", f"Application {APP}", "status.sync.revision"),
        ("different", "ConfigMap shop-config", "data.greeting"),
    ]
    assert (found[1]["declared"], found[1]["desired"], found[1]["live"]) == (
        "welcome",
        "hello",
        "hello",
    )


def test_who_may_only_look_compares_by_declared_fields_and_says_so(
    shop: Shop, tmp_path: Path
) -> None:
    shop.kubectl("scale", "deployment", "web", "--replicas=2")
    shop.rest()
    kubeconfig = onlookers_kubeconfig(shop, tmp_path)

    code, said = shop.drift("--kubeconfig", str(kubeconfig), "--namespace", SPACE)

    assert code == ExitCode.DRIFT
    assert brief(said["findings"]) == [("different", "Deployment web", "spec.replicas")]
    assert {r["object"]["kind"] for r in said["not_judged"]} == {"Secret"}
    assert len(said["without_dry_run"]) == said["declared"] - len(said["not_judged"])
    assert "cannot patch" in said["without_dry_run"][0]["reason"]


def onlookers_kubeconfig(shop: Shop, folder: Path) -> Path:
    """Returns a kubeconfig of somebody who may look at everything but secrets."""
    shop.kubectl("create", "serviceaccount", "onlooker", "--namespace", "default")
    shop.kubectl("create", "clusterrolebinding", "onlooker", "--clusterrole=view",
                 "--serviceaccount=default:onlooker")  # fmt: skip
    token = shop.kubectl("create", "token", "onlooker", "--namespace", "default").strip()
    config = yaml.safe_load(shop.kubeconfig.read_text(encoding="utf-8"))
    config["users"][0]["user"] = {"token": token}
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path
