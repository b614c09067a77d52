"""Builds the images that a node holds from the start, under the names that it asks for.

They never carry those names in the user's Docker, only in the node's containerd (``names``). The
node image itself is an image like the others (``building.images``).
"""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path

from airgap.bench import Bench
from airgap.building.docker import build, docker, load_missing, save
from airgap.building.images import make_context, place
from airgap.errors import BuildError

POLICY_AGENT = "docker.io/gitops-harness/policy-agent:node"
"""The name in recipes/node-images/default-cni.yaml."""


def build_node_images(bench: Bench) -> Mapping[str, object]:
    """Writes ``images.tar``, the names it is to have, and the manifests that kind installs."""
    base = load_missing(bench, bench.inputs[bench.text("base")])
    wanted = _wanted_names(bench)
    targets = {target: f"gitops-harness/node-{target}:{bench.key[:12]}" for target in wanted}
    context = make_context(bench)
    for target, reference in targets.items():
        build(bench, context / target, reference, arguments={"BASE": base})
    shutil.rmtree(context)
    save(bench, list(targets.values()), bench.folder / "images.tar")
    docker(bench, "image", "rm", *targets.values())
    lines = [f"{targets[target]} {name}\n" for target, names in wanted.items() for name in names]
    (bench.folder / "names").write_text("".join(lines), encoding="utf-8")
    _write_manifests(bench)
    return {"images": [name for names in wanted.values() for name in names]}


def _wanted_names(bench: Bench) -> dict[str, list[str]]:
    """For each folder of the recipe, the names under which a node looks for it.

    Raises:
        BuildError: kubeadm asks for an image that no folder of the recipe provides.
    """
    kind = bench.inputs["kind-files"]
    wanted = [
        *_kubeadm_images(bench),
        _sandbox_image(kind.folder / "files/etc/containerd/config.toml"),
        kind.text("provisioner"),
        kind.text("helper"),
        POLICY_AGENT,
    ]
    providers = bench.table("providers")
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys(wanted):
        program = name.rpartition(":")[0].rpartition("/")[2]
        if program not in providers:
            msg = f"kubeadm or kind needs {name}, which the recipe does not provide."
            raise BuildError(msg)
        found.setdefault(providers[program], []).append(name)
    return found


def _kubeadm_images(bench: Bench) -> list[str]:
    """What this version of kubeadm asks for, by its own word."""
    program = bench.folder / "kubeadm"
    place(bench.inputs["go-kubernetes"].folder / "kubernetes", program)
    version = bench.inputs["go-kubernetes"].text("version")
    lines = bench.run(
        str(program),
        "config",
        "images",
        "list",
        f"--kubernetes-version={version}",
        deadline_seconds=60,
    )
    program.unlink()
    return [line for line in lines if "/" in line and " " not in line]


def _sandbox_image(configuration: Path) -> str:
    """The pause image that kind's configuration of containerd names."""
    content = tomllib.loads(configuration.read_text(encoding="utf-8"))
    found = content["plugins"]["io.containerd.grpc.v1.cri"]["sandbox_image"]
    return str(found)


def _write_manifests(bench: Bench) -> None:
    manifests = bench.folder / "manifests"
    manifests.mkdir()
    recipe = bench.sources[0]
    shutil.copyfile(recipe / "default-cni.yaml", manifests / "default-cni.yaml")
    storage = bench.inputs["kind-files"].folder / "default-storage.yaml"
    shutil.copyfile(storage, manifests / "default-storage.yaml")
    version = bench.inputs["go-kubernetes"].text("version")
    (bench.folder / "version").write_text(version, encoding="utf-8")
