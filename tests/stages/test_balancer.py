"""What a proof is told of the load balancer, and what is remembered of it between commands."""

from __future__ import annotations

from pathlib import Path

from harness.prove.load_balancer import LoadBalancer
from harness.prove.routing import Listener
from harness.stages.balancer import OpenedIngresses
from harness.stages.balancer_files import Started, node_addresses, remember, started_as
from tests.prove.ingresses import ingress, made

PLAIN, TLS = Listener(80), Listener(443, tls=True)


def opened(folder: Path, *listeners: Listener) -> OpenedIngresses:
    urls = {item: f"{item.scheme}://127.0.0.1:3{item.port}" for item in listeners}
    balancer = LoadBalancer(
        name="lb", network="lb", subnet="10.20.0.0/26", address="10.20.0.3", urls=urls
    )
    found = made(ingress(name="a", host="a.example"), ingress(name="b", host="b.example"))
    return OpenedIngresses(balancer=balancer, routing=found, folder=folder)


def test_a_proof_is_told_the_plain_address_and_the_hosts(tmp_path: Path) -> None:
    assert opened(tmp_path, PLAIN).environment == {
        "HARNESS_INGRESS_URL": "http://127.0.0.1:380",
        "HARNESS_INGRESS_HOSTS": "a.example,b.example",
    }


def test_with_tls_it_is_also_told_that_address_and_whom_to_trust(tmp_path: Path) -> None:
    told = opened(tmp_path, PLAIN, TLS).environment

    assert told["HARNESS_INGRESS_URL"] == "http://127.0.0.1:380"
    assert told["HARNESS_INGRESS_HTTPS_URL"] == "https://127.0.0.1:3443"
    assert told["HARNESS_INGRESS_CA"] == str(tmp_path / "ca.crt")


def test_the_address_has_tls_where_nothing_else_is_declared(tmp_path: Path) -> None:
    told = opened(tmp_path, TLS).environment

    assert told["HARNESS_INGRESS_URL"] == told["HARNESS_INGRESS_HTTPS_URL"]


def test_how_it_was_started_is_remembered(tmp_path: Path) -> None:
    started = Started(fingerprint="f", subnet="10.20.0.0/26")
    remember(tmp_path, started)

    assert started_as(tmp_path) == started


def test_what_cannot_be_read_counts_as_not_started(tmp_path: Path) -> None:
    assert started_as(tmp_path) is None
    for text in ("", "[]", '{"fingerprint": "f"}'):
        (tmp_path / "started.json").write_text(text, encoding="utf-8")
        assert started_as(tmp_path) is None


def test_the_nodes_addresses_are_those_that_the_follower_is_told(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('{"nodes": {"n": "10.20.0.2"}}', encoding="utf-8")

    assert node_addresses(tmp_path) == {"n": "10.20.0.2"}
