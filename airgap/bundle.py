"""Describes a finished build in ``bundle.json``, the whole hand-over to whoever uses it.

An add-on, which no bundle holds, is described the same way in a file of its own.
All paths are relative to the cache folder. Nothing is built here: the facts come from the results
of the parts, names and origins from the pins.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from pathlib import Path

from airgap.keys import KEY_LENGTH, digest_of_file, digest_of_value
from airgap.parts import Graph
from airgap.pins import Pins, Table
from airgap.store import Result, Store, write_json

SCHEMA = 1
TOOLS = {
    "kind": "go-kind/kind",
    "kubectl": "go-kubernetes/kubectl",
    "kustomize": "go-kustomize/kustomize",
}
"""Programs for the host, and where they lie."""
MANIFEST = "core-install.yaml"


def bundle_path(store: Store, graph: Graph) -> Path:
    """Where the description of this graph's build lies."""
    keys = {name: graph.keys[name] for name in graph.bundled}
    key = digest_of_value([SCHEMA, keys])[:KEY_LENGTH]
    return store.root / "bundles" / key / "bundle.json"


def write_bundle(*, pins: Pins, graph: Graph, store: Store, results: Mapping[str, Result]) -> Path:
    """Writes the description, unless it is there, and returns its path."""
    path = bundle_path(store, graph)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        described = describe(pins=pins, root=store.root, key=path.parent.name, results=results)
        write_json(path, described)
    return path


def describe(
    *, pins: Pins, root: Path, key: str, results: Mapping[str, Result]
) -> dict[str, object]:
    """The content of ``bundle.json``."""
    versions = {
        "kubernetes": results["go-kubernetes"].text("version"),
        "argocd": results["go-argocd"].text("version"),
    }
    manifest = results["argocd-files"].folder / MANIFEST
    images: Mapping[str, Table] = pins.images["images"]
    return {
        "schema": SCHEMA,
        "origin": "build",
        "key": key,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "kubernetes": versions["kubernetes"],
        "tools": {name: _tool(root, results, where) for name, where in TOOLS.items()},
        "manifests": {"argocd": _file(root, manifest, versions["argocd"])},
        "images": [
            _image(root, results[f"image-{name}"], table, versions, manifest)
            for name, table in images.items()
        ],
        "seconds": {name: result.seconds for name, result in results.items()},
    }


def addon_path(store: Store, graph: Graph, name: str) -> Path:
    """Where the description of an add-on lies."""
    return store.root / "addons" / name / f"{graph.keys[f'image-{name}']}.json"


def write_addon(
    *, pins: Pins, graph: Graph, store: Store, results: Mapping[str, Result], name: str
) -> Path:
    """Writes the description of an add-on, unless it is there, and returns its path."""
    path = addon_path(store, graph, name)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, describe_addon(pins=pins, root=store.root, name=name, results=results))
    return path


def describe_addon(
    *, pins: Pins, root: Path, name: str, results: Mapping[str, Result]
) -> dict[str, object]:
    """The description of an add-on: its version and its image, as in ``bundle.json``."""
    table: Table = pins.images["addons"][name]
    version = results[table["program"]].text("version")
    image = _image(root, results[f"image-{name}"], table, {"version": version}, root)
    return {"schema": SCHEMA, "name": name, "version": version, "image": image}


def _tool(root: Path, results: Mapping[str, Result], where: str) -> dict[str, object]:
    part, _, name = where.partition("/")
    return _file(root, results[part].folder / name, results[part].text("version"))


def _file(root: Path, path: Path, version: str) -> dict[str, object]:
    return {
        "path": str(path.relative_to(root)),
        "version": version,
        "sha256": digest_of_file(path),
    }


def _image(
    root: Path, result: Result, table: Table, versions: Mapping[str, str], manifest: Path
) -> dict[str, object]:
    archive = result.folder / "image.tar"
    return {
        "role": table["role"],
        "reference": result.text("reference"),
        "image_id": result.text("image_id"),
        "archive": {
            "path": str(archive.relative_to(root)),
            "sha256": result.text("sha256"),
            "bytes": result.facts["bytes"],
        },
        "declared": [_declared(name, versions, manifest) for name in table["declared"]],
        "built_from": str(table["built_from"]).format(**versions, packages=_packages(result)),
        "labels": {"dev.gitops-harness": "bundle"},
    }


def _packages(result: Result) -> str:
    """The packages of the distribution that matter, with their versions."""
    found = result.facts.get("packages")
    pairs = found.items() if isinstance(found, dict) else ()
    return " and ".join(f"{name} {version}" for name, version in pairs)


def _declared(name: str, versions: Mapping[str, str], manifest: Path) -> str:
    """A declared name; "core-install:NAME" is what Argo CD's manifest calls that image."""
    scheme, _, wanted = name.partition(":")
    if scheme != "core-install":
        return name.format(**versions)
    for found in re.findall(r"^\s+(?:- )?image: (\S+)$", manifest.read_text("utf-8"), re.MULTILINE):
        if found.rpartition(":")[0].rpartition("/")[2] == wanted:
            return str(found)
    msg = f"{manifest} names no image {wanted}"
    raise ValueError(msg)
