from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from harness.cluster.kind_config import (
    CERTS_D,
    effective_config,
    fingerprint,
    read_user_config,
)
from harness.model.errors import UsageError
from harness.model.host import HostFacts

LAPTOP = HostFacts(
    system="Linux", distribution="ubuntu", is_root=False, cgroup_version=2,
    missing_capabilities=(), extra_ca_files=(), processors=8, memory_bytes=16 * 2**30,
)  # fmt: skip
USER = {"kind": "Cluster", "nodes": [{"role": "control-plane"}, {"role": "worker"}]}
ROOT = Path(__file__).parents[2]


def test_a_laptop_gets_the_users_configuration_and_the_mirrors_only() -> None:
    config, notes = effective_config(USER, mirrors=Path("/run/certs.d"), host=LAPTOP)

    assert notes == ()
    assert set(config) == {"kind", "nodes"}
    for node in config["nodes"]:
        assert node["extraMounts"] == [
            {"hostPath": "/run/certs.d", "containerPath": CERTS_D, "readOnly": True}
        ]
    assert "extraMounts" not in USER["nodes"][0]


def test_cgroup_v1_gets_its_kubelet_settings_and_says_so() -> None:
    host = replace(LAPTOP, cgroup_version=1)

    config, notes = effective_config(USER, mirrors=Path("/m"), host=host)

    patches = [yaml.safe_load(p) for p in config["kubeadmConfigPatches"]]
    assert {"kind": "KubeletConfiguration", "failCgroupV1": False} in patches
    assert "cgroup v1" in notes[0]
    assert "containerdConfigPatches" not in config


def test_a_missing_capability_gets_its_settings_and_says_so() -> None:
    host = replace(LAPTOP, missing_capabilities=("CAP_SYS_RESOURCE",))

    config, notes = effective_config(USER, mirrors=Path("/m"), host=host)

    assert "restrict_oom_score_adj = true" in config["containerdConfigPatches"][0]
    assert "CAP_SYS_RESOURCE" in notes[0]


def test_a_kept_cluster_is_recognised_wherever_its_run_folder_lies() -> None:
    one, _ = effective_config(USER, mirrors=Path("/a"), host=LAPTOP)
    two, _ = effective_config(USER, mirrors=Path("/b"), host=LAPTOP)
    other, _ = effective_config({"kind": "Cluster"}, mirrors=Path("/a"), host=LAPTOP)

    assert fingerprint(one, "k") == fingerprint(two, "k")
    assert fingerprint(one, "k") != fingerprint(one, "other bundle")
    assert fingerprint(one, "k") != fingerprint(other, "k")


@pytest.mark.parametrize("text", ["kind: [", "kind: Pod\n", "- a\n"])
def test_a_file_that_is_no_kind_configuration_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "kind.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(UsageError) as caught:
        read_user_config(path)

    assert str(path) in caught.value.paragraph()


def test_the_packaged_default_is_the_one_people_see() -> None:
    packaged = ROOT / "harness" / "cluster" / "kind-config.yaml"

    assert packaged.read_text() == (ROOT / "kind-config.yaml").read_text()


def test_workers_are_added_with_patience_and_change_the_fingerprint() -> None:
    one = {"kind": "Cluster", "nodes": [{"role": "control-plane"}]}
    alone, _ = effective_config(one, mirrors=Path("/m"), host=LAPTOP)
    crowd, _ = effective_config(one, mirrors=Path("/m"), host=LAPTOP, workers=2)

    assert [node["role"] for node in crowd["nodes"]] == ["control-plane", "worker", "worker"]
    assert all(node["extraMounts"] for node in crowd["nodes"])
    patches = [yaml.safe_load(p) for p in crowd["kubeadmConfigPatches"]]
    assert {p["kind"] for p in patches if "timeouts" in p} == {
        "InitConfiguration",
        "JoinConfiguration",
    }
    assert "kubeadmConfigPatches" not in alone
    assert fingerprint(alone, "k") != fingerprint(crowd, "k")
    assert one == {"kind": "Cluster", "nodes": [{"role": "control-plane"}]}


def test_a_configuration_without_nodes_has_one() -> None:
    config, _ = effective_config({"kind": "Cluster", "nodes": []}, mirrors=Path("/m"), host=LAPTOP)

    assert [node["role"] for node in config["nodes"]] == ["control-plane"]
