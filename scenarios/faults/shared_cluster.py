"""One kept cluster on which faults are deployed one after the other, each from a clean start.

Between two faults the environment is emptied: Applications first, so that nothing heals itself,
then the namespaces. Cluster, registry, Git server and Argo CD stay.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from harness.io.kube import Kube, KubeError
from harness.model.kinds import collection
from scenarios.conftest import CACHES, CommandLine, Outcome
from scenarios.faults.fault import Fault

EMPTY_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """How the harness judged a fault."""

    outcome: Outcome
    run: dict[str, Any]
    seconds: float
    """Of the whole command."""

    @property
    def findings(self) -> list[dict[str, Any]]:
        """The roots the run named."""
        return list((self.run.get("diagnosis") or {}).get("findings") or [])

    @property
    def roots(self) -> set[tuple[str, str]]:
        """(cause, object as text) of every root."""
        return {(f["cause"], named(f["object"])) for f in self.findings}


def named(ref: dict[str, str]) -> str:
    """Returns an object reference as the harness prints it."""
    where = f"{ref['namespace']}/" if ref["namespace"] else ""
    return f"{ref['kind']} {where}{ref['name']}"


class SharedCluster:
    """Deploys trees on one kept cluster."""

    def __init__(self, line: CommandLine, healthy: Path, tree: Path, state: Path) -> None:
        self._line, self._healthy, self._tree, self._state = line, healthy, tree, state
        self._used = False

    def judge(self, fault: Fault, *, clean: bool = True) -> Given:
        """Deploys the healthy tree with the fault in it and returns what the harness said.

        Without `clean` it is deployed over what the last fault left.
        """
        if fault.meanwhile is not None and self.kube is None:
            self.judge(Fault(name="a cluster for something to happen to"))
        if self._used and clean:
            self._empty()
        self._used = True
        shutil.rmtree(self._tree, ignore_errors=True)
        shutil.copytree(self._healthy, self._tree, ignore=CACHES)
        for edit in fault.edits:
            edit(self._tree)
        withheld = [word for name in fault.withhold for word in ("--withhold", name)]
        report = self._line.output / "run.json"
        report.unlink(missing_ok=True)
        started = time.monotonic()
        if fault.meanwhile is not None and self.kube is not None:
            threading.Thread(target=fault.meanwhile, args=(self.kube,), daemon=True).start()
        outcome = self._line.e2e(self._tree, "--keep", *withheld)
        seconds = time.monotonic() - started
        run = json.loads(report.read_text(encoding="utf-8")) if report.is_file() else {}
        return Given(outcome=outcome, run=run, seconds=seconds)

    @property
    def kube(self) -> Kube | None:
        """The API of the kept cluster; None while there is none."""
        configs = sorted(self._state.glob("**/runs/*/kubeconfig"))
        return Kube(configs[-1]) if configs else None

    def _empty(self) -> None:
        kube = self.kube
        if kube is None:
            return
        deadline = time.monotonic() + EMPTY_SECONDS
        # An Application that is being deleted needs its project until it is gone.
        for kind in ("ApplicationSet", "Application", "AppProject"):
            for name in _names(kube, kind):
                if kind == "AppProject" and name == "default":
                    continue
                path = f"{collection(kind, 'argocd')}/{name}"
                if kind == "Application":
                    # The namespaces go anyway, and cleaning up needs a project that works.
                    with contextlib.suppress(KubeError):  # its set may have taken it along
                        kube.merge(path, {"metadata": {"finalizers": None}})
                kube.delete(path)
            if kind == "Application":
                _until_gone(partial(_names, kube, kind), kind, deadline)
        for namespace in _namespaces(kube):
            for pod in kube.items(collection("Pod", namespace)):
                path = f"{collection('Pod', namespace)}/{pod['metadata']['name']}"
                kube.delete(path, grace_seconds=0)
            kube.delete(f"/api/v1/namespaces/{namespace}")
        _until_gone(partial(_namespaces, kube), "namespaces", deadline)


def _names(kube: Kube, kind: str) -> list[str]:
    return [str(o["metadata"]["name"]) for o in kube.items(collection(kind, "argocd"))]


def _until_gone(left: Callable[[], list[str]], what: str, deadline: float) -> None:
    while names := left():
        if time.monotonic() > deadline:
            message = f"{what} are still there: {', '.join(names)}"
            raise TimeoutError(message)
        time.sleep(0.5)


def _namespaces(kube: Kube) -> list[str]:
    kept = ("default", "kube-", "argocd", "local-path-storage")
    names = [str(o["metadata"]["name"]) for o in kube.items("/api/v1/namespaces")]
    return [name for name in names if not name.startswith(kept)]
