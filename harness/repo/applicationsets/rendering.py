"""Fills templates with parameters, as text and through whole objects.

Knows both kinds of templates: plain ones, in which an unknown `{{placeholder}}` stays, and Go's.
Every string is filled, also inside Helm values; keys of maps, too. Source: Argo CD v3.5
`applicationset/utils/utils.go`; valyala/fasttemplate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from harness.repo.gotemplate import Budget, MissingKey, TemplateError, UnresolvableError, render
from harness.repo.gotemplate.values import StringMap

Parameters = dict[str, Any]
_TEMPLATED = re.compile(r"\{\{.*\}\}")
_VALUES_OF = frozenset(
    {"clusters", "git", "scmProvider", "clusterDecisionResource", "pullRequest", "plugin"}
)
_ABSENT = ("map has no entry for key", "can't evaluate field")


@dataclass(frozen=True, slots=True, kw_only=True)
class Renderer:
    """How the templates of one ApplicationSet are read."""

    is_go: bool
    missing: MissingKey
    budget: Budget = field(default_factory=Budget)

    def text(self, template: str, parameters: Parameters) -> str:
        """Returns a filled template.

        Raises:
            TemplateError: Argo CD reports an error.
            UnresolvableError: What it gives is not known here.
        """
        if self.is_go:
            return render(template, parameters, missing=self.missing, budget=self.budget)
        return plain_text(template, parameters)

    def filled(self, value: Any, parameters: Parameters, where: str = "") -> Any:
        """Returns an object with every string in it filled; errors name the field.

        Raises:
            TemplateError: Argo CD reports an error.
            UnresolvableError: What it gives is not known here.
        """
        if isinstance(value, str):
            return self.of_field(value, parameters, where)
        if isinstance(value, list):
            return [self.filled(v, parameters, f"{where}[{n}]") for n, v in enumerate(value)]
        if isinstance(value, dict):
            return {
                self.of_field(key, parameters, where): self.filled(
                    v, parameters, _joined(where, key)
                )
                for key, v in value.items()
                if v is not None
            }
        return value

    def of_field(self, template: str, parameters: Parameters, where: str) -> str:
        """Returns a filled template; errors name the field.

        Raises:
            TemplateError: Argo CD reports an error.
            UnresolvableError: What it gives is not known here.
        """
        if "{{" not in template:
            return template
        try:
            return self.text(template, parameters)
        except TemplateError as error:
            message = f"{where}: {shortened(template)}: {error}"
            raise TemplateError(message) from error
        except UnresolvableError as error:
            message = f"{where}: {shortened(template)}: {error}"
            raise UnresolvableError(message) from error

    def filled_generator(self, generator: Parameters, parameters: Parameters) -> Parameters:
        """Returns a generator filled with the parameters of the one before it in a matrix.

        `values` that need parameters of the generator itself are left for later.
        """
        return {
            key: self._filled_part(key, value, parameters)
            for key, value in generator.items()
            if value is not None
        }

    def _filled_part(self, name: str, value: Any, parameters: Parameters) -> Any:
        if name in {"matrix", "merge"} and isinstance(value, dict):
            inner = value.get("generators")
            made = self.filled({k: v for k, v in value.items() if k != "generators"}, parameters)
            if isinstance(inner, list):
                made["generators"] = [
                    self.filled_generator(g, parameters) if isinstance(g, dict) else g
                    for g in inner
                ]
            return made
        if name not in _VALUES_OF or not isinstance(value, dict) or "values" not in value:
            return self.filled(value, parameters, name)
        rest = self.filled({k: v for k, v in value.items() if k != "values"}, parameters, name)
        return {**rest, "values": self._early(value["values"], parameters)}

    def _early(self, values: Any, parameters: Parameters) -> Any:
        """Returns `values` as far as the parameters of another generator fill them."""
        if not isinstance(values, dict):
            return values
        strict = replace(self, missing=MissingKey.ERROR)
        return {key: strict._if_known(value, parameters) for key, value in values.items()}

    def _if_known(self, template: Any, parameters: Parameters) -> Any:
        if not isinstance(template, str):
            return template
        try:
            return self.text(template, parameters)
        except TemplateError as error:
            if any(words in str(error) for words in _ABSENT):
                return template
            raise

    def with_values(self, values: Mapping[str, str], parameters: Parameters) -> Parameters:
        """Returns the parameters with a generator's `values`, filled with those parameters."""
        filled = {
            key: self.of_field(value, parameters, f"values.{key}") for key, value in values.items()
        }
        if not filled:
            return parameters
        if self.is_go:
            return {**parameters, "values": StringMap(filled)}
        return {**parameters, **{f"values.{key}": value for key, value in filled.items()}}


def plain_text(template: str, parameters: Parameters) -> str:
    """Returns a plain template filled; a placeholder without a string for it stays.

    Raises:
        TemplateError: A `{{` has no `}}`.
    """
    if not _TEMPLATED.search(template):
        return template
    parts, position = [], 0
    while (start := template.find("{{", position)) >= 0:
        end = template.find("}}", start + 2)
        if end < 0:
            message = (
                f'invalid template: cannot find end tag="}}}}" starting from {template[start:]!r}'
            )
            raise TemplateError(message)
        tag = template[start + 2 : end]
        value = parameters.get(tag.strip())
        known = isinstance(value, str) and bool(tag.strip())
        parts += [template[position:start], str(value) if known else f"{{{{{tag}}}}}"]
        position = end + 2
    return "".join([*parts, template[position:]])


def placeholders(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Yields (field, placeholder) of everything that still looks like one."""
    if isinstance(value, str):
        for found in re.findall(r"\{\{.*?\}\}|<no value>", value):
            yield where, found
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from placeholders(entry, f"{where}[{number}]")
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield from placeholders(key, where)
            yield from placeholders(entry, _joined(where, key))


def shortened(text: str, longest: int = 120) -> str:
    """Returns a text on one line, cut where it is long."""
    line = " ".join(text.split())
    return f'"{line if len(line) <= longest else line[: longest - 3] + "..."}"'


def _joined(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key
