"""Works out which Applications a repository must bring about, without Argo CD.

Knows plain Applications, and ApplicationSets with list and Git directory generators and the simple
placeholders people write (`{{path}}`, `{{.path.basename}}`, `{{index .path.segments 2}}`, list
elements). What it cannot resolve it says; it never guesses. Parameter names: Argo CD
`docs/operator-manual/applicationset/Generators-Git.md`.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from harness.model.repository import ExpectedApplication

Object = dict[str, Any]


class UnresolvableError(Exception):
    """A generator or a template needs something that only a cluster knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """The Applications that were worked out, and what could not be."""

    applications: tuple[ExpectedApplication, ...]
    notes: tuple[str, ...]


def expand(objects: Sequence[tuple[Object, str]], folders: Sequence[str]) -> Expansion:
    """Returns the Applications of `(object, origin file)` pairs, given the repository's folders."""
    found: list[ExpectedApplication] = []
    notes: list[str] = []
    for obj, origin in objects:
        try:
            if obj.get("kind") == "Application":
                found.extend(_from_spec(obj, str(obj["metadata"]["name"]), origin))
            elif obj.get("kind") == "ApplicationSet":
                found.extend(_from_set(obj, folders, origin))
        except UnresolvableError as error:
            name = (obj.get("metadata") or {}).get("name", "?")
            notes.append(f"{obj.get('kind')} {name} ({origin}): not resolvable here: {error}")
    return Expansion(applications=tuple(found), notes=tuple(notes))


def _from_set(obj: Object, folders: Sequence[str], origin: str) -> Iterator[ExpectedApplication]:
    spec = obj.get("spec") or {}
    template = spec.get("template") or {}
    for generator in spec.get("generators") or []:
        for parameters in generator_parameters(generator, folders):
            rendered = fill(template, parameters)
            yield from _from_spec(rendered, str(rendered["metadata"]["name"]), origin)


def generator_parameters(
    generator: Mapping[str, Any], folders: Sequence[str]
) -> Iterator[dict[str, str]]:
    """Yields the parameters of each Application of a list or Git directory generator.

    Raises:
        UnresolvableError: The generator is of another kind.
    """
    if "list" in generator:
        for element in generator["list"].get("elements") or []:
            yield {**_flat(element, ""), **_flat(element, ".")}
        return
    if "directories" in (generator.get("git") or {}):
        for folder in matching_folders(generator["git"]["directories"], folders):
            yield path_parameters(folder)
        return
    message = f"the generator is of kind {', '.join(generator) or 'none'}"
    raise UnresolvableError(message)


def matching_folders(entries: Sequence[Mapping[str, Any]], folders: Sequence[str]) -> list[str]:
    """Returns the folders that a Git directory generator selects; excludes win."""
    include = [str(e["path"]) for e in entries if not e.get("exclude")]
    exclude = [str(e["path"]) for e in entries if e.get("exclude")]
    return [
        folder
        for folder in folders
        if any(glob_matches(p, folder) for p in include)
        and not any(glob_matches(p, folder) for p in exclude)
    ]


def glob_matches(pattern: str, folder: str) -> bool:
    """Tells whether a folder matches as Go's `path.Match` would; `**` spans folders."""
    wanted, parts = pattern.strip("/").split("/"), folder.split("/")
    if "**" in wanted:
        return fnmatch.fnmatchcase(folder, pattern.strip("/").replace("**", "*"))
    return len(wanted) == len(parts) and all(
        fnmatch.fnmatchcase(part, glob) for part, glob in zip(parts, wanted, strict=True)
    )


def path_parameters(folder: str) -> dict[str, str]:
    """Returns the parameters of a folder, for plain and for Go templates."""
    base = PurePosixPath(folder).name
    normalized = re.sub(r"[^a-z0-9.-]+", "-", base.lower()).strip("-.")
    found = {
        "path": folder,
        "path.basename": base,
        "path.basenameNormalized": normalized,
        ".path.path": folder,
        ".path.basename": base,
        ".path.basenameNormalized": normalized,
    }
    for number, segment in enumerate(folder.split("/")):
        found[f"path[{number}]"] = segment
        found[f"index .path.segments {number}"] = segment
    return found


def _flat(element: Mapping[str, Any], dot: str, prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in element.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(value, Mapping):
            found |= _flat(value, dot, name)
        else:
            found[dot + name] = str(value)
    return found


def fill(template: Any, parameters: Mapping[str, str]) -> Any:
    """Returns the template with every placeholder replaced.

    Raises:
        UnresolvableError: A placeholder is neither a parameter nor a known function of one.
    """
    if isinstance(template, str):
        return re.sub(r"\{\{-?\s*(.+?)\s*-?\}\}", lambda m: _value(m[1], parameters), template)
    if isinstance(template, dict):
        return {str(fill(k, parameters)): fill(v, parameters) for k, v in template.items()}
    if isinstance(template, list):
        return [fill(item, parameters) for item in template]
    return template


_FUNCTIONS: dict[str, Callable[[str], str]] = {
    "lower": str.lower,
    "upper": str.upper,
    "normalize": lambda text: re.sub(r"[^a-z0-9.-]+", "-", text.lower()).strip("-."),
}


def _value(expression: str, parameters: Mapping[str, str]) -> str:
    name, *pipes = [part.strip() for part in expression.split("|")]
    head, _, rest = name.partition(" ")
    if head in _FUNCTIONS and rest:
        name, pipes = rest.strip(), [head, *pipes]
    if name not in parameters or any(p not in _FUNCTIONS for p in pipes):
        message = f"the placeholder {{{{{expression}}}}}"
        raise UnresolvableError(message)
    value = parameters[name]
    for pipe in pipes:
        value = _FUNCTIONS[pipe](value)
    return value


def _from_spec(obj: Object, name: str, origin: str) -> Iterator[ExpectedApplication]:
    spec = obj.get("spec") or {}
    sources = spec.get("sources") or [spec.get("source") or {}]
    if not any(source.get("path") for source in sources):
        message = "no source has a path (Helm charts are not judged yet)"
        raise UnresolvableError(message)
    for source in sources:
        if source.get("path"):
            yield ExpectedApplication(
                name=name,
                path=str(source["path"]).removeprefix("./").strip("/") or ".",
                namespace=str((spec.get("destination") or {}).get("namespace") or ""),
                repo_url=str(source.get("repoURL") or ""),
                revision=str(source.get("targetRevision") or "HEAD"),
                origin=origin,
            )
