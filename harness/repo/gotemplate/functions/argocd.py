"""Argo CD's own functions: `normalize`, `slugify`, `toYaml`, `fromYaml`, `fromYamlArray`.

Source: Argo CD v3.5 `applicationset/utils/template_functions.go`, `utils.go`; gosimple/slug
v1.15.0.
"""

from __future__ import annotations

import re
from typing import Any

from harness.repo.gotemplate.errors import TemplateError, UnresolvableError
from harness.repo.gotemplate.go_yaml import dump, load
from harness.repo.gotemplate.signatures import ANY, STRING, Function, of
from harness.repo.gotemplate.values import decoded, encoded, kind_name, type_name

LONGEST_NAME = 253
LONGEST_SLUG = 50


def normalize(name: str) -> str:
    """Returns a name with `-` for whatever no DNS name holds."""
    replaced = re.sub(r"[^-a-z0-9.]", "-", name.lower())
    return replaced[:LONGEST_NAME].strip("-.")


def slug(text: str, longest: int = LONGEST_SLUG, *, is_smart: bool = True) -> str:
    """Returns a text as gosimple/slug makes it: words joined by `-`, cut between two of them.

    Raises:
        UnresolvableError: It holds letters that slug would transliterate.
        TemplateError: Go would panic.
    """
    text = text.strip()
    if not text.isascii():
        message = f"the slug of {text!r}"
        raise UnresolvableError(message)
    made = _english(text).lower()
    if not is_smart and len(made) >= longest:
        made = made[: max(longest, 0)]
    made = re.sub("-+", "-", re.sub(r"[^a-z0-9_-]", "-", made)).strip("-_")
    return _cut(made, longest) if longest > 0 and is_smart else made


def _english(text: str) -> str:
    return text.replace("&", "and").replace("@", "at")


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    dash = text.rfind("-", 0, longest + 1)
    return text[:dash] if dash >= 0 else text[:longest]


def _slugify(*arguments: Any) -> str:
    wanted: tuple[type, ...] = (int, bool)[: max(len(arguments) - 1, 0)]
    for argument, kind in zip(arguments, (*wanted, str), strict=False):
        if type(argument) is not kind:
            name = {int: "int", bool: "bool", str: "string"}[kind]
            message = f"interface conversion: interface {{}} is {type_name(argument)}, not {name}"
            raise TemplateError(message)
    text = arguments[-1] if arguments else ""
    longest = arguments[0] if len(arguments) > 1 else LONGEST_SLUG
    is_smart = arguments[1] if len(arguments) > 2 else True
    return slug(normalize(text), longest, is_smart=is_smart)


def _to_yaml(value: Any) -> str:
    return dump(value)


def _loaded(text: str) -> Any:
    try:
        return load(decoded(encoded(text)))
    except TemplateError as error:
        message = f"error converting YAML to JSON: {error}"
        raise TemplateError(message) from error


def _from_yaml(text: str) -> dict[str, Any]:
    value = _loaded(text)
    if value is None or isinstance(value, dict):
        return value or {}
    raise _wrong_type(value, "map[string]interface {}")


def _from_yaml_array(text: str) -> list[Any]:
    value = _loaded(text)
    if value is None or isinstance(value, list):
        return value or []
    raise _wrong_type(value, "[]interface {}")


def _wrong_type(value: Any, wanted: str) -> TemplateError:
    words = {"map": "object", "slice": "array", "float64": "number"}
    got = words.get(kind_name(value), kind_name(value))
    return TemplateError(
        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal "
        f"{got} into Go value of type {wanted}"
    )


FUNCTIONS: dict[str, Function] = {
    "normalize": of(normalize, STRING),
    "slugify": of(_slugify, rest=ANY),
    "toYaml": of(_to_yaml, ANY),
    "fromYaml": of(_from_yaml, STRING),
    "fromYamlArray": of(_from_yaml_array, STRING),
}
