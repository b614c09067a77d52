"""Runs a parsed Go template on a value.

Decides what each part gives, with Go's rules on missing keys, types and scopes. Functions are the
business of `harness.repo.gotemplate.functions`. Source: Go `text/template/exec.go`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from harness.repo.gotemplate.errors import TemplateError, UnresolvableError
from harness.repo.gotemplate.formatting import plain, printed
from harness.repo.gotemplate.nodes import (
    Action,
    Break,
    Continue,
    If,
    Invoke,
    Node,
    Pipe,
    Range,
    Template,
    Text,
    With,
)
from harness.repo.gotemplate.operands import Operands
from harness.repo.gotemplate.signatures import Function
from harness.repo.gotemplate.values import NO_VALUE, is_true

LARGEST_OUTPUT = 1_000_000
"""Characters that a template may give here; more is no name, path or patch."""
MOST_STEPS = 50_000
"""Nodes that may be walked in one run, so that no template can keep the reader busy for ever."""
MOST_STEPS_TOGETHER = 2_000_000
"""Nodes that may be walked in all runs with the same budget."""
DEEPEST = 50
"""How deep templates may call each other here; Go takes 100,000."""


@dataclass(slots=True)
class Budget:
    """How many nodes may still be walked; shared by the templates that belong together."""

    left: int = MOST_STEPS_TOGETHER


class MissingKey(StrEnum):
    """What a key that is not there gives: Go's option `missingkey`."""

    DEFAULT = "default"
    ZERO = "zero"
    ERROR = "error"


class _BreakLoop(Exception):  # noqa: N818 # a jump, no error
    pass


class _ContinueLoop(Exception):  # noqa: N818 # a jump, no error
    pass


class Run(Operands):
    """One run of a template: output, variables and budget."""

    def __init__(
        self,
        template: Template,
        functions: Mapping[str, Function],
        missing_key: MissingKey,
        budget: Budget,
    ) -> None:
        super().__init__(functions, is_strict=missing_key is MissingKey.ERROR,
                         zero_of_absent=missing_key is MissingKey.ZERO)  # fmt: skip
        self._template, self._budget = template, budget
        self._output: list[str] = []
        self._written = self._steps = self._depth = 0

    def text(self, data: Any) -> str:
        """Returns what the template gives for `data`.

        Raises:
            TemplateError: Go reports an error.
            UnresolvableError: It needs more than this tree or too many steps.
        """
        self.variables = [("$", data)]
        self._walk_all(data, self._template.nodes)
        return "".join(self._output)

    def _walk_all(self, dot: Any, nodes: tuple[Node, ...]) -> None:
        for node in nodes:
            self._count()
            self._walk(dot, node)

    def _count(self) -> None:
        self._steps += 1
        self._budget.left -= 1
        if self._steps > MOST_STEPS or self._budget.left < 0:
            message = "the template takes too many steps"
            raise UnresolvableError(message)

    def _walk(self, dot: Any, node: Node) -> None:
        match node:
            case Text():
                self._write(node.text)
            case Action():
                value = self.pipeline(dot, node.pipe)
                if not node.pipe.declared:
                    self._write(printed(value))
            case If() | With():
                self._branch(dot, node)
            case Range():
                self._range(dot, node)
            case Invoke():
                self._invoke(dot, node)
            case Break():
                raise _BreakLoop
            case Continue():
                raise _ContinueLoop

    def _write(self, text: str) -> None:
        self._written += len(text)
        if self._written > LARGEST_OUTPUT:
            message = f"the template gives more than {LARGEST_OUTPUT} characters"
            raise UnresolvableError(message)
        self._output.append(text)

    def _branch(self, dot: Any, node: If | With) -> None:
        mark = len(self.variables)
        value = self.pipeline(dot, node.pipe)
        if is_true(value):
            self._walk_all(value if isinstance(node, With) else dot, node.body)
        else:
            self._walk_all(dot, node.otherwise)
        del self.variables[mark:]

    def _range(self, dot: Any, node: Range) -> None:
        mark = len(self.variables)
        value = self.pipeline(dot, node.pipe)
        ran = False
        with contextlib.suppress(_BreakLoop):
            for index, element in _elements(value, len(node.pipe.declared)):
                ran = True
                self._iterate(node, index, element)
        if not ran:
            self._walk_all(dot, node.otherwise)
        del self.variables[mark:]

    def _iterate(self, node: Range, index: Any, element: Any) -> None:
        mark = len(self.variables)
        self._count()
        self._give(node.pipe, index, element)
        with contextlib.suppress(_ContinueLoop):
            self._walk_all(element, node.body)
        del self.variables[mark:]

    def _give(self, pipe: Pipe, index: Any, element: Any) -> None:
        """Sets the variables of a loop: index first where there are two."""
        values = (index, element) if len(pipe.declared) > 1 else (element,)
        for name, value in zip(pipe.declared, values, strict=False):
            self.assign(name, value)

    def _invoke(self, dot: Any, node: Invoke) -> None:
        nodes = self._template.defined.get(node.name)
        if nodes is None and node.name != "base":
            message = f'template "{node.name}" not defined'
            raise TemplateError(message)
        value = NO_VALUE if node.pipe is None else self.pipeline(dot, node.pipe)
        self._depth += 1
        if self._depth > DEEPEST:
            message = f"templates that call each other more than {DEEPEST} deep"
            raise UnresolvableError(message)
        outer, self.variables = self.variables, [("$", value)]
        self._walk_all(value, self._template.nodes if nodes is None else nodes)
        self.variables = outer
        self._depth -= 1


def _elements(value: Any, declared: int) -> Iterator[tuple[Any, Any]]:
    if value is NO_VALUE or value is None:
        return
    if isinstance(value, list):
        yield from enumerate(value)
    elif isinstance(value, dict):
        yield from sorted(value.items())
    elif isinstance(value, int) and not isinstance(value, bool):
        if declared > 1:
            message = f"can't use {value} to iterate over more than one variable"
            raise TemplateError(message)
        yield from ((NO_VALUE, number) for number in range(value))
    else:
        message = f"range can't iterate over {plain(value)}"
        raise TemplateError(message)
