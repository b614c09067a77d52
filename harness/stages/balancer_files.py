"""What the load balancer stand-in is given in its folder: certificate, configuration, access.

The certificate is of a CA of the run, for the declared hosts and for this machine. The access is a
ServiceAccount's that may look at what a load balancer is made from, and at nothing else.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from harness.model.kinds import collection
from harness.names.certificates import make_certificates
from harness.prove.access import TOKEN_PATH, access_objects, token_request
from harness.prove.haproxy import configuration
from harness.prove.routing import Routing
from harness.stages.context import Context

API_PORT = 6443
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
CA_FILE = "ca.crt"
SETTINGS_FILE = "settings.json"
STARTED_FILE = "started.json"


def make_folder(context: Context) -> Path:
    """Returns the folder of the stand-in, readable by its owner only."""
    folder = context.folder.path / "load-balancer"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What is remembered of the stand-in between commands on a kept cluster."""

    fingerprint: str
    """Of everything that a running one cannot be changed in."""
    subnet: str


def remember(folder: Path, started: Started) -> None:
    """Writes how the stand-in was started."""
    (folder / STARTED_FILE).write_text(json.dumps(asdict(started)), encoding="utf-8")


def started_as(folder: Path) -> Started | None:
    """Returns how the stand-in was started; None where nothing readable says so."""
    try:
        return Started(**json.loads((folder / STARTED_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def node_addresses(folder: Path) -> dict[str, str]:
    """Returns the address of each node on the network of the stand-in that was started last."""
    found = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
    return {str(node): str(address) for node, address in found["nodes"].items()}


def write_files(context: Context, folder: Path, wanted: Routing, addresses: dict[str, str]) -> None:
    """Writes everything that the stand-in starts with.

    Args:
        context: The run.
        folder: Made by `make_folder`.
        wanted: What the stand-in is to do, on the nodes' addresses.
        addresses: Node -> its address on the stand-in's network.

    Raises:
        KubeError: The cluster refuses the ServiceAccount or its token.
    """
    made = make_certificates(
        hosts=[*(h for h in wanted.hosts if "?" not in h), "localhost", "127.0.0.1"],
        run_id=context.run_id,
        now=context.clock.now(),
    )
    (folder / CA_FILE).write_text(made.ca, encoding="utf-8")
    _write_secret(folder / "server.pem", made.server + made.server_key.reveal())
    text = configuration(wanted)
    (folder / "haproxy.cfg").write_text(text, encoding="utf-8")
    shown = context.folder.path / "haproxy.cfg"  # where evidence is looked for
    shown.unlink(missing_ok=True)
    shown.symlink_to("load-balancer/haproxy.cfg")
    _write_secret(folder / SETTINGS_FILE, json.dumps(_follower_settings(context, addresses)))


def _follower_settings(context: Context, addresses: dict[str, str]) -> dict[str, Any]:
    kube = context.kube.get()
    for path, body in access_objects(context.kube_labels):
        kube.apply(path, body)
    token = kube.create(TOKEN_PATH, token_request())["status"]["token"]
    nodes = kube.items(collection("Node"), labelSelector=CONTROL_PLANE)
    config = yaml.safe_load((context.folder.path / "kubeconfig").read_text(encoding="utf-8"))
    ca = config["clusters"][0]["cluster"]["certificate-authority-data"]
    return {
        "server": f"https://{nodes[0]['metadata']['name']}:{API_PORT}",
        "token": token,
        "ca": base64.b64decode(ca).decode(),
        "namespaces": list(context.declaration.get().namespaces),
        "nodes": addresses,
    }


def _write_secret(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
