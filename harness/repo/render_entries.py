"""The entries of a kustomization that name files, folders, charts and plugins. Pure.

Fields: kustomize `api/types/kustomization.go`, `api/types/helmchartargs.go`. A configuration whose
`apiVersion` is not `builtin` is a plugin or a function in a container, which kustomize runs only
with flags that Argo CD and Flux do not give by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.audit.reading import entries, items, mapping, text

Object = dict[str, Any]
INCLUDING = ("resources", "bases", "components", "crds", "configurations")
CONFIGURING = ("generators", "transformers", "validators")
_CHART_HOME = "charts"
_LONGEST_PATH = 300
_MOST_STRINGS = 200_000


def scalars(value: Any) -> Iterator[str]:
    """Yields the texts of a list."""
    for item in items(value):
        if isinstance(item, str) and item.strip():
            yield item


def local_files(content: Object) -> Iterator[str]:
    """Yields what patches, generators and replacements name as files."""
    for word in ("patches", "patchesJson6902", "replacements"):
        for entry in entries(content.get(word)):
            if path := text(entry.get("path")):
                yield path
    yield from (e for e in scalars(content.get("patchesStrategicMerge")) if "\n" not in e)
    for word in ("configMapGenerator", "secretGenerator"):
        for entry in entries(content.get(word)):
            for name in (*scalars(entry.get("files")), *scalars(entry.get("envs"))):
                yield name.rpartition("=")[2]


def charts_of(content: Object) -> Iterator[tuple[str, str]]:
    """Yields name and home of the Helm charts that kustomize would install."""
    home = text(mapping(content.get("helmGlobals")).get("chartHome")) or _CHART_HOME
    for entry in entries(content.get("helmCharts")):
        yield text(entry.get("name")), home
    for entry in entries(content.get("helmChartInflationGenerator")):
        yield text(entry.get("chartName")), text(entry.get("chartHome")) or home
    if content.get("kind") == "HelmChartInflationGenerator":
        yield text(content.get("name")) or "?", text(content.get("chartHome")) or home


def plugin_of(document: Object) -> str:
    """Returns the kind of a configuration that only a plugin can serve; empty for a built-in."""
    version = text(document.get("apiVersion"))
    if version == "builtin" or not version or not text(document.get("kind")):
        return ""
    return f"{text(document.get('kind'))} ({version})"


def strings(content: Any) -> Iterator[str]:
    """Yields every short text without a line break, at any depth; keys are left out."""
    waiting = [content]
    left = _MOST_STRINGS
    while waiting and left > 0:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, str) and value and len(value) <= _LONGEST_PATH:
            left -= 1
            if "\n" not in value:
                yield value
