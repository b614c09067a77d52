"""Replaces the values of Secrets that a tree declares, and nothing else in its files. Pure.

Known places: manifests of kind Secret (also in a List), `secretGenerator` of a kustomization with
the files it names, and literal values under `[secrets]` in `harness.toml`. What is encrypted (SOPS,
SealedSecret) stays as it is. Files keep their number of lines, so that findings keep their lines.
What cannot be parsed as YAML (a Helm template) holds no literal Secret that is known here.
"""

from __future__ import annotations

import json
import posixpath
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import yaml

from harness.reproduction.stand_ins import StandIns

_SECRET = re.compile(r"kind[\"']?\s*:\s*[\"']?Secret\b|secretGenerator")
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
_ENV_LINE = re.compile(
    r"^(?P<head>\s*(?:export\s+)?(?P<key>[\w.-]+)\s*=)(?P<value>.+)$", re.MULTILINE
)
_SUFFIXES = (".yaml", ".yml", ".json")
KUSTOMIZATIONS = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
Change = tuple[int, int, str]


def without_secret_values(files: Mapping[str, str], stand_ins: StandIns) -> dict[str, str]:
    """Returns the files that change, by name, with stand-ins for the values of Secrets.

    Args:
        files: Text of each file of the tree, by its path.
        stand_ins: Makes the stand-ins and remembers what they stand for.
    """
    changed: dict[str, str] = {}
    for name, text in files.items():
        if name.rpartition("/")[2] in KUSTOMIZATIONS or name.endswith(_SUFFIXES):
            if _SECRET.search(text):
                changed[name] = _yaml(text, stand_ins)
        elif name == "harness.toml":
            changed[name] = _settings(text, stand_ins)
    for name, mask in _generator_files(files, stand_ins):
        changed[name] = mask(changed.get(name, files[name]))
    return {name: text for name, text in changed.items() if text != files[name]}


def _yaml(text: str, stand_ins: StandIns) -> str:
    changes = {change for node in _documents(text) for change in _changes(node, text, stand_ins)}
    for start, end, value in sorted(changes, reverse=True):
        text = text[:start] + value + text[end:]
    return text


def _documents(text: str) -> list[yaml.Node]:
    try:
        return list(yaml.compose_all(text, yaml.SafeLoader))
    except yaml.YAMLError:
        return []


def _changes(node: yaml.Node, text: str, stand_ins: StandIns) -> Iterator[Change]:
    fields = _fields(node)
    if "sops" in fields:
        return
    kind = fields.get("kind")
    if isinstance(kind, yaml.ScalarNode) and kind.value == "Secret":
        for field, make in (("data", stand_ins.of_base64), ("stringData", stand_ins.of)):
            for key, value in _fields(fields.get(field)).items():
                yield from _replaced(value, text, lambda v, k=key, m=make: m(k, v))  # type: ignore[misc]
    for item in _items(fields.get("items")):
        yield from _changes(item, text, stand_ins)
    for generator in _items(fields.get("secretGenerator")):
        for literal in _items(_fields(generator).get("literals")):
            yield from _replaced(literal, text, lambda v: _literal(v, stand_ins))


def _fields(node: yaml.Node | None) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {k.value: v for k, v in node.value if isinstance(k, yaml.ScalarNode)}


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _replaced(node: yaml.Node, text: str, make: Callable[[str], str]) -> Iterator[Change]:
    if not isinstance(node, yaml.ScalarNode):
        return
    start, end = node.start_mark.index, node.end_mark.index
    value = make(node.value)
    if value == node.value:
        return
    old = text[start:end]
    properties = _PROPERTIES.match(old)
    head = properties[0] if properties else ""
    yield start, end, head + json.dumps(value, ensure_ascii=False) + "\n" * old.count("\n")


def _literal(text: str, stand_ins: StandIns) -> str:
    key, sign, value = text.partition("=")
    return key + sign + stand_ins.of(key, value)


def _settings(text: str, stand_ins: StandIns) -> str:
    try:
        secrets = tomllib.loads(text).get("secrets") or {}
    except tomllib.TOMLDecodeError:
        return text
    for key, value in _literals(secrets):
        changed = stand_ins.of(key, value)
        if changed == value:
            continue
        for quoted in (json.dumps(value, ensure_ascii=False), f"'{value}'"):
            text = text.replace(quoted, json.dumps(changed, ensure_ascii=False))
    return text


def _literals(secrets: Any) -> Iterator[tuple[str, str]]:
    for secret in secrets.values() if isinstance(secrets, dict) else ():
        data = secret.get("data") if isinstance(secret, dict) else None
        for key, value in data.items() if isinstance(data, dict) else ():
            if isinstance(value, str) and value != "generate" and not value.startswith("env:"):
                yield str(key), value


def _generator_files(
    files: Mapping[str, str], stand_ins: StandIns
) -> Iterator[tuple[str, Callable[[str], str]]]:
    """Yields the files that secretGenerators read, each with what takes the values out of it."""

    def environment(text: str) -> str:
        return _ENV_LINE.sub(lambda m: m["head"] + stand_ins.of(m["key"], m["value"]), text)

    for name, text in files.items():
        if name.rpartition("/")[2] not in KUSTOMIZATIONS or "secretGenerator" not in text:
            continue
        folder = posixpath.dirname(name)
        for generator in _generators(text):
            for place in _named(generator, "envs", "env"):
                path = posixpath.normpath(posixpath.join(folder, place))
                if path in files:
                    yield path, environment
            for place in _named(generator, "files"):
                key, _, source = place.rpartition("=")
                path = posixpath.normpath(posixpath.join(folder, source))
                if path in files:
                    yield path, lambda t, k=key or path: stand_ins.of(k, t)  # type: ignore[misc]


def _generators(text: str) -> Iterator[dict[str, yaml.Node]]:
    for node in _documents(text):
        for item in _items(_fields(node).get("secretGenerator")):
            yield _fields(item)


def _named(generator: Mapping[str, yaml.Node], *fields: str) -> Iterable[str]:
    for field in fields:
        node = generator.get(field)
        for one in [node, *_items(node)]:
            if isinstance(one, yaml.ScalarNode):
                yield one.value
