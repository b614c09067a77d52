"""The promise: the matrix is what the policies declare, and who differs is named with its line.

One kept cluster with MusicCorp. Argo CD is paused first, so that it does not heal what scenarios
change; people change policies with kubectl, as they do.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.cluster.runs import RunFolder, all_runs
from harness.io.kube import Kube
from harness.model.errors import ExitCode
from harness.model.kinds import object_path
from harness.model.refs import ObjectRef
from scenarios.conftest import CACHES, EXAMPLE, CommandLine, in_docker, wait_until

SPACE = "musiccorp-dev"
BASE = "gitops-deploys/base/network"
SERVICES = ("catalog", "customer", "notification", "order", "payment")
DATABASES = ("catalog-db", "customer-db", "order-db")
Cell = dict[str, Any]
DECLARED = {
    *(
        f"{each} -> DNS {way} 53"
        for each in (*SERVICES, *DATABASES, "kafka")
        for way in ("TCP", "UDP")
    ),
    *(f"{each} -> {each}-db TCP 5432" for each in ("catalog", "customer", "order")),
    *(f"{each} -> kafka TCP 9092" for each in ("order", "payment", "notification")),
    *(f"order -> {each} TCP 8080" for each in ("catalog", "customer")),
    *(f"load balancer -> {each} TCP 8080" for each in ("catalog", "order", "notification")),
}
"""What MusicCorp's policies allow in dev, by pods' addresses."""


class Deployed:
    """MusicCorp on a kept cluster, and what people do to its policies."""

    def __init__(self, line: CommandLine, tree: Path, state: Path) -> None:
        self.line, self.tree = line, tree
        outcome = line.run("up", "--repo", str(tree), "--output", str(line.output), seconds=1200)
        assert outcome.code == ExitCode.OK, outcome.text[-3000:]
        self.run: RunFolder = all_runs(state / "gitops-harness" / "runs")[-1]
        self.kube = Kube(self.run.path / "kubeconfig")
        self._pause()

    def _pause(self) -> None:
        path = object_path(ObjectRef("ApplicationSet", "argocd", SPACE))
        template = {"template": {"spec": {"syncPolicy": {"automated": None}}}}
        self.kube.merge(path, {"spec": template})
        app = object_path(ObjectRef("Application", "argocd", f"{SPACE}-network"))
        assert wait_until(lambda: not self.kube.get(app)["spec"]["syncPolicy"].get("automated"))

    def policies(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Returns the exit code and the JSON of `harness policies`."""
        outcome = self.line.run("policies", "--repo", str(self.tree), "--json", *arguments)
        assert outcome.text.startswith("{"), outcome.text
        said = json.loads(outcome.text)
        print(f"harness policies: {outcome.code}, {said['counts']}, {said['seconds']} s")
        return outcome.code, said

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """Runs kubectl in the namespace of MusicCorp and returns what it printed."""
        environment = {**os.environ, "KUBECONFIG": str(self.run.path / "kubeconfig")}
        done = subprocess.run(
            ["kubectl", "--namespace", SPACE, *arguments],
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def policy(self, name: str) -> str:
        """Returns a live policy as JSON that can be applied again."""
        found = json.loads(self.kubectl("get", "networkpolicy", name, "-o", "json"))
        meta = {key: found["metadata"][key] for key in ("name", "namespace", "labels")}
        return json.dumps({**found, "metadata": meta})

    def changed(self, name: str, path: str, value: object) -> None:
        """Replaces one field of a policy, by its JSON pointer."""
        patch = json.dumps([{"op": "replace", "path": path, "value": value}])
        self.kubectl("patch", "networkpolicy", name, "--type=json", "-p", patch)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """MusicCorp, kept for all scenarios of this module."""
    folder = tmp_path_factory.mktemp("policies")
    line = CommandLine(folder / "state", folder / "report")
    tree = Path(shutil.copytree(EXAMPLE, folder / "musiccorp", ignore=CACHES))
    try:
        found = Deployed(line, tree, folder / "state")
        run_id = found.run.path.name
        yield found
    finally:
        line.run("down")
    assert not [name for name in in_docker() if run_id in name]


@pytest.fixture
def kept(deployed: Deployed) -> Iterator[Deployed]:
    """The same; whatever a scenario changes in policies is put back."""
    names = deployed.kubectl("get", "networkpolicy", "-o", "name").split()
    before = [deployed.policy(name.rpartition("/")[2]) for name in names]
    yield deployed
    for text in before:
        deployed.kubectl("replace", "--force", "-f", "-", stdin=text)


def differences(said: dict[str, Any]) -> list[str]:
    """Returns the titles of what differs, without the paths through Services."""
    return sorted(cell["title"] for cell in said["differences"] if not cell["via"])


def decided(cell: Cell) -> tuple[str, str, int]:
    """Returns the policy that is named first, with its file and line."""
    first = cell["decided_by"][0]
    return first["policy"]["name"], first["file"], first["line"]


def line_of(tree: Path, file: str, text: str, occurrence: int = 1) -> int:
    """Returns the line of a file that holds a text."""
    lines = (tree / file).read_text(encoding="utf-8").splitlines()
    return [at for at, line in enumerate(lines, 1) if text in line][occurrence - 1]


def test_musiccorp_is_as_declared_in_every_cell(deployed: Deployed) -> None:
    code, said = deployed.policies()

    assert code == ExitCode.OK
    assert (said["verdict"], said["control"]["state"]) == ("as declared", "enforced")
    assert said["counts"]["not judged"] == 0, said["notes"]
    direct = [cell for cell in said["cells"] if not cell["via"]]
    assert {c["title"] for c in direct if c["state"] == "allowed"} == DECLARED
    assert {c["state"] for c in direct if c["title"] not in DECLARED} == {"denied"}
    assert {c["state"] for c in said["cells"] if c["via"]} == {"allowed"}
    assert {c["source"]["title"] for c in direct} == {
        *SERVICES, *DATABASES, "kafka", "load balancer", "outside",
    }  # fmt: skip


def test_a_database_that_is_open_to_all_is_named_with_its_line(kept: Deployed) -> None:
    kept.changed("order-to-database-ingress", "/spec/ingress/0", {})

    code, said = kept.policies()

    assert code == ExitCode.POLICIES
    # Inside the namespace the other end still denies its egress; from outside nobody does.
    assert differences(said) == [
        "load balancer -> order-db TCP 5432",
        "outside -> order-db TCP 5432",
    ]
    file = f"{BASE}/order-to-database.yaml"
    for cell in said["differences"]:
        assert (cell["state"], cell["expected"], cell["seen"]) == ("open", "denied", "answered")
        assert decided(cell) == (
            "order-to-database-ingress",
            file,
            line_of(kept.tree, file, "- from:"),
        )
        assert "order-to-database-ingress spec.ingress[0]" in cell["live_rules"][0]


def test_a_removed_policy_closes_exactly_its_way(kept: Deployed) -> None:
    kept.kubectl("delete", "networkpolicy", "order-to-customer-ingress")

    code, said = kept.policies()

    assert code == ExitCode.POLICIES
    assert differences(said) == ["order -> customer TCP 8080"]
    [cell] = [c for c in said["differences"] if not c["via"]]
    file = f"{BASE}/order-to-customer.yaml"
    assert (cell["state"], cell["seen"]) == ("closed", "timed out")
    assert decided(cell) == (
        "order-to-customer-ingress",
        file,
        line_of(kept.tree, file, "- from:"),
    )
    assert "does not exist" in cell["live_rules"][0]


def test_a_wrong_port_names_the_line_of_the_port(kept: Deployed) -> None:
    kept.changed("catalog-to-database-egress", "/spec/egress/0/ports/0/port", 5433)

    code, said = kept.policies()

    assert code == ExitCode.POLICIES
    assert differences(said) == ["catalog -> catalog-db TCP 5432"]
    file = f"{BASE}/catalog-to-database.yaml"
    cell = next(c for c in said["differences"] if not c["via"])
    assert decided(cell) == (
        "catalog-to-database-egress",
        file,
        line_of(kept.tree, file, "port: 5432"),
    )


def test_short_lived_pods_see_the_same_and_leave_nothing(kept: Deployed) -> None:
    image = "docker.io/library/postgres:17"

    code, said = kept.policies("--probe-image", image)

    assert code == ExitCode.OK
    allowed = {c["title"] for c in said["cells"] if c["state"] == "allowed" and not c["via"]}
    assert allowed == {title for title in DECLARED if not title.startswith("kafka ->")}
    # Its headless Service takes pods that are not ready, as a short-lived one would be.
    reasons = {c["reason"] for c in said["cells"] if c["source"]["title"] == "kafka"}
    assert all("Service kafka-headless would send traffic" in reason for reason in reasons)
    left = kept.kubectl("get", "pods,configmaps", "-l", "dev.gitops-harness", "-o", "name")
    assert left == ""
    assert "gitops-harness-control" not in kept.kubectl("get", "namespaces", "-o", "name")


def test_a_cluster_that_does_not_enforce_is_reported_as_such(kept: Deployed) -> None:
    agents = kept.kubectl("get", "daemonsets", "-n", "kube-system", "-o", "name").split()
    agent = next(a for a in agents if "kube-proxy" not in a)
    nowhere = {"spec": {"template": {"spec": {"nodeSelector": {"nobody": "here"}}}}}
    everywhere = {"spec": {"template": {"spec": {"nodeSelector": {"nobody": None}}}}}

    def patch(text: dict[str, Any]) -> None:
        kept.kubectl("patch", agent, "-n", "kube-system", "--type=merge", "-p", json.dumps(text))

    patch(nowhere)
    try:
        assert wait_until(
            lambda: agent.rpartition("/")[2] not in kept.kubectl("get", "pods", "-n", "kube-system")
        )
        code, said = kept.policies()
    finally:
        patch(everywhere)

    assert code == ExitCode.POLICIES_UNPROVEN
    assert (said["verdict"], said["control"]["state"]) == ("not enforced", "not enforced")
    assert said["counts"]["denied"] == said["counts"]["open"] == 0
    denied = [c for c in said["cells"] if c["expected"] == "denied"]
    assert {c["state"] for c in denied} == {"not judged"}
