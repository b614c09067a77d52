"""Sprig's defaults, choices, JSON, encodings and questions about types.

Source: Masterminds sprig v3.3.0 `defaults.go`, `reflect.go`, `strings.go`; Go `encoding/json`.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

from harness.repo.gotemplate.errors import TemplateError, UnresolvableError
from harness.repo.gotemplate.go_yaml import as_json
from harness.repo.gotemplate.json_text import escaped, json_text
from harness.repo.gotemplate.signatures import ANY, BOOL, STRING, Function, of
from harness.repo.gotemplate.values import (
    deep_equal,
    encoded,
    is_true,
    kind_name,
    type_name,
)


def _default(fallback: Any, *given: Any) -> Any:
    return given[0] if given and is_true(given[0]) else fallback


def _empty(value: Any) -> bool:
    return not is_true(value)


def _coalesce(*values: Any) -> Any:
    return next((v for v in values if is_true(v)), None)


def _all(*values: Any) -> bool:
    return all(is_true(v) for v in values)


def _any(*values: Any) -> bool:
    return any(is_true(v) for v in values)


def _ternary(chosen: Any, otherwise: Any, condition: bool) -> Any:
    return chosen if condition else otherwise


def _fail(message: str) -> str:
    raise TemplateError(message)


def _from_json(text: str) -> Any:
    try:
        return _must_from_json(text)
    except TemplateError:
        return None


def _must_from_json(text: str) -> Any:
    try:
        return as_json(json.loads(text, parse_constant=_no_constant))
    except (ValueError, RecursionError) as error:
        message = f"invalid JSON: {error}"
        raise TemplateError(message) from error


def _no_constant(word: str) -> Any:
    message = f"{word} is no JSON"
    raise ValueError(message)


def _to_json(value: Any) -> str:
    return escaped(json_text(value))


def _to_pretty_json(value: Any) -> str:
    return escaped(json_text(value, indent="  "))


def _b64enc(text: str) -> str:
    return base64.b64encode(encoded(text)).decode("ascii")


def _b64dec(text: str) -> str:
    try:
        return base64.b64decode(re.sub("[\r\n]", "", text), validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        message = "b64dec of what is no base64 of text"
        raise UnresolvableError(message) from error


def _b32enc(text: str) -> str:
    return base64.b32encode(encoded(text)).decode("ascii")


def _b32dec(text: str) -> str:
    try:
        return base64.b32decode(re.sub("[\r\n]", "", text)).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        message = "b32dec of what is no base32 of text"
        raise UnresolvableError(message) from error


def _type_is(name: str, value: Any) -> bool:
    return type_name(value) == name


def _type_is_like(name: str, value: Any) -> bool:
    return name in {type_name(value), f"*{type_name(value)}"}


def _kind_is(name: str, value: Any) -> bool:
    return kind_name(value) == name


FUNCTIONS: dict[str, Function] = {
    "default": of(_default, ANY, rest=ANY),
    "empty": of(_empty, ANY),
    "coalesce": of(_coalesce, rest=ANY),
    "all": of(_all, rest=ANY),
    "any": of(_any, rest=ANY),
    "ternary": of(_ternary, ANY, ANY, BOOL),
    "fail": of(_fail, STRING),
    "fromJson": of(_from_json, STRING),
    "mustFromJson": of(_must_from_json, STRING),
    "toJson": of(_to_json, ANY),
    "mustToJson": of(_to_json, ANY),
    "toRawJson": of(json_text, ANY),
    "mustToRawJson": of(json_text, ANY),
    "toPrettyJson": of(_to_pretty_json, ANY),
    "mustToPrettyJson": of(_to_pretty_json, ANY),
    "b64enc": of(_b64enc, STRING),
    "b64dec": of(_b64dec, STRING),
    "b32enc": of(_b32enc, STRING),
    "b32dec": of(_b32dec, STRING),
    "typeOf": of(type_name, ANY),
    "typeIs": of(_type_is, STRING, ANY),
    "typeIsLike": of(_type_is_like, STRING, ANY),
    "kindOf": of(kind_name, ANY),
    "kindIs": of(_kind_is, STRING, ANY),
    "deepEqual": of(deep_equal, ANY, ANY),
}
