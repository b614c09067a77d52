"""Timelines whose log tells what the manifests do not: words that are hosts, ports of nobody."""

from __future__ import annotations

from tests.diagnosis.sample import sample
from tests.diagnosis.world import Object, World, container, crashed, running

NAME = """16:50:01 waiting for apis:8080: [Errno -2] Name or service not known
Traceback (most recent call last):
  File "/app/app.py", line 55, in main
    reach(address, float(os.environ.get("PATIENCE", "5")))
  File "/app/app.py", line 25, in reach
    socket.create_connection((host, int(port)), timeout=3).close()
socket.gaierror: [Errno -2] Name or service not known
"""
TIMEOUT = """16:50:01 waiting for api:8080: timed out
16:50:06 waiting for api:8080: timed out
Traceback (most recent call last):
  File "/app/app.py", line 25, in reach
    socket.create_connection((host, int(port)), timeout=3).close()
TimeoutError: timed out
"""


def policy(name: str, app: str, direction: str, peer: str) -> Object:
    way = "from" if direction == "ingress" else "to"
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "podSelector": {"matchLabels": {"app": app}},
            "policyTypes": [direction.capitalize()],
            direction: [
                {
                    way: [{"podSelector": {"matchLabels": {"app": peer}}}],
                    "ports": [{"port": 8080}],
                }
            ],
        },
    }


def clients(needs: str, log: str, **service: object) -> World:
    """Web crashes because it cannot reach what it needs; api is ready and declares port 8080."""
    made = World()
    made.workload("web", container("web", env=[{"name": "NEEDS", "value": needs}]))
    made.workload("api", container("api", ports=[{"containerPort": 8080}]))
    made.service("api", 8080, **service)  # type: ignore[arg-type]
    made.ready("api", 3)
    made.pod("web", 4, state=running(4))
    for restarts, at in enumerate((12, 25, 55), start=1):
        made.pod("web", at, state=crashed(at, restarts=restarts))
        made.log("web-h1-abcde", "web", log, at + 0.5, previous=True, restarts=restarts)
    return made


@sample(("N09", "Deployment shop/web"), within=60, innocent=("Deployment shop/api",))
def a_word_that_only_the_log_tells_to_be_a_host_is_misspelled() -> World:
    return clients("apis:8080", NAME)


@sample(("N08", "Service shop/api"), within=70)
def a_service_leads_to_a_port_that_the_policies_forbid_and_nobody_offers() -> World:
    made = clients("api:8080", TIMEOUT, ports=[{"port": 8080, "targetPort": 8089}])
    made.declare(policy("api-from-web", "api", "ingress", "web"))
    made.put(policy("api-from-web", "api", "ingress", "web"))
    return made
