"""Reads fields of an ApplicationSet that may be absent or of a wrong type.

A wrong type is what the Kubernetes API would refuse, so it is an error of the repository.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.repo.gotemplate import TemplateError

Map = dict[str, Any]


def mapping(value: Any, where: str) -> Map:
    """Returns a mapping; an empty one for null.

    Raises:
        TemplateError: It is something else.
    """
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise _wrong(value, where, "a mapping")


def entries(value: Any, where: str) -> list[Any]:
    """Returns a list; an empty one for null.

    Raises:
        TemplateError: It is something else.
    """
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise _wrong(value, where, "a list")


def text(value: Any, where: str) -> str:
    """Returns a string; an empty one for null.

    Raises:
        TemplateError: It is something else.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    raise _wrong(value, where, "a string")


def texts(value: Any, where: str) -> dict[str, str]:
    """Returns a mapping of strings.

    Raises:
        TemplateError: It, or one of its values, is something else.
    """
    return {str(k): text(v, f"{where}.{k}") for k, v in mapping(value, where).items()}


def _wrong(value: Any, where: str, wanted: str) -> TemplateError:
    kinds: tuple[tuple[type, str], ...] = (
        (bool, "a boolean"),
        (float, "a number"),
        (int, "a number"),
        (str, "a string"),
        (list, "a list"),
        (Mapping, "a mapping"),
    )
    found = next((name for kind, name in kinds if isinstance(value, kind)), "something else")
    return TemplateError(f"{where} is {found}, and must be {wanted}")
