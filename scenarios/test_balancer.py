"""The promise: Ingresses are used as an ALB would use them, and unhealthy targets are told.

One kept cluster with the small shop, to which an Ingress of class `alb` and a policy for the load
balancer's subnet are added. Requests come from this machine; changes are made as people make them:
in the tree, or with kubectl.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from harness.cluster.runs import RunFolder, all_runs
from harness.model.errors import ExitCode
from harness.prove.haproxy import CERTIFICATE, configuration
from scenarios.conftest import CACHES, ROOT, CommandLine, Outcome, in_docker, wait_until
from scenarios.test_drift import kubectl
from tests.prove.ingresses import sample

SHOP = ROOT / "scenarios" / "trees" / "shop"
HOST = "shop.example"
CHECKED = "alb.ingress.kubernetes.io/healthcheck-path: /healthz"
INGRESS = f"""\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    alb.ingress.kubernetes.io/scheme: internet-facing
    alb.ingress.kubernetes.io/target-type: ip
    alb.ingress.kubernetes.io/listen-ports: '[{{"HTTP": 80}}, {{"HTTPS": 443}}]'
    alb.ingress.kubernetes.io/ssl-redirect: "443"
    {CHECKED}
spec:
  ingressClassName: alb
  rules:
    - host: {HOST}
      http:
        paths:
          - {{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{name: http}}}}}}}}
"""
ADMITTED = "- {port: 8080}  # of the load balancer"
POLICY = f"""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web-from-load-balancer
spec:
  podSelector:
    matchLabels: {{app: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - ipBlock: {{cidr: 10.43.0.0/20}}
      ports:
        {ADMITTED}
"""


class Shop:
    """The deployed shop with its load balancer."""

    def __init__(self, line: CommandLine, tree: Path, state: Path) -> None:
        self.line, self.tree = line, tree
        outcome = self.prove()
        assert outcome.code == ExitCode.OK, outcome.text[-3000:]
        self.run: RunFolder = all_runs(state / "gitops-harness" / "runs")[-1]

    def prove(self) -> Outcome:
        """Deploys the tree as it is now on the kept cluster and proves it."""
        return self.line.e2e(self.tree, "--keep")

    @property
    def container(self) -> str:
        """The name of the stand-in."""
        return f"gitops-harness-{self.run.state.run_id}-lb"

    def url(self, port: int, scheme: str) -> str:
        """Returns where a port of the stand-in is on this machine."""
        found = docker("port", self.container, str(port)).split()[0]
        return f"{scheme}://{found}"

    def ask(self, path: str = "/", *, tls: bool = True) -> requests.Response:
        """Sends one request as a customer would, without following redirects."""
        url = self.url(443, "https") if tls else self.url(80, "http")
        with requests.Session() as session:
            session.trust_env = False
            return session.get(
                url + path,
                headers={"Host": HOST},
                verify=str(self.run.path / "load-balancer" / "ca.crt"),
                allow_redirects=False,
                timeout=5,
            )

    def status(self) -> int:
        """Returns the status of a request, 0 where there is no answer."""
        try:
            return self.ask().status_code
        except requests.RequestException:
            return 0

    def kubectl(self, *arguments: str) -> str:
        """Runs kubectl in the shop's namespace."""
        done = subprocess.run(
            [str(kubectl()), "--namespace", "shop-dev", *arguments],
            env={**os.environ, "KUBECONFIG": str(self.run.path / "kubeconfig")},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return done.stdout

    def edit(self, name: str, old: str, new: str) -> None:
        """Replaces a text in a file of the tree that holds it once."""
        path = self.tree / "deploy" / "base" / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), encoding="utf-8")

    def targets(self) -> list[str]:
        """Returns the targets of the stand-in."""
        lines = docker(
            "exec", self.container, "cat", "/etc/gitops-harness/load-balancer/haproxy.cfg"
        )
        return [line.split()[1] for line in lines.splitlines() if line.startswith("  server ")]

    def pods(self) -> list[str]:
        """Returns the addresses of the pods that run."""
        found = json.loads(self.kubectl("get", "pods", "-l", "app=web", "-o", "json"))["items"]
        alive = [p for p in found if not p["metadata"].get("deletionTimestamp")]
        return sorted(f"{p['status'].get('podIP')}:8080" for p in alive)


def docker(*arguments: str, text: str = "") -> str:
    """Runs docker and returns what it printed."""
    done = subprocess.run(
        ["docker", *arguments], input=text, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def shop(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Shop]:
    """The shop behind its load balancer; everything is removed at the end."""
    place = tmp_path_factory.mktemp("balancer")
    tree = Path(shutil.copytree(SHOP, place / "tree", ignore=CACHES))
    base = tree / "deploy" / "base"
    (base / "ingress.yaml").write_text(INGRESS + "---\n" + POLICY, encoding="utf-8")
    listing = base / "kustomization.yaml"
    listing.write_text(listing.read_text("utf-8") + "  - ingress.yaml\n", encoding="utf-8")
    line = CommandLine(
        place / "state", place / "report", str(request.config.getoption("--gitops-bundle"))
    )
    try:
        yield Shop(line, tree, place / "state")
    finally:
        runs = [r.state.run_id for r in all_runs(place / "state" / "gitops-harness" / "runs")]
        line.run("down")
    assert not {item for item in in_docker() for run in runs if run in item}


def test_it_answers_on_the_declared_ports_with_tls_and_sends_customers_there(shop: Shop) -> None:
    plain, secure = shop.ask("/a?b=c", tls=False), shop.ask()

    assert (plain.status_code, plain.headers["Location"]) == (301, f"https://{HOST}:443/a?b=c")
    assert (secure.status_code, secure.text) == (200, "ok\n")


def test_it_stands_in_the_subnet_that_the_policy_names(shop: Shop) -> None:
    where = json.loads(
        docker("inspect", shop.container, "--format", "{{json .NetworkSettings.Networks}}")
    )

    (network,) = where.values()
    assert network["IPAddress"].startswith("10.43.0.")
    ingress = json.loads(shop.kubectl("get", "ingress", "shop", "-o", "json"))
    assert ingress["status"]["loadBalancer"]["ingress"] == [{"ip": network["IPAddress"]}]


def test_haproxy_accepts_every_configuration_that_can_be_written(shop: Shop) -> None:
    text = configuration(sample("everything"))

    said = docker("exec", "-i", shop.container, "sh", "-c",
                  f"cat > /tmp/a.cfg && test -f {CERTIFICATE} && haproxy -c -f /tmp/a.cfg",
                  text=text)  # fmt: skip

    assert "ALERT" not in said


def test_it_follows_the_pods_while_requests_run(shop: Shop) -> None:
    before, done, answers = shop.targets(), threading.Event(), list[int]()

    def ask_often() -> None:
        while not done.is_set():
            answers.append(shop.status())

    asking = threading.Thread(target=ask_often)
    asking.start()
    started = time.monotonic()
    try:
        shop.kubectl("rollout", "restart", "deployment", "web")
        shop.kubectl("rollout", "status", "deployment", "web", "--timeout=100s")
        assert wait_until(lambda: shop.targets() == shop.pods(), 20)
        time.sleep(2)
    finally:
        done.set()
        asking.join()

    lost = [a for a in answers if a != 200]
    print(
        f"{len(answers)} requests in {time.monotonic() - started:.1f} s, {len(lost)} lost: {lost}"
    )
    assert shop.targets() != before
    assert len(lost) <= 2
    assert answers[-5:] == [200] * 5


def test_a_deleted_pod_is_replaced_by_the_next(shop: Shop) -> None:
    before = shop.targets()

    shop.kubectl("delete", "pod", "-l", "app=web", "--wait=false")

    assert wait_until(lambda: shop.targets() == shop.pods() != before, 60)
    assert wait_until(lambda: shop.status() == 200, 20)


def test_a_wrong_health_check_is_told_with_its_line(shop: Shop) -> None:
    shop.edit("ingress.yaml", CHECKED, CHECKED.replace("/healthz", "/wrong"))
    try:
        outcome = shop.prove()
    finally:
        shop.edit("ingress.yaml", "/wrong", "/healthz")

    assert outcome.code == ExitCode.PROOF, outcome.text[-3000:]
    assert (
        f"route {HOST}/*: 0 of 1 targets healthy: health check GET /wrong gives 404, "
        "declared success codes 200"
    ) in outcome.ending
    assert "deploy/base/ingress.yaml:10" in outcome.ending


def test_a_policy_that_does_not_admit_it_is_told_with_its_subnet(shop: Shop) -> None:
    shop.edit("ingress.yaml", ADMITTED, ADMITTED.replace("8080", "9090"))
    try:
        outcome = shop.prove()
    finally:
        shop.edit("ingress.yaml", ADMITTED.replace("8080", "9090"), ADMITTED)

    assert outcome.code == ExitCode.PROOF, outcome.text[-3000:]
    assert "health check gets no connection from 10.43.0.0/26 to port 8080" in outcome.ending
    assert "admit 10.43.0.0/26 in the NetworkPolicies of the pods" in outcome.ending
