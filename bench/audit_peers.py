"""How each peer is asked about a repository, and how its answer is read.

Each gets its documented command line for checks. Tools that take manifests get those that kustomize
renders, which is part of their time. An answer becomes messages without places, so that two answers
can be compared; where a tool gives a place, the message has it beside.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.audit_clock import Timed
from bench.audit_speed import KUSTOMIZE, Entrant, harness_entrant
from bench.audit_stage import BOOTSTRAPS, CLUSTER, OVERLAYS, Stage
from bench.tools import Tool

HARNESS = "harness audit"
KUBECONFORM = "kubeconform"
KUBE_SCORE = "kube-score"
FLUX_LOCAL = "flux-local test"
KUBERNETES = "1.36"
ARGO_KINDS = "Application,ApplicationSet,AppProject"
SCHEMA_FOLDER = re.compile(r"file://\S*/")
DOES_NOT_RENDER = 99
GOOD_ENOUGH = 5
"""kube-score's grade of what it calls neither critical nor a warning begins above this."""


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a tool."""

    text: str
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """What peers need to be asked."""

    tools: Mapping[str, Tool]
    schemas: str
    """Where kubeconform finds its schemas."""
    cache: Path
    """A cache folder of the harness for warm runs."""

    def path(self, name: str) -> str:
        """Returns the path of a tool that is there."""
        return str(self.tools[name].path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A tool in one way of use."""

    name: str
    needs: tuple[str, ...]
    ask: Callable[[Stage, Kit, tuple[str, ...]], Entrant]
    read: Callable[[Timed], Iterable[Said]]

    def missing(self, tools: Mapping[str, Tool]) -> str:
        """Returns why it cannot take part; nothing where it can."""
        return "; ".join(f"{n}: {tools[n].why}" for n in self.needs if tools[n].path is None)


def _harness(stage: Stage, _kit: Kit, _patterns: tuple[str, ...]) -> Entrant:
    return harness_entrant(HARNESS, stage.repository, None)


def _kustomize(stage: Stage, kit: Kit, patterns: tuple[str, ...]) -> Entrant:
    return _after_rendering(KUSTOMIZE, stage, kit, patterns, ())


def _kubeconform(stage: Stage, kit: Kit, patterns: tuple[str, ...]) -> Entrant:
    words = (
        *(kit.path(KUBECONFORM), "-strict", "-output", "json", "-skip", ARGO_KINDS),
        *("-kubernetes-version", f"{KUBERNETES}.0", "-schema-location", kit.schemas),
    )
    return _after_rendering(KUBECONFORM, stage, kit, patterns, words)


def _kube_score(stage: Stage, kit: Kit, patterns: tuple[str, ...]) -> Entrant:
    words = (
        *(kit.path(KUBE_SCORE), "score", "--output-format", "json"),
        *("--kubernetes-version", f"v{KUBERNETES}"),
    )
    return _after_rendering(KUBE_SCORE, stage, kit, patterns, words)


def _after_rendering(
    name: str, stage: Stage, kit: Kit, patterns: tuple[str, ...], words: tuple[str, ...]
) -> Entrant:
    lines = [
        f"{_build(kit, folder, stage.rendered(folder))} || failed={DOES_NOT_RENDER}"
        for folder in stage.folders(*patterns)
    ]
    if words:
        files = f"{shlex.quote(str(stage.folder / 'rendered'))}/*.yaml"
        lines.append(f"{shlex.join(words)} {files} || exit ${{failed:-1}}")
    lines.append("exit ${failed:-0}")
    return Entrant(name=name, argv=("sh", "-c", "\n".join(lines)), good=(0, 1))


def _build(kit: Kit, folder: Path, target: Path) -> str:
    return shlex.join((kit.path("kustomize"), "build", str(folder), "-o", str(target)))


def _flux_local(stage: Stage, kit: Kit, _patterns: tuple[str, ...]) -> Entrant:
    programs = [Path(kit.path(name)).parent for name in ("kustomize", "flux", "flux-local")]
    return Entrant(
        name=FLUX_LOCAL,
        argv=(str(programs[-1] / "flux-local"), "test", "--path", CLUSTER, "-v"),
        folder=stage.flux,
        environment={"PATH": ":".join([*map(str, programs), "/usr/local/bin:/usr/bin:/bin"])},
        good=(0, 1),
    )


def harness_said(found: Timed) -> list[Said]:
    """Returns the findings of `harness audit --json`."""
    return [
        Said(f"{f['rule']} {f['object']['kind']}: {f['message']}", f["file"], f["line"])
        for f in _document(found, {"findings": []})["findings"]
    ]


def kustomize_said(found: Timed) -> list[Said]:
    """Returns why kustomize did not render."""
    return [Said(line) for line in found.errors.splitlines() if line.startswith("Error: ")]


def kubeconform_said(found: Timed) -> list[Said]:
    """Returns what kubeconform objects to, and why kustomize did not render."""
    resources = _document(found, {"resources": []})["resources"] or []
    told = [f"{r['kind']} {r['version']} {r['name']}: {r['msg']}" for r in resources]
    return [*(Said(SCHEMA_FOLDER.sub("", text)) for text in told), *kustomize_said(found)]


def kube_score_said(found: Timed) -> list[Said]:
    """Returns what kube-score criticises or warns of, and why kustomize did not render."""
    told = [
        Said(
            f"{o['object_name']} {c['check']['id']}: {m['path']} {m['summary']} {m['description']}",
            o["file_name"],
            o["file_row"],
        )
        for o in _document(found, []) or ()
        for c in o["checks"]
        if not c["skipped"] and c["grade"] <= GOOD_ENOUGH
        for m in c["comments"] or ()
    ]
    return [*told, *kustomize_said(found)]


def flux_local_said(found: Timed) -> list[Said]:
    """Returns the lines of flux-local's tests that are no success."""
    lines = re.sub(r"\x1b\[[0-9;]*m", "", f"{found.output}\n{found.errors}").splitlines()
    return [
        Said(re.sub(r"in [\d.]+s", "", line).strip())
        for line in lines
        if re.search(r"fail|error|exception|no such file|not a directory", line, re.IGNORECASE)
    ]


def _document(found: Timed, otherwise: Any) -> Any:
    try:
        return json.loads(found.output)
    except ValueError:
        return otherwise


PEERS = (
    Peer(name=HARNESS, needs=("kustomize",), ask=_harness, read=harness_said),
    Peer(name=KUSTOMIZE, needs=("kustomize",), ask=_kustomize, read=kustomize_said),
    Peer(
        name=KUBECONFORM,
        needs=("kustomize", KUBECONFORM, "kubernetes-validate"),
        ask=_kubeconform,
        read=kubeconform_said,
    ),
    Peer(name=KUBE_SCORE, needs=("kustomize", KUBE_SCORE), ask=_kube_score, read=kube_score_said),
    Peer(
        name=FLUX_LOCAL,
        needs=("kustomize", "flux", "flux-local"),
        ask=_flux_local,
        read=flux_local_said,
    ),
)
ALL = (OVERLAYS, BOOTSTRAPS)
