"""Label selectors over clusters and over the parameters of a generator.

Source: Argo CD v3.5 `applicationset/utils/selector.go`, which is Kubernetes' without its limits on
values; jeremywohl/flatten for the names of nested parameters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from harness.repo.applicationsets.reading import entries, mapping, text, texts
from harness.repo.gotemplate import TemplateError
from harness.repo.gotemplate.formatting import plain
from harness.repo.gotemplate.values import StringList

_NAME = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_PREFIX = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")


def flattened(value: Any) -> dict[str, Any]:
    """Returns the leaves of nested maps and lists by their dotted names; empty ones vanish."""
    found: dict[str, Any] = {}
    parts = value.items() if isinstance(value, Mapping) else enumerate(value)
    for key, entry in parts:
        if isinstance(entry, Mapping) or (
            isinstance(entry, list) and not isinstance(entry, StringList)
        ):
            found |= {f"{key}.{inner}": leaf for inner, leaf in flattened(entry).items()}
        else:
            found[str(key)] = entry
    return found


def flat_texts(value: Any) -> dict[str, str]:
    """Returns the leaves as Go prints them."""
    return {key: plain(leaf) for key, leaf in flattened(value).items()}


def selects(selector: Any, labels: Mapping[str, str], where: str) -> bool:
    """Tells whether a selector matches labels; one without requirements matches everything.

    Raises:
        TemplateError: The selector is malformed.
    """
    spec = mapping(selector, where)
    wanted = texts(spec.get("matchLabels"), f"{where}.matchLabels")
    for key in wanted:
        _check_key(key, where)
    expressions = entries(spec.get("matchExpressions"), f"{where}.matchExpressions")
    judged = [_meets(mapping(e, where), labels, where) for e in expressions]
    return all(labels.get(k) == v for k, v in wanted.items()) and all(judged)


def _meets(expression: Mapping[str, Any], labels: Mapping[str, str], where: str) -> bool:
    key = text(expression.get("key"), f"{where}.key")
    operator = text(expression.get("operator"), f"{where}.operator")
    values = [text(v, where) for v in entries(expression.get("values"), f"{where}.values")]
    _check_key(key, where)
    if operator not in {"In", "NotIn", "Exists", "DoesNotExist"}:
        message = f'error parsing label selector: "{operator}" is not a valid pod selector operator'
        raise TemplateError(message)
    if (operator in {"In", "NotIn"}) != bool(values):
        message = f"error parsing label selector: {operator} of {key} with values {values}"
        raise TemplateError(message)
    if operator in {"Exists", "DoesNotExist"}:
        return (key in labels) == (operator == "Exists")
    return (labels.get(key) in values) == (operator == "In")


def _check_key(key: str, where: str) -> None:
    prefix, slash, name = key.rpartition("/")
    if not _NAME.fullmatch(name) or (slash and not _PREFIX.fullmatch(prefix)):
        message = f'{where}: error parsing label selector: key: Invalid value: "{key}"'
        raise TemplateError(message)
