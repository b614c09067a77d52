"""How Argo CD asks Helm to fill in a chart of this repository: arguments, or why it cannot be.

The order and the meaning of the options are those of argo-cd `util/helm/cmd.go` and
`reposerver/repository/repository.go` (helmTemplate). Nothing is downloaded: a chart whose
dependencies are not in `charts/`, or whose values lie elsewhere, is not judged. Objects of Helm's
tests are left out: Argo CD has no hook for them and never creates them.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.audit.reading import entries, items, mapping, metadata, text
from harness.manifests.yaml_values import read_yaml
from harness.repo.file_text import read_text
from harness.repo.render_request import Request

Object = dict[str, Any]
_LONGEST_RELEASE = 53


class UnjudgedError(Exception):
    """Why a chart cannot be filled in here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HelmCall:
    """What Helm is asked for."""

    arguments: tuple[str, ...]
    """After `helm template CHART`; paths are absolute."""
    values: str = ""
    """The values written in the Application, as text; empty for none."""
    files: tuple[str, ...] = ()
    """Values files, POSIX, relative to the boundary."""


def helm_call(boundary: Path, prefix: str, request: Request, folder: str) -> HelmCall:
    """Returns what Helm is asked for.

    Args:
        boundary: The root of the repository on disk.
        prefix: The folder of the repository as the engine sees it, relative to `boundary`.
        request: What to render.
        folder: The chart, relative to `boundary`.

    Raises:
        UnjudgedError: Something of the chart is not in this repository.
    """
    helm = mapping(request.options.get("helm"))
    absent = tuple(_absent(boundary, folder))
    if absent:
        message = f"the charts it depends on are not in {folder}/charts: {', '.join(absent)}"
        raise UnjudgedError(message)
    files = tuple(_values_files(boundary, prefix, folder, helm, request.references))
    values = json.dumps(helm["valuesObject"]) if mapping(helm.get("valuesObject")) else ""
    values = values or (helm["values"] if isinstance(helm.get("values"), str) else "")
    namespace = text(helm.get("namespace")) or request.namespace
    name = text(helm.get("releaseName")) or request.name or posixpath.basename(folder)
    arguments = [
        "--name-template",
        name[:_LONGEST_RELEASE],
        *(("--namespace", namespace) if namespace else ()),
        *_versions(request.options, helm),
        *_parameters(boundary, folder, helm),
        *(word for file in files for word in ("--values", str(boundary / file))),
        *(() if helm.get("skipCrds") else ("--include-crds",)),
        *(("--skip-schema-validation",) if helm.get("skipSchemaValidation") else ()),
    ]
    return HelmCall(arguments=tuple(arguments), values=values, files=files)


def _versions(source: Mapping[str, Any], helm: Mapping[str, Any]) -> Iterator[str]:
    version = text(helm.get("kubeVersion")) or text(source.get("kubeVersion"))
    if version:
        yield from ("--kube-version", version)
    for api in items(helm.get("apiVersions")) or items(source.get("apiVersions")):
        yield from ("--api-versions", text(api))


def _parameters(boundary: Path, folder: str, helm: Mapping[str, Any]) -> Iterator[str]:
    for entry in entries(helm.get("parameters")):
        flag = "--set-string" if entry.get("forceString") in {True, "true"} else "--set"
        yield from (flag, f"{text(entry.get('name'))}={_escaped(_shown(entry.get('value')))}")
    for entry in entries(helm.get("fileParameters")):
        path = boundary / folder / text(entry.get("path"))
        yield from ("--set-file", f"{text(entry.get('name'))}={path}")


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else text(value)


def _escaped(value: str) -> str:
    """Returns a value whose commas are no separators, as Argo CD writes it."""
    if value.startswith("{") and value.endswith("}"):
        return value
    return value.replace("\\,", ",").replace(",", "\\,")


def _values_files(
    boundary: Path,
    prefix: str,
    folder: str,
    helm: Mapping[str, Any],
    references: Mapping[str, str],
) -> Iterator[str]:
    for name in map(text, items(helm.get("valueFiles"))):
        path = _values_path(name, prefix, folder, references)
        if path.startswith(".."):
            message = f"its values file {name!r} lies outside of the repository"
            raise UnjudgedError(message)
        if (boundary / path).is_file() or not helm.get("ignoreMissingValueFiles"):
            yield path


def _values_path(name: str, prefix: str, folder: str, references: Mapping[str, str]) -> str:
    if "://" in name:
        message = f"its values file {name!r} is not fetched"
        raise UnjudgedError(message)
    if name.startswith("$"):
        ref, _, rest = name[1:].partition("/")
        if ref not in references:
            message = f"its values file {name!r} is in another repository"
            raise UnjudgedError(message)
        return posixpath.normpath(posixpath.join(prefix, references[ref], rest))
    at = prefix if name.startswith("/") else folder
    return posixpath.normpath(posixpath.join(at, name.lstrip("/")))


def _absent(boundary: Path, folder: str) -> Iterator[str]:
    """Yields the dependencies of a chart that are not unpacked or packed in `charts/`."""
    chart = boundary / folder
    declared = [*_dependencies(chart / "Chart.yaml"), *_dependencies(chart / "requirements.yaml")]
    present = [path.name for path in sorted(chart.glob("charts/*"))]
    for name in declared:
        if not any(p == name or (p.startswith(f"{name}-") and p.endswith("gz")) for p in present):
            yield name


def _dependencies(file: Path) -> list[str]:
    if not file.is_file():
        return []
    document = next(iter(read_yaml(read_text(file).text).documents), None)
    return [text(entry.get("name")) for entry in entries(mapping(document).get("dependencies"))]


def chart_names(boundary: Path, folder: str) -> tuple[str, ...]:
    """Returns the chart's name and those of its dependencies."""
    file = boundary / folder / "Chart.yaml"
    document = next(iter(read_yaml(read_text(file).text).documents), None)
    own = text(mapping(document).get("name")) or posixpath.basename(folder)
    return (own, *_dependencies(file))


def without_tests(objects: Iterable[Object]) -> tuple[Object, ...]:
    """Returns the objects that are no test of Helm's."""
    return tuple(obj for obj in objects if not _is_test(obj))


def _is_test(obj: Object) -> bool:
    hooks = text(mapping(metadata(obj).get("annotations")).get("helm.sh/hook"))
    return any(hook.strip().startswith("test") for hook in hooks.split(","))
