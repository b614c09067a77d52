"""A registry that answers slowly: its container sends at most so many bytes in a second.

The limit is a queueing discipline in the network namespace of the run's own registry, set by a
container of the node image, which has `tc`. What is pushed to the registry is not slowed down.
"""

from __future__ import annotations

import random
import subprocess
import time
from pathlib import Path

from harness.io.kube import Kube

PAYLOAD_BYTES = 9_000_000
KILOBITS = 800
"""Nine megabytes take 90 s."""
THROTTLED_SECONDS = 100
DEADLINE_SECONDS = 30


def with_payload(tree: Path) -> None:
    """Puts bytes that cannot be compressed into the image of the tree."""
    (tree / "app" / "payload.bin").write_bytes(random.Random(26).randbytes(PAYLOAD_BYTES))  # noqa: S311 - no secret
    dockerfile = tree / "app" / "Dockerfile"
    text = dockerfile.read_text(encoding="utf-8")
    dockerfile.write_text(f"{text}COPY payload.bin /payload.bin\n", encoding="utf-8")


def registry_throttled(kube: Kube) -> None:
    """Slows down the registry of the kept run until long after the pull has begun."""
    node = str(kube.items("/api/v1/nodes")[0]["metadata"]["name"])
    registry = node.replace("control-plane", "registry")
    image = _docker("inspect", "--format", "{{.Config.Image}}", node).strip()
    limit = ("tbf", "rate", f"{KILOBITS}kbit", "burst", "32kbit", "latency", "400ms")
    _tc(registry, image, "add", *limit)
    time.sleep(THROTTLED_SECONDS)
    _tc(registry, image, "del")


def _tc(registry: str, image: str, verb: str, *limit: str) -> None:
    network = ("--network", f"container:{registry}", "--cap-add", "NET_ADMIN", "--user", "0")
    command = ("qdisc", verb, "dev", "eth0", "root", *limit)
    _docker("run", "--rm", *network, "--entrypoint", "tc", image, *command)


def _docker(*arguments: str) -> str:
    done = subprocess.run(
        ("docker", *arguments),
        capture_output=True,
        text=True,
        check=True,
        timeout=DEADLINE_SECONDS,
    )
    return done.stdout
