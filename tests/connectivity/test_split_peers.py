from __future__ import annotations

from harness.connectivity.split_peers import SplitPeer, split_peers
from harness.model.refs import ObjectRef
from tests.connectivity.objects import Object, pods, policy, spaces, workload

DNS = {"k8s-app": "kube-dns"}
SYSTEM = {"kubernetes.io/metadata.name": "kube-system"}


def _found(*peers: Object) -> tuple[SplitPeer, ...]:
    dns = policy("dns", policyTypes=["Egress"], egress=[{}, {"to": list(peers)}])
    return split_peers([workload("order"), workload("payment"), dns])


def test_a_pod_selector_beside_a_namespace_selector_that_selects_nobody_here_is_told() -> None:
    expected = SplitPeer(
        policy=ObjectRef("NetworkPolicy", "shop", "dns"),
        field="spec.egress[1].to[0]",
        pods="k8s-app=kube-dns",
        namespaces="kubernetes.io/metadata.name=kube-system",
    )
    assert _found(pods(**DNS), spaces(**SYSTEM)) == (expected,)
    assert _found(spaces(**SYSTEM), pods(**DNS)) == (expected,)


def test_one_item_or_a_selector_that_is_used_here_is_not_told() -> None:
    assert _found({**pods(**DNS), **spaces(**SYSTEM)}) == ()
    assert _found(pods(app="order"), spaces(**SYSTEM)) == ()
    assert _found({"podSelector": {}}, spaces(**SYSTEM)) == ()
    assert _found(pods(**DNS), {"ipBlock": {"cidr": "10.0.0.0/8"}}, spaces(**SYSTEM)) == ()
    assert _found(pods(**DNS)) == ()
