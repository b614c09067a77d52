"""Measures `harness loop`: from a save to the verdict, and from a changed service to the node.

The loop runs as a process of its own on a copy of MusicCorp; files are saved as an editor does, and
its JSON lines are read. Beside every change of a service the same image is brought to the node by
`kind load docker-image`, which the harness does not use. What is measured is kept in `loop.json`.
"""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.cluster import CACHES, DOWN_SECONDS
from bench.contestants import ROOT
from bench.machine import facts
from bench.results import stored
from harness.bundle.manifest import read_bundle
from harness.io.kube import Kube
from harness.io.process import Runner
from harness.model.kinds import collection

EXAMPLE = ROOT / "examples" / "musiccorp"
NAMESPACE = "musiccorp-dev"
POLICY = "gitops-deploys/base/network/dns.yaml"
OVERLAY = "gitops-deploys/overlays/dev/services/kustomization.yaml"
SOURCE = "services/catalog/catalog/routes.py"
IMAGE = "musiccorp-catalog"
START_SECONDS = 1200.0
VERDICT_SECONDS = 300.0
LOAD_SECONDS = 300.0
_PULLED = re.compile(
    r"Successfully pulled image \"(?P<image>[^\"]+)\" in (?P<time>[\d.]+)(?P<unit>m?s)"
)
Verdict = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopPlan:
    """What is to be measured."""

    cache: Path
    results: Path
    runner: Runner
    say: Callable[[str], None]
    repetitions: int = 5

    @property
    def tree(self) -> Path:
        """The tree that is saved to."""
        return self.cache / "bench" / "loop" / "tree"

    @property
    def state(self) -> Path:
        """Where the loop keeps what it knows of its cluster."""
        return self.cache / "bench" / "loop" / "state"


class Lines:
    """The verdicts of a loop, with a limit for every wait."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._told: queue.Queue[Verdict | None] = queue.Queue()
        threading.Thread(target=self._read, args=(process,), daemon=True).start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            if line.startswith("{"):
                self._told.put(json.loads(line))
        self._told.put(None)

    def healthy(self, after: int, seconds: float) -> Verdict:
        """Returns the green verdict of a round later than `after`.

        Raises:
            LookupError: The loop ended, or said something else.
            queue.Empty: The time is over.
        """
        end = time.monotonic() + seconds
        while True:
            told = self._told.get(timeout=max(0.1, end - time.monotonic()))
            if told is None or told["verdict"] not in {"healthy", "superseded"}:
                message = f"the loop said {told}"
                raise LookupError(message)
            if told["round"] > after and told["verdict"] == "healthy":
                return told


@contextmanager
def running(plan: LoopPlan) -> Iterator[Lines]:
    """Gives a loop on a fresh copy of the example; it and its cluster are gone afterwards."""
    shutil.rmtree(plan.tree, ignore_errors=True)
    shutil.copytree(EXAMPLE, plan.tree, ignore=CACHES)
    environment = {**os.environ, "XDG_STATE_HOME": str(plan.state), "NO_COLOR": "1"}
    words = ("loop", "--repo", str(plan.tree), "--env", "dev", "--down", "--json")
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", *words],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield Lines(process)
    finally:
        process.terminate()
        process.wait(DOWN_SECONDS)


def measure_loop(plan: LoopPlan) -> None:
    """Measures everything and keeps it."""
    plan.say("starting the loop")
    with running(plan) as lines:
        last = lines.healthy(0, START_SECONDS)
        plan.say(f"green after {last['seconds']} s")
        plain, with_pod, service = [], [], []
        for number in range(1, plan.repetitions + 1):
            _save(plan.tree / POLICY, r"(?m)^metadata:\n(  annotations: .*\n)?", _annotated(number))
            last = lines.healthy(last["round"], VERDICT_SECONDS)
            plain.append(of_verdict(last))
            _save(plan.tree / OVERLAY, r"DRAIN_SECONDS=\d+", f"DRAIN_SECONDS={number + 2}")
            last = lines.healthy(last["round"], VERDICT_SECONDS)
            with_pod.append(of_verdict(last))
            _save(plan.tree / SOURCE, r"(\n# change \d+)?\n\Z", f"\n# change {number}\n")
            last = lines.healthy(last["round"], VERDICT_SECONDS)
            service.append({**of_verdict(last), **_beside(plan)})
            plan.say(f"{number}: {plain[-1]} {with_pod[-1]} {service[-1]}")
            found = {"plain": plain, "pod": with_pod, "service": service, "machine": facts()}
            stored(plan.results, found)


def _annotated(number: int) -> str:
    return f'metadata:\n  annotations: {{bench: "{number}"}}\n'


def _save(path: Path, pattern: str, text: str) -> None:
    """Changes one line and saves as an editor does."""
    changed = re.sub(pattern, lambda _: text, path.read_text(encoding="utf-8"), count=1)
    beside = path.with_name(f".{path.name}.new~")
    beside.write_text(changed, encoding="utf-8")
    beside.rename(path)


def of_verdict(told: Mapping[str, Any]) -> dict[str, float]:
    """Returns the seconds of a verdict; `own` is without the pod's own start."""
    steps = told["steps"]
    return {
        "seconds": told["seconds"],
        "synced": told["synced_seconds"] or 0.0,
        "pod": told["pod_start_seconds"] or 0.0,
        "own": round(told["seconds"] - (told["pod_start_seconds"] or 0.0), 3),
        "render": steps.get("render", 0.0),
        "publish": steps.get("publish", 0.0),
        "build": steps.get("build", 0.0),
        "deliver": steps.get("deliver", 0.0),
    }


def _beside(plan: LoopPlan) -> dict[str, float]:
    """Returns how long the node took to pull, and `kind load docker-image` for the same image."""
    run = max((plan.state / "gitops-harness" / "runs").iterdir(), key=lambda p: p.stat().st_mtime)
    pulled = pull_seconds(Kube(run / "kubeconfig").items(collection("Event", NAMESPACE)))
    name = _changed_image(plan, run.name)
    began = time.monotonic()
    _command(
        plan, str(_kind(plan.cache)), "load", "docker-image", name,
        "--name", f"gitops-harness-{run.name}", seconds=LOAD_SECONDS,
    )  # fmt: skip
    return {"pull": pulled, "kind_load": round(time.monotonic() - began, 3)}


def _changed_image(plan: LoopPlan, run: str) -> str:
    """Returns an image with one new line; what the node has already, kind would only name anew."""
    folder, name = plan.cache / "bench" / "loop" / "line", f"gitops-harness/run-{run}:line"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "line.py").write_text(f"# {time.time_ns()}\n", encoding="utf-8")
    (folder / "Dockerfile").write_text(f"FROM {_newest(plan, run)}\nCOPY line.py /app/\n")
    _command(plan, "docker", "build", "--quiet", "--tag", name, str(folder), seconds=LOAD_SECONDS)
    return name


def _command(plan: LoopPlan, *words: str, seconds: float) -> str:
    done = plan.runner.run(words, deadline_seconds=seconds)
    if not done.ok:
        message = f"{' '.join(words[:3])}: {done.tail(4)}"
        raise LookupError(message)
    return done.stdout


def pull_seconds(events: list[dict[str, Any]]) -> float:
    """Returns the seconds of the newest pull of the image, as the kubelet tells them."""
    newest, found = "", 0.0
    for event in events:
        match = _PULLED.search(str(event.get("message") or ""))
        at = str(event.get("lastTimestamp") or event.get("eventTime") or "")
        if match and IMAGE in match["image"] and at >= newest:
            newest = at
            found = float(match["time"]) / (1000 if match["unit"] == "ms" else 1)
    return found


def _newest(plan: LoopPlan, run: str) -> str:
    """Returns the image of the run that was built last."""
    listed = _command(
        plan, "docker", "image", "ls", f"gitops-harness/run-{run}", "--format",
        "{{.CreatedAt}} {{.Repository}}:{{.Tag}}", seconds=60,
    )  # fmt: skip
    return max(line for line in listed.splitlines() if not line.endswith(":line")).split(" ")[-1]


def _kind(cache: Path) -> Path:
    bundles = (cache / "bundles").glob("*/bundle.json")
    newest = max(bundles, key=lambda path: path.stat().st_mtime)
    return read_bundle(newest).tools["kind"].path
