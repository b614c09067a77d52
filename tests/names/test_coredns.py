from __future__ import annotations

import pytest

from harness.names.coredns import with_names, without_names

# As kubeadm writes it (cmd/kubeadm/app/phases/addons/dns/manifests.go).
KUBEADM = """\
.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30
    loop
    reload
    loadbalance
}
"""


def test_the_hosts_are_answered_ahead_of_everything_else_in_the_root_zone() -> None:
    changed = with_names(KUBEADM, {"github.com": "172.18.0.5", "git.acme.example": "172.18.0.5"})
    assert changed.splitlines()[:9] == [
        ".:53 {",
        "    # gitops-harness: declared names",
        "    hosts {",
        "        172.18.0.5 git.acme.example",
        "        172.18.0.5 github.com",
        "        fallthrough",
        "    }",
        "    # gitops-harness: end",
        "    errors",
    ]


def test_changing_again_replaces_and_removing_restores() -> None:
    first = with_names(KUBEADM, {"github.com": "172.18.0.5"})
    assert with_names(first, {"github.com": "172.18.0.5"}) == first
    second = with_names(first, {"gitlab.com": "172.18.0.9"})
    assert "github.com" not in second
    assert "172.18.0.9 gitlab.com" in second
    assert without_names(second) == KUBEADM
    assert with_names(second, {}) == KUBEADM


def test_an_existing_hosts_block_is_added_to_because_only_one_is_allowed() -> None:
    block = "    hosts /etc/more {\n        10.1.1.1 db\n        fallthrough\n    }\n"
    own = KUBEADM.replace("    ready\n", f"    ready\n{block}")
    changed = with_names(own, {"github.com": "172.18.0.5"})
    assert changed.count("hosts ") == 1
    lines = changed.splitlines()
    start = lines.index("    hosts /etc/more {")
    assert lines[start + 2] == "        172.18.0.5 github.com"
    assert without_names(changed) == own


def test_other_server_blocks_are_left_alone() -> None:
    stub = "acme.example:53 {\n    hosts {\n        10.1.1.1 x\n    }\n    forward . 10.0.0.1\n}\n"
    changed = with_names(stub + KUBEADM, {"github.com": "172.18.0.5"})
    assert changed.startswith(stub + ".:53 {\n    # gitops-harness")


def test_several_zones_on_one_line_are_understood() -> None:
    assert "github.com" in with_names("example.org, . {\n  errors\n}\n", {"github.com": "10.0.0.1"})


def test_a_corefile_without_root_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no server block for the root zone"):
        with_names("cluster.local:53 {\n    errors\n}\n", {"github.com": "10.0.0.1"})
