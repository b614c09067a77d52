"""Merges maps as mergo does, which Argo CD uses for parameters and sprig for `merge`.

Source: dario.cat/mergo v1.0.2 `merge.go`, the case of maps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.repo.gotemplate.errors import TemplateError
from harness.repo.gotemplate.values import StringMap, is_true


def merge(target: dict[str, Any], source: Mapping[str, Any], *, overrides: bool) -> None:
    """Puts the entries of `source` into `target`, and into the maps inside it, in place.

    An entry that both have keeps the target's value unless that is empty or `overrides` is set;
    then the source's value wins, also an empty one.

    Raises:
        TemplateError: Argo CD panics on it.
    """
    for key, value in source.items():
        held = target.get(key)
        if isinstance(value, Mapping) and isinstance(held, dict):
            merge(held, value, overrides=overrides)
        elif overrides or (value is not None and not is_true(held)):
            _check_assignable(target, source)
            target[key] = value


def _check_assignable(target: dict[str, Any], source: Mapping[str, Any]) -> None:
    """Refuses what makes mergo panic: any value for a map that holds strings only."""
    if isinstance(target, StringMap) and not isinstance(source, StringMap):
        message = (
            "panic: reflect.Value.SetMapIndex: value of type interface {} is not assignable to "
            "type string (a mapping is merged over a generator's values)"
        )
        raise TemplateError(message)
