"""Evaluates pipelines, operands and calls of a Go template.

Keeps the variables; the walk over the nodes is `harness.repo.gotemplate.evaluator`. Source: Go
`text/template/exec.go`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.repo.gotemplate.errors import TemplateError, UnresolvableError
from harness.repo.gotemplate.nodes import (
    Bool,
    Chain,
    Command,
    Dot,
    Field,
    Identifier,
    Nil,
    Number,
    Operand,
    Pipe,
    String,
    Variable,
)
from harness.repo.gotemplate.signatures import (
    ANY,
    BOOL,
    FLOAT,
    INT,
    MAP,
    STRING,
    VALUE,
    Function,
    Kind,
    check_count,
    checked,
    kind_of_parameter,
)
from harness.repo.gotemplate.values import NO_VALUE, StringMap, is_true, type_name

_Final = tuple[Any, ...]
"""The value that comes down the pipeline: none or one."""


class Operands:
    """Gives the values of operands; the variables are a stack, the newest last."""

    def __init__(
        self, functions: Mapping[str, Function], *, is_strict: bool, zero_of_absent: bool
    ) -> None:
        self._functions, self._is_strict = functions, is_strict
        self._zero_of_absent = zero_of_absent
        self.variables: list[tuple[str, Any]] = []

    def pipeline(self, dot: Any, pipe: Pipe) -> Any:
        """Returns the value of a pipeline; declared variables take it."""
        final: _Final = ()
        for command in pipe.commands:
            value = self._command(dot, command, final)
            final = (NO_VALUE if value is None else value,)
        for name in pipe.declared:
            if pipe.is_assignment:
                self.assign(name, final[0])
            else:
                self.variables.append((name, final[0]))
        return final[0]

    def assign(self, name: str, value: Any) -> None:
        """Gives the newest variable of that name a value."""
        for place in range(len(self.variables) - 1, -1, -1):
            if self.variables[place][0] == name:
                self.variables[place] = (name, value)
                return
        message = f"undefined variable: {name}"
        raise TemplateError(message)

    def _variable(self, name: str) -> Any:
        return next(value for known, value in reversed(self.variables) if known == name)

    def _command(self, dot: Any, command: Command, final: _Final) -> Any:
        first, arguments = command.operands[0], command.operands[1:]
        if isinstance(first, Identifier):
            return self._call(dot, first.name, arguments, final)
        if arguments or final:
            return self._with_arguments(dot, first)
        if isinstance(first, Nil):
            message = "nil is not a command"
            raise TemplateError(message)
        return self._value(dot, first)

    def _with_arguments(self, dot: Any, first: Operand) -> Any:
        """Refuses arguments for what is no function, as Go does: not for a field of nothing."""
        match first:
            case Field(names) | Variable(names=(_, *_) as names) | Chain(names=names):
                base = self._value(dot, replace(first, names=names[:-1]))
                if self._chain(base, names[-1:]) is NO_VALUE and base is NO_VALUE:
                    return NO_VALUE
                message = f"{names[-1]} is not a method but has arguments"
            case _:
                message = f"can't give argument to non-function {first}"
        raise TemplateError(message)

    def _value(self, dot: Any, operand: Operand) -> Any:
        match operand:
            case Field():
                return self._chain(dot, operand.names)
            case Variable():
                return self._chain(self._variable(operand.name), operand.names)
            case Chain():
                return self._chain(self._value(dot, operand.node), operand.names)
            case Pipe():
                return self.pipeline(dot, operand)
            case Identifier():
                return self._call(dot, operand.name, (), ())
        return dot if isinstance(operand, Dot) else _constant(operand)

    def _chain(self, receiver: Any, names: Sequence[str]) -> Any:
        for place, name in enumerate(names):
            receiver = self._field(receiver, name, is_entry=place > 0)
        return receiver

    def _field(self, receiver: Any, name: str, *, is_entry: bool) -> Any:
        if receiver is NO_VALUE:
            if self._is_strict:
                message = f'nil data; no entry for key "{name}"'
                raise TemplateError(message)
            return NO_VALUE
        if receiver is None:
            message = f"nil pointer evaluating interface {{}}.{name}"
            raise TemplateError(message)
        if not isinstance(receiver, dict):
            kind = "interface {}" if is_entry else type_name(receiver)
            message = f"can't evaluate field {name} in type {kind}"
            raise TemplateError(message)
        return receiver[name] if name in receiver else self._absent(receiver, name)

    def _absent(self, receiver: dict[str, Any], name: str) -> Any:
        if self._is_strict:
            message = f'map has no entry for key "{name}"'
            raise TemplateError(message)
        if not self._zero_of_absent:
            return NO_VALUE
        return "" if isinstance(receiver, StringMap) else None

    def _call(self, dot: Any, name: str, operands: Sequence[Operand], final: _Final) -> Any:
        if name in {"and", "or"}:
            return self._short_circuit(dot, name, operands, final)
        function = self._functions.get(name)
        if function is None:
            message = f"the function {name}"
            raise UnresolvableError(message)
        check_count(name, function, len(operands) + len(final))
        given = [
            self._argument(dot, operand, kind_of_parameter(function, place))
            for place, operand in enumerate(operands)
        ]
        given += [checked(value, kind_of_parameter(function, len(given))) for value in final]
        return _called(name, function, given)

    def _short_circuit(
        self, dot: Any, name: str, operands: Sequence[Operand], final: _Final
    ) -> Any:
        check_count(name, Function(is_true, (VALUE,), VALUE), len(operands) + len(final))
        value: Any = NO_VALUE
        for operand in operands:
            value = self._argument(dot, operand, VALUE)
            if is_true(value) == (name == "or"):
                return value
        return final[0] if final else value

    def _argument(self, dot: Any, operand: Operand, kind: Kind) -> Any:
        if isinstance(operand, Nil):
            if kind in {ANY, VALUE, MAP}:
                return {} if kind is MAP else None
            message = f"cannot assign nil to {kind}"
            raise TemplateError(message)
        if isinstance(operand, String | Bool | Number) and kind not in {ANY, VALUE}:
            return _literal(operand, kind)
        return checked(self._value(dot, operand), kind)


def _called(name: str, function: Function, given: Sequence[Any]) -> Any:
    try:
        return function.call(*given)
    except TemplateError as error:
        message = f"error calling {name}: {error}"
        raise TemplateError(message) from error


def _constant(operand: Operand) -> Any:
    match operand:
        case String():
            return operand.text
        case Bool():
            return operand.value
        case Number():
            return _ideal(operand)
    return None


def _ideal(number: Number) -> float | int:
    if number.is_written_as_float and number.floating is not None:
        return number.floating
    return number.integer or 0


def _literal(operand: String | Bool | Number, kind: Kind) -> Any:
    if kind is STRING and isinstance(operand, String):
        return operand.text
    if kind is BOOL and isinstance(operand, Bool):
        return operand.value
    if kind is INT and isinstance(operand, Number) and operand.integer is not None:
        return operand.integer
    if kind is FLOAT and isinstance(operand, Number) and operand.floating is not None:
        return operand.floating
    words = {INT: "integer", FLOAT: "float", STRING: "string", BOOL: "bool"}
    if kind not in words:
        message = f"can't handle {operand} for arg of type {kind}"
        raise TemplateError(message)
    message = f"expected {words[kind]}; found {operand}"
    raise TemplateError(message)
