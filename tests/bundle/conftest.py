"""A small but complete bundle on disk, and a site around it."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.bundle.effects import Site, Upstream
from harness.bundle.manifest import ROLES, TOOLS
from harness.bundle.upstream import DEFAULT_PINS


def image_archive(role: str, size: int = 3000) -> tuple[bytes, str]:
    """Returns what `docker save` would write for an image, and the image's id."""
    config = json.dumps({"role": role}).encode()
    config_id = hashlib.sha256(config).hexdigest()
    manifest = json.dumps([{"Config": f"{config_id}.json", "Layers": ["layer.tar"]}]).encode()
    files = {
        f"{config_id}.json": config,
        "layer.tar": role.encode() * (size // len(role)),
        "manifest.json": manifest,
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue(), f"sha256:{config_id}"


def _entry(cache: Path, relative: str, content: bytes, **more: Any) -> dict[str, Any]:
    path = cache / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return {"path": relative, "sha256": hashlib.sha256(content).hexdigest(), **more}


def write_bundle(cache: Path, key: str = "k1", origin: str = "build") -> Path:
    """Writes a complete bundle and returns its bundle.json."""
    tools = {}
    for name in TOOLS:
        relative = f"parts/{name}/{key}/{name}"
        tools[name] = _entry(cache, relative, f"#!{name}\n".encode(), version="v1")
        (cache / relative).chmod(0o755)
    images = []
    for role in ROLES:
        content, image_id = image_archive(role)
        images.append(
            {
                "role": role,
                "reference": f"gitops-harness/{role}:{key}",
                "image_id": image_id,
                "archive": _entry(
                    cache, f"parts/{role}/{key}/image.tar", content, bytes=len(content)
                ),
                "declared": [f"docker.io/library/{role}:1"],
                "built_from": f"a distribution's {role}",
            }
        )
    data = {
        "schema": 1,
        "origin": origin,
        "key": key,
        "created": "2026-01-02T03:04:05+00:00",
        "kubernetes": "v1.36.3",
        "tools": tools,
        "manifests": {
            "argocd": _entry(
                cache, f"parts/argocd-files/{key}/core.yaml", b"kind: x\n", version="v3"
            )
        },
        "images": images,
        "seconds": {"node": 35.0},
    }
    path = cache / "bundles" / key / "bundle.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))
    return path


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """An empty cache folder."""
    folder = tmp_path / "cache"
    folder.mkdir()
    return folder


@pytest.fixture
def bundle_json(cache: Path) -> Path:
    """The bundle.json of a complete bundle in the cache."""
    return write_bundle(cache)


@pytest.fixture
def make_bundle_json(cache: Path) -> Callable[..., Path]:
    """Writes further bundles: `make_bundle_json(key="k2", origin="pull")`."""
    return lambda **options: write_bundle(options.pop("cache", cache), **options)


@pytest.fixture
def site(cache: Path, tmp_path: Path) -> Site:
    """A site with the given cache and a programme folder that holds one recipe."""
    root = tmp_path / "program"
    (root / "airgap").mkdir(parents=True)
    # With an __init__.py it is found before any other package of that name.
    (root / "airgap" / "__init__.py").touch()
    (root / "airgap" / "recipe.txt").write_text("one")
    return Site(
        cache=cache,
        ca_files=(),
        platform="linux/amd64",
        program_root=root,
        upstream=Upstream(pins=DEFAULT_PINS),
    )
