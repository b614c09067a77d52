"""Runs pytest-kind's `KindCluster` in a process of its own: creates one cluster.

pytest-kind works in the current folder, inherits the environment and sets no deadline. As a child
it gets the run's folder as current folder, the run's Docker network in its environment, and the
deadline of whoever started it; it ends itself when that one is killed. Call:
`python -m harness.cluster.kind_child REQUEST.json`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from pytest_kind import KindCluster

LOOK_SECONDS = 0.5


def main(request_file: str) -> None:
    """Reads the request and creates the cluster; kind's own words go to stderr."""
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    request: dict[str, Any] = json.loads(Path(request_file).read_text(encoding="utf-8"))
    cluster = KindCluster(
        request["name"],
        kubeconfig=Path(request["kubeconfig"]),
        image=request["image"],
        kind_path=Path(request["kind"]),
        kubectl_path=Path(request["kubectl"]),
    )
    cluster.create(request["config"])


def _end_with(parent: int) -> None:
    # A parent that was killed cannot end us, and a cluster made after it is nobody's.
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1])
