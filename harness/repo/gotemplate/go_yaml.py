"""Reads and writes YAML as Argo CD does: by way of JSON, so that every number is a float.

Only the first document of a text counts. What a scalar means is `harness.manifests.yaml_scalars`.
Source: sigs.k8s.io/yaml v1.6.0 and go.yaml.in/yaml/v2.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from harness.manifests.yaml_scalars import plain
from harness.manifests.yaml_values import read_yaml
from harness.repo.gotemplate.errors import TemplateError, UnresolvableError
from harness.repo.gotemplate.formatting import shortest
from harness.repo.gotemplate.values import NilList

MOST_VALUES = 200_000
"""Values of one document, aliases followed; Go refuses documents that alias too much, too."""
_TAG = "tag:yaml.org,2002:"


def load(text: str) -> Any:
    """Returns the first document as JSON values; None where there is none.

    Raises:
        TemplateError: It is no YAML, or nothing that JSON could hold.
        UnresolvableError: It is too large to be read here.
    """
    reading = read_yaml(text.removeprefix("\ufeff"), limit=MOST_VALUES)
    broken = next((problem for problem in reading.problems if problem.ends), None)
    if reading.documents:
        return as_json(reading.documents[0])
    if broken is None:
        return None
    if broken.is_limit:
        raise UnresolvableError(broken.message)
    message = f"yaml: line {broken.line}: {broken.message}"
    raise TemplateError(message)


def as_json(value: Any) -> Any:
    """Returns a value read by another reader as Argo CD gets it: JSON, numbers as floats.

    Dates, which the Kubernetes API only knows as strings, become strings.

    Raises:
        TemplateError: JSON cannot hold it.
        UnresolvableError: It is too large, as aliases of aliases can make it.
    """
    return _converted(value, itertools.count())


def _converted(value: Any, seen: Iterator[int]) -> Any:
    if next(seen) > MOST_VALUES:
        message = f"it holds more than {MOST_VALUES} values"
        raise UnresolvableError(message)
    if isinstance(value, Mapping):
        return {_key(k): _converted(v, seen) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_converted(item, seen) for item in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    return _number(value) if isinstance(value, int | float) else str(value)


def _number(value: float) -> float:
    try:
        found = float(value)
    except OverflowError as error:
        message = "a number that no float holds"
        raise UnresolvableError(message) from error
    if not math.isfinite(found):
        message = f"json: unsupported value: {value}"
        raise TemplateError(message)
    return found


def _key(value: Any) -> str:
    if value is None:
        message = "unsupported map key of type: null"
        raise TemplateError(message)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def as_numbers(value: Any) -> Any:
    """Returns JSON values with whole floats as integers, as a manifest shows them."""
    if isinstance(value, dict):
        return {k: as_numbers(v) for k, v in value.items()}
    if isinstance(value, list):
        return [as_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class _Dumper(yaml.SafeDumper):
    """Writes strings quoted wherever Go would read them as something else."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 # PyYAML's signature
        """Writes every value out."""
        return True


def _represent_text(dumper: _Dumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None if isinstance(plain(text), str) else '"'
    return dumper.represent_scalar(f"{_TAG}str", text, style=style)


def _represent_number(dumper: _Dumper, value: float) -> yaml.Node:
    kind = "int" if value.is_integer() else "float"
    return dumper.represent_scalar(f"{_TAG}{kind}", shortest(value, largest=21, smallest=-6))


def _represent_int(dumper: _Dumper, value: int) -> yaml.Node:
    return dumper.represent_scalar(f"{_TAG}int", str(int(value)))


def _represent_map(dumper: _Dumper, value: dict[str, Any]) -> yaml.Node:
    return dumper.represent_mapping(f"{_TAG}map", sorted(value.items()))


def _represent_list(dumper: _Dumper, value: list[Any]) -> yaml.Node:
    if isinstance(value, NilList):
        return dumper.represent_scalar(f"{_TAG}null", "null")
    return dumper.represent_sequence(f"{_TAG}seq", value)


_REPRESENTED: tuple[tuple[type, Any], ...] = (
    (str, _represent_text),
    (float, _represent_number),
    (int, _represent_int),
    (dict, _represent_map),
    (list, _represent_list),
)
for _kind, _represent in _REPRESENTED:
    _Dumper.add_representer(_kind, _represent)
    _Dumper.add_multi_representer(_kind, _represent)


def dump(value: Any) -> str:
    """Returns a value as YAML without the last line break.

    It is the same YAML as Go's; quotes and line breaks inside long strings may be other ones.
    """
    text = yaml.dump(value, Dumper=_Dumper, allow_unicode=True, width=10**6)
    return str(text).removesuffix("\n...\n").removesuffix("\n")
