"""Timelines at the edges of the network: N11, N14, N15 and N17."""
# ruff: noqa: E501 - texts of other programs are quoted as they are

from __future__ import annotations

from tests.diagnosis.sample import sample
from tests.diagnosis.samples.network_world import (
    BACKING,
    CATALOG,
    DENY,
    ORDER,
    PAYMENT,
    SPACE,
    corp,
    crash,
    env,
    healthy_policies,
    pod_of,
    policy,
    ready,
)
from tests.diagnosis.world import World, container, running


@sample(("N15", DENY), within=90, not_before=45, victims=(PAYMENT,))
def nothing_lets_a_service_out_to_the_internet() -> World:
    made = corp()
    ready(made, *BACKING, "order", "catalog", "notification")
    text = 'Post "https://api.stripe.com/v1/charges": dial tcp 54.187.174.169:443: i/o timeout'
    crash(made, "payment", text, 20, 36, 60)
    return made


@sample(within=120)
def the_internet_is_slow_and_no_policy_forbids_it() -> World:
    outside = policy(
        "allow-out", {"app": "payment"}, egress=[{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]
    )
    made = corp({**healthy_policies(), "allow-out": outside})
    ready(made, *BACKING, "order", "catalog", "notification")
    made.pod("payment", 10, state=running(10), phase="Running")
    text = 'WARN Post "https://api.stripe.com/v1/charges": dial tcp 54.187.174.169:443: i/o timeout, trying again'
    made.log("payment-h1-abcde", "payment", text, 20)
    ready(made, "payment", at=110)
    return made


@sample(("N17", ORDER), within=60, not_before=15)
def tls_is_spoken_to_a_plain_port() -> World:
    made = corp({})
    ready(made, *BACKING, "catalog", "payment", "notification")
    made.workload("order", container("order", env=env(CATALOG_URL="https://catalog:80")), at=1)
    text = ("requests.exceptions.SSLError: HTTPSConnectionPool(host='catalog', port=80): Max retries exceeded with url: / "
            "(Caused by SSLError(SSLError(1, '[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1010)')))")  # fmt: skip
    crash(made, "order", text, 18, 36)
    return made


@sample(("N17", CATALOG), within=60, not_before=20)
def a_probe_speaks_http_to_a_tls_port() -> World:
    made = corp()
    ready(made, *BACKING, "payment", "notification", "order")
    made.pod("catalog", 5, state=running(5), phase="Running")
    text = "2026/11/22 10:00:00 http: TLS handshake error from 10.244.0.1:43120: client sent an HTTP request to an HTTPS server"
    made.log("catalog-h1-abcde", "catalog", text, 12)
    for n in range(10):
        made.event("Pod", "catalog-h1-abcde", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 400",
                   10 + 5 * n, count=n + 1)  # fmt: skip
    return made


def probes_time_out(made: World, *names: str) -> None:
    text = ('Readiness probe failed: Get "http://10.244.0.12:8080/readyz": context deadline exceeded '
            "(Client.Timeout exceeded while awaiting headers)")  # fmt: skip
    for name in names:
        made.pod(name, 10, state=running(10), phase="Running")
        for n in range(18):
            made.event("Pod", pod_of(name), "Unhealthy", text, 16 + 5 * n, count=n + 1)


@sample(("N11", DENY), within=120, not_before=60, innocent=(ORDER, CATALOG))
def no_isolated_pod_passes_a_probe_over_the_network() -> World:
    made = corp()
    ready(made, *BACKING)
    probes_time_out(made, "order", "catalog", "payment", "notification")
    return made


@sample(within=120)
def probes_time_out_although_policies_let_others_pass() -> World:
    made = corp()
    ready(made, *BACKING, "notification", "payment")
    probes_time_out(made, "order", "catalog")
    return made


@sample(within=600)
def an_ingress_never_gets_an_address() -> World:
    made = corp()
    ingress = {
        "kind": "Ingress",
        "metadata": {"name": "shop", "namespace": SPACE},
        "spec": {"ingressClassName": "alb"},
    }
    made.declare(ingress)
    made.put(ingress)
    ready(made, *BACKING, "order", "catalog", "payment", "notification")
    return made
