"""The kind configuration that is really used: the user's, plus what this run and this host need.

Pure. `kind-config.yaml` stays what a user on an ordinary laptop writes. What is added and why:
registry mirrors (containerd `certs.d`), kubelet on cgroup v1 (Kubernetes 1.35 and later refuse it
by default, `failCgroupV1`), hosts that may not lower `oom_score_adj` (no CAP_SYS_RESOURCE).
"""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import yaml

from harness.model.errors import UsageError
from harness.model.host import HostFacts

CERTS_D = "/etc/containerd/certs.d"
_CGROUP_V1_KUBELET = {"kind": "KubeletConfiguration", "failCgroupV1": False}
_NO_RESOURCE_KUBELET = {
    "kind": "KubeletConfiguration",
    "featureGates": {"KubeletInUserNamespace": True},
}
_NO_RESOURCE_CONTAINERD = (
    '[plugins."io.containerd.cri.v1.runtime"]\n  restrict_oom_score_adj = true\n'
)

_PATIENCE = {
    "timeouts": dict.fromkeys(
        ("controlPlaneComponentHealthCheck", "kubeletHealthCheck", "kubernetesAPICall"), "5m0s"
    )
}
"""Several nodes start at once on the processors of one machine; kubeadm gives a call one minute."""


def read_user_config(path: Path) -> dict[str, Any]:
    """Returns the user's kind configuration.

    Raises:
        UsageError: The file is missing, no YAML, or not a kind cluster.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise _bad(path, " ".join(str(error).split())) from error
    if not isinstance(found, dict) or found.get("kind") != "Cluster":
        raise _bad(path, "it is not of kind Cluster")
    return found


def _bad(path: Path, seen: str) -> UsageError:
    return UsageError(
        attempted="Reading the kind configuration",
        subject=str(path),
        seen=seen,
        expected="kind: Cluster, apiVersion: kind.x-k8s.io/v1alpha4",
        next_step="see https://kind.sigs.k8s.io/docs/user/configuration",
    )


def effective_config(
    user: dict[str, Any], *, mirrors: Path, host: HostFacts, workers: int = 0
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Returns the configuration to use and a note for every host-only addition.

    Args:
        user: The user's configuration.
        mirrors: Folder with containerd's registry mirrors.
        host: What this machine needs.
        workers: Nodes to add, where the user's configuration leaves that open.
    """
    config = copy.deepcopy(user)
    config["nodes"] = config.get("nodes") or [{"role": "control-plane"}]
    if workers:
        config["nodes"] += [{"role": "worker"} for _ in range(workers)]
        for kind in ("InitConfiguration", "JoinConfiguration"):
            _kubeadm(config, {"kind": kind, **_PATIENCE})
    for node in config["nodes"]:
        mount = {"hostPath": str(mirrors), "containerPath": CERTS_D, "readOnly": True}
        node.setdefault("extraMounts", []).append(mount)
    notes: list[str] = []
    if host.cgroup_version == 1:
        _kubeadm(config, _CGROUP_V1_KUBELET)
        for kind in ("InitConfiguration", "JoinConfiguration"):
            ignored = {"ignorePreflightErrors": ["SystemVerification"]}
            _kubeadm(config, {"kind": kind, "nodeRegistration": ignored})
        notes.append("cgroup v1 host: kubelet failCgroupV1=false, preflight SystemVerification off")
    if "CAP_SYS_RESOURCE" in host.missing_capabilities:
        _kubeadm(config, _NO_RESOURCE_KUBELET)
        config.setdefault("containerdConfigPatches", []).append(_NO_RESOURCE_CONTAINERD)
        notes.append(
            "host without CAP_SYS_RESOURCE: containerd restrict_oom_score_adj, "
            "kubelet KubeletInUserNamespace"
        )
    return config, tuple(notes)


def _kubeadm(config: dict[str, Any], patch: dict[str, Any]) -> None:
    config.setdefault("kubeadmConfigPatches", []).append(yaml.safe_dump(patch, sort_keys=False))


def fingerprint(config: dict[str, Any], bundle_key: str) -> str:
    """Returns a digest by which a kept cluster is recognised; host paths of mounts left out."""
    bare = copy.deepcopy(config)
    for node in bare.get("nodes", []):
        node["extraMounts"] = [
            m for m in node.get("extraMounts", []) if m["containerPath"] != CERTS_D
        ]
    text = json.dumps([bare, bundle_key], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
