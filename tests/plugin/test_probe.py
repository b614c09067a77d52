"""A connection from a pod's network, judged by what bash and timeout say."""

from __future__ import annotations

from typing import Any

import pytest

from harness.model.refs import ObjectRef
from harness.pytest_plugin.probe import address_of, probe, word_for

WEB = ObjectRef("Deployment", "shop", "web")
SERVICES = "/api/v1/namespaces/shop/services"


class FakeApi:
    """Objects by path."""

    def __init__(self, found: dict[str, dict[str, Any]], lists: dict[str, list[Any]]) -> None:
        self.found, self.lists = found, lists
        self.selectors: list[str] = []

    def find(self, path: str) -> dict[str, Any] | None:
        return self.found.get(path)

    def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        self.selectors.append(query.get("labelSelector", ""))
        return self.lists.get(path, [])


def shop(phase: str = "Running") -> FakeApi:
    pod = {
        "metadata": {"name": "web-1"},
        "spec": {"nodeName": "node-1"},
        "status": {
            "phase": phase,
            "containerStatuses": [{"containerID": "containerd://abc", "state": {"running": {}}}],
        },
    }
    return FakeApi(
        {
            "/apis/apps/v1/namespaces/shop/deployments/web": {
                "spec": {"selector": {"matchLabels": {"app": "web"}}}
            },
            f"{SERVICES}/api": {"spec": {"clusterIP": "10.96.0.7"}},
            f"{SERVICES}/store": {"spec": {"clusterIP": "None"}},
        },
        {
            "/api/v1/namespaces/shop/pods": [pod],
            "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices": [
                {"endpoints": [{"addresses": ["10.244.0.9"]}]}
            ],
        },
    )


class FakeNode:
    """Answers `crictl inspect`; connections end as told, from the pod and from the node."""

    def __init__(self, pod: tuple[int, str], node: tuple[int, str]) -> None:
        self.pod, self.node = pod, node
        self.commands: list[tuple[str, ...]] = []

    def __call__(self, name: str, command: tuple[str, ...]) -> tuple[int, str]:
        assert name == "node-1"
        self.commands.append(command)
        if command[0] == "crictl":
            return 0, "4711\n"
        return self.pod if command[0] == "nsenter" else self.node


OPEN, BLOCKED = (0, "connected\n"), (124, "")


def test_the_pod_connects_from_its_own_network_to_the_address_of_the_service() -> None:
    api, node = shop(), FakeNode(OPEN, OPEN)

    found = probe(api, node, WEB, "api:8080", seconds=2)

    assert (found.word, found.listens) == ("open", True)
    entered = node.commands[1]
    assert entered[:4] == ("nsenter", "-t", "4711", "-n")
    assert entered[-2:] == ("10.96.0.7", "8080")
    assert api.selectors == ["app=web"]


def test_a_block_is_told_from_nobody_listening_by_the_node() -> None:
    blocked = probe(shop(), FakeNode(BLOCKED, OPEN), WEB, "api:8080", seconds=2)
    silent = probe(shop(), FakeNode(BLOCKED, BLOCKED), WEB, "api:8080", seconds=2)

    assert (blocked.word, blocked.listens) == ("timeout", True)
    assert (silent.word, silent.listens) == ("timeout", False)


@pytest.mark.parametrize(
    ("code", "output", "word"),
    [
        (0, "connected\n", "open"),
        (1, "bash: connect: Connection refused", "refused"),
        (1, "bash: connect: Connection timed out", "timeout"),
        (124, "", "timeout"),
        (1, "bash: connect: No route to host", "unreachable"),
        (1, "bash: connect: Network is unreachable", "unreachable"),
        (127, "sh: bash: not found", "unknown"),
        (0, "", "unknown"),
    ],
)
def test_every_ending_has_its_word(code: int, output: str, word: str) -> None:
    assert word_for(code, output) == word


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("api", "10.96.0.7"),
        ("api.shop", "10.96.0.7"),
        ("api.shop.svc.cluster.local", "10.96.0.7"),
        ("store", "10.244.0.9"),
        ("10.1.2.3", "10.1.2.3"),
        ("mail.example.org", "mail.example.org"),
    ],
)
def test_names_of_services_become_addresses(host: str, address: str) -> None:
    assert address_of(shop(), host, "shop") == address


@pytest.mark.parametrize(
    ("target", "phase", "message"),
    [
        ("api", "Running", "no host:port"),
        ("api:http", "Running", "no host:port"),
        ("apis:80", "Running", "no Service shop/apis"),
        ("api:80", "Pending", "no running pod"),
    ],
)
def test_what_cannot_be_tried_is_said(target: str, phase: str, message: str) -> None:
    with pytest.raises(pytest.UsageError, match=message):
        probe(shop(phase), FakeNode(OPEN, OPEN), WEB, target, seconds=1)
