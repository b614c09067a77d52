"""Renders a folder as Argo CD would: `kustomize build`, or the plain YAML files in it.

A failure names the file and the entry, not kustomize's chain of attempts: the innermost quoted
path is the one to look at (kustomize `accumulating resources` messages end in noise about Git).
"""

from __future__ import annotations

import re
from pathlib import Path

from harness.io.process import Runner
from harness.model.errors import RepositoryError
from harness.repo.kustomizations import KUSTOMIZATION_NAMES, kustomization_file
from harness.repo.kustomize_build import build
from harness.repo.render_fault import fault_error
from harness.repo.yaml_files import Object, parse_objects


def render(folder: Path, *, root: Path, kustomize: Path, runner: Runner) -> tuple[Object, ...]:
    """Returns the objects that `folder` declares.

    Raises:
        RepositoryError: The folder is missing, empty, or does not render.
    """
    if not folder.is_dir():
        raise RepositoryError(
            attempted="Rendering",
            subject=_relative(folder, root),
            seen="there is no such folder",
            expected="a folder with a kustomization.yaml or plain YAML files",
            next_step="correct the path in harness.toml or in the Application's spec.source.path",
        )
    if kustomization_file(folder) is None:
        return _plain(folder, root)
    done = build(folder, kustomize=kustomize, runner=runner, cwd=root, fetch=True)
    if not done.ok:
        known = None if done.timed_out else fault_error(done.stderr, _relative(folder, root), root)
        raise known or RepositoryError(
            attempted="Rendering the overlay",
            subject=_relative(folder, root),
            seen=innermost(done.stderr, root) if not done.timed_out else done.explain(),
            expected="kustomize build to succeed",
            next_step=f"kustomize build {_relative(folder, root)}",
        )
    return tuple(parse_objects(done.stdout, f"kustomize build {_relative(folder, root)}"))


def _plain(folder: Path, root: Path) -> tuple[Object, ...]:
    objects = [
        found
        for path in sorted(folder.iterdir())
        if path.suffix in (".yaml", ".yml")
        for found in parse_objects(path.read_text(encoding="utf-8"), _relative(path, root))
        if found.get("kind") and found.get("apiVersion")
    ]
    if not objects:
        raise RepositoryError(
            attempted="Rendering",
            subject=_relative(folder, root),
            seen="it holds neither a kustomization nor a Kubernetes manifest",
            expected=f"one of {', '.join(KUSTOMIZATION_NAMES)}, or YAML manifests",
            next_step=f"add a kustomization.yaml to {_relative(folder, root)}",
        )
    return tuple(objects)


def innermost(stderr: str, root: Path, limit: int = 500) -> str:
    """Returns the part of kustomize's message that names the entry to correct."""
    text = " ".join(stderr.split()).removeprefix("Error: ").replace(f"{root}/", "")
    matches = re.findall(r"accumulating resources from '([^']+)': ([^:]+(?:: [^:]+)?)", text)
    if "no such file or directory" in text and matches:
        return f"the entry '{matches[-1][0]}' names a file or folder that does not exist"
    cleaned = re.sub(r"(accumulating resources: |accumulation err=)", "", text)
    return cleaned if len(cleaned) <= limit else f"{cleaned[:limit]}…"


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
