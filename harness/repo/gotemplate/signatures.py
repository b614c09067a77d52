"""What a function of a template takes: Go's types, checked before Go would call it.

A float out of JSON is no int, an int64 is no int, a `map[string]string` is no
`map[string]interface {}`; templates fail on that. Source: Go `text/template/exec.go` (`evalCall`,
`validateType`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from harness.repo.gotemplate.errors import TemplateError
from harness.repo.gotemplate.values import NO_VALUE, Int64, StringMap, type_name


class Kind(StrEnum):
    """The type of a parameter, as Go names it."""

    ANY = "interface {}"
    VALUE = "reflect.Value"
    """Any value, also none at all: what Go's own functions take."""
    STRING = "string"
    INT = "int"
    FLOAT = "float64"
    BOOL = "bool"
    MAP = "map[string]interface {}"


ANY, VALUE, STRING, INT = Kind.ANY, Kind.VALUE, Kind.STRING, Kind.INT
FLOAT, BOOL, MAP = Kind.FLOAT, Kind.BOOL, Kind.MAP


@dataclass(frozen=True, slots=True)
class Function:
    """A function with the types of its parameters."""

    call: Callable[..., Any]
    parameters: tuple[Kind, ...]
    rest: Kind | None = None
    """The type of all further arguments; None where there may be none."""


def of(call: Callable[..., Any], *parameters: Kind, rest: Kind | None = None) -> Function:
    """Returns a function with its types."""
    return Function(call, parameters, rest)


def both(name: str, function: Function) -> dict[str, Function]:
    """Returns a function under its name, and under its name with `must`."""
    return {name: function, f"must{name[0].upper()}{name[1:]}": function}


def check_count(name: str, function: Function, count: int) -> None:
    """Checks the number of arguments.

    Raises:
        TemplateError: There are too few or too many.
    """
    wanted = len(function.parameters)
    if function.rest is None and count != wanted:
        message = f"wrong number of args for {name}: want {wanted} got {count}"
        raise TemplateError(message)
    if count < wanted:
        message = f"wrong number of args for {name}: want at least {wanted} got {count}"
        raise TemplateError(message)


def kind_of_parameter(function: Function, place: int) -> Kind:
    """Returns the type of the argument at a place, counted from 0."""
    if place < len(function.parameters):
        return function.parameters[place]
    return function.rest or ANY


def checked(value: Any, kind: Kind) -> Any:
    """Returns the value as a parameter of that type takes it.

    Raises:
        TemplateError: Go does not assign it.
    """
    if kind is VALUE:
        return value
    if value is NO_VALUE:
        return _nothing(kind)
    if kind is ANY or (value is not None and _fits(value, kind)):
        return value
    got = "interface {}" if value is None else type_name(value)
    message = f"wrong type for value; expected {kind}; got {got}"
    raise TemplateError(message)


def _nothing(kind: Kind) -> Any:
    if kind is ANY:
        return None
    if kind is MAP:
        return {}
    message = f"invalid value; expected {kind}"
    raise TemplateError(message)


def _fits(value: Any, kind: Kind) -> bool:
    match kind:
        case Kind.INT:
            return isinstance(value, int) and not isinstance(value, bool | Int64)
        case Kind.MAP:
            return isinstance(value, dict) and not isinstance(value, StringMap)
        case Kind.STRING:
            return isinstance(value, str)
        case Kind.FLOAT:
            return isinstance(value, float)
        case Kind.BOOL:
            return isinstance(value, bool)
    return True
