"""`harness --version`: the harness and everything it works with, for the report of a defect.

Versions of the cluster's programs are those of the newest bundle in the cache, which the next run
uses; where there is none, those that would be pulled. Versions of libraries are those installed.
"""

from __future__ import annotations

import json
import platform
import tomllib
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from harness import __version__

LIBRARIES = (
    "docker", "kubernetes", "pydantic", "pytest", "pytest-kind", "tenacity", "typer", "watchfiles",
)  # fmt: skip
TOOLS = ("kind", "kubectl", "kustomize")
FORMAT = "gitops-harness/versions"


def versions(cache: Path) -> dict[str, Any]:
    """Returns everything as JSON can hold it."""
    return {
        "format": FORMAT,
        "version": 1,
        "harness": __version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "bundle": bundle_versions(cache),
        "libraries": {name: _installed(name) for name in LIBRARIES},
    }


def bundle_versions(cache: Path) -> dict[str, str]:
    """Returns the versions of the newest bundle, else of what is pinned; `origin` says which."""
    found = sorted((cache / "bundles").glob("*/bundle.json"), key=lambda p: p.stat().st_mtime)
    for path in reversed(found):
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            return _of(data, str(data["origin"]))
        except (OSError, ValueError, LookupError, TypeError):
            continue  # a damaged bundle is not used
    pins = Path(__file__).resolve().parents[1] / "bundle" / "upstream.toml"
    return _of(tomllib.loads(pins.read_text(encoding="utf-8")), "pinned, none in the cache")


def _of(data: Mapping[str, Any], origin: str) -> dict[str, str]:
    tools = {name: str(data["tools"][name]["version"]) for name in TOOLS}
    argocd = str(data["manifests"]["argocd"]["version"])
    return {"origin": origin, "kubernetes": str(data["kubernetes"]), "argocd": argocd, **tools}


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def versions_text(found: Mapping[str, Any]) -> str:
    """Returns the versions for people, the harness' own first, one topic a line."""
    bundle = dict(found["bundle"])
    origin = bundle.pop("origin")
    return "\n".join(
        [
            f"gitops-harness {found['harness']}",
            f"Python {found['python']} on {found['platform']}",
            f"bundle ({origin}): {_listed(bundle)}",
            f"libraries: {_listed(found['libraries'])}",
        ]
    )


def _listed(names: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {found}" for name, found in names.items())
